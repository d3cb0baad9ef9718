//! Sites that a reader would call one: memory that is taken, or given back, at the same place of the same hot function.
//! A block that is taken and then resized is one mistake. A call's own blocks that are given back and others are two things.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{
    Affected, Calls, CodePlace, ConstructKind, Cut, Escape, Frame, HotId, Op, Site, SiteSource, Sizes, Span,
    Streams, Whose,
};

/// Summed sites.
#[derive(Clone, Debug)]
pub(crate) struct Group {
    /// `Realloc` where nothing but resizing happened.
    pub(crate) op: Op,
    /// The function of the C library's allocator that was called.
    pub(crate) c_function: Option<String>,
    /// Of a free: whose the blocks were.
    pub(crate) whose: Option<Whose>,
    /// Where a reader would point.
    pub(crate) span: Span,
    /// What stands there.
    pub(crate) source: Option<SiteSource>,
    pub(crate) count: u64,
    /// Of these, blocks that were resized.
    pub(crate) reallocs: u64,
    pub(crate) bytes: u64,
    pub(crate) sizes: Sizes,
    /// Calls in which it happened; more than the function was called, perhaps.
    pub(crate) affected: Affected,
    /// Number of the last of them on its thread, on whichever that is highest.
    pub(crate) last_call: u64,
    pub(crate) streams: Streams,
    pub(crate) escape: Escape,
    pub(crate) freed_at: Option<Span>,
    /// Calls in code that somebody wrote that led there.
    pub(crate) passed: BTreeSet<CodePlace>,
    /// Of the site with the most events.
    pub(crate) chain: Vec<Frame>,
    /// Of that site, too.
    pub(crate) cut: Option<Cut>,
}

impl Group {
    /// `Box::new`, `vec!`.
    pub(crate) fn construct(&self) -> Option<String> {
        Some(self.source.as_ref()?.construct.as_ref()?.name.clone())
    }

    /// A hash table has no room left and moves to a larger one: no block of it is ever resized.
    pub(crate) fn rehashes(&self) -> bool {
        self.chain.iter().any(|frame| frame.function.as_str().contains("::reserve_rehash"))
    }

    /// `OnceLock`, whatever it is a part of; `stdout`.
    pub(crate) fn lazy(&self) -> Option<&str> {
        let source = self.source.as_ref()?;
        let prints = || source.construct.as_ref().is_some_and(|it| it.kind == ConstructKind::Print);
        let lazy = source.lazy.as_ref().map(|lazy| lazy.name.as_str());
        lazy.or_else(|| prints().then_some("stdout"))
    }

    /// It fills what lives as long as its thread or the program: by its nature nothing does that twice.
    pub(crate) fn fills_a_static(&self) -> bool {
        self.lazy().is_some_and(|name| ["LazyLock", "thread_local!", "stdout"].contains(&name))
    }

    /// Whether it takes ever larger memory in place of what it had.
    pub(crate) fn moves(&self) -> bool {
        self.reallocs > 0 || self.rehashes()
    }

    /// `dyn Read`.
    pub(crate) fn dyn_trait(&self) -> Option<String> {
        Some(self.source.as_ref()?.object.as_ref()?.name.clone())
    }
}

/// Whether it is about memory that is given back, whether C's allocator has it (Rust's and C's are two things), whose the
/// memory was, and where.
type Key = (HotId, bool, bool, Option<Whose>, Span);

/// All sites of all targets that `counts` says yes to, by hot function.
pub(crate) fn by_place(targets: &[Vec<Site>], counts: impl Fn(&Site) -> bool) -> BTreeMap<HotId, Vec<Group>> {
    let mut grouped: BTreeMap<Key, Vec<(&Site, &[Site])>> = BTreeMap::new();
    for sites in targets {
        for site in sites {
            // Every site has passed the source step.
            let Some(source) = site.source.as_ref().filter(|_| counts(site)) else { continue };
            let is_free = site.op == Op::Free;
            let key = (site.hot, is_free, site.c_function.is_some(), site.whose, source.span.clone());
            grouped.entry(key).or_default().push((site, sites));
        }
    }
    let mut by_function: BTreeMap<HotId, Vec<Group>> = BTreeMap::new();
    for ((hot, .., span), sites) in grouped {
        by_function.entry(hot).or_default().push(sum(span, &sites));
    }
    by_function
}

