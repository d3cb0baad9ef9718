//! The command line, as clap sees it. Nothing is checked here that needs more than the words themselves.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// `cargo noalloc …`: cargo passes the subcommand's name as the first word.
#[derive(Debug, Parser)]
#[command(
    name = "cargo noalloc",
    bin_name = "cargo noalloc",
    version,
    about = "Audits heap allocations in hot paths: what allocated, where, why",
    max_term_width = 100,
    disable_help_subcommand = true
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
    #[command(flatten)]
    pub(crate) terminal: TerminalArgs,
}

/// What every command takes; cargo's own words.
#[derive(Args, Clone, Copy, Debug, Default)]
pub(crate) struct TerminalArgs {
    /// No progress: only what is found and what goes wrong
    #[arg(short, long, global = true)]
    pub(crate) quiet: bool,
    /// When to colour
    #[arg(long, value_name = "WHEN", global = true)]
    pub(crate) color: Option<When>,
}

/// When something is to be seen that not every terminal can show.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum When {
    Auto,
    Always,
    Never,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Build and run benchmarks (or other targets) and report which hot functions use the heap
    Check(Box<CheckArgs>),
    /// Build, and prove that hot functions (or those that `--fn` names) cannot reach the allocator; run nothing
    Prove(Box<ProveArgs>),
    /// Every `#[no_heap]` function in the source: its name, place and options
    List(ListArgs),
    /// Everything known from the last check or proof about one function or place
    Explain(ExplainArgs),
    /// Two checks side by side: times with their significance, counts exactly, sites that came and went
    Compare(Box<CompareArgs>),
    /// Render the last check or proof again, in other formats, without running anything
    Report(ReportArgs),
    /// Join the JSON reports of all parts of `check --partition I/N` into one verdict, without running anything
    Merge(MergeArgs),
    /// Add what a package needs: the dependency, a first benchmark, a job for CI
    Init(InitArgs),
    /// Print completions for a shell
    Completions(CompletionsArgs),
    /// Print the manual page: save it as `cargo-noalloc.1` where `man` looks
    Man,
    /// Remove what checks have built and recorded: `target/noalloc`
    Clean(CleanArgs),
}

#[derive(Args, Debug)]
pub(crate) struct CheckArgs {
    #[command(flatten)]
    pub(crate) selection: SelectionArgs,
    #[command(flatten)]
    pub(crate) build: BuildArgs,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
    /// Cargo's word for editors: json is `--format cargo`, short and human are themselves
    #[arg(long, value_name = "FORMAT", conflicts_with = "formats", help_heading = "Report")]
    pub(crate) message_format: Option<MessageFormat>,
    /// Keep the report for `cargo noalloc compare`, under this name
    #[arg(long, value_name = "NAME", help_heading = "Report")]
    pub(crate) save: Option<String>,
    /// Seconds that the clock may take for each benchmark
    #[arg(long, value_name = "SECONDS", default_value_t = 0.5, help_heading = "Run")]
    pub(crate) bench_time: f64,
    /// Samples that the clock takes of each benchmark, at most 64 [default: 32]
    #[arg(long, value_name = "N", help_heading = "Run")]
    pub(crate) samples: Option<u32>,
    /// Count only, do not time
    #[arg(long, help_heading = "Run")]
    pub(crate) no_timing: bool,
    /// Kill a target that runs longer than this
    #[arg(long, value_name = "SECONDS", help_heading = "Run")]
    pub(crate) timeout: Option<u64>,
    /// Check only the Ith of N parts of the selected targets, such as 1/3
    #[arg(long, value_name = "I/N", help_heading = "Run")]
    pub(crate) partition: Option<String>,
    /// Fail unless every hot function is proved: that it may allocate, or that nobody knows, fails
    #[arg(long, help_heading = "Report")]
    pub(crate) require_proof: bool,
    /// Fail when a hot function was called by no target
    #[arg(long, help_heading = "Report")]
    pub(crate) require_exercised: bool,
    #[command(flatten)]
    pub(crate) levels: LevelArgs,
    #[command(flatten)]
    pub(crate) baseline: BaselineArgs,
    /// Run only benchmarks and tests whose name contains this
    #[arg(value_name = "FILTER")]
    pub(crate) filters: Vec<String>,
    /// Passed to each target as it is
    #[arg(last = true, value_name = "HARNESS-ARGS")]
    pub(crate) harness_args: Vec<String>,
}

