//! Calls through a trait object: the receiver's type is written down as `dyn Trait`, and the frame below shows
//! which implementation ran.

use syn::Expr;
use syn::spanned::Spanned;

use super::finder::{Found, Node};
use super::package::Package;
use super::types::{Types, principal};
use crate::model::{Candidate, DynCall, DynRole, Frame, FunctionName, TraitObject, implementation};

/// The trait object that the found call goes through to reach `callee`.
pub(super) fn object<'ast>(
    package: &'ast Package<'ast>,
    found: &Found<'ast>,
    callee: &Frame,
) -> Option<TraitObject> {
    let types = Types { package };
    let ty = types.of_expr(&found.path, receiver(found)?)?;
    let (_, object) = types.object(ty)?;
    let name = principal(object)?;
    runs(callee.function.demangled(), &name.segments.last()?.ident.to_string()).then(|| TraitObject {
        name: format!("dyn {}", package.owner(name.span()).text_of(name)),
        at: package.owner(ty.span()).span(ty.span()),
        role: DynRole::Behind { implementation: implementation(callee.function.demangled()) },
    })
}

fn receiver<'ast>(found: &Found<'ast>) -> Option<&'ast Expr> {
    match found.path.last()? {
        Node::Expr(Expr::MethodCall(call)) => Some(&call.receiver),
        Node::Expr(Expr::Call(call)) => Some(&call.func),
        _ => None,
    }
}

/// The method that the found call names. The trait is known where the receiver's type is written down.
pub(super) fn called<'ast>(package: &'ast Package<'ast>, found: &Found<'ast>) -> Option<DynCall> {
    let Node::Expr(Expr::MethodCall(call)) = found.path.last()? else { return None };
    let types = Types { package };
    let object = types.of_expr(&found.path, &call.receiver).and_then(|ty| types.object(ty));
    let name = object.and_then(|(_, object)| principal(object)).and_then(|name| name.segments.last());
    Some(DynCall {
        receiver: package.owner(call.receiver.span()).text_of(&call.receiver),
        of_trait: name.map(|segment| segment.ident.to_string()),
        method: call.method.to_string(),
    })
}

/// Those functions that a call may go to: the trait's method, as a type implements it or as the trait provides it.
pub(super) fn implementations(in_slot: &[Candidate], call: &DynCall) -> Vec<Candidate> {
    let is_meant = |candidate: &&Candidate| {
        let name = FunctionName::new(&candidate.name);
        let Some((owner, method)) = name.as_str().rsplit_once("::") else { return false };
        let provided = owner.rsplit("::").next().map(str::to_owned);
        let fits = |wanted: &String| {
            trait_of(&candidate.name).or_else(|| provided.clone()).is_some_and(|own| own == *wanted)
        };
        method == call.method && call.of_trait.as_ref().is_none_or(fits)
    };
    let mut meant: Vec<Candidate> = in_slot.iter().filter(is_meant).cloned().collect();
    meant.sort_by(|a, b| a.name.cmp(&b.name));
    meant
}

/// Whether the function that was reached is a method of the trait, or a closure called through `Fn`.
fn runs(function: &str, wanted: &str) -> bool {
    if matches!(wanted, "Fn" | "FnMut" | "FnOnce") {
        return function.contains("{closure#")
            || function.contains("::function::Fn")
            || !function.starts_with('<');
    }
    trait_of(function).is_some_and(|name| name == wanted)
}

/// `Read` of `<std::io::cursor::Cursor<&[u8]> as std::io::Read>::read`.
fn trait_of(function: &str) -> Option<String> {
    let (_, rest) = function.strip_prefix('<')?.rsplit_once(" as ")?;
    let path = rest.split_once(">::").map_or(rest, |(path, _)| path);
    let path = path.split('<').next().unwrap_or(path);
    Some(path.rsplit("::").next().unwrap_or(path).to_owned())
}

#[cfg(test)]
mod tests {
    use super::{implementation, runs};

    #[test]
    fn the_implementation_is_named_as_a_reader_would() {
        let cases = [
            (
                "<std::io::cursor::Cursor<&[u8]> as std::io::Read>::read",
                "<Cursor<&[u8]> as Read>::read",
                "Read",
            ),
            ("<app::Square as app::Shape>::name", "<Square as Shape>::name", "Shape"),
            ("app::make::{closure#0}", "closure", "Fn"),
        ];
        for (function, name, wanted) in cases {
            assert_eq!(implementation(function), name);
            assert!(runs(function, wanted), "{function}");
        }
        assert!(!runs("<app::Square as app::Shape>::name", "Read"));
        assert!(!runs("app::helper", "Shape"));
    }
}
