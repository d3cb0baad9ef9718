//! Whether a call works on something that the function around it was handed, or on what it made.

use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{Expr, FnArg, Local, Macro, Stmt};

use super::expression::{pattern, visible_local};
use super::file::{MacroBody, Position, SourceFile};
use super::finder::{Found, Node};
use super::owner::{Grown, Handed};
use super::package::Package;
use super::receiver;
use super::types::{Types, principal};

/// Locals that are made from locals: more of them are not followed.
const MOST_STEPS: usize = 8;

/// What the found call says of the thing that grows in it. `self` is something that was handed in only
/// where its type is generic or itself a writer.
pub(super) fn of<'ast>(
    package: &'ast Package<'ast>,
    found: &Found<'ast>,
    grown: Grown<'_>,
    with_self: bool,
) -> Handed {
    let Some(call) = call(package.file, found) else { return Handed::Perhaps };
    let types = Types { package };
    let scope = Scope { file: package.file, path: &found.path, with_self };
    let lent = call.iter().filter_map(|written| scope.local(written));
    if lent.map(|local| scope.is_handed_local(local, MOST_STEPS)).any(|handed| !handed) {
        return Handed::Own;
    }
    for known in call.iter().filter_map(|written| types.of_expr(&found.path, written)) {
        let object = types.object(known).and_then(|(_, object)| principal(object)).and_then(last_name);
        if object.is_some_and(|name| name == grown.of_trait) {
            return Handed::Object;
        }
    }
    let known = call.iter().filter_map(|written| receiver::type_name(package, &found.path, written));
    if known.into_iter().any(|name| name == grown.ty) {
        return Handed::Own;
    }
    if call.iter().any(|written| scope.is_handed(written, MOST_STEPS)) {
        Handed::Perhaps
    } else {
        Handed::Own
    }
}

/// What may be written into: the receiver and the arguments; of `write!` the first.
fn call<'ast>(file: &'ast SourceFile, found: &Found<'ast>) -> Option<Vec<&'ast Expr>> {
    match found.path.last()? {
        Node::Expr(Expr::MethodCall(call)) => {
            Some(std::iter::once(&*call.receiver).chain(&call.args).collect())
        }
        Node::Expr(Expr::Call(call)) => Some(call.args.iter().collect()),
        Node::Expr(Expr::Macro(call)) => written(file, &call.mac),
        Node::Statement(Stmt::Macro(call)) => written(file, &call.mac),
        _ => None,
    }
}

fn written<'ast>(file: &'ast SourceFile, call: &'ast Macro) -> Option<Vec<&'ast Expr>> {
    let Some(MacroBody::List(list)) = file.body(call) else { return None };
    let name = call.path.segments.last()?.ident.to_string();
    Some(list.iter().take(if name.starts_with("write") { 1 } else { list.len() }).collect())
}

fn last_name(path: &syn::Path) -> Option<String> {
    path.segments.last().map(|last| last.ident.to_string())
}

/// The names that can be seen where the call stands.
struct Scope<'a, 'ast> {
    file: &'ast SourceFile,
    path: &'a [Node<'ast>],
    with_self: bool,
}

impl<'ast> Scope<'_, 'ast> {
    /// The local variable that is written into, or lent to be changed.
    fn local(&self, written: &'ast Expr) -> Option<&'ast Local> {
        match written {
            Expr::Reference(lent) if lent.mutability.is_some() => self.local(&lent.expr),
            Expr::Path(path) => {
                let name = path.path.get_ident()?.to_string();
                let local = visible_local(self.path, &name, path.span().start())?;
                // What cannot change cannot grow, but through what it borrows.
                pattern(&local.pat).filter(|(_, mutable, _)| *mutable).map(|_| local)
            }
            _ => None,
        }
    }

    fn is_handed_local(&self, local: &'ast Local, steps: usize) -> bool {
        local.init.as_ref().is_some_and(|init| self.is_handed(&init.expr, steps))
    }

    /// Whether anything that was handed in is named in `expr`, or was to make what is named there.
    fn is_handed(&self, expr: &'ast Expr, steps: usize) -> bool {
        let Some(steps) = steps.checked_sub(1) else { return false };
        let mut names = Names { file: self.file, found: Vec::new() };
        names.visit_expr(expr);
        names.found.iter().any(|(name, at)| match visible_local(self.path, name, *at) {
            Some(local) => self.is_handed_local(local, steps),
            None => self.is_parameter(name),
        })
    }

    fn is_parameter(&self, name: &str) -> bool {
        if name == "self" {
            return self.with_self;
        }
        let is_it = |pat: &syn::Pat| pattern(pat).is_some_and(|(own, ..)| own == name);
        self.path.iter().any(|node| match node {
            Node::Closure(closure) => closure.inputs.iter().any(is_it),
            Node::Function(function) => function.sig.inputs.iter().any(|input| match input {
                FnArg::Typed(argument) => is_it(&argument.pat),
                FnArg::Receiver(_) => false,
            }),
            _ => false,
        })
    }
}

/// Variables that are named, also in the arguments of macros.
struct Names<'a> {
    file: &'a SourceFile,
    found: Vec<(String, Position)>,
}

impl<'ast> Visit<'ast> for Names<'_> {
    fn visit_expr_path(&mut self, path: &'ast syn::ExprPath) {
        if let Some(name) = path.path.get_ident() {
            self.found.push((name.to_string(), path.span().start()));
        }
        visit::visit_expr_path(self, path);
    }

    fn visit_macro(&mut self, call: &'ast Macro) {
        match self.file.body(call) {
            Some(MacroBody::List(list)) => list.iter().for_each(|expr| self.visit_expr(expr)),
            Some(MacroBody::Repeat(pair)) => pair.iter().for_each(|expr| self.visit_expr(expr)),
            Some(MacroBody::Statements(list)) => list.iter().for_each(|stmt| self.visit_stmt(stmt)),
            _ => {}
        }
    }
}
