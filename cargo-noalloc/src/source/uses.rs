//! How the rest of a block uses a local variable: whether another type could stand in its place.

use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{Block, Expr, ExprCall, ExprIndex, ExprMethodCall, ExprReference, ExprUnary, Macro, UnOp};

use super::file::{MacroBody, Position, SourceFile};
use crate::model::Uses;

/// Uses of `name` in `block` after `from`.
pub(super) fn of(file: &SourceFile, block: &Block, name: &str, from: Position) -> Uses {
    let mut finder = Finder { file, name, from, uses: Uses::default() };
    finder.visit_block(block);
    finder.uses.methods.sort();
    finder.uses.methods.dedup();
    finder.uses
}

struct Finder<'a> {
    file: &'a SourceFile,
    name: &'a str,
    from: Position,
    uses: Uses,
}

impl Finder<'_> {
    fn is_it(&self, expr: &Expr) -> bool {
        matches!(expr, Expr::Path(path) if path.path.is_ident(self.name)) && expr.span().start() >= self.from
    }
}

impl<'ast> Visit<'ast> for Finder<'_> {
    fn visit_expr_method_call(&mut self, call: &'ast ExprMethodCall) {
        if self.is_it(&call.receiver) {
            self.uses.methods.push(call.method.to_string());
            call.args.iter().for_each(|arg| self.visit_expr(arg));
        } else {
            visit::visit_expr_method_call(self, call);
        }
    }

    fn visit_expr_reference(&mut self, reference: &'ast ExprReference) {
        match &*reference.expr {
            Expr::Unary(ExprUnary { op: UnOp::Deref(_), expr, .. }) if self.is_it(expr) => {
                self.uses.reborrowed = true;
            }
            inner if self.is_it(inner) && reference.mutability.is_some() => self.uses.borrowed_mut = true,
            inner if self.is_it(inner) => self.uses.borrowed = true,
            _ => visit::visit_expr_reference(self, reference),
        }
    }

    fn visit_expr_call(&mut self, call: &'ast ExprCall) {
        if self.is_it(&call.func) {
            self.uses.called = true;
            call.args.iter().for_each(|arg| self.visit_expr(arg));
        } else {
            visit::visit_expr_call(self, call);
        }
    }

    fn visit_expr_index(&mut self, index: &'ast ExprIndex) {
        if self.is_it(&index.expr) {
            self.uses.indexed = true;
            self.visit_expr(&index.index);
        } else {
            visit::visit_expr_index(self, index);
        }
    }

    fn visit_expr(&mut self, expr: &'ast Expr) {
        if self.is_it(expr) {
            self.uses.otherwise = true;
        } else {
            visit::visit_expr(self, expr);
        }
    }

    fn visit_macro(&mut self, call: &'ast Macro) {
        match self.file.body(call) {
            Some(MacroBody::List(list)) => list.iter().for_each(|expr| self.visit_expr(expr)),
            Some(MacroBody::Repeat(pair)) => pair.iter().for_each(|expr| self.visit_expr(expr)),
            // What cannot be read may do anything with it.
            _ => self.uses.otherwise = true,
        }
        // `{name}` in a format string.
        if call.tokens.to_string().contains(&format!("{{{}", self.name)) && call.span().start() >= self.from {
            self.uses.otherwise = true;
        }
    }
}
