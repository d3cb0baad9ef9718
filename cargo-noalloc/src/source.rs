//! Step 5: places become what a reader sees there.

use std::path::Path;

use crate::model::{Audited, CodePlace, Expression, Place, Span, Texts};

/// Reads the source files that sites stand in, and puts at each site the expression that stands there.
pub(crate) fn read(audited: &mut [Audited], workspace_root: &Path) -> Texts {
    let mut texts = Texts::default();
    let places = audited.iter().flat_map(|target| {
        let hot = target.functions.values().map(|(hot, _)| hot.place.file.clone());
        let sites =
            target.sites.iter().filter_map(|site| Some(site.user_frame()?.place.as_ref()?.file.clone()));
        hot.chain(sites)
    });
    let mut files: Vec<String> = places.collect();
    files.sort();
    files.dedup();
    for file in files {
        if let Ok(text) = std::fs::read_to_string(workspace_root.join(&file)) {
            texts.insert(file, text);
        }
    }
    for site in audited.iter_mut().flat_map(|target| &mut target.sites) {
        let place = site.user_frame().and_then(|frame| frame.place.clone());
        let construct = site.callee().map(|frame| frame.function.short());
        site.expression = Some(Expression { span: span(place.as_ref(), &texts), construct, dyn_trait: None });
    }
    texts
}

fn span(place: Option<&CodePlace>, texts: &Texts) -> Span {
    let nowhere = Place { file: String::new(), line: 0, column: 0 };
    Span::point(place.map_or(nowhere, |place| texts.place(place)))
}
