//! From the node that was found, and the nodes around it, to the model's [`Expression`].

use proc_macro2::LineColumn;
use syn::spanned::Spanned;
use syn::{BinOp, Block, Expr, Local, Macro, Pat, ReturnType, Stmt};

use super::coercion;
use super::eager;
use super::file::{MacroBody, Position, SourceFile};
use super::finder::{Found, Node, Signature, Want};
use super::package::Package;
use super::receiver;
use super::scan::hot;
use super::uses;
use crate::model::{Argument, ArgumentKind, Binding, Closure, Elements, Expression, Function, Syntax};

/// Describes what was found.
pub(super) fn describe<'ast>(
    package: &'ast Package<'ast>,
    found: &Found<'ast>,
    want: Want,
) -> Option<Expression> {
    let file = package.file;
    let last = *found.path.last()?;
    let function = innermost_function(&found.path);
    let (start, end) = extent(last)?;
    let returned = coercion::is_returned(package, found);
    Some(Expression {
        span: file.between(start, end),
        text: file.text_between(start, end),
        exact: found.exact,
        syntax: syntax(file, last, want),
        returned,
        result_of: result_of(found).filter(|_| returned),
        branch: is_branch(found),
        receiver: receiver::of(package, found),
        key: is_key(found),
        appended_to: appended_to(package, found).map(|receiver| file.text_of(receiver)),
        eager: eager::of(package, found),
        statement: found.path.iter().rev().find_map(|node| match node {
            Node::Statement(stmt) => Some(file.span(stmt.span())),
            _ => None,
        }),
        function: function.and_then(|index| describe_function(file, &found.path[..=index])),
        binding: binding(file, found),
    })
}

/// Whether the value is handed out of a branch and nothing is done to it on the way.
fn is_branch(found: &Found<'_>) -> bool {
    let outwards = found.path.windows(2).rev().map(|pair| (pair[0], pair[1]));
    let mut handed = outwards.take_while(|(outer, _)| {
        matches!(outer, Node::Block(_) | Node::Arm(_) | Node::Statement(Stmt::Expr(_, None)))
            || matches!(outer, Node::Expr(Expr::If(_) | Expr::Match(_) | Expr::Block(_) | Expr::Paren(_)))
    });
    handed.any(|steps| match steps {
        (Node::Expr(Expr::If(_)), Node::Block(_)) | (Node::Expr(Expr::Match(_)), Node::Arm(_)) => true,
        (Node::Expr(Expr::If(whole)), Node::Expr(inner)) => {
            whole.else_branch.as_ref().is_some_and(|(_, other)| std::ptr::eq(&**other, inner))
        }
        _ => false,
    })
}

/// The innermost closure, where no function is further in.
fn result_of(found: &Found<'_>) -> Option<Closure> {
    let index = found.path.iter().rposition(|node| matches!(node, Node::Closure(_) | Node::Function(_)))?;
    let Node::Closure(closure) = found.path[index] else { return None };
    let passed_to = match found.path[..index] {
        [.., Node::Expr(Expr::MethodCall(call)), Node::Expr(_)] => Some(call.method.to_string()),
        _ => None,
    };
    let mut parameters = closure.inputs.iter();
    let parameter = match (parameters.next(), parameters.next()) {
        (Some(only), None) => pattern(only).map(|(name, ..)| name),
        _ => None,
    };
    let whole = found.path.len() == index + 2 && matches!(closure.output, ReturnType::Default);
    Some(Closure { passed_to, parameter, whole })
}

/// Whether it is the argument of `entry`.
fn is_key(found: &Found<'_>) -> bool {
    let [.., Node::Expr(Expr::MethodCall(call)), Node::Expr(key)] = found.path[..] else { return false };
    call.method == "entry" && call.args.iter().any(|argument| std::ptr::eq(argument, key))
}

/// `out`, where it is what the argument of `out.push_str(&…)` borrows, or the right side of `out += &…` and `*out += &…`.
fn appended_to<'ast>(package: &'ast Package<'ast>, found: &Found<'ast>) -> Option<&'ast Expr> {
    let [around @ .., Node::Expr(whole), Node::Expr(Expr::Reference(_)), Node::Expr(_)] = &found.path[..]
    else {
        return None;
    };
    match whole {
        Expr::MethodCall(call) if call.method == "push_str" => Some(&call.receiver),
        // More than a `String` can be added to, and not all of it be written to.
        Expr::Binary(sum)
            if matches!(sum.op, BinOp::AddAssign(_))
                && receiver::type_name(package, around, &sum.left).is_some_and(|name| name == "String") =>
        {
            Some(match &*sum.left {
                Expr::Unary(target) => &target.expr,
                left => left,
            })
        }
        _ => None,
    }
}

