//! The audit's compiler flags, added without losing one of the user's.
//!
//! Cargo takes rustflags from exactly one of four levels: two variables of the environment, the target's tables,
//! the build table. Where one of the first three is in force for the user, ours go to the same one, and cargo
//! merges the two lists. The build table is different: a string there and a list of ours cannot be merged, so its
//! flags are repeated, with ours, one level above.

use std::ffi::OsString;
use std::process::{Command, Stdio};

use super::Whose;
use super::config::Configuration;
use crate::cli::BuildArgs;
use crate::exit::{Exit, Failure};
use crate::model::{Toolchain, Workspace};

/// What the audit needs; each one overrides what a profile says.
const AUDIT: [&str; 6] = [
    "--cfg=noalloc_audit",
    // Stacks are walked by frame pointers.
    "-Cforce-frame-pointers=yes",
    // Names of generic instances that can be told apart.
    "-Csymbol-mangling-version=v0",
    // Lines and inlined functions: level 1 is enough, and changes no code.
    "-Cdebuginfo=1",
    "-Cstrip=none",
    "-Csplit-debuginfo=off",
];

/// Keeps apart what the optimiser would merge: one call for two branches that both allocate has no line left.
/// These are the backend's own switches, which may go with any version of it.
const APART: [&str; 3] = [
    "-Cllvm-args=-hoist-common-insts=0",
    "-Cllvm-args=-sink-common-insts=0",
    "-Cllvm-args=-enable-tail-merge=0",
];

/// Cargo separates encoded flags with it.
const UNIT_SEPARATOR: char = '\u{1f}';

/// A key that is no user's, so that nothing has to be merged with what stands under it.
const OUR_TARGET: &str = "target.'cfg(not(noalloc_never))'";

/// Where the user's flags come from, and so where ours go.
#[derive(Debug, PartialEq)]
enum Level {
    /// `CARGO_ENCODED_RUSTFLAGS`, with what it holds.
    EncodedEnvironment(String),
    /// `RUSTFLAGS`, with what it holds.
    Environment(String),
    /// `[target.…]`.
    Target,
    /// `[build]`, with what it holds: perhaps nothing.
    Build(Vec<String>),
}

/// Decided flags.
#[derive(Debug)]
pub(super) struct Flags {
    level: Level,
    triple: String,
    toolchain: Toolchain,
    /// The user's `--config` values.
    config: Vec<String>,
    profile: String,
}

impl Flags {
    pub(super) fn decide(workspace: &Workspace, options: &BuildArgs) -> Result<Flags, Failure> {
        let here = std::env::current_dir().unwrap_or_else(|_| workspace.root.clone());
        let config = Configuration::load(&here, &options.config).map_err(|error| unreadable(&error))?;
        let triple = triple(&config, options)?;
        let level = level(&config, &triple)?;
        let (rustc, knows_apart) = ask_rustc(&config);
        let apart = if knows_apart { &APART[..] } else { &[] };
        let toolchain = Toolchain {
            rustc,
            target: triple.clone(),
            rustflags: AUDIT.iter().chain(apart).map(ToString::to_string).collect(),
            runner: config.runner(&triple).map_err(|error| unreadable(&error))?,
            environment: config.environment(),
        };
        let (config, profile) = (options.config.clone(), options.cargo_profile.clone());
        Ok(Flags { level, triple, toolchain, config, profile })
    }

    /// What the answer to a question about a build depends on, beside the sources.
    pub(super) fn configuration(&self, options: &BuildArgs) -> String {
        let BuildArgs { features, all_features, no_default_features, .. } = options;
        let features = match (all_features, no_default_features) {
            (true, _) => "all".to_owned(),
            (false, without) => format!("{}{}", if *without { "" } else { "default " }, features.join(" ")),
        };
        let Flags { level, triple, config, profile, .. } = self;
        format!("{profile} {triple} [{features}] {level:?} {config:?}")
    }

    pub(super) fn toolchain(&self) -> Toolchain {
        self.toolchain.clone()
    }

