//! What the report says about one place.

use std::fmt;

use super::{Affected, Candidate, Cut, Frame, HotId, Obstacle, Op, Sizes, Span, Standing};

/// The rules, by the names users write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rule {
    /// A hot function allocated.
    HeapInHotPath,
    /// A hot function freed what it had not allocated itself.
    FreeInHotPath,
    /// A call went beyond its budget.
    OverBudget,
    /// A benchmark used the heap outside of its hot functions.
    OutsideHotFunctions,
    /// The proof found a way to the allocator.
    MayAllocate,
    /// The proof does not know.
    Unproved,
    /// No target called it.
    Unexercised,
    /// A permit that no run used.
    StalePermit,
}

impl Rule {
    /// Every rule.
    pub const ALL: [Rule; 8] = [
        Rule::HeapInHotPath,
        Rule::FreeInHotPath,
        Rule::OverBudget,
        Rule::OutsideHotFunctions,
        Rule::MayAllocate,
        Rule::Unproved,
        Rule::Unexercised,
        Rule::StalePermit,
    ];

    /// The rule that is called `name`.
    pub fn named(name: &str) -> Option<Rule> {
        Rule::ALL.into_iter().find(|rule| rule.name() == name)
    }

    /// As it stands in reports and configuration.
    pub fn name(self) -> &'static str {
        match self {
            Rule::HeapInHotPath => "heap-in-hot-path",
            Rule::FreeInHotPath => "free-in-hot-path",
            Rule::OverBudget => "over-budget",
            Rule::OutsideHotFunctions => "outside-hot-functions",
            Rule::MayAllocate => "may-allocate",
            Rule::Unproved => "unproved",
            Rule::Unexercised => "unexercised",
            Rule::StalePermit => "stale-permit",
        }
    }

    /// What it finds, in one sentence.
    pub fn about(self) -> &'static str {
        match self {
            Rule::HeapInHotPath => "A hot function allocated or resized memory.",
            Rule::FreeInHotPath => "A hot function gave back memory that it had not taken in the same call.",
            Rule::OverBudget => "A call of a hot function took more than its budget allows.",
            Rule::OutsideHotFunctions => {
                "Iterations of a benchmark used the heap outside of every hot function."
            }
            Rule::MayAllocate => "A hot function can reach the allocator on a path that was not taken.",
            Rule::Unproved => "The proof that a hot function stays off the heap could not be finished.",
            Rule::Unexercised => "A hot function is in an audited binary, but no target called it.",
            Rule::StalePermit => "A permit to use the heap was not used by any run.",
        }
    }

    /// Where nobody says otherwise.
    pub fn default_level(self) -> Level {
        match self {
            Rule::HeapInHotPath | Rule::FreeInHotPath | Rule::OverBudget => Level::Error,
            Rule::OutsideHotFunctions | Rule::MayAllocate | Rule::Unproved => Level::Note,
            Rule::Unexercised | Rule::StalePermit => Level::Warning,
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How bad a finding is; errors fail the check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// For the reader to know.
    Note,
    /// Should be looked at.
    Warning,
    /// Fails the check.
    Error,
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Level::Note => "note",
            Level::Warning => "warning",
            Level::Error => "error",
        })
    }
}

/// When it happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pattern {
    /// In every call.
    EveryCall,
    /// In the first call only.
    FirstCall,
    /// In the first few calls, then never again.
    WarmUp,
    /// Ever rarer, with growing sizes.
    Growth,
    /// In some calls.
    Sporadic,
}

impl Pattern {
    /// The pattern that is called `name`.
    pub fn named(name: &str) -> Option<Pattern> {
        let all =
            [Pattern::EveryCall, Pattern::FirstCall, Pattern::WarmUp, Pattern::Growth, Pattern::Sporadic];
        all.into_iter().find(|pattern| pattern.name() == name)
    }

    /// More calls are affected, the larger it is.
    pub fn frequency(self) -> u8 {
        match self {
            Pattern::FirstCall => 0,
            Pattern::WarmUp => 1,
            Pattern::Growth => 2,
            Pattern::Sporadic => 3,
            Pattern::EveryCall => 4,
        }
    }

