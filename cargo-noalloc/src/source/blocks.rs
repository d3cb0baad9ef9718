//! Puts together the blocks that ran and those that are only in the binary, whose names stand in the source.

use proc_macro2::LineColumn;
use syn::spanned::Spanned as _;
use syn::visit::{self, Visit};
use syn::{Expr, ExprCall, ExprLit, Lit};

use super::Sources;
use crate::model::{Audited, BlockKind, HotFn, HotId, LinkedBlock, Permit, Place, Promise};

/// Adds to the permits and guarded blocks of a target that were entered those that never were.
pub(super) fn complete(sources: &Sources, target: &mut Audited) {
    for LinkedBlock { kind, place, function } in std::mem::take(&mut target.linked_blocks) {
        let place = sources.to_place(&place);
        match kind {
            BlockKind::Guard => guard(sources, target, place),
            BlockKind::Permit => permit(sources, target, place, function),
        }
    }
}

fn guard(sources: &Sources, target: &mut Audited, place: Place) {
    let is_it = |hot: &HotFn| hot.place.file == place.file && hot.place.line == place.line;
    if target.functions.values().any(|(hot, _)| is_it(hot)) {
        return;
    }
    let Place { file, line, column } = &place;
    let name = first_argument(sources, &place).unwrap_or_else(|| format!("block at {file}:{line}"));
    let id = HotId(no_heap::descriptor::site_id(&name, file, *line, *column));
    let promise = Promise::BARE;
    target.unentered.push(HotFn { id, name, place, attributed: true, by_code: false, promise });
}

fn permit(sources: &Sources, target: &mut Audited, place: Place, function: Option<String>) {
    // Columns of the two do not always count the same; a line with two permits is rare.
    let known = target.permits.iter().any(|permit| permit.place == place);
    let same = |permit: &&mut Permit| {
        let on_the_line = permit.place.file == place.file && permit.place.line == place.line;
        on_the_line && (!known || permit.place.column == place.column)
    };
    if let Some(permit) = target.permits.iter_mut().find(same) {
        permit.function = permit.function.take().or(function);
        return;
    }
    let reason = first_argument(sources, &place);
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

/// The first argument of the call at `place`.
fn first_argument(sources: &Sources, place: &Place) -> Option<String> {
    struct Finds {
        at: LineColumn,
        found: Option<String>,
    }
    impl<'ast> Visit<'ast> for Finds {
        fn visit_expr_call(&mut self, call: &'ast ExprCall) {
            if let (true, Some(Expr::Lit(ExprLit { lit: Lit::Str(name), .. }))) =
                (call.span().start() == self.at, call.args.first())
            {
                self.found = Some(name.value());
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
    use super::first_argument;
    use crate::model::Place;
    use crate::source::Sources;
    use crate::source_files::SourceFolders;

    #[test]
    fn a_block_is_named_by_the_calls_first_argument() {
        let root = tempfile::tempdir().expect("a temporary folder");
        let text = "fn f() {\n    no_heap::permit(\"größer\", || permit(\n        \"inner\", g));\n    permit(REASON, g);\n}\n";
        std::fs::write(root.path().join("a.rs"), text).expect("the folder is there");
        let sources = Sources::new(SourceFolders::new(root.path(), []));
        let at = |line, column| first_argument(&sources, &Place { file: "a.rs".to_owned(), line, column });
        assert_eq!(at(2, 5).as_deref(), Some("größer"));
        assert_eq!(at(2, 34).as_deref(), Some("inner"));
        assert_eq!(at(4, 5), None);
    }
}
