//! Puts together the permits that ran and those that are only in the binary, whose reasons stand in the source.

use proc_macro2::LineColumn;
use syn::spanned::Spanned as _;
use syn::visit::{self, Visit};
use syn::{Expr, ExprCall, ExprLit, Lit};

use super::Sources;
use crate::model::{Audited, LinkedPermit, Permit, Place};

/// Adds to the permits of a target that were entered those that never were.
pub(super) fn complete(sources: &Sources, target: &mut Audited) {
    for LinkedPermit { place, function } in std::mem::take(&mut target.linked_permits) {
        let place = sources.to_place(&place);
        let on_the_line =
            |permit: &&mut Permit| permit.place.file == place.file && permit.place.line == place.line;
        // Columns of the two do not always count the same; a line with two permits is rare.
        let known = target.permits.iter().filter(|permit| permit.place == place).count() > 0;
        let same =
            |permit: &&mut Permit| on_the_line(permit) && (!known || permit.place.column == place.column);
        if let Some(permit) = target.permits.iter_mut().find(same) {
            permit.function = permit.function.take().or(function);
            continue;
        }
        let reason = reason(sources, &place);
        target.permits.push(Permit {
            place,
            reason,
            function,
            entered: 0,
            allocs: 0,
            reallocs: 0,
            frees: 0,
            bytes: 0,
        });
    }
}

/// The first argument of the call at `place`.
fn reason(sources: &Sources, place: &Place) -> Option<String> {
    struct Finds {
        at: LineColumn,
        found: Option<String>,
    }
    impl<'ast> Visit<'ast> for Finds {
        fn visit_expr_call(&mut self, call: &'ast ExprCall) {
            if let (true, Some(Expr::Lit(ExprLit { lit: Lit::Str(reason), .. }))) =
                (call.span().start() == self.at, call.args.first())
            {
                self.found = Some(reason.value());
            }
            visit::visit_expr_call(self, call);
        }
    }
    let file = sources.file(&place.file).ok()?;
    let at = LineColumn { line: place.line as usize, column: (place.column as usize).checked_sub(1)? };
    let mut finds = Finds { at, found: None };
    finds.visit_file(file.tree.as_ref().ok()?);
    finds.found
}

#[cfg(test)]
mod tests {
    use super::reason;
    use crate::model::Place;
    use crate::source::Sources;

    #[test]
    fn the_reason_is_the_calls_first_argument() {
        let root = tempfile::tempdir().expect("a temporary folder");
        let text = "fn f() {\n    no_heap::permit(\"größer\", || permit(\n        \"inner\", g));\n    permit(REASON, g);\n}\n";
        std::fs::write(root.path().join("a.rs"), text).expect("the folder is there");
        let sources = Sources::new(root.path());
        let at = |line, column| reason(&sources, &Place { file: "a.rs".to_owned(), line, column });
        assert_eq!(at(2, 5).as_deref(), Some("größer"));
        assert_eq!(at(2, 34).as_deref(), Some("inner"));
        assert_eq!(at(4, 5), None);
    }
}