fn sum(span: Span, sites: &[(&Site, &[Site])]) -> Group {
    let all = || sites.iter().map(|(site, _)| *site);
    // `Alloc` stands before `Realloc`.
    let op = all().map(|site| site.op).min().unwrap_or(Op::Alloc);
    let total = |of: fn(&Site) -> u64| all().map(of).sum::<u64>();
    // Ties go to the first, and sites come in a fixed order.
    let main = all().rev().max_by_key(|site| site.count).unwrap_or(sites[0].0);
    let fates = [total(|site| site.escaped), total(|site| site.untracked), total(|site| site.freed)];
    let freed_at = sites.iter().find_map(|(site, of_target)| freed_at(site, of_target));
    Group {
        op,
        c_function: main.c_function.clone(),
        whose: main.whose,
        span,
        source: main.source.clone(),
        count: total(|site| site.count),
        reallocs: total(|site| if site.op == Op::Realloc { site.count } else { 0 }),
        bytes: total(|site| site.bytes),
        sizes: Sizes {
            min: all().map(|site| site.sizes.min).min().unwrap_or(0),
            max: all().map(|site| site.sizes.max).max().unwrap_or(0),
        },
        affected: affected(sites),
        last_call: all().map(|site| site.calls.last).max().unwrap_or(0),
        streams: all()
            .skip(1)
            .fold(sites[0].0.calls.streams.clone(), |all, site| all.and(&site.calls.streams)),
        escape: escape(op, fates, main),
        freed_at,
        passed: all()
            .flat_map(|site| &site.chain)
            .filter(|frame| frame.is_written())
            .filter_map(|frame| frame.place.clone())
            .collect(),
        chain: main.chain.clone(),
        cut: main.cut,
    }
}

/// Calls in one process are no calls in another.
fn affected(sites: &[(&Site, &[Site])]) -> Affected {
    let processes = sites.chunk_by(|(site, of_target), (next, of_next)| {
        std::ptr::eq(*of_target, *of_next) && site.process == next.process
    });
    let stacks = |of_process: &[(&Site, &[Site])]| {
        let stacks = of_process.iter().map(|(site, _)| affected_by_one(site));
        stacks.fold(Affected::default(), Affected::or)
    };
    processes.map(stacks).fold(Affected::default(), Affected::plus)
}

/// Calls that one stack was seen in.
fn affected_by_one(site: &Site) -> Affected {
    let Calls { affected, exact, .. } = site.calls;
    Affected { at_least: affected, at_most: if exact { affected } else { site.count } }
}

/// What became of blocks: so many escaped, were not followed, were freed. None of these are blocks that were resized
/// once more elsewhere in the call: that place answers for them.
fn escape(op: Op, [escaped, untracked, freed]: [u64; 3], main: &Site) -> Escape {
    match op {
        Op::Free => Escape::Unknown,
        _ if escaped > 0 => Escape::Escapes { all: freed == 0 },
        _ if untracked > 0 || freed == 0 || main.cut == Some(Cut::Broken) => Escape::Unknown,
        _ => Escape::Temporary,
    }
}

/// Where the memory is given back, when the same call does it.
fn freed_at(site: &Site, of_target: &[Site]) -> Option<Span> {
    let free = of_target.get(site.freed_by?)?;
    free.source.as_ref().map(|source| source.span.clone()).filter(|span| span.start.line > 0)
}

#[cfg(test)]
mod tests {
    use super::{Group, affected, by_place, escape, sum};
    use crate::model::{
        Affected, Calls, Escape, HotId, NoSource, Op, Place, Site, SiteSource, Sizes, Span, Streams, Whose,
    };

