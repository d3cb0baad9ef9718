//! The nouns that flow between the steps.
//!
//! Plain data: no I/O, no knowledge of a step, no wire format.

mod address;
mod affected;
mod allocator;
mod baseline;
mod bench;
mod binary;
mod c_heap;
mod called;
mod comparison;
mod declared;
mod expression;
mod finding;
mod frame;
mod hot;
mod name;
mod part;
mod permit;
mod place;
mod plan;
mod policy;
mod problem;
mod proof;
mod run;
mod site;
mod spread;
mod streams;
mod target;
mod texts;
mod type_name;
mod verdict;

pub use address::{LookupAddress, ReturnAddress};
pub use affected::Affected;
pub use allocator::{Accounting, accounting, always_takes};
pub use baseline::{Compared, Debt, Identity, Standing, Weight};
pub use bench::{Bench, InAllocator, Overhead, Slices};
pub use binary::{
    Binaries, Binary, Certainty, DeclaredAllocator, Environment, LinkedAllocator, Toolchain, UnusedAllocator,
};
pub use c_heap::CHeap;
pub use called::{fits, is_called, is_exported_as};
pub use comparison::{
    BenchChange, Change, Comparison, Figure, Measured, MeasuredBench, MeasuredSite, TimeChange,
};
pub use declared::{Declared, DeclaredFn, Unlisted};
pub use expression::{
    Argument, ArgumentKind, Binding, Closure, Construct, ConstructKind, DynRole, Eager, Elements, Expression,
    Function, Lazy, NoSource, Receiver, SiteSource, Syntax, TraitObject, Uses,
};
pub use finding::{Escape, Finding, Label, Level, Pattern, Rule};
pub use frame::{Frame, Origin};
pub use hot::{HotFn, HotId, Promise};
pub use name::{FunctionName, Implementation, shorten};
pub use part::{Part, Partition};
pub use permit::{BlockKind, LinkedBlock, Permit};
pub use place::{CodePlace, Place, Span};
pub use plan::{Library, Member, MemberTarget, Plan, PlannedTarget, Root, Workspace};
pub use policy::{
    Budget, Configured, FunctionSettings, Ignore, Ignored, IgnoredCode, Policy, Setting, Settings,
};
pub use problem::{Problem, Step};
pub use proof::{
    Asked, Candidate, Doubt, DynCall, Found, Obstacle, ObstacleKind, ProofReport, Proofs, Reachable,
};
pub use run::{Audited, Counts, Gap, Run};
pub use site::{Calls, Cut, Op, Site, Sizes, Whose};
pub use spread::{Spread, lower_quartile, median};
pub use streams::Streams;
pub use target::{Status, Target, TargetKind};
pub use texts::Texts;
pub use type_name::{implementation, short_type};
pub use verdict::{FunctionVerdict, HotReport, ProofState, Verdict};
