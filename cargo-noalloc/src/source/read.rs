//! The step itself: every site of every target gets what its source says.

use std::collections::BTreeMap;

use super::{Sources, behind, blocks};
use crate::model::{Audited, CodePlace, Place, Problem, Site, Step, Texts};
use crate::source_files::SourceFolders;

/// Reads the source files that sites stand in, and puts at each site the expression that stands there.
///
/// Files in `kept` are shown as they are there.
/// Nothing is shown of the files that are in `changed`, and of those that are not what `digests` say, where there are any.
/// Returns the texts of all files that were looked at, and why others were not.
pub(crate) fn read(
    audited: &mut [Audited],
    folders: SourceFolders,
    changed: &[String],
    digests: Option<&BTreeMap<String, u64>>,
    kept: BTreeMap<String, String>,
) -> (Texts, Vec<Problem>) {
    let mut sources = Sources::new(folders).without(changed).vouched(digests).with_kept(kept);
    if let Some(built) = audited.iter().filter_map(|target| target.built).min() {
        sources = sources.built_at(built);
    }
    let mut texts = Texts::default();
    for target in audited {
        blocks::complete(&sources, target);
        target.permits.iter().for_each(|permit| keep(&sources, &mut texts, &permit.place.file));
        target.unentered.iter().for_each(|hot| keep(&sources, &mut texts, &hot.place.file));
        let told = target.benches.iter().filter(|bench| !bench.outside.is_empty());
        told.for_each(|bench| keep(&sources, &mut texts, &bench.place.file));
        for (hot, _) in target.functions.values_mut() {
            // Only its code told where the function is.
            let name = hot.name.rsplit("::").next().unwrap_or(&hot.name);
            if hot.by_code
                && let Some(place) = sources.name_of(&hot.place, name)
            {
                hot.place = place;
            }
            if let Some(function) = sources.function(&hot.place) {
                texts.insert_function(hot.place.clone(), function);
            }
            keep(&sources, &mut texts, &hot.place.file);
        }
        for site in sites(target) {
            sources.fold_derived(&mut site.chain);
            sources.fold_on_the_way(&mut site.chain);
        }
        for doubt in target.proofs.values_mut().flat_map(|proof| &mut proof.doubts) {
            doubt.called = sources.called(&doubt.site).filter(|_| !doubt.in_slot.is_empty());
            let Some(call) = &doubt.called else { continue };
            let meant = behind::implementations(&doubt.in_slot, call);
            if !meant.is_empty() {
                doubt.candidates = meant;
            }
        }
        for site in sites(target) {
            site.source = Some(sources.of_site(site));
            let files =
                site.chain.iter().filter(|frame| frame.is_written()).filter_map(|frame| frame.place.as_ref());
            files.for_each(|place| keep(&sources, &mut texts, &place.file));
        }
    }
    sources.tell(&mut texts);
    let refused = sources.refused().into_iter().map(|why| why.to_string());
    let problems = refused.chain(sources.edited()).map(|why| Problem::new(Step::Source, why));
    (texts, problems.collect())
}

/// All that were counted, in hot functions and outside, and all of the proofs.
fn sites(target: &mut Audited) -> impl Iterator<Item = &mut Site> {
    let proved = target.proofs.values_mut().flat_map(|proof| {
        let reachable = proof.reachable.iter_mut().map(|reachable| &mut reachable.site);
        reachable.chain(proof.doubts.iter_mut().map(|doubt| &mut doubt.site))
    });
    let outside = target.benches.iter_mut().flat_map(|bench| &mut bench.outside);
    target.sites.iter_mut().chain(outside).chain(proved)
}

/// A place of no length, at line 0 where the debug info says nothing.
pub(super) fn point(sources: &Sources, place: Option<&CodePlace>) -> Place {
    place.map_or(Place { file: String::new(), line: 0, column: 0 }, |place| sources.to_place(place))
}

fn keep(sources: &Sources, texts: &mut Texts, file: &str) {
    if texts.get(file).is_none()
        && let Some(text) = sources.text(file)
    {
        texts.insert(file.to_owned(), text);
    }
}