/// First and last position of what the report underlines.
fn extent(node: Node<'_>) -> Option<(LineColumn, LineColumn)> {
    let span = match node {
        Node::Expr(expr) => expr.span(),
        Node::Statement(Stmt::Macro(stmt)) => stmt.mac.span(),
        Node::Statement(stmt) => stmt.span(),
        Node::Block(block) => block.brace_token.span.close(),
        Node::Function(function) => function.block.brace_token.span.close(),
        Node::Closure(closure) => closure.span(),
        Node::Local(local) => local.span(),
        Node::Arm(arm) => arm.span(),
        Node::Module(_) | Node::Impl(_) | Node::Trait(_) => return None,
    };
    Some((span.start(), span.end()))
}

fn innermost_function(path: &[Node<'_>]) -> Option<usize> {
    path.iter().rposition(|node| matches!(node, Node::Function(_)))
}

/// The function at the end of `path`, named by the modules and blocks on the way.
pub(super) fn describe_function(file: &SourceFile, path: &[Node<'_>]) -> Option<Function> {
    let Some(Node::Function(function)) = path.last() else { return None };
    let name = function.sig.ident.to_string();
    let mut segments: Vec<String> = path.iter().filter_map(|node| segment(file, *node)).collect();
    segments.push(name.clone());
    let block = path.iter().rev().find_map(|node| match node {
        Node::Impl(item) => Some(item.attrs.as_slice()),
        _ => None,
    });
    Some(Function {
        name,
        path: segments.join("::"),
        name_span: file.span(function.sig.ident.span()),
        attribute: hot::attribute(function.attrs)
            .or_else(|| hot::attribute(block?))
            .map(|attr| file.span(attr.span())),
        end: file.span(function.block.brace_token.span.close()),
        output: output(file, function),
    })
}

fn output(file: &SourceFile, function: &Signature<'_>) -> Option<String> {
    match &function.sig.output {
        ReturnType::Default => None,
        ReturnType::Type(_, ty) => Some(file.text_of(ty)),
    }
}

fn segment(file: &SourceFile, node: Node<'_>) -> Option<String> {
    match node {
        Node::Module(module) => Some(module.ident.to_string()),
        Node::Trait(item) => Some(item.ident.to_string()),
        Node::Impl(block) => Some(match &*block.self_ty {
            syn::Type::Path(ty) => ty.path.segments.last()?.ident.to_string(),
            other => file.text_of(other),
        }),
        _ => None,
    }
}

fn syntax(file: &SourceFile, node: Node<'_>, want: Want) -> Syntax {
    let expr = match node {
        Node::Statement(Stmt::Macro(stmt)) => return macro_syntax(file, &stmt.mac),
        Node::Expr(expr) => expr,
        _ => return Syntax::ScopeEnd,
    };
    match expr {
        Expr::Macro(call) => macro_syntax(file, &call.mac),
        Expr::Call(call) if want != Want::Drop => {
            Syntax::Call { path: path_text(file, &call.func), args: arguments(file, &call.args) }
        }
        Expr::MethodCall(call) if want != Want::Drop => Syntax::Method {
            receiver: file.text_of(&call.receiver),
            method: call.method.to_string(),
            args: arguments(file, &call.args),
        },
        Expr::Binary(binary) => {
            Syntax::Operator { left: file.text_of(&binary.left), symbol: file.text_of(&binary.op) }
        }
        Expr::Try(_) => Syntax::Question,
        Expr::Assign(_) => Syntax::Assign,
        _ if want == Want::Drop => Syntax::ScopeEnd,
        _ => Syntax::Other,
    }
}

fn macro_syntax(file: &SourceFile, call: &Macro) -> Syntax {
    let name = call.path.segments.last().map(|segment| segment.ident.to_string()).unwrap_or_default();
    let elements = match file.body(call) {
        Some(MacroBody::Repeat(pair)) => {
            Elements::Repeat { value: argument(file, &pair[0]), len: argument(file, &pair[1]) }
        }
        Some(MacroBody::List(list)) => Elements::List(list.iter().map(|expr| argument(file, expr)).collect()),
        _ => Elements::Tokens,
    };
    Syntax::Macro { name, elements }
}

/// `Vec::<u8>::new` is `Vec::new`.
fn path_text(file: &SourceFile, callee: &Expr) -> String {
    let Expr::Path(path) = callee else { return file.text_of(callee) };
    let segments: Vec<String> = path.path.segments.iter().map(|segment| segment.ident.to_string()).collect();
    segments.join("::")
}

fn arguments<'a>(file: &SourceFile, args: impl IntoIterator<Item = &'a Expr>) -> Vec<Argument> {
    args.into_iter().map(|expr| argument(file, expr)).collect()
}

fn argument(file: &SourceFile, expr: &Expr) -> Argument {
    Argument { text: file.text_of(expr), span: file.span(expr.span()), kind: argument_kind(expr) }
}

fn argument_kind(expr: &Expr) -> ArgumentKind {
    match expr {
        Expr::Lit(literal) if !matches!(literal.lit, syn::Lit::Str(_) | syn::Lit::ByteStr(_)) => {
            ArgumentKind::Literal
        }
        Expr::Path(path) if is_in_capitals(path) => ArgumentKind::Constant,
        Expr::Binary(binary) => match (argument_kind(&binary.left), argument_kind(&binary.right)) {
            (ArgumentKind::Literal, ArgumentKind::Literal) => ArgumentKind::Literal,
            (left, right) if left.is_constant() && right.is_constant() => ArgumentKind::Constant,
            _ => ArgumentKind::Other,
        },
        Expr::Paren(inner) => argument_kind(&inner.expr),
        Expr::Cast(cast) if argument_kind(&cast.expr).is_constant() => argument_kind(&cast.expr),
        Expr::Unary(unary) if argument_kind(&unary.expr).is_constant() => argument_kind(&unary.expr),
        Expr::Closure(_) => ArgumentKind::Closure,
        Expr::Async(_) => ArgumentKind::Future,
        Expr::Path(_) | Expr::Field(_) | Expr::Index(_) | Expr::Unary(_) => ArgumentKind::Place,
        _ => ArgumentKind::Other,
    }
}

/// Rust's lints see to it that nothing else is.
fn is_in_capitals(path: &syn::ExprPath) -> bool {
    path.path.segments.last().is_some_and(|segment| {
        let name = segment.ident.to_string();
        name.chars().any(char::is_uppercase) && !name.chars().any(char::is_lowercase)
    })
}

/// The local variable whose initialiser the expression is or belongs to.
fn binding(file: &SourceFile, found: &Found<'_>) -> Option<Binding> {
    let index = found.path.iter().rposition(|node| matches!(node, Node::Local(_)))?;
    // Beyond a closure or a block it is another value.
    let inner = &found.path[index + 1..];
    if inner.iter().any(|node| matches!(node, Node::Closure(_) | Node::Statement(_) | Node::Function(_))) {
        return None;
    }
    let Node::Local(local) = found.path[index] else { return None };
    let init = local.init.as_ref()?;
    let (name, mutable, declared) = pattern(&local.pat)?;
    let block = found.path[..index].iter().rev().find_map(|node| match node {
        Node::Block(block) => Some(*block),
        _ => None,
    })?;
    let whole = matches!(found.path.last(), Some(Node::Expr(expr)) if std::ptr::eq(*expr, &*init.expr));
    Some(Binding {
        uses: uses::of(file, block, &name, local.span().end()),
        declared: declared.map(|ty| file.text_of(ty)),
        span: file.between(local.let_token.span.start(), init.expr.span().end()),
        name,
        mutable,
        whole: whole && init.diverge.is_none(),
    })
}

/// Name, `mut` and declared type of a simple pattern.
pub(super) fn pattern(pat: &Pat) -> Option<(String, bool, Option<&syn::Type>)> {
    match pat {
        Pat::Ident(name) if name.subpat.is_none() => {
            Some((name.ident.to_string(), name.mutability.is_some(), None))
        }
        Pat::Type(typed) => pattern(&typed.pat).map(|(name, mutable, _)| (name, mutable, Some(&*typed.ty))),
        _ => None,
    }
}

/// The last `let` of `name` before `at`, in the blocks of `path` from the innermost outwards.
pub(super) fn visible_local<'ast>(path: &[Node<'ast>], name: &str, at: Position) -> Option<&'ast Local> {
    let of_block = |block: &'ast Block| {
        block.stmts.iter().rev().find_map(|stmt| match stmt {
            Stmt::Local(local) if local.span().end() <= at => {
                pattern(&local.pat).filter(|(own, ..)| own == name).map(|_| local)
            }
            _ => None,
        })
    };
    path.iter().rev().find_map(|node| match node {
        Node::Block(block) => of_block(block),
        _ => None,
    })
}
