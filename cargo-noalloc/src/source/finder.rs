//! Walks a syntax tree to the node that a column of the debug info means.
//!
//! The compiler's columns point at a method's *name* for a method call, at the start for everything else, and for
//! a drop at the last character of what goes out of scope. What is asked for is a [`Want`].

use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{
    Arm, Block, Expr, ExprClosure, ForeignItem, ImplItemFn, Item, ItemFn, ItemImpl, ItemMod, Local, Macro,
    Stmt, TraitItemFn,
};

use super::attribute;
use super::extent::{self, Extent};
use super::file::{MacroBody, Position, SourceFile};
use crate::model::NoSource;

/// What kind of node the callee says to look for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Want {
    /// A call: of a function, a method or a macro.
    Call,
    /// `a + b`, `a += b`.
    Operator,
    /// `a?`.
    Question,
    /// The end of a scope or a statement, or an assignment that drops the old value.
    Drop,
    /// A variable.
    Name,
    /// The declaration of a function, at its name.
    Function,
}

/// A node on the way from the file to the expression, outermost first.
#[derive(Clone, Copy)]
pub(super) enum Node<'ast> {
    Module(&'ast ItemMod),
    Impl(&'ast ItemImpl),
    Trait(&'ast syn::ItemTrait),
    Function(Signature<'ast>),
    Closure(&'ast ExprClosure),
    Block(&'ast Block),
    Statement(&'ast Stmt),
    Local(&'ast Local),
    Arm(&'ast Arm),
    Expr(&'ast Expr),
}

/// A function, free or not.
#[derive(Clone, Copy)]
pub(super) struct Signature<'ast> {
    pub(super) attrs: &'ast [syn::Attribute],
    pub(super) sig: &'ast syn::Signature,
    pub(super) block: &'ast Block,
}

/// The node and everything around it.
#[derive(Clone)]
pub(super) struct Found<'ast> {
    /// Outermost first; the node itself is the last.
    pub(super) path: Vec<Node<'ast>>,
    /// It stands exactly where the debug info points.
    pub(super) exact: bool,
}

/// Finds the node at `at` in `file`. Without a column, the first call on the line.
pub(super) fn find<'ast>(
    file: &'ast SourceFile,
    at: Position,
    whole_line: bool,
    want: Want,
) -> Option<Found<'ast>> {
    let mut finder = Finder { file, at, whole_line, want, path: Vec::new(), best: None };
    finder.visit_file(file.tree.as_ref().ok()?);
    finder.best.map(|(_, found)| found)
}

struct Finder<'ast> {
    file: &'ast SourceFile,
    at: Position,
    whole_line: bool,
    want: Want,
    path: Vec<Node<'ast>>,
    best: Option<(Rank, Found<'ast>)>,
}

/// How well a node fits; of equal ones the innermost, which is visited last, wins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    /// Covers the place.
    Around,
    /// Stands where it should, but is not of the wanted kind.
    Start,
    /// Is what was asked for.
    Wanted,
}

impl<'ast> Finder<'ast> {
    /// Whether tokens reach over the place.
    fn covers(&self, (start, end): Extent) -> bool {
        if self.whole_line {
            return start.line <= self.at.line && self.at.line <= end.line;
        }
        start <= self.at && self.at < end
    }

    fn within(&mut self, node: Node<'ast>, walk: impl FnOnce(&mut Self)) {
        self.path.push(node);
        walk(self);
        self.path.pop();
    }

    fn offer(&mut self, rank: Rank) {
        // On a whole line, the first and outermost call is what the line is about.
        let better = self.best.as_ref().is_none_or(|(best, _)| {
            if self.whole_line && rank == Rank::Wanted { rank > *best } else { rank >= *best }
        });
        if better {
            let enough = if self.want == Want::Drop { Rank::Start } else { Rank::Wanted };
            let exact = rank >= enough && !self.whole_line;
            self.best = Some((rank, Found { path: self.path.clone(), exact }));
        }
    }

    /// How `expr`, which covers the place, fits it.
    fn rank(&self, expr: &Expr) -> Rank {
        let (start, end) = self.file.extent_of_expression(expr);
        if self.whole_line {
            let starts_here = start.line == self.at.line;
            return if starts_here && is_call(expr) { Rank::Wanted } else { Rank::Around };
        }
        let here = match expr {
            Expr::MethodCall(call) => call.method.span().start() == self.at,
            Expr::Await(wait) => wait.await_token.span().start() == self.at || start == self.at,
            _ => start == self.at,
        };
        let wanted = match self.want {
            Want::Call => is_call(expr),
            Want::Operator => matches!(expr, Expr::Binary(_)),
            Want::Question => matches!(expr, Expr::Try(_)),
            Want::Drop => return self.rank_drop(expr, here, end),
            Want::Name => matches!(expr, Expr::Path(_)),
            Want::Function => false,
        };
        match (here, wanted) {
            (true, true) => Rank::Wanted,
            (true, false) if !is_leaf(expr) => Rank::Start,
            _ => Rank::Around,
        }
    }

    fn rank_drop(&self, expr: &Expr, starts_here: bool, end: Position) -> Rank {
        let ends_here = end.line == self.at.line && end.column == self.at.column + 1;
        match expr {
            Expr::Assign(_) if starts_here => Rank::Wanted,
            Expr::Call(_) if starts_here => Rank::Start,
            Expr::MethodCall(_) if starts_here => Rank::Start,
            _ if ends_here && !is_leaf(expr) => Rank::Start,
            _ => Rank::Around,
        }
    }

    fn visit_function(&mut self, function: Signature<'ast>) {
        self.within(Node::Function(function), |this| {
            // What the attribute's own code drops, the function's arguments, is placed at the attribute.
            if !this.whole_line
                && function.attrs.iter().any(|attr| this.covers(extent::of_tokens(attr.span())))
            {
                this.offer(if this.want == Want::Drop { Rank::Wanted } else { Rank::Start });
            }
            if this.want == Want::Function && function.sig.ident.span().start() == this.at {
                this.offer(Rank::Wanted);
            }
            this.visit_signature(function.sig);
            this.visit_block(function.block);
        });
    }
}

/// Calls something by its name.
fn is_call(expr: &Expr) -> bool {
    matches!(expr, Expr::Call(_) | Expr::MethodCall(_) | Expr::Macro(_) | Expr::Await(_))
}

/// Can do nothing to the heap, or nothing that its own column would show.
fn is_leaf(expr: &Expr) -> bool {
    matches!(expr, Expr::Path(_) | Expr::Lit(_) | Expr::Field(_) | Expr::Paren(_) | Expr::Reference(_))
}

impl<'ast> Visit<'ast> for Finder<'ast> {
    fn visit_item(&mut self, item: &'ast Item) {
        if self.covers(self.file.extent_of(item)) {
            visit::visit_item(self, item);
        }
    }

    fn visit_item_mod(&mut self, item: &'ast ItemMod) {
        self.within(Node::Module(item), |this| visit::visit_item_mod(this, item));
    }

    fn visit_item_impl(&mut self, item: &'ast ItemImpl) {
        self.within(Node::Impl(item), |this| visit::visit_item_impl(this, item));
    }

    fn visit_item_trait(&mut self, item: &'ast syn::ItemTrait) {
        self.within(Node::Trait(item), |this| visit::visit_item_trait(this, item));
    }

    fn visit_item_fn(&mut self, item: &'ast ItemFn) {
        self.visit_function(Signature { attrs: &item.attrs, sig: &item.sig, block: &item.block });
    }

    fn visit_impl_item_fn(&mut self, item: &'ast ImplItemFn) {
        if self.covers(self.file.extent_of_method(item)) {
            self.visit_function(Signature { attrs: &item.attrs, sig: &item.sig, block: &item.block });
        }
    }

    fn visit_trait_item_fn(&mut self, item: &'ast TraitItemFn) {
        if let Some(block) = item.default.as_ref().filter(|_| self.covers(extent::of_tokens(item.span()))) {
            self.visit_function(Signature { attrs: &item.attrs, sig: &item.sig, block });
        }
    }

    fn visit_foreign_item(&mut self, _: &'ast ForeignItem) {}

    fn visit_block(&mut self, block: &'ast Block) {
        if !self.covers(extent::of_block(block)) {
            return;
        }
        self.within(Node::Block(block), |this| {
            let end = block.brace_token.span.close().start();
            if this.want == Want::Drop && end == this.at {
                this.offer(Rank::Wanted);
            }
            visit::visit_block(this, block);
        });
    }

    fn visit_stmt(&mut self, stmt: &'ast Stmt) {
        let span = self.file.extent_of_statement(stmt);
        if !self.covers(span) {
            return;
        }
        self.within(Node::Statement(stmt), |this| {
            let (_, end) = span;
            let ends_here = end.line == this.at.line && end.column == this.at.column + 1;
            if this.want == Want::Drop && ends_here && !this.whole_line {
                this.offer(Rank::Start);
            }
            visit::visit_stmt(this, stmt);
        });
    }

    fn visit_local(&mut self, local: &'ast Local) {
        self.within(Node::Local(local), |this| visit::visit_local(this, local));
    }

    fn visit_arm(&mut self, arm: &'ast Arm) {
        self.within(Node::Arm(arm), |this| visit::visit_arm(this, arm));
    }

    fn visit_expr(&mut self, expr: &'ast Expr) {
        if !self.covers(self.file.extent_of_expression(expr)) {
            return;
        }
        self.within(Node::Expr(expr), |this| {
            this.offer(this.rank(expr));
            match expr {
                Expr::Closure(closure) => {
                    this.within(Node::Closure(closure), |this| visit::visit_expr_closure(this, closure));
                }
                _ => visit::visit_expr(this, expr),
            }
        });
    }

    fn visit_stmt_macro(&mut self, stmt: &'ast syn::StmtMacro) {
        // A macro that is a statement is no expression to syn; its statement stands for it.
        let here = stmt.mac.path.span().start() == self.at;
        let on_line = self.whole_line && stmt.span().start().line == self.at.line;
        if here || on_line {
            self.offer(Rank::Wanted);
        } else {
            self.offer(Rank::Around);
        }
        visit::visit_stmt_macro(self, stmt);
    }

    fn visit_macro(&mut self, call: &'ast Macro) {
        match self.file.body(call) {
            Some(MacroBody::Repeat(pair)) => pair.iter().for_each(|expr| self.visit_expr(expr)),
            Some(MacroBody::List(list)) => list.iter().for_each(|expr| self.visit_expr(expr)),
            Some(MacroBody::Statements(list)) => list.iter().for_each(|stmt| self.visit_stmt(stmt)),
            Some(MacroBody::Items(list)) => list.iter().for_each(|item| self.visit_item(item)),
            None => {}
        }
    }
}

/// Why nothing was found at `at`: it may be the definition of a macro, or what an attribute makes code of.
pub(super) fn nothing(tree: &syn::File, at: Position) -> NoSource {
    struct Definitions(Position, Option<String>);
    impl<'ast> Visit<'ast> for Definitions {
        fn visit_item_macro(&mut self, item: &'ast syn::ItemMacro) {
            let span = item.span();
            if span.start() <= self.0 && self.0 < span.end() {
                let name =
                    item.ident.as_ref().or_else(|| item.mac.path.segments.last().map(|last| &last.ident));
                self.1 = name.map(ToString::to_string);
            }
        }
    }
    let mut definitions = Definitions(at, None);
    definitions.visit_file(tree);
    let of_macro = definitions.1.map(|name| NoSource::Macro { name });
    let of_attribute = || attribute::at(tree, at).map(|name| NoSource::Attribute { name });
    of_macro.or_else(of_attribute).unwrap_or(NoSource::Nothing)
}
