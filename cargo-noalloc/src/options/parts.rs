//! Options about parts of a check: `--partition` and `merge`.

use std::path::PathBuf;

use super::{CheckOptions, ReportOptions, refuse_no_manifest, shown};
use crate::cli::{BuildArgs, MergeArgs};
use crate::exit::{Exit, Failure};
use crate::model::{Partition, Policy, Setting};

/// Checked options of `merge`.
#[derive(Debug)]
pub(crate) struct MergeOptions {
    /// Of the parts.
    pub(crate) reports: Vec<PathBuf>,
    pub(crate) report: ReportOptions,
}

/// Reads `I/N`.
pub(super) fn partition(text: &str) -> Result<Partition, Failure> {
    let numbers = text.split_once('/').and_then(|(i, n)| Some((i.parse().ok()?, n.parse().ok()?)));
    match numbers {
        Some((index, count)) if (1..=count).contains(&index) => Ok(Partition { index, count }),
        _ => Err(Failure::new(Exit::Usage, format!("`--partition {text}` is no part of a whole"))
            .help("give a number and a count, such as `--partition 1/3`")),
    }
}

pub(super) fn merge(args: MergeArgs) -> Result<MergeOptions, Failure> {
    let build: BuildArgs = args.last.into();
    refuse_no_manifest(&build)?;
    Ok(MergeOptions {
        reports: args.reports,
        report: ReportOptions { build, ..shown(&args.output, &args.baseline)? },
    })
}

impl CheckOptions {
    /// What all parts of a check have to be asked alike: the name of an option, and what was given.
    pub(crate) fn asked(&self) -> Vec<(String, String)> {
        let BuildArgs { features, all_features, no_default_features, config, unstable, .. } = &self.build;
        let Policy { require_exercised, require_proof, command_line, deny_warnings, .. } = &self.policy;
        let level = |level: &Setting| level.map_or("allow".to_owned(), |level| level.to_string());
        let mut levels: Vec<String> =
            command_line.iter().map(|(rule, setting)| format!("{rule} = {}", level(setting))).collect();
        levels.extend(deny_warnings.then(|| "warnings = error".to_owned()));
        let all = [
            ("`--features`", features.join(" ")),
            ("`--all-features`", all_features.to_string()),
            ("`--no-default-features`", no_default_features.to_string()),
            ("`--config`", config.join(" ")),
            ("`-Z`", unstable.join(" ")),
            ("the filter", self.filters.join(" ")),
            ("what is passed to each target", self.harness_args.join(" ")),
            ("`--require-exercised`", require_exercised.to_string()),
            ("`--require-proof`", require_proof.to_string()),
            ("the levels of rules", levels.join(", ")),
        ];
        all.map(|(name, value)| (name.to_owned(), value)).into()
    }
}

#[cfg(test)]
mod tests {
    use super::{Partition, partition};

    #[test]
    fn parts_are_disjoint_and_together_the_whole() {
        let parts: Vec<Partition> =
            ["1/3", "2/3", "3/3"].map(|text| partition(text).expect("it is a part")).into();
        for position in 0..20 {
            assert_eq!(parts.iter().filter(|part| part.has(position)).count(), 1, "{position}");
        }
        for wrong in ["0/3", "4/3", "1/0", "1", "a/b", "1/-1", ""] {
            assert!(partition(wrong).is_err(), "{wrong}");
        }
    }
}
