//! Guards: what the runtime puts around the body of a hot function, seen from a hot function outside of it.
//!
//! A guard's own work (entering, leaving, a warning) is there only in an audit build, so it is no part of what the
//! outer function does. What is left out is decided call by call, in functions that the marker section names: the
//! callee must be the runtime's own, by every symbol of it, and must not be generic, for only generic code of the
//! runtime runs code of the user's. All other calls of a guard count like anybody's.
//!
//! The runtime's allocator over one of the user's is treated alike where it frees: recording is the audit's work, what
//! the user's allocator does is not.

use super::{TargetSets, alternatives};
use crate::code::{Exit, FunctionCode, Target};
use crate::image::{Image, demangle};

/// Prints a warning when a violation was counted; `assert_no_alloc` inlines the call of it.
const WARNING: &str = "std::io::stdio::_eprint";

/// The inner half of a guard, where it was not inlined.
const INNER: &str = "assert_no_alloc::assert_no_alloc::<";

/// Which functions are guards, and which of their callees belong to the audit alone.
#[derive(Default)]
pub(crate) struct Guards {
    /// By function, as are `audits`. Empty without guards.
    guards: Vec<bool>,
    audits: Vec<bool>,
}

impl Guards {
    /// Finds the guards of an image. `marked` are the addresses in the marker section, `allocators` the functions of
    /// the runtime's allocator that are looked into.
    pub(crate) fn of(
        image: &Image<'_>,
        functions: &[FunctionCode],
        sets: &TargetSets,
        marked: &[u64],
        allocators: &[u32],
    ) -> Self {
        let marked = marked.iter().filter_map(|address| image.function_at(*address));
        let mut waiting: Vec<u32> = marked.chain(allocators.iter().copied()).collect();
        if waiting.is_empty() {
            return Self::default();
        }
        let mut found = Self { guards: vec![false; functions.len()], audits: vec![false; functions.len()] };
        while let Some(guard) = waiting.pop() {
            if std::mem::replace(&mut found.guards[guard as usize], true) {
                continue;
            }
            for callee in callees(&functions[guard as usize], sets) {
                match Part::of(image, callee) {
                    Part::Audit => found.audits[callee as usize] = true,
                    Part::Guard => waiting.push(callee),
                    Part::Other => {}
                }
            }
        }
        found
    }

    /// Whether a function is a guard.
    pub(crate) fn is_guard(&self, function: u32) -> bool {
        self.guards.get(function as usize).copied().unwrap_or(false)
    }

    /// Whether a call is the audit's own work.
    pub(crate) fn is_audit(&self, caller: u32, target: Target) -> bool {
        let Target::Function(callee) = target else { return false };
        self.is_guard(caller) && self.audits.get(callee as usize).copied().unwrap_or(false)
    }
}

fn callees(code: &FunctionCode, sets: &TargetSets) -> Vec<u32> {
    let function = |target: &Target| match target {
        Target::Function(callee) => Some(*callee),
        _ => None,
    };
    let exits = code.blocks.iter().filter_map(|block| match &block.exit {
        Exit::Call(target) | Exit::Tail(target) => Some(target),
        _ => None,
    });
    exits.flat_map(|target| alternatives(sets, target)).filter_map(function).collect()
}

/// What a callee of a guard is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    /// Work of the audit: nothing of the user's can be in it.
    Audit,
    /// The inner half of the guard.
    Guard,
    /// The body, or anything else.
    Other,
}

impl Part {
    /// The weakest answer of all symbols counts: identical functions are merged, and one of them may be the user's.
    fn of(image: &Image<'_>, function: u32) -> Self {
        let names = image.functions.get(function as usize).map_or(&[][..], |function| image.names(function));
        let mut parts = names.iter().map(|symbol| Self::of_symbol(symbol));
        match parts.next() {
            Some(part) if parts.all(|other| other == part) => part,
            _ => Self::Other,
        }
    }

    fn of_symbol(symbol: &str) -> Self {
        let path = demangle(symbol);
        // Other manglings do not show what a function is generic over.
        let is_exact = symbol.starts_with("_R");
        match () {
            () if path == WARNING => Self::Audit,
            () if crate::symbols::body(symbol).is_some() || !is_exact => Self::Other,
            () if path.starts_with(INNER) => Self::Guard,
            () if is_of_the_runtime(&path) => Self::Audit,
            () => Self::Other,
        }
    }
}

/// `no_heap::scope::enter_hot`, `<no_heap::scope::Entered as core::ops::drop::Drop>::drop` and the glue that drops
/// such a value: not generic over anything of the user's.
fn is_of_the_runtime(path: &str) -> bool {
    let inner = dropped(path).or(path.strip_prefix('<')).unwrap_or(path);
    let is_own = inner.starts_with("no_heap::") || inner.starts_with("assert_no_alloc::");
    is_own && !inner.contains('<')
}

