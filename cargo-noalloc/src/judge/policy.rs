//! What the user's settings mean for one hot function: its promise, the level of each rule, and the sites that do
//! not count.
//!
//! From the weakest to the strongest: a rule's default, the workspace's levels, the package's, `#[no_heap(prove)]`,
//! the entries for single functions, `--require-…`, `-A`, `-W` and `-D`.

use crate::model::{
    Configured, Frame, FunctionSettings, HotFn, HotReport, Ignore, IgnoredCode, Level, Policy, Problem, Rule,
    Setting, Settings, Step, fits, is_called,
};

/// Adds what the manifests say of functions that a whole check has not seen: a name may be misspelt, or another by now.
pub(crate) fn unmatched(
    mut problems: Vec<Problem>,
    functions: &[HotReport],
    policy: &Policy,
) -> Vec<Problem> {
    if policy.selected || policy.filtered || policy.partial || policy.proof_only {
        return problems;
    }
    let Configured { workspace, packages } = &policy.configured;
    let patterns = [workspace].into_iter().chain(packages.values()).flat_map(|settings| &settings.functions);
    let is_seen = |pattern: &str| functions.iter().any(|report| is_called(&report.hot.name, pattern));
    problems.extend(patterns.filter(|settings| !is_seen(&settings.pattern)).map(|settings| {
        let message = format!(
            "the configuration names `{}`, and no hot function of this check is called so",
            settings.pattern
        );
        Problem::new(Step::Judge, message)
    }));
    problems
}

/// The settings that hold for one hot function.
#[derive(Clone, Debug)]
pub(crate) struct Governing<'a> {
    policy: &'a Policy,
    /// The workspace's, then the package's.
    settings: Vec<&'a Settings>,
}

impl<'a> Governing<'a> {
    /// Finds the package by the function's file.
    pub(crate) fn new(policy: &'a Policy, hot: &HotFn) -> Governing<'a> {
        let inside = |folder: &str| {
            let rest = hot.place.file.strip_prefix(folder);
            !hot.place.file.starts_with('/')
                && rest.is_some_and(|rest| folder.is_empty() || rest.starts_with('/'))
        };
        let packages = policy.configured.packages.iter().filter(|(folder, _)| inside(folder));
        let package = packages.max_by_key(|(folder, _)| folder.len()).map(|(_, settings)| settings);
        Governing { policy, settings: [&policy.configured.workspace].into_iter().chain(package).collect() }
    }

    /// Whether nothing was run.
    pub(crate) fn is_proof_only(&self) -> bool {
        self.policy.proof_only
    }

    /// Whether other targets are run elsewhere.
    pub(crate) fn is_partial(&self) -> bool {
        self.policy.partial
    }

    fn of_function<'s>(&'s self, hot: &'s HotFn) -> impl Iterator<Item = &'a FunctionSettings> + 's {
        let all = self.settings.iter().flat_map(|settings| &settings.functions);
        all.filter(|settings| is_called(&hot.name, &settings.pattern))
    }

    /// The function with the promise that the settings leave it.
    pub(crate) fn apply(&self, hot: &HotFn) -> HotFn {
        let mut hot = hot.clone();
        for settings in self.of_function(&hot.clone()) {
            if let Some(budget) = settings.budget {
                (hot.promise.allocs, hot.promise.bytes) = (budget.allocs, budget.bytes);
            }
            hot.promise.warmup = settings.warmup.unwrap_or(hot.promise.warmup);
            hot.promise.allow_free = settings.allow_free.unwrap_or(hot.promise.allow_free);
        }
        hot
    }

    /// What becomes of findings of `rule`.
    pub(crate) fn level(&self, hot: &HotFn, rule: Rule) -> Setting {
        let about_proof = matches!(rule, Rule::MayAllocate | Rule::Unproved);
        let mut level = Some(rule.default_level());
        for settings in &self.settings {
            level = settings.levels.get(&rule).copied().unwrap_or(level);
        }
        if about_proof && hot.promise.prove {
            level = Some(Level::Error);
        }
        for settings in self.of_function(hot) {
            level = settings.levels.get(&rule).copied().unwrap_or(level);
        }
        let required = match rule {
            Rule::Unexercised => self.policy.require_exercised,
            Rule::MayAllocate | Rule::Unproved => self.policy.require_proof,
            _ => false,
        };
        if required {
            level = Some(Level::Error);
        }
        level = self.policy.command_line.get(&rule).copied().unwrap_or(level);
        if self.policy.deny_warnings && level == Some(Level::Warning) {
            level = Some(Level::Error);
        }
        level
    }

    /// The exception that covers a call stack, if there is one.
    ///
    /// Only what the innermost user frame calls can be somebody else's: code of the user that a library calls back
    /// is the user's.
    pub(crate) fn ignores(&self, rule: Rule, chain: &[Frame]) -> Option<&'a Ignore> {
        let innermost = chain.iter().rposition(Frame::is_user);
        let called = &chain[innermost.map_or(0, |user| user + 1)..];
        let user = innermost.map(|user| &chain[user]);
        let mut all = self.settings.iter().flat_map(|settings| &settings.ignores);
        all.find(|ignore| {
            let for_rule = ignore.rules.is_empty() || ignore.rules.contains(&rule);
            for_rule && user.into_iter().chain(called).any(|frame| is_of(frame, &ignore.code))
        })
    }
}

