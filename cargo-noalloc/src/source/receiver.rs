//! What an expression is done to: the receiver of a method, the left side of an operator, what `write!` writes into.

use syn::spanned::Spanned;
use syn::{Expr, Macro, Stmt, Type};

use super::expression::visible_local;
use super::file::{MacroBody, SourceFile};
use super::finder::{Found, Node};
use super::package::Package;
use super::types::Types;
use crate::model::Receiver;

/// Of the found expression; of a function's call the first argument that is lent to be changed.
pub(super) fn of<'ast>(package: &'ast Package<'ast>, found: &Found<'ast>) -> Option<Receiver> {
    let receiver = match found.path.last()? {
        Node::Expr(Expr::MethodCall(call)) => &*call.receiver,
        Node::Expr(Expr::Binary(binary)) => &*binary.left,
        Node::Expr(Expr::Call(call)) => call.args.iter().find_map(lent)?,
        Node::Expr(Expr::Macro(call)) => written(package.file, &call.mac)?,
        Node::Statement(Stmt::Macro(call)) => written(package.file, &call.mac)?,
        _ => return None,
    };
    Some(Receiver {
        text: package.file.text_of(receiver),
        ty: type_name(package, &found.path, receiver),
        made_here: is_made_here(&found.path, receiver),
    })
}

/// `out` of `&mut out`.
fn lent(expr: &Expr) -> Option<&Expr> {
    match expr {
        Expr::Reference(reference) if reference.mutability.is_some() => Some(&reference.expr),
        _ => None,
    }
}

/// `out` of `write!(out, …)` and `write!(&mut out, …)`.
fn written<'ast>(file: &'ast SourceFile, call: &'ast Macro) -> Option<&'ast Expr> {
    let Some(MacroBody::List(list)) = file.body(call) else { return None };
    let first = list.first()?;
    Some(lent(first).unwrap_or(first))
}

/// The last name of the type that somebody wrote for `expr`: as such, or with what makes it.
pub(super) fn type_name<'ast>(
    package: &'ast Package<'ast>,
    path: &[Node<'ast>],
    expr: &'ast Expr,
) -> Option<String> {
    if let Some(ty) = (Types { package }).of_expr(path, expr) {
        return last_name(ty);
    }
    let expr = match expr {
        Expr::Unary(target) => &*target.expr,
        expr => expr,
    };
    match initial(path, expr)? {
        Expr::Macro(call) => match call.mac.path.get_ident()?.to_string().as_str() {
            "format" => Some("String".to_owned()),
            "vec" => Some("Vec".to_owned()),
            _ => None,
        },
        Expr::Call(call) => {
            let Expr::Path(made_by) = &*call.func else { return None };
            let [.., ty, _] = &*made_by.path.segments.iter().collect::<Vec<_>>() else { return None };
            let name = ty.ident.to_string();
            name.starts_with(char::is_uppercase).then_some(name)
        }
        Expr::MethodCall(call) if is_copied_literal(call) => Some("String".to_owned()),
        _ => None,
    }
}

/// References looked through.
pub(super) fn last_name(ty: &Type) -> Option<String> {
    match ty {
        Type::Reference(reference) => last_name(&reference.elem),
        Type::Path(path) => path.path.segments.last().map(|last| last.ident.to_string()),
        _ => None,
    }
}

/// Whether it is a local variable that starts empty or as a literal.
fn is_made_here(path: &[Node<'_>], receiver: &Expr) -> bool {
    match initial(path, receiver) {
        Some(Expr::Call(call)) => {
            let Expr::Path(path) = &*call.func else { return false };
            let made_by = path.path.segments.last().map(|last| last.ident.to_string()).unwrap_or_default();
            path.path.segments.len() > 1
                && match made_by.as_str() {
                    "new" | "default" => true,
                    "from" => matches!(call.args.first(), Some(Expr::Lit(_))),
                    _ => false,
                }
        }
        Some(Expr::MethodCall(call)) => is_copied_literal(call),
        Some(Expr::Macro(call)) => call.mac.path.is_ident("vec") && call.mac.tokens.is_empty(),
        _ => false,
    }
}

fn is_copied_literal(call: &syn::ExprMethodCall) -> bool {
    matches!(&*call.receiver, Expr::Lit(_)) && (call.method == "to_owned" || call.method == "to_string")
}

/// What the local variable that `expr` names starts as.
fn initial<'ast>(path: &[Node<'ast>], expr: &Expr) -> Option<&'ast Expr> {
    let Expr::Path(name) = expr else { return None };
    let name = name.path.get_ident()?;
    let local = visible_local(path, &name.to_string(), expr.span().start())?;
    local.init.as_ref().map(|init| &*init.expr)
}