/// What cargo calls its formats.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum MessageFormat {
    Human,
    Short,
    Json,
}

impl MessageFormat {
    /// The name of ours.
    pub(crate) fn format(self) -> &'static str {
        match self {
            MessageFormat::Human => "human",
            MessageFormat::Short => "short",
            MessageFormat::Json => "cargo",
        }
    }
}

/// Accepted debt: `noalloc-baseline.toml` at the workspace's root.
#[derive(Args, Debug, Default)]
pub(crate) struct BaselineArgs {
    /// Accept every error of this check: write `noalloc-baseline.toml` anew
    #[arg(long, help_heading = "Report")]
    pub(crate) bless: bool,
    /// Fail when accepted heap use is gone and the baseline still has it
    #[arg(long, conflicts_with = "bless", help_heading = "Report")]
    pub(crate) strict_baseline: bool,
}

/// How a report is shown.
#[derive(Args, Debug)]
pub(crate) struct OutputArgs {
    /// Report format, repeatable: human, short, listing, json, sarif, junit, markdown, github, gitlab, cargo, go;
    /// `=PATH` writes it to a file
    #[arg(long = "format", value_name = "FORMAT[=PATH]", help_heading = "Report")]
    pub(crate) formats: Vec<String>,
    /// Show whole call chains, the standard library's frames included
    #[arg(short, long, conflicts_with = "quiet", help_heading = "Report")]
    pub(crate) verbose: bool,
}

/// Levels of rules; they outweigh what manifests say.
#[derive(Args, Debug, Default)]
pub(crate) struct LevelArgs {
    /// Leave findings of this rule out, repeatable
    #[arg(short = 'A', long, value_name = "RULE", help_heading = "Report")]
    pub(crate) allow: Vec<String>,
    /// Findings of this rule are warnings, repeatable
    #[arg(short = 'W', long, value_name = "RULE", help_heading = "Report")]
    pub(crate) warn: Vec<String>,
    /// Findings of this rule are errors, repeatable; `-D warnings` makes errors of all warnings
    #[arg(short = 'D', long, value_name = "RULE", help_heading = "Report")]
    pub(crate) deny: Vec<String>,
}

#[derive(Args, Debug)]
pub(crate) struct ProveArgs {
    #[command(flatten)]
    pub(crate) selection: SelectionArgs,
    #[command(flatten)]
    pub(crate) build: BuildArgs,
    /// Prove this function, with or without the attribute: a path or its tail, where `*` is any text; repeatable
    #[arg(long = "fn", value_name = "PATTERN", help_heading = "Selection")]
    pub(crate) functions: Vec<String>,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
    #[command(flatten)]
    pub(crate) levels: LevelArgs,
}

#[derive(Args, Debug)]
pub(crate) struct ListArgs {
    /// Package to list, repeatable
    #[arg(short, long = "package", value_name = "SPEC")]
    pub(crate) packages: Vec<String>,
    /// All packages in the workspace
    #[arg(long, alias = "all")]
    pub(crate) workspace: bool,
    /// human or json
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    pub(crate) format: String,
    #[command(flatten)]
    pub(crate) last: LastArgs,
}

#[derive(Args, Debug)]
pub(crate) struct ExplainArgs {
    /// A function's name or its tail (`algo_one`, `Filter::process`), or a place (`lib.rs:33`)
    #[arg(value_name = "WHAT")]
    pub(crate) what: String,
    /// Show whole call chains, the standard library's frames included
    #[arg(short, long, conflicts_with = "quiet")]
    pub(crate) verbose: bool,
    #[command(flatten)]
    pub(crate) last: LastArgs,
}