/// The type that a function is the drop glue of, out of its `Option`.
fn dropped(path: &str) -> Option<&str> {
    let glue = ["core::ptr::drop_in_place::<", "core::ptr::drop_glue::<"];
    let dropped = glue.iter().find_map(|glue| path.strip_prefix(glue))?.strip_suffix('>')?;
    let inner = dropped.strip_prefix("core::option::Option<").and_then(|inner| inner.strip_suffix('>'));
    Some(inner.unwrap_or(dropped))
}

#[cfg(test)]
mod tests {
    use super::{Guards, Part};
    use crate::code::{Exit, Target};
    use crate::graph::test_support::{block, function};
    use crate::image::Image;

    fn check(symbol: &str, part: Part) {
        assert_eq!(Part::of_symbol(symbol), part, "{symbol}");
    }

    #[test]
    fn what_the_runtime_does_without_the_user_is_the_audits() {
        check("_RNvNtCsaRKZU8xA558_7no_heap5scope9enter_hot", Part::Audit);
        check(
            "_RNvXs0_NtCsaRKZU8xA558_7no_heap5scopeNtB5_7EnteredNtNtNtCskADBYZwJmSU_4core3ops4drop4Drop4drop",
            Part::Audit,
        );
        check("_RNvNtNtCs8ZKwes1zzDd_3std2io5stdio7__eprint", Part::Audit);
        check("_ZN3std2io5stdio7_eprint17h0123456789abcdefE", Part::Audit);
    }

    #[test]
    fn what_may_run_code_of_the_users_is_not_the_audits() {
        check("_RNvNtCs8PDeKifHMXj_4user5scope9enter_hot", Part::Other);
        let body =
            "_RINvNtCsaRKZU8xA558_7no_heap5guard4rootNtNvCs8PDeKifHMXj_4nest5empty12___NoHeapSiteyNCBD_0EBF_";
        check(body, Part::Other);
        // Without what it is generic over, a name says nothing.
        check("_ZN7no_heap6permit17h0123456789abcdefE", Part::Other);
        // The allocator.
        check(
            "_RNvXs_NtCsaRKZU8xA558_7no_heap9allocatorNtB4_9AllocatorNtNtNtCskADBYZwJmSU_4core5alloc6global11GlobalAlloc5alloc",
            Part::Other,
        );
    }

    #[test]
    fn drop_glue_is_the_audits_when_what_it_drops_is() {
        let is_own = |path: &str| super::is_of_the_runtime(path);
        assert!(is_own("core::ptr::drop_glue::<core::option::Option<no_heap::scope::Entered>>"));
        assert!(is_own("core::ptr::drop_in_place::<no_heap::scope::Entered>"));
        assert!(!is_own(
            "core::ptr::drop_in_place::<no_heap::guard::guarded<app::Site, (), app::f>::{closure#0}>"
        ));
        assert!(!is_own("core::ptr::drop_in_place::<core::option::Option<app::Loud>>"));
        assert!(!is_own("core::ptr::drop_in_place::<(no_heap::scope::Entered, app::Loud)>"));
        assert!(!is_own("core::ptr::drop_in_place::<[app::Loud; 2]>"));
    }

    #[test]
    fn a_function_that_was_merged_with_one_of_the_users_is_not_the_audits() {
        let enter = "_RNvNtCsaRKZU8xA558_7no_heap5scope9enter_hot";
        let image = Image::named(&[(0x1000, &[enter]), (0x1010, &[enter, "_RNvCs8PDeKifHMXj_4user3new"])]);
        assert_eq!(Part::of(&image, 0), Part::Audit);
        assert_eq!(Part::of(&image, 1), Part::Other);
    }

    #[test]
    fn only_a_guards_own_calls_are_left_out() {
        let enter = "_RNvNtCsaRKZU8xA558_7no_heap5scope9enter_hot";
        let image = Image::named(&[
            (0x1000, &["_RNvCs8PDeKifHMXj_4user5guard"]),
            (0x1010, &[enter]),
            (0x1020, &["_RNvCs8PDeKifHMXj_4user4body"]),
            (0x1030, &["_RNvCs8PDeKifHMXj_4user5other"]),
        ]);
        let calls = || {
            let to = |callee| Exit::Call(Target::Function(callee));
            function(vec![block(to(1), &[1]), block(to(2), &[2]), block(Exit::Return, &[])])
        };
        let leaf = || function(vec![block(Exit::Return, &[])]);
        let functions = [calls(), leaf(), leaf(), calls()];
        let guards = Guards::of(&image, &functions, &Vec::new(), &[0x1000, 0x5555], &[]);
        assert!(guards.is_guard(0) && !guards.is_guard(3));
        assert!(guards.is_audit(0, Target::Function(1)));
        assert!(!guards.is_audit(0, Target::Function(2)), "the body counts");
        assert!(!guards.is_audit(3, Target::Function(1)), "who is not marked is no guard");
    }
}