fn is_of(frame: &Frame, code: &IgnoredCode) -> bool {
    match code {
        IgnoredCode::Crate(name) => {
            let told = frame.krate();
            told.is_some_and(|told| told.replace('-', "_") == name.replace('-', "_"))
        }
        IgnoredCode::Path(pattern) => {
            frame.place.as_ref().is_some_and(|place| fits(pattern.as_bytes(), place.file.as_bytes()))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::Governing;
    use crate::model::{
        Budget, Configured, Frame, FunctionName, FunctionSettings, HotFn, HotId, Ignore, IgnoredCode, Level,
        Origin, Place, Policy, Promise, Rule, Setting, Settings,
    };

    fn hot(name: &str, file: &str) -> HotFn {
        let place = Place { file: file.to_owned(), line: 1, column: 1 };
        let promise = Promise::BARE;
        HotFn { id: HotId(1), name: name.to_owned(), place, attributed: true, by_code: false, promise }
    }

    fn levels(levels: &[(Rule, Setting)]) -> BTreeMap<Rule, Setting> {
        levels.iter().copied().collect()
    }

    fn function(pattern: &str) -> FunctionSettings {
        FunctionSettings { pattern: pattern.to_owned(), ..FunctionSettings::default() }
    }

    #[test]
    fn what_stands_nearer_outweighs_what_stands_farther() {
        let rule = Rule::Unproved;
        let mut policy = Policy::default();
        let of = |policy: &Policy, prove: bool| {
            let mut hot = hot("app::run", "app/src/lib.rs");
            hot.promise.prove = prove;
            Governing::new(policy, &hot).level(&hot, rule)
        };
        assert_eq!(of(&policy, false), Some(Level::Note));
        policy.configured.workspace.levels = levels(&[(rule, Some(Level::Warning))]);
        assert_eq!(of(&policy, false), Some(Level::Warning));
        let package = Settings { levels: levels(&[(rule, None)]), ..Settings::default() };
        policy.configured.packages =
            BTreeMap::from([("app".to_owned(), package), ("ap".to_owned(), Settings::default())]);
        assert_eq!(of(&policy, false), None);
        assert_eq!(of(&policy, true), Some(Level::Error), "the source promises a proof");
        let mut entry = function("run");
        entry.levels = levels(&[(rule, Some(Level::Note))]);
        policy.configured.workspace.functions = vec![entry];
        assert_eq!(of(&policy, true), Some(Level::Note));
        policy.require_proof = true;
        assert_eq!(of(&policy, true), Some(Level::Error));
        policy.command_line = levels(&[(rule, Some(Level::Warning))]);
        assert_eq!(of(&policy, true), Some(Level::Warning));
        policy.deny_warnings = true;
        assert_eq!(of(&policy, true), Some(Level::Error));
    }

    #[test]
    fn the_package_is_the_innermost_folder_around_the_file() {
        let settings =
            |level| Settings { levels: levels(&[(Rule::OverBudget, level)]), ..Settings::default() };
        let (root, inner) = (settings(Some(Level::Note)), settings(None));
        let packages = BTreeMap::from([(String::new(), root), ("a/b".to_owned(), inner)]);
        let configured = Configured { workspace: Settings::default(), packages };
        let policy = Policy { configured, ..Policy::default() };
        let of = |file: &str| {
            let hot = hot("x", file);
            Governing::new(&policy, &hot).level(&hot, Rule::OverBudget)
        };
        assert_eq!(of("src/lib.rs"), Some(Level::Note));
        assert_eq!(of("a/b/src/lib.rs"), None);
        assert_eq!(of("a/bc/src/lib.rs"), Some(Level::Note));
        assert_eq!(of("/elsewhere/src/lib.rs"), Some(Level::Error), "not of this workspace");
    }

    #[test]
    fn a_budget_replaces_the_attributes() {
        let mut entry = function("run");
        entry.budget = Some(Budget { allocs: Some(2), bytes: None });
        let mut later = function("app::*");
        later.warmup = Some(1);
        let mut policy = Policy::default();
        policy.configured.workspace.functions = vec![entry, later, function("other")];
        let hot = hot("app::run", "src/lib.rs");
        let promise = Governing::new(&policy, &hot).apply(&hot).promise;
        assert_eq!((promise.allocs, promise.bytes, promise.warmup), (Some(2), None, 1));
    }

    fn frame(function: &str, origin: Origin) -> Frame {
        Frame { function: FunctionName::new(function), place: None, inlined: false, origin }
    }

    #[test]
    fn code_that_a_library_calls_back_is_not_the_librarys() {
        let ignore = |krate: &str| Ignore {
            code: IgnoredCode::Crate(krate.to_owned()),
            rules: vec![Rule::HeapInHotPath],
            reason: "known".to_owned(),
        };
        let mut policy = Policy::default();
        policy.configured.workspace.ignores = vec![ignore("thread-pool"), ignore("vendored")];
        let hot = hot("app::run", "src/lib.rs");
        let governing = Governing::new(&policy, &hot);
        let pool = || frame("thread_pool::join", Origin::Dependency("thread_pool".to_owned()));
        let user = || frame("app::run", Origin::User);
        let std = || frame("alloc::vec::Vec::push", Origin::Std);
        let ignored = |rule, chain: &[Frame]| governing.ignores(rule, chain).is_some();
        assert!(ignored(Rule::HeapInHotPath, &[user(), pool(), std()]));
        assert!(!ignored(Rule::HeapInHotPath, &[user(), pool(), user(), std()]));
        assert!(!ignored(Rule::FreeInHotPath, &[user(), pool(), std()]), "another rule");
        assert!(!ignored(Rule::HeapInHotPath, &[user(), std()]));
        let vendored = frame("<vendored::Log as core::fmt::Write>::write_str", Origin::User);
        assert!(ignored(Rule::HeapInHotPath, &[user(), vendored, std()]), "a crate in the workspace");
    }
}
