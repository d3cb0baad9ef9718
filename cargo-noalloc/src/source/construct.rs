//! What to call a use of the heap: one table, one row a rule, the first that fits.
//!
//! The evidence is the expression at the place and the function that it calls there. The syntax knows `vec!` from
//! `Vec::with_capacity`, the callee knows `Vec::insert` from `HashMap::insert`.

mod callee;
mod rules;

use super::finder::Want;
use crate::model::{
    ArgumentKind, Construct, ConstructKind, Expression, Lazy, Op, Origin, Site, Syntax, TraitObject,
};
use callee::Callee;
use rules::{RULES, Written};

/// What kind of node to look for where the site's callee is called.
pub(super) fn want(site: &Site) -> Want {
    let Some(callee) = site.callee() else { return Want::Call };
    let name = callee.function.as_str();
    if callee::is_drop_glue(name) || name.ends_with("as core::ops::drop::Drop>::drop") {
        Want::Drop
    } else if name.contains("as core::ops::arith::") || name.contains("as core::ops::bit::") {
        Want::Operator
    } else if name.contains("FromResidual>::from_residual") {
        Want::Question
    } else {
        Want::Call
    }
}

/// Names what uses the heap at `site`; the expression may be missing, the chain rarely is.
pub(super) fn name(
    expression: Option<&Expression>,
    site: &Site,
    object: Option<&TraitObject>,
) -> Option<Construct> {
    if let Some(function) = site.called_in_c() {
        let name = called_here(expression, site).unwrap_or(function).to_owned();
        return Some(Construct { name, kind: ConstructKind::C, of: None });
    }
    let frame = site.callee();
    if let Some(Origin::Dependency(package)) = frame.map(|frame| &frame.origin) {
        let kind = ConstructKind::Dependency(package.clone());
        return Some(Construct { name: format!("call into {package}"), kind, of: None });
    }
    let callee = Callee::new(site);
    if frame.is_some_and(|frame| frame.origin == Origin::OnTheWay) {
        let name = format!("write into {}", callee.writer().unwrap_or_else(|| "what was lent".to_owned()));
        return Some(Construct { name, kind: ConstructKind::Growth, of: callee.element() });
    }
    let syntax = expression.filter(|found| found.exact).map(|found| &found.syntax);
    let written = Written::of(syntax);
    let rule = RULES.iter().find(|rule| rule.fits(written, &callee));
    let of = callee.dropped().or_else(|| callee.element());
    match rule {
        Some(rule) => {
            Some(Construct { name: rule.name(&callee, syntax, object), kind: rule.kind.clone(), of })
        }
        None => {
            fallback(&callee, syntax, site.op).map(|name| Construct { name, kind: ConstructKind::Other, of })
        }
    }
}

/// The C function that the user's own expression calls: one that ends in a jump to another has left no frame.
fn called_here<'a>(expression: Option<&'a Expression>, site: &Site) -> Option<&'a str> {
    let called = site.callee()?.origin == Origin::System;
    match &expression.filter(|found| found.exact && called)?.syntax {
        Syntax::Call { path, .. } => path.rsplit("::").next(),
        _ => None,
    }
}

/// As the callee is called, or else as it is written.
fn fallback(callee: &Callee<'_>, syntax: Option<&Syntax>, op: Op) -> Option<String> {
    callee.readable().or_else(|| match syntax? {
        Syntax::Macro { name, .. } => Some(format!("{name}!")),
        Syntax::Call { path, .. } => Some(path.clone()),
        Syntax::Method { method, .. } => Some(format!(".{method}()")),
        _ if op == Op::Free => Some("drop".to_owned()),
        _ => None,
    })
}

/// What runs the code only once: some frame between the hot function and the site fills a lazy value.
pub(super) fn lazy(site: &Site) -> Option<Lazy> {
    let names = [
        ("stdio::stdout", "stdout"),
        ("LazyLock::force", "LazyLock"),
        ("LazyCell::force", "LazyCell"),
        ("OnceLock::get_or_init", "OnceLock"),
        ("OnceLock::initialize", "OnceLock"),
        ("OnceCell::get_or_init", "OnceCell"),
        ("LocalKey::with", "thread_local!"),
        ("LocalKey::try_with", "thread_local!"),
    ];
    let short: Vec<String> = site.chain.iter().map(|frame| frame.function.short()).collect();
    let initialises = |name: &str| {
        // `LocalKey::with` also runs the user's closure on every call: only its initialiser is lazy.
        name != "thread_local!"
            || short.iter().any(|own| own.contains("initialize") || own.contains("get_or_init"))
    };
    names
        .iter()
        .find(|(function, name)| short.iter().any(|own| own == function) && initialises(name))
        .map(|(_, name)| Lazy { name: (*name).to_owned() })
}

/// The kind of the only argument.
fn single_argument(syntax: Option<&Syntax>) -> Option<ArgumentKind> {
    match syntax? {
        Syntax::Call { args, .. } if args.len() == 1 => Some(args[0].kind),
        _ => None,
    }
}
