//! Where a value becomes a trait object: the declared type that waits for it further out.
//!
//! Follows the value outwards from the expression that made it, as the compiler's coercion would: through tails
//! of blocks, arms, `Some(…)`, array and tuple elements, to an `as`, a typed `let`, a field, a parameter, a return
//! type; and along an untyped `let` to the first use that coerces it.

use proc_macro2::LineColumn;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{Expr, ExprCall, ExprMethodCall, Local, Macro, ReturnType, Stmt, Type};

use super::expression::pattern;
use super::file::MacroBody;
use super::finder::{self, Found, Node, Want};
use super::package::Package;
use super::types::{self, Types, argument, element, output, parameter, principal};
use crate::model::{DynRole, TraitObject};

/// The trait object that the value of the found expression becomes.
pub(super) fn object<'ast>(package: &'ast Package<'ast>, found: &Found<'ast>) -> Option<TraitObject> {
    let flow = Flow { package, types: Types { package } };
    let expected = match found.path.last() {
        Some(Node::Expr(Expr::Try(_))) => {
            flow.returned(&found.path).and_then(|ty| flow.unwrap(ty, Wrap::Second))
        }
        Some(Node::Expr(_)) => flow.expected(&found.path),
        _ => None,
    };
    let (pointer, object) = flow.types.object(expected?)?;
    if matches!(pointer, Type::Reference(_) | Type::TraitObject(_)) {
        return None;
    }
    let file = package.owner(pointer.span());
    Some(TraitObject {
        name: format!("dyn {}", package.owner(object.span()).text_of(principal(object)?)),
        at: file.span(pointer.span()),
        role: DynRole::Becomes { pointer: file.text_of(pointer) },
    })
}

/// Whether the value of the found expression is what the function or closure around it returns.
pub(super) fn is_returned<'ast>(package: &'ast Package<'ast>, found: &Found<'ast>) -> bool {
    let flow = Flow { package, types: Types { package } };
    let path = &found.path;
    for index in (1..path.len()).rev() {
        if let Step::Type(_) = flow.step(&path[..index], path[index]) {
            return match (path[index - 1], path[index]) {
                (Node::Function(_), Node::Block(_)) | (Node::Expr(Expr::Return(_)), _) => true,
                (Node::Closure(closure), Node::Expr(body)) => std::ptr::eq(body, &*closure.body),
                _ => false,
            };
        }
    }
    false
}

/// What stands between the value and the type that is written down.
#[derive(Clone, Copy)]
enum Wrap {
    /// `Some(value)`, `Ok(value)`, `Rc::new(value)`: the first generic argument.
    First,
    /// `Err(value)`: the second.
    Second,
    /// `[value]`.
    Element,
    /// Member of a tuple.
    Member(usize),
}

struct Flow<'ast> {
    package: &'ast Package<'ast>,
    types: Types<'ast>,
}

/// What the next node out says about the value.
enum Step<'ast> {
    /// The value is this node's value.
    Same,
    /// The value is inside this node's value.
    Inside(Wrap),
    /// This type was waiting for it.
    Type(Option<&'ast Type>),
}