#[derive(Args, Debug)]
pub(crate) struct CompareArgs {
    /// A check that `check --save NAME` kept, a file that `--format json=PATH` wrote, or a git revision, which is
    /// built and measured in a worktree of its own
    #[arg(value_name = "OLD")]
    pub(crate) old: String,
    /// The same; the working tree, checked anew, when left out
    #[arg(value_name = "NEW")]
    pub(crate) new: Option<String>,
    /// Take the last check as it is instead of checking the working tree
    #[arg(long, conflicts_with = "new")]
    pub(crate) last: bool,
    /// A time is a regression when it grew by more than this, significantly; of counts any increase is
    #[arg(long, value_name = "PERCENT", default_value_t = 5.0)]
    pub(crate) threshold: f64,
    /// human or json
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    pub(crate) format: String,
    #[command(flatten)]
    pub(crate) selection: SelectionArgs,
    #[command(flatten)]
    pub(crate) build: BuildArgs,
    /// Seconds that the clock may take for each benchmark, on each side, over all rounds
    #[arg(long, value_name = "SECONDS", default_value_t = 0.8, help_heading = "Run")]
    pub(crate) bench_time: f64,
    /// How often the two sides take turns
    #[arg(long, value_name = "N", default_value_t = 80, help_heading = "Run")]
    pub(crate) rounds: u32,
    /// Count only, do not time
    #[arg(long, help_heading = "Run")]
    pub(crate) no_timing: bool,
    /// Kill a target that runs longer than this
    #[arg(long, value_name = "SECONDS", help_heading = "Run")]
    pub(crate) timeout: Option<u64>,
    /// Passed to each target as it is: names of benchmarks, `--exact`, `--skip NAME`
    #[arg(last = true, value_name = "HARNESS-ARGS")]
    pub(crate) harness_args: Vec<String>,
}

#[derive(Args, Debug)]
pub(crate) struct ReportArgs {
    #[command(flatten)]
    pub(crate) output: OutputArgs,
    #[command(flatten)]
    pub(crate) baseline: BaselineArgs,
    /// Only hot functions whose name matches
    #[arg(value_name = "REGEX")]
    pub(crate) pattern: Option<String>,
    #[command(flatten)]
    pub(crate) last: LastArgs,
}

#[derive(Args, Debug)]
pub(crate) struct MergeArgs {
    /// What `check --partition I/N --format json=PATH` wrote, of every part once
    #[arg(value_name = "REPORT", required = true)]
    pub(crate) reports: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
    #[command(flatten)]
    pub(crate) baseline: BaselineArgs,
    #[command(flatten)]
    pub(crate) last: LastArgs,
}

/// Where the last check or proof is.
#[derive(Args, Debug, Default)]
pub(crate) struct LastArgs {
    /// Path to Cargo.toml
    #[arg(long, value_name = "PATH")]
    pub(crate) manifest_path: Option<PathBuf>,
    /// Directory for all generated artifacts
    #[arg(long, value_name = "DIRECTORY")]
    pub(crate) target_dir: Option<PathBuf>,
}

#[derive(Args, Debug)]
pub(crate) struct InitArgs {
    /// Package to set up
    #[arg(short, long, value_name = "NAME")]
    pub(crate) package: Option<String>,
    /// Write a job for this CI system
    #[arg(long, value_name = "SYSTEM")]
    pub(crate) ci: Option<Ci>,
    /// Say what would be done, and do nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Replace what is there without asking
    #[arg(short, long)]
    pub(crate) yes: bool,
    /// Take `no_heap` from this folder instead of from where this tool is
    #[arg(long, value_name = "PATH")]
    pub(crate) no_heap: Option<String>,
    #[command(flatten)]
    pub(crate) last: LastArgs,
}

/// CI systems that `init` knows.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Ci {
    Github,
    Gitlab,
}

#[derive(Args, Debug)]
pub(crate) struct CompletionsArgs {
    /// Which shell
    pub(crate) shell: clap_complete::Shell,
}

#[derive(Args, Debug)]
pub(crate) struct CleanArgs {
    #[command(flatten)]
    pub(crate) last: LastArgs,
}