    /// Adds the flags, the triple and the `--config` values to a cargo command.
    pub(super) fn apply(&self, command: &mut Command, whose: Whose, workspace: &Workspace) {
        let ours: Vec<&str> = self.toolchain.rustflags.iter().map(String::as_str).collect();
        for value in &self.config {
            command.args(["--config", value]);
        }
        match &self.level {
            Level::EncodedEnvironment(theirs) => {
                let all = std::iter::once(theirs.as_str()).filter(|flags| !flags.is_empty()).chain(ours);
                command.env(
                    "CARGO_ENCODED_RUSTFLAGS",
                    all.collect::<Vec<_>>().join(&UNIT_SEPARATOR.to_string()),
                );
            }
            Level::Environment(theirs) => {
                command.env("RUSTFLAGS", format!("{theirs} {}", ours.join(" ")));
            }
            Level::Target => {
                command.args(["--config", &format!("{OUR_TARGET}.rustflags={ours:?}")]);
            }
            Level::Build(theirs) => {
                let all: Vec<&str> = theirs.iter().map(String::as_str).chain(ours).collect();
                command.args(["--config", &format!("{OUR_TARGET}.rustflags={all:?}")]);
            }
        }
        // With a triple given, build scripts and macros, which run on the host, do not get the flags.
        command.args(["--target", &self.triple]);
        let mut assert = |package: &str, on: bool| {
            let profile = if self.profile == "debug" { "dev" } else { &self.profile };
            let key = format!("profile.{profile}.package.{package}.debug-assertions={on}");
            command.args(["--config", &key]);
        };
        if workspace.has_guard {
            // Its warn mode is on only with debug assertions, whatever features others have turned on.
            assert("assert_no_alloc", true);
        }
        if workspace.has_recorder {
            // They say whether the audit has an allocator: a flag would be one of all packages, and build all of them anew.
            assert("noalloc-macros", whose == Whose::Program);
        }
    }
}

fn triple(config: &Configuration, options: &BuildArgs) -> Result<String, Failure> {
    let triples = config.triples(options.target.as_deref()).map_err(|error| unreadable(&error))?;
    match &triples[..] {
        [one] => Ok(one.clone()),
        several => Err(Failure::new(
            Exit::Usage,
            format!("{} targets are configured: {}", several.len(), several.join(", ")),
        )
        .note("a check runs what it builds, on one of them")
        .help(format!("choose one: `--target {}`", several[0]))),
    }
}

fn level(config: &Configuration, triple: &str) -> Result<Level, Failure> {
    // Set but empty counts: cargo then looks no further.
    if let Some(flags) = text("CARGO_ENCODED_RUSTFLAGS")? {
        return Ok(Level::EncodedEnvironment(flags));
    }
    if let Some(flags) = text("RUSTFLAGS")? {
        return Ok(Level::Environment(flags));
    }
    let of_target = config.has_target_flags(triple).map_err(|error| unreadable(&error))?;
    Ok(if of_target { Level::Target } else { Level::Build(config.build_flags()) })
}

fn text(name: &str) -> Result<Option<String>, Failure> {
    let not_text = |value: OsString| {
        Failure::new(Exit::Usage, format!("`{name}` is no text: {}", value.display()))
            .note("the audit's flags have to be added to it")
    };
    std::env::var_os(name).map(OsString::into_string).transpose().map_err(not_text)
}

/// Its version, and whether it takes [`APART`].
fn ask_rustc(config: &Configuration) -> (String, bool) {
    // PERF: both at once.
    let mut apart = config.rustc();
    apart.args(["--print=sysroot"]).args(APART).stdout(Stdio::null()).stderr(Stdio::null());
    let apart = apart.spawn();
    let version = config.rustc().arg("--version").output();
    let version = version.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    let knows_apart = apart.and_then(|mut child| child.wait()).is_ok_and(|status| status.success());
    (version.unwrap_or_default(), knows_apart)
}

fn unreadable(error: &cargo_config2::Error) -> Failure {
    Failure::new(Exit::MetadataFailed, format!("cargo's configuration could not be read: {error}"))
}
