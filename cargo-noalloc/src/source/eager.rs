//! Arguments that are made before it is known whether they are needed: those of `ok_or`, `unwrap_or`, `expect`.

use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{Block, Expr, ExprMethodCall, ImplItem, Item, Macro, Stmt, TraitItem};

use super::expression::pattern;
use super::file::{MacroBody, Position, SourceFile};
use super::finder::{Found, Node};
use super::package::Package;
use super::receiver::last_name;
use super::types::{Types, output};
use crate::model::Eager;

/// Methods by the closure that their lazy twin takes.
const TWINS: &[(&str, &str, Takes)] = &[
    ("and", "and_then", Takes::Value),
    ("context", "with_context", Takes::Nothing),
    ("expect", "unwrap_or_else", Takes::Failure),
    ("get_or_insert", "get_or_insert_with", Takes::Nothing),
    ("map_or", "map_or_else", Takes::Failure),
    ("ok_or", "ok_or_else", Takes::Nothing),
    ("or", "or_else", Takes::Failure),
    ("or_insert", "or_insert_with", Takes::Nothing),
    ("then_some", "then", Takes::Nothing),
    ("unwrap_or", "unwrap_or_else", Takes::Failure),
    ("wrap_err", "wrap_err_with", Takes::Nothing),
];

/// What a twin's closure is called with.
#[derive(Clone, Copy)]
enum Takes {
    Nothing,
    Value,
    /// Nothing where the receiver is an `Option`, the error where it is a `Result`.
    Failure,
}

/// Of which type a receiver is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Option,
    Result,
}

/// Methods of the standard library that return an `Option`.
const OPTIONS: &[&str] = &[
    "back",
    "back_mut",
    "err",
    "extension",
    "file_name",
    "file_stem",
    "find",
    "find_map",
    "first",
    "first_key_value",
    "first_mut",
    "front",
    "front_mut",
    "get",
    "get_key_value",
    "get_mut",
    "last",
    "last_key_value",
    "last_mut",
    "max",
    "max_by",
    "max_by_key",
    "min",
    "min_by",
    "min_by_key",
    "next",
    "next_back",
    "nth",
    "ok",
    "peek",
    "pop",
    "pop_back",
    "pop_front",
    "position",
    "reduce",
    "rfind",
    "rposition",
    "rsplit_once",
    "split_first",
    "split_last",
    "split_once",
    "strip_suffix",
    "then",
    "then_some",
    "to_digit",
    "to_str",
    "upgrade",
];

/// Methods of the standard library that return a `Result`.
const RESULTS: &[&str] = &[
    "binary_search",
    "lock",
    "map_err",
    "ok_or",
    "ok_or_else",
    "parse",
    "read",
    "recv",
    "try_into",
    "try_lock",
    "try_read",
    "try_recv",
    "try_send",
    "try_write",
    "write",
];

/// Methods of both that return what they are called on, or a view of it.
const SAME: &[&str] = &[
    "and_then",
    "as_deref",
    "as_deref_mut",
    "as_mut",
    "as_ref",
    "cloned",
    "copied",
    "filter",
    "flatten",
    "inspect",
    "map",
    "or",
    "or_else",
    "take",
];

/// The call that the found expression is an eager argument of, or the variable that it initialises.
pub(super) fn of<'ast>(package: &'ast Package<'ast>, found: &Found<'ast>) -> Option<Eager> {
    let path = &found.path;
    for (index, outer) in path.iter().enumerate().rev().skip(1) {
        match outer {
            Node::Expr(Expr::MethodCall(call)) => {
                let Node::Expr(inner) = path[index + 1] else { return None };
                if call.args.first().is_some_and(|first| std::ptr::eq(first, inner)) && twin(call).is_some() {
                    return describe(package, &path[..=index], call, inner);
                }
            }
            Node::Local(local) => {
                let Some(Node::Expr(value)) = path.last() else { return None };
                let init = local.init.as_ref().filter(|init| std::ptr::eq(&*init.expr, *value))?;
                let (name, mutable, _) = pattern(&local.pat)?;
                let block = path[..index].iter().rev().find_map(|node| match node {
                    Node::Block(block) => Some(*block),
                    _ => None,
                })?;
                let call = only_use(block, &name, local.span().end()).filter(|_| !mutable)?;
                return describe(package, &path[..index], call, &init.expr);
            }
            Node::Expr(Expr::Async(_) | Expr::Closure(_)) | Node::Closure(_) | Node::Function(_) => {
                return None;
            }
            Node::Statement(Stmt::Local(_)) => {}
            Node::Statement(_) => return None,
            _ => {}
        }
    }
    None
}