/// Which packages and targets; cargo's own words.
#[derive(Args, Clone, Debug, Default, PartialEq)]
pub(crate) struct SelectionArgs {
    /// Package to check, repeatable
    #[arg(short, long = "package", value_name = "SPEC", help_heading = "Selection")]
    pub(crate) packages: Vec<String>,
    /// Check all packages in the workspace
    #[arg(long, alias = "all", help_heading = "Selection")]
    pub(crate) workspace: bool,
    /// Exclude packages from the workspace
    #[arg(long, value_name = "SPEC", requires = "workspace", help_heading = "Selection")]
    pub(crate) exclude: Vec<String>,
    /// The library's unit tests
    #[arg(long, help_heading = "Selection")]
    pub(crate) lib: bool,
    /// All programs
    #[arg(long, help_heading = "Selection")]
    pub(crate) bins: bool,
    /// One program, repeatable
    #[arg(long, value_name = "NAME", help_heading = "Selection")]
    pub(crate) bin: Vec<String>,
    /// All examples
    #[arg(long, help_heading = "Selection")]
    pub(crate) examples: bool,
    /// One example, repeatable
    #[arg(long, value_name = "NAME", help_heading = "Selection")]
    pub(crate) example: Vec<String>,
    /// All integration tests
    #[arg(long, help_heading = "Selection")]
    pub(crate) tests: bool,
    /// One integration test, repeatable
    #[arg(long, value_name = "NAME", help_heading = "Selection")]
    pub(crate) test: Vec<String>,
    /// All benchmarks: what is taken when nothing else is selected
    #[arg(long, help_heading = "Selection")]
    pub(crate) benches: bool,
    /// One benchmark target, repeatable
    #[arg(long, value_name = "NAME", help_heading = "Selection")]
    pub(crate) bench: Vec<String>,
    /// Library, programs, examples, tests and benchmarks
    #[arg(long, help_heading = "Selection")]
    pub(crate) all_targets: bool,
}

/// How to build; cargo's own words.
#[derive(Args, Clone, Debug, Default, PartialEq)]
pub(crate) struct BuildArgs {
    /// Features to activate, separated by spaces or commas
    #[arg(short = 'F', long, value_name = "FEATURES", help_heading = "Build")]
    pub(crate) features: Vec<String>,
    /// Activate all features
    #[arg(long, help_heading = "Build")]
    pub(crate) all_features: bool,
    /// Do not activate the `default` feature
    #[arg(long, help_heading = "Build")]
    pub(crate) no_default_features: bool,
    /// Cargo profile to build with
    #[arg(long, value_name = "NAME", default_value = "bench", help_heading = "Build")]
    pub(crate) cargo_profile: String,
    /// Build for this target triple
    #[arg(long, value_name = "TRIPLE", help_heading = "Build")]
    pub(crate) target: Option<String>,
    /// Directory for all generated artifacts; the audit takes `noalloc` inside it
    #[arg(long, value_name = "DIRECTORY", help_heading = "Build")]
    pub(crate) target_dir: Option<PathBuf>,
    /// Path to Cargo.toml
    #[arg(long, value_name = "PATH", help_heading = "Build")]
    pub(crate) manifest_path: Option<PathBuf>,
    /// How many to build, and of the targets that nobody times to run, at the same time; all cores when left out
    #[arg(short, long, value_name = "N", help_heading = "Build", allow_negative_numbers = true)]
    pub(crate) jobs: Option<String>,
    /// Require that Cargo.lock is up to date
    #[arg(long, help_heading = "Build")]
    pub(crate) locked: bool,
    /// Do not use the network
    #[arg(long, help_heading = "Build")]
    pub(crate) offline: bool,
    /// Both --locked and --offline
    #[arg(long, help_heading = "Build")]
    pub(crate) frozen: bool,
    /// Override a cargo configuration value, repeatable
    #[arg(long, value_name = "KEY=VALUE|PATH", help_heading = "Build")]
    pub(crate) config: Vec<String>,
    /// Unstable flags of cargo
    #[arg(short = 'Z', value_name = "FLAG", help_heading = "Build")]
    pub(crate) unstable: Vec<String>,
}
