//! Functions that return their future in a box: `async_trait` makes them of `async fn`s, and `BoxFuture` is written by hand.
//!
//! Making the future is a call of the function; the polls of what it returns are, too, where the future is made here: an
//! `async` block in `Box::pin(…)` or before `.boxed()`, at the end of the function or of a branch, or behind `return`. The
//! guard goes into the box, so that nothing is boxed twice.

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::visit_mut::{self, VisitMut};
use syn::{Block, Expr, Item, Path, Result, Stmt, parse_quote};

use crate::tokens::{opened, word};

/// Puts the guard around the futures that `body` returns in a box; `any`: the result is known to be one, so that what
/// `Box::pin` gets is a future even if it is no `async` block.
pub(crate) fn guard(body: TokenStream, any: bool, krate: &Path) -> Result<TokenStream> {
    if !any && !mentions(&body, "async") {
        return Ok(body);
    }
    // A body is parsed only where a future may be in it: what the parser does not know is no error elsewhere.
    let braces = Group::new(Delimiter::Brace, body.clone());
    let mut block: Block = syn::parse2(braces.into_token_stream())?;
    let mut guards = Guards { any, krate, found: false };
    guards.block(&mut block);
    guards.visit_block_mut(&mut block);
    Ok(if guards.found { block.stmts.iter().map(ToTokens::to_token_stream).collect() } else { body })
}

/// Whether a word stands anywhere in it.
fn mentions(tokens: &TokenStream, name: &str) -> bool {
    opened(tokens).iter().any(|token| match token {
        TokenTree::Group(group) => mentions(&group.stream(), name),
        token => word(token).is_some_and(|word| word == name),
    })
}

struct Guards<'a> {
    any: bool,
    krate: &'a Path,
    found: bool,
}

impl Guards<'_> {
    /// The value of a block is the function's.
    fn block(&mut self, block: &mut Block) {
        if let Some(Stmt::Expr(value, None)) = block.stmts.last_mut() {
            self.value(value);
        }
    }

    /// `value` is what the function returns.
    fn value(&mut self, value: &mut Expr) {
        match value {
            Expr::Block(block) => self.block(&mut block.block),
            Expr::Unsafe(block) => self.block(&mut block.block),
            Expr::If(choice) => {
                self.block(&mut choice.then_branch);
                if let Some((_, other)) = &mut choice.else_branch {
                    self.value(other);
                }
            }
            Expr::Match(choice) => choice.arms.iter_mut().for_each(|arm| self.value(&mut arm.body)),
            Expr::Paren(inner) => self.value(&mut inner.expr),
            Expr::Group(inner) => self.value(&mut inner.expr),
            Expr::Cast(cast) => self.value(&mut cast.expr),
            Expr::Call(call) => {
                let Expr::Path(function) = &*call.func else { return };
                let mut names = function.path.segments.iter().rev().map(|segment| &segment.ident);
                let (Some(function), Some(of)) = (names.next(), names.next()) else { return };
                if of == "Box" && (function == "pin" || function == "new") && call.args.len() == 1 {
                    let any = self.any && function == "pin";
                    call.args.iter_mut().for_each(|future| self.future(future, any));
                }
            }
            Expr::MethodCall(call) if call.method == "boxed" || call.method == "boxed_local" => {
                self.future(&mut call.receiver, false);
            }
            _ => {}
        }
    }

    fn future(&mut self, future: &mut Expr, any: bool) {
        if any || matches!(future, Expr::Async(_)) {
            let krate = self.krate;
            let guarded = quote!(#krate::__private::guarded_future::<__NoHeapSite, _>(#future));
            *future = parse_quote!(#guarded);
            self.found = true;
        }
    }
}

impl VisitMut for Guards<'_> {
    fn visit_expr_mut(&mut self, expr: &mut Expr) {
        match expr {
            // What stands behind `return` in there is another's.
            Expr::Closure(_) | Expr::Async(_) => return,
            Expr::Return(value) => value.expr.iter_mut().for_each(|value| self.value(value)),
            _ => {}
        }
        visit_mut::visit_expr_mut(self, expr);
    }

    fn visit_item_mut(&mut self, _: &mut Item) {}
}
