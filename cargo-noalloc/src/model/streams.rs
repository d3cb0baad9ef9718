//! In which streams of calls something happened.

/// A stream is what can be told apart of a function's calls: the iterations of one benchmark with one argument, or all
/// other calls of one thread. What is said here is true of each in which it happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Streams {
    /// Its calls do the same again and again. Otherwise one may do by its arguments what another does not.
    pub repeated: bool,
    /// No later call than this was one in which it happened; calls are numbered from 1 in each.
    pub latest: u64,
    /// At least so many calls came after the last of those.
    pub quiet: u64,
    /// It happened in all calls up to the last of those.
    pub without_gaps: bool,
    /// It happened in every call.
    pub whole: bool,
    /// It happened in at most a quarter of the calls.
    pub rare: bool,
    /// Each time more was requested than before.
    pub rising: bool,
    /// The only benchmark in which it happened.
    pub bench: Option<String>,
}

impl Streams {
    /// Nothing is known to have happened anywhere.
    pub const NONE: Streams = Streams {
        repeated: false,
        latest: 0,
        quiet: 0,
        without_gaps: false,
        whole: false,
        rare: false,
        rising: false,
        bench: None,
    };

    /// What is true of the streams of both.
    pub(crate) fn and(self, other: &Streams) -> Streams {
        Streams {
            repeated: self.repeated && other.repeated,
            latest: self.latest.max(other.latest),
            quiet: self.quiet.min(other.quiet),
            without_gaps: self.without_gaps && other.without_gaps,
            whole: self.whole && other.whole,
            rare: self.rare && other.rare,
            rising: self.rising && other.rising,
            bench: self.bench.filter(|bench| other.bench.as_ref() == Some(bench)),
        }
    }
}