fn twin(call: &ExprMethodCall) -> Option<(&'static str, Takes)> {
    let arguments = if call.method == "map_or" { 2 } else { 1 };
    let found = TWINS.iter().find(|(eager, ..)| call.method == eager && call.args.len() == arguments)?;
    Some((found.1, found.2))
}

fn describe<'ast>(
    package: &'ast Package<'ast>,
    path: &[Node<'ast>],
    call: &'ast ExprMethodCall,
    value: &'ast Expr,
) -> Option<Eager> {
    let (lazy, takes) = twin(call)?;
    if is_of_the_package(package, &call.method.to_string()) || leaves(value) {
        return None;
    }
    let kind = kind(Types { package }, path, &call.receiver);
    let closure = closure(package.file, call, value, takes, kind);
    let reads_receiver = root(&call.receiver).is_some_and(|name| mentions(value, &name));
    let code = closure.filter(|_| !(reads_receiver && lazy == "get_or_insert_with")).map(|closure| {
        let rest: String =
            call.args.iter().skip(1).map(|rest| format!(", {}", package.file.text_of(rest))).collect();
        format!("{lazy}({closure}{rest})")
    });
    let span = package.file.span(call.span());
    Some(Eager { method: call.method.to_string(), span, lazy: lazy.to_owned(), code })
}

/// The argument as a closure, where its parameters are known.
fn closure(
    file: &SourceFile,
    call: &ExprMethodCall,
    value: &Expr,
    takes: Takes,
    kind: Option<Kind>,
) -> Option<String> {
    if call.method == "expect" {
        let Expr::Reference(text) = call.args.first()? else { return None };
        let Expr::Macro(format) = &*text.expr else { return None };
        let arguments = format.mac.path.is_ident("format").then(|| file.body(&format.mac)).flatten()?;
        let MacroBody::List(list) = arguments else { return None };
        let list: Vec<String> = list.iter().map(|argument| file.text_of(argument)).collect();
        let list = list.join(", ");
        return match kind? {
            Kind::Option => Some(format!("|| panic!({list})")),
            Kind::Result => Some(format!("|error| panic!(\"{{}}: {{error:?}}\", format_args!({list}))")),
        };
    }
    let text = file.text_of(value);
    match (takes, kind) {
        (Takes::Nothing, _) | (Takes::Failure, Some(Kind::Option)) => Some(format!("|| {text}")),
        (Takes::Value, _) | (Takes::Failure, Some(Kind::Result)) => Some(format!("|_| {text}")),
        (Takes::Failure, None) => None,
    }
}

/// `Option` or `Result`, where the source or a method's name tells.
fn kind<'ast>(types: Types<'ast>, path: &[Node<'ast>], expr: &'ast Expr) -> Option<Kind> {
    let named = |name: String| match name.as_str() {
        "Option" => Some(Kind::Option),
        "Result" => Some(Kind::Result),
        _ => None,
    };
    match expr {
        Expr::Paren(inner) => kind(types, path, &inner.expr),
        Expr::MethodCall(call) => {
            let method = call.method.to_string();
            if is_of_the_package(types.package, &method) {
                let signature = types.method(types.of_expr(path, &call.receiver), &method)?;
                return output(signature).and_then(last_name).and_then(named);
            }
            let is_in = |list: &[&str]| list.contains(&method.as_str());
            if is_in(OPTIONS) || method.starts_with("checked_") {
                Some(Kind::Option)
            } else if is_in(RESULTS) {
                Some(Kind::Result)
            } else if is_in(SAME) {
                kind(types, path, &call.receiver)
            } else {
                None
            }
        }
        Expr::Call(call) => match &*call.func {
            Expr::Path(callee) if callee.path.is_ident("Some") => Some(Kind::Option),
            Expr::Path(callee) if callee.path.is_ident("Ok") || callee.path.is_ident("Err") => {
                Some(Kind::Result)
            }
            _ => types.of_expr(path, expr).and_then(last_name).and_then(named),
        },
        _ => types.of_expr(path, expr).and_then(last_name).and_then(named),
    }
}

