//! What the user names the sides by: a saved check, a file, a git revision.

use std::path::{Path, PathBuf};

use super::saved::{is_saved, refuse_name, unknown};
use crate::exit::Failure;
use crate::revision::{Repository, Revision};

/// Where a side comes from.
#[derive(Debug)]
pub(crate) enum Source {
    /// What `--save` took; `hides` is the revision of the same name.
    Saved { name: String, hides: Option<Revision> },
    /// What `--format json=PATH` wrote.
    File(PathBuf),
    /// To be built and measured.
    Revision(Repository, Revision),
    /// The last check, as it is.
    Last,
    /// To be built and measured, as it is.
    Tree,
}

impl Source {
    /// Whether it has to be built and run.
    pub(crate) fn is_to_be_measured(&self) -> bool {
        matches!(self, Source::Revision(..) | Source::Tree)
    }

    /// Looks for a saved check first, then for a file, then for a revision. What looks like a path and is there is a
    /// file, wherever the user is; `audit_dir` is asked for only when it is none. Git is asked in `folder`.
    pub(crate) fn find(
        text: &str,
        audit_dir: impl FnOnce() -> Result<PathBuf, Failure>,
        folder: &Path,
    ) -> Result<Source, Failure> {
        let is_name = refuse_name(text).is_ok();
        if !is_name && (Path::new(text).exists() || text.ends_with(".json")) {
            return Ok(Source::File(PathBuf::from(text)));
        }
        let audit_dir = audit_dir()?;
        let repository = Repository::of(folder);
        let revision = repository.as_ref().and_then(|repository| repository.revision(text));
        if is_name && is_saved(&audit_dir, text) {
            return Ok(Source::Saved { name: text.to_owned(), hides: revision });
        }
        match (repository, revision) {
            (Some(repository), Some(revision)) => Ok(Source::Revision(repository, revision)),
            (repository, _) => Err(unknown(text, &audit_dir, repository.as_ref())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Source;
    use crate::exit::{Exit, Failure};
    use std::path::Path;

    #[test]
    fn what_looks_like_a_file_of_a_report_needs_no_package() {
        let nowhere = || Err(Failure::new(Exit::MetadataFailed, "no package here"));
        for path in ["old.json", "./old.json", "ci/old.json", "."] {
            let found = Source::find(path, nowhere, Path::new("/"));
            assert!(matches!(found, Ok(Source::File(file)) if file == Path::new(path)), "{path}");
        }
        assert!(Source::find("main", nowhere, Path::new("/")).is_err());
    }
}