    /// As it stands in reports.
    pub fn name(self) -> &'static str {
        match self {
            Pattern::EveryCall => "every-call",
            Pattern::FirstCall => "first-call",
            Pattern::WarmUp => "warm-up",
            Pattern::Growth => "growth",
            Pattern::Sporadic => "sporadic",
        }
    }
}

/// Whether memory outlived the call that took it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Escape {
    /// It was alive when the call returned: all of it, or some.
    Escapes {
        /// `false` where some was freed before.
        all: bool,
    },
    /// All of it was freed before the call returned.
    Temporary,
    /// Not known.
    Unknown,
}

impl Escape {
    /// Whether some of it outlived the call; `None` where that is not known.
    pub fn outlives_the_call(self) -> Option<bool> {
        match self {
            Escape::Escapes { .. } => Some(true),
            Escape::Temporary => Some(false),
            Escape::Unknown => None,
        }
    }
}

/// A second place in a finding, with what is to be said of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// Where.
    pub span: Span,
    /// What to say there.
    pub text: String,
}

/// One thing at one place, for one hot function.
#[derive(Clone, Debug)]
pub struct Finding {
    /// Which rule.
    pub rule: Rule,
    /// How bad.
    pub level: Level,
    /// The hot function that answers for it.
    pub hot: HotId,
    /// The function that the place is in, where no hot function answers for it; or the benchmark.
    pub function: Option<String>,
    /// The expression; of `unexercised`, the function's name.
    pub span: Span,
    /// What stands there: `Box::new`, `vec!`; of `stale-permit`, its reason; of `outside-hot-functions`, that of its worst place.
    pub construct: Option<String>,
    /// The trait whose object is responsible: `dyn Read`.
    pub dyn_trait: Option<String>,
    /// What was done with the heap; `None` where nothing ran.
    pub op: Option<Op>,
    /// The C library's allocator was called, not the program's global one.
    pub is_c: bool,
    /// Events.
    pub count: u64,
    /// Of these, blocks that were resized.
    pub reallocs: u64,
    /// Calls of the hot function in which it happened.
    pub affected: Affected,
    /// Calls of the hot function.
    pub calls: u64,
    /// Requested bytes; of a free, bytes given back.
    pub bytes: u64,
    /// Of single events.
    pub sizes: Option<Sizes>,
    /// When it happens.
    pub pattern: Option<Pattern>,
    /// Whether the memory outlived the call.
    pub escape: Escape,
    /// Where the memory is given back, when that happens in the same call.
    pub freed_at: Option<Span>,
    /// From the hot function's own frame down to the allocator.
    pub chain: Vec<Frame>,
    /// Why it does not begin there; `None` where it does.
    pub cut: Option<Cut>,
    /// Other places that explain it: where a `dyn` comes in, what makes the size vary.
    pub labels: Vec<Label>,
    /// What a proof stops at.
    pub obstacle: Option<Obstacle>,
    /// Functions that may be called where it stops.
    pub candidates: Vec<Candidate>,
    /// What the baseline says of it; `None` without one.
    pub standing: Option<Standing>,
    /// Why the value is on the heap.
    pub reason: String,
    /// What to write instead.
    pub help: Option<String>,
}

impl Finding {
    /// Of which nothing is known but where it stands.
    pub(crate) fn new(rule: Rule, level: Level, hot: HotId, span: Span) -> Finding {
        Finding {
            rule,
            level,
            hot,
            function: None,
            span,
            construct: None,
            dyn_trait: None,
            op: None,
            is_c: false,
            count: 0,
            reallocs: 0,
            affected: Affected::default(),
            calls: 0,
            bytes: 0,
            sizes: None,
            pattern: None,
            escape: Escape::Unknown,
            freed_at: None,
            chain: Vec::new(),
            cut: None,
            labels: Vec::new(),
            standing: None,
            obstacle: None,
            candidates: Vec::new(),
            reason: String::new(),
            help: None,
        }
    }
}
