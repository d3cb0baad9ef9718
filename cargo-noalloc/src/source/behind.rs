//! Calls through a trait object: the receiver's type is written down as `dyn Trait`, and the frame below shows
//! which implementation ran.

use syn::Expr;
use syn::spanned::Spanned;

use super::finder::{Found, Node};
use super::package::Package;
use super::types::{Types, principal};
use crate::model::{DynRole, Frame, TraitObject, short_type};

/// The trait object that the found call goes through to reach `callee`.
pub(super) fn object<'ast>(
    package: &'ast Package<'ast>,
    found: &Found<'ast>,
    callee: &Frame,
) -> Option<TraitObject> {
    let receiver = match found.path.last()? {
        Node::Expr(Expr::MethodCall(call)) => &*call.receiver,
        Node::Expr(Expr::Call(call)) => &*call.func,
        _ => return None,
    };
    let types = Types { package };
    let ty = types.of_expr(&found.path, receiver)?;
    let (_, object) = types.object(ty)?;
    let name = principal(object)?;
    runs(callee.function.demangled(), &name.segments.last()?.ident.to_string()).then(|| TraitObject {
        name: format!("dyn {}", package.owner(name.span()).text_of(name)),
        at: package.owner(ty.span()).span(ty.span()),
        role: DynRole::Behind { implementation: implementation(callee.function.demangled()) },
    })
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

/// As a reader writes it: `<Cursor<&[u8]> as Read>::read`.
fn implementation(function: &str) -> String {
    match function.rsplit_once(">::") {
        Some((head, method)) if head.contains(" as ") => format!("{}>::{method}", short_type(head)),
        _ => short_type(function),
    }
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