impl<'ast> Flow<'ast> {
    /// The declared type that the value of the last node in `path` flows into.
    fn expected(&self, path: &[Node<'ast>]) -> Option<&'ast Type> {
        let mut wraps = Vec::new();
        for index in (1..path.len()).rev() {
            match self.step(&path[..index], path[index]) {
                Step::Same => {}
                Step::Inside(wrap) => wraps.push(wrap),
                Step::Type(ty) => {
                    return wraps.iter().rev().try_fold(ty?, |ty, wrap| self.unwrap(ty, *wrap));
                }
            }
        }
        None
    }

    /// From `child` to the node around it, which is the last of `path`.
    fn step(&self, path: &[Node<'ast>], child: Node<'ast>) -> Step<'ast> {
        let Some(parent) = path.last() else { return Step::Type(None) };
        match (parent, child) {
            (Node::Expr(parent), Node::Expr(child)) => self.out_of_expr(path, parent, child),
            // The blocks of `if`, `match`, `unsafe`, a labelled or plain block.
            (Node::Expr(Expr::Closure(_)), Node::Closure(_)) => Step::Type(None),
            (Node::Expr(Expr::Async(_) | Expr::While(_) | Expr::ForLoop(_) | Expr::Loop(_)), _) => {
                Step::Type(None)
            }
            (Node::Expr(_), Node::Block(_) | Node::Arm(_)) => Step::Same,
            (Node::Arm(arm), Node::Expr(child)) if std::ptr::eq(child, &*arm.body) => Step::Same,
            (Node::Block(block), Node::Statement(stmt)) => {
                let is_tail = block.stmts.last().is_some_and(|last| std::ptr::eq(last, stmt));
                if is_tail || matches!(stmt, Stmt::Local(_)) { Step::Same } else { Step::Type(None) }
            }
            (Node::Statement(Stmt::Local(_)), Node::Local(_)) => Step::Same,
            (Node::Statement(Stmt::Expr(_, None)), Node::Expr(_)) => Step::Same,
            // `return value;` is answered inside.
            (Node::Local(local), Node::Expr(_)) => Step::Type(self.of_local(path, local)),
            (Node::Function(function), Node::Block(_)) => Step::Type(output(function.sig)),
            (Node::Closure(closure), Node::Expr(_)) => Step::Type(written(&closure.output)),
            _ => Step::Type(None),
        }
    }

    fn out_of_expr(&self, path: &[Node<'ast>], parent: &'ast Expr, child: &'ast Expr) -> Step<'ast> {
        match parent {
            Expr::Paren(_) | Expr::Group(_) | Expr::Block(_) | Expr::Unsafe(_) => Step::Same,
            Expr::If(choice) if !std::ptr::eq(child, &*choice.cond) => Step::Same,
            Expr::Cast(cast) => Step::Type(Some(&cast.ty)),
            Expr::Call(call) => self.to_call(call, child),
            Expr::MethodCall(call) => Step::Type(self.to_method(path, call, child)),
            Expr::Array(_) => Step::Inside(Wrap::Element),
            Expr::Tuple(tuple) => match tuple.elems.iter().position(|own| std::ptr::eq(own, child)) {
                Some(index) => Step::Inside(Wrap::Member(index)),
                None => Step::Type(None),
            },
            Expr::Macro(call) => self.to_macro(&call.mac),
            Expr::Struct(literal) => {
                Step::Type(literal.fields.iter().find(|field| std::ptr::eq(&field.expr, child)).and_then(
                    |field| match &field.member {
                        syn::Member::Named(name) => self.types.field_of(&literal.path, &name.to_string()),
                        syn::Member::Unnamed(_) => None,
                    },
                ))
            }
            Expr::Return(_) => Step::Type(self.returned(path)),
            Expr::Assign(assign) if std::ptr::eq(child, &*assign.right) => {
                Step::Type(self.types.of_expr(path, &assign.left))
            }
            _ => Step::Type(None),
        }
    }

    fn to_call(&self, call: &'ast ExprCall, child: &'ast Expr) -> Step<'ast> {
        let Expr::Path(callee) = &*call.func else { return Step::Type(None) };
        let Some(index) = call.args.iter().position(|own| std::ptr::eq(own, child)) else {
            return Step::Type(None);
        };
        let names: Vec<String> =
            callee.path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        match names.as_slice() {
            [.., "Some" | "Ok"] => Step::Inside(Wrap::First),
            [.., "Err"] => Step::Inside(Wrap::Second),
            [.., "Box" | "Rc" | "Arc" | "RefCell" | "Mutex" | "RwLock" | "Cell", "new"] => {
                Step::Inside(Wrap::First)
            }
            _ => Step::Type(self.types.function(&callee.path).and_then(|sig| {
                // `Type::method(&value, …)` counts the receiver as an argument.
                let receiver = usize::from(sig.receiver().is_some());
                parameter(sig, index.checked_sub(receiver)?)
            })),
        }
    }

    fn to_method(
        &self,
        path: &[Node<'ast>],
        call: &'ast ExprMethodCall,
        child: &'ast Expr,
    ) -> Option<&'ast Type> {
        let index = call.args.iter().position(|own| std::ptr::eq(own, child))?;
        let method = call.method.to_string();
        let holder = self.types.of_expr(path, &call.receiver);
        if let Some(ty) = self.types.method(holder, &method).and_then(|sig| parameter(sig, index)) {
            return Some(ty);
        }
        // What std's collections call so takes an element.
        let holder = holder?;
        match (method.as_str(), index) {
            ("push" | "push_back" | "push_front" | "replace" | "get_or_insert", 0) => element(holder),
            ("insert", 1) => argument(holder, 1).or_else(|| element(holder)),
            _ => None,
        }
    }

    fn to_macro(&self, call: &Macro) -> Step<'ast> {
        let is_vec =
            call.path.is_ident("vec") && matches!(self.package.file.body(call), Some(MacroBody::List(_)));
        if is_vec { Step::Inside(Wrap::Element) } else { Step::Type(None) }
    }

    /// The type written at a `let`, or that of the first use where the value becomes something else.
    fn of_local(&self, path: &[Node<'ast>], local: &'ast Local) -> Option<&'ast Type> {
        let (name, _, declared) = pattern(&local.pat)?;
        if declared.is_some() {
            return declared;
        }
        let block = path.iter().rev().find_map(|node| match node {
            Node::Block(block) => Some(*block),
            _ => None,
        })?;
        let mut mentions = Mentions { name: &name, after: local.span().end(), at: Vec::new() };
        mentions.visit_block(block);
        mentions.at.into_iter().find_map(|at| {
            let found = finder::find(self.package.file, at, false, Want::Name)?;
            let ty = self.expected(&found.path)?;
            self.types.object(ty).map(|_| ty)
        })
    }

    /// The return type of the innermost function or closure.
    fn returned(&self, path: &[Node<'ast>]) -> Option<&'ast Type> {
        path.iter().rev().find_map(|node| match node {
            Node::Closure(closure) => Some(written(&closure.output)),
            Node::Function(function) => Some(output(function.sig)),
            Node::Expr(Expr::Async(_)) => Some(None),
            _ => None,
        })?
    }

    fn unwrap(&self, ty: &'ast Type, wrap: Wrap) -> Option<&'ast Type> {
        match (wrap, ty) {
            (Wrap::First, _) => argument(ty, 0).or_else(|| argument(self.types.alias(ty)?, 0)),
            (Wrap::Second, _) => argument(ty, 1).or_else(|| argument(self.types.alias(ty)?, 1)),
            (Wrap::Element, _) => types::element(ty),
            (Wrap::Member(index), Type::Tuple(tuple)) => tuple.elems.iter().nth(index),
            (Wrap::Member(_), _) => None,
        }
    }
}

fn written(output: &ReturnType) -> Option<&Type> {
    match output {
        ReturnType::Default => None,
        ReturnType::Type(_, ty) => Some(ty),
    }
}

/// Every place where a variable is named.
struct Mentions<'a> {
    name: &'a str,
    after: LineColumn,
    at: Vec<LineColumn>,
}

impl<'ast> Visit<'ast> for Mentions<'_> {
    fn visit_expr_path(&mut self, path: &'ast syn::ExprPath) {
        let start = path.span().start();
        if path.path.is_ident(self.name) && start >= self.after {
            self.at.push(start);
        }
        visit::visit_expr_path(self, path);
    }
}