    fn site(affected: u64) -> Site {
        Site {
            hot: HotId(1),
            op: Op::Alloc,
            c_function: None,
            process: 0,
            chain: Vec::new(),
            count: affected,
            bytes: affected,
            sizes: Sizes { min: 1, max: 1 },
            calls: Calls { affected, exact: true, first: 1, last: 900, streams: Streams::NONE },
            freed: 0,
            escaped: 0,
            untracked: 0,
            whose: None,
            freed_by: None,
            source: None,
            cut: None,
        }
    }

    fn span() -> Span {
        Span::point(Place { file: String::new(), line: 1, column: 1 })
    }

    fn placed(site: Site) -> Site {
        let expression = Err(NoSource::Nothing);
        let source = SiteSource {
            span: span(),
            expression,
            construct: None,
            object: None,
            lazy: None,
            lending: Vec::new(),
        };
        Site { source: Some(source), ..site }
    }

    fn one_of(sites: &[Site]) -> Group {
        let sites: Vec<(&Site, &[Site])> = sites.iter().map(|site| (site, sites)).collect();
        sum(span(), &sites)
    }

    #[test]
    fn a_block_that_nobody_saw_go_has_not_gone() {
        let check = |fates, expected| assert_eq!(escape(Op::Realloc, fates, &site(9)), expected, "{fates:?}");
        check([0, 0, 9], Escape::Temporary);
        check([9, 0, 0], Escape::Escapes { all: true });
        check([1, 0, 8], Escape::Escapes { all: false });
        check([0, 1, 8], Escape::Unknown);
        // Each was resized again, elsewhere.
        check([0, 0, 0], Escape::Unknown);
    }

    #[test]
    fn a_free_of_others_blocks_is_not_in_the_calls_that_freed_their_own() {
        // 10 calls: each frees its own block, and 5 of them what they were handed, at the same place.
        let free = |count: u64, whose| Site { op: Op::Free, whose: Some(whose), ..placed(site(count)) };
        let sites = vec![free(10, Whose::Own), free(5, Whose::Foreign)];
        let groups = by_place(&[sites], |_| true).remove(&HotId(1)).unwrap_or_default();
        let figures = |group: &Group| (group.whose, group.count, group.bytes, group.affected);
        let exactly = |calls| Affected { at_least: calls, at_most: calls };
        let expected = [(Some(Whose::Own), 10, 10, exactly(10)), (Some(Whose::Foreign), 5, 5, exactly(5))];
        assert_eq!(groups.iter().map(figures).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn a_block_that_is_resized_is_of_one_finding() {
        let grows = Site { op: Op::Realloc, ..site(3) };
        let group = one_of(&[site(1), grows]);
        assert_eq!((group.op, group.count, group.reallocs, group.moves()), (Op::Alloc, 4, 3, true));
        let resized = Site { op: Op::Realloc, ..site(3) };
        assert_eq!(one_of(&[resized]).op, Op::Realloc);
    }

    #[test]
    fn of_two_stacks_nobody_knows_whether_their_calls_are_the_same() {
        let (bench, test) = (vec![site(500), site(400)], vec![site(7)]);
        let both: Vec<(&Site, &[Site])> = bench.iter().map(|site| (site, bench.as_slice())).collect();
        assert_eq!(affected(&both), Affected { at_least: 500, at_most: 900 });
        assert!(affected(&both[..1]).is_exact());
        // Calls that another target made are others.
        let with_test: Vec<(&Site, &[Site])> =
            both.iter().copied().chain([(&test[0], test.as_slice())]).collect();
        assert_eq!(affected(&with_test), Affected { at_least: 507, at_most: 907 });
        // So are those that another process of the same target made.
        let processes = [site(500), Site { process: 1, ..site(400) }];
        let both_processes: Vec<(&Site, &[Site])> =
            processes.iter().map(|site| (site, processes.as_slice())).collect();
        assert_eq!(affected(&both_processes), Affected { at_least: 900, at_most: 900 });
        // All of them were affected when one stack was seen in all.
        assert!(affected(&both).among(500).is_exact());
    }
}