/// Whether a method of this name is written in the package: of it nobody knows whether it has such a twin.
fn is_of_the_package(package: &Package<'_>, name: &str) -> bool {
    package.items().any(|item| match item {
        Item::Impl(block) => {
            block.items.iter().any(|item| matches!(item, ImplItem::Fn(method) if method.sig.ident == name))
        }
        Item::Trait(item) => {
            item.items.iter().any(|item| matches!(item, TraitItem::Fn(method) if method.sig.ident == name))
        }
        _ => false,
    })
}

/// The variable at the start of `a.b[c].d()`.
fn root(expr: &Expr) -> Option<String> {
    match expr {
        Expr::Path(name) => name.path.get_ident().map(ToString::to_string),
        Expr::Field(field) => root(&field.base),
        Expr::Index(index) => root(&index.expr),
        Expr::MethodCall(call) => root(&call.receiver),
        Expr::Paren(inner) => root(&inner.expr),
        Expr::Reference(inner) => root(&inner.expr),
        Expr::Unary(inner) => root(&inner.expr),
        _ => None,
    }
}

fn mentions(expr: &Expr, name: &str) -> bool {
    struct Finder<'a>(&'a str, bool);
    impl<'ast> Visit<'ast> for Finder<'_> {
        fn visit_ident(&mut self, ident: &'ast syn::Ident) {
            self.1 |= ident == self.0;
        }
        fn visit_macro(&mut self, call: &'ast Macro) {
            self.1 |= call.tokens.to_string().contains(self.0);
        }
    }
    let mut finder = Finder(name, false);
    finder.visit_expr(expr);
    finder.1
}

/// Whether an expression may leave the function around it, or wait, which it cannot do from within a closure.
fn leaves(expr: &Expr) -> bool {
    struct Finder(bool);
    impl<'ast> Visit<'ast> for Finder {
        fn visit_expr(&mut self, expr: &'ast Expr) {
            match expr {
                Expr::Try(_)
                | Expr::Return(_)
                | Expr::Await(_)
                | Expr::Break(_)
                | Expr::Continue(_)
                | Expr::Yield(_) => {
                    self.0 = true;
                }
                Expr::Closure(_) | Expr::Async(_) => {}
                _ => visit::visit_expr(self, expr),
            }
        }
        fn visit_macro(&mut self, call: &'ast Macro) {
            let text = call.tokens.to_string();
            self.0 |= text.contains('?') || text.contains("return") || text.contains("await");
        }
    }
    let mut finder = Finder(false);
    finder.visit_expr(expr);
    finder.0
}

/// The call that a variable is handed to as the eager argument, where nothing else is done with it.
fn only_use<'ast>(block: &'ast Block, name: &str, from: Position) -> Option<&'ast ExprMethodCall> {
    struct Finder<'a, 'ast> {
        name: &'a str,
        from: Position,
        uses: usize,
        call: Option<&'ast ExprMethodCall>,
    }
    impl Finder<'_, '_> {
        fn is_it(&self, expr: &Expr) -> bool {
            matches!(expr, Expr::Path(path) if path.path.is_ident(self.name))
                && expr.span().start() >= self.from
        }
    }
    impl<'ast> Visit<'ast> for Finder<'_, 'ast> {
        fn visit_expr_method_call(&mut self, call: &'ast ExprMethodCall) {
            if twin(call).is_some() && call.args.first().is_some_and(|first| self.is_it(first)) {
                self.call = Some(call);
            }
            visit::visit_expr_method_call(self, call);
        }
        fn visit_expr(&mut self, expr: &'ast Expr) {
            self.uses += usize::from(self.is_it(expr));
            visit::visit_expr(self, expr);
        }
        fn visit_macro(&mut self, call: &'ast Macro) {
            if call.span().start() >= self.from && call.tokens.to_string().contains(self.name) {
                self.uses += 2;
            }
        }
    }
    let mut finder = Finder { name, from, uses: 0, call: None };
    finder.visit_block(block);
    finder.call.filter(|_| finder.uses == 1)
}
