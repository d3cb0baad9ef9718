//! The audit's compiler flags, added without losing one of the user's.
//!
//! Cargo takes rustflags from exactly one of four levels: the environment, the target's tables, the build table.
//! Whatever level is in force for the user, ours go to the same one, and cargo merges the two lists.

use std::ffi::OsString;
use std::process::Command;

use cargo_config2::Config;

use crate::exit::{Exit, Failure};
use crate::model::{Toolchain, Workspace};
use crate::options::CheckOptions;

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

/// Turns the audit's own `#[global_allocator]` off.
const OWN_ALLOCATOR: &str = "--cfg=noalloc_own_allocator";

/// Cargo separates encoded flags with it.
const UNIT_SEPARATOR: char = '\u{1f}';

/// Where the user's flags come from, and so where ours go.
#[derive(Debug, PartialEq)]
enum Level {
    /// `CARGO_ENCODED_RUSTFLAGS`, with what it holds.
    EncodedEnvironment(String),
    /// `RUSTFLAGS`, with what it holds.
    Environment(String),
    /// `[target.…]`.
    Target,
    /// `[build]`, or nothing at all.
    Build,
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
    pub(super) fn decide(workspace: &Workspace, options: &CheckOptions) -> Result<Flags, Failure> {
        let here = std::env::current_dir().unwrap_or_else(|_| workspace.root.clone());
        let config = Config::load_with_cwd(here).map_err(|error| unreadable(&error))?;
        let triple = triple(&config, options)?;
        let level = level(&config, &triple, &options.build.config)?;
        let runner = config.runner(&triple).map_err(|error| unreadable(&error))?;
        let toolchain = Toolchain {
            rustc: rustc_version(&config),
            target: triple.clone(),
            rustflags: AUDIT.map(str::to_owned).to_vec(),
            runner: runner.map(|runner| (runner.path, runner.args)),
        };
        let (config, profile) = (options.build.config.clone(), options.build.cargo_profile.clone());
        Ok(Flags { level, triple, toolchain, config, profile })
    }

    pub(super) fn toolchain(&self) -> Toolchain {
        self.toolchain.clone()
    }

    /// Adds the flags, the triple and the `--config` values to a cargo command.
    pub(super) fn apply(&self, command: &mut Command, own_allocator: bool, has_guard: bool) {
        let ours: Vec<&str> = AUDIT.iter().copied().chain(own_allocator.then_some(OWN_ALLOCATOR)).collect();
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
                command.args(["--config", &format!("target.'cfg(all())'.rustflags={ours:?}")]);
            }
            Level::Build => {
                command.args(["--config", &format!("build.rustflags={ours:?}")]);
            }
        }
        // With a triple given, build scripts and macros, which run on the host, do not get the flags.
        command.args(["--target", &self.triple]);
        if has_guard {
            let profile = if self.profile == "debug" { "dev" } else { &self.profile };
            // Its warn mode is on only with debug assertions, whatever features others have turned on.
            let key = format!("profile.{profile}.package.assert_no_alloc.debug-assertions=true");
            command.args(["--config", &key]);
        }
    }
}

fn triple(config: &Config, options: &CheckOptions) -> Result<String, Failure> {
    let targets = config.build_target_for_cli(&options.build.target).map_err(|error| unreadable(&error))?;
    match &targets[..] {
        [] => config.host_triple().map(str::to_owned).map_err(|error| unreadable(&error)),
        [one] => Ok(one.clone()),
        several => Err(Failure::new(
            Exit::Usage,
            format!("{} targets are configured: {}", several.len(), several.join(", ")),
        )
        .note("a check runs what it builds, on one of them")
        .help(format!("choose one: `--target {}`", several[0]))),
    }
}

fn level(config: &Config, triple: &str, cli: &[String]) -> Result<Level, Failure> {
    // Set but empty counts: cargo then looks no further.
    if let Some(flags) = text("CARGO_ENCODED_RUSTFLAGS")? {
        return Ok(Level::EncodedEnvironment(flags));
    }
    if let Some(flags) = text("RUSTFLAGS")? {
        return Ok(Level::Environment(flags));
    }
    let in_force = config.rustflags(triple).map_err(|error| unreadable(&error))?;
    let of_target =
        in_force.is_some_and(|flags| Some(&flags.flags) != config.build.rustflags.as_ref().map(|f| &f.flags));
    let from_cli = cli.iter().any(|value| names_target_flags(value));
    Ok(if of_target || from_cli { Level::Target } else { Level::Build })
}

/// Whether a `--config` value, a line of TOML or the path of a file, has rustflags for targets.
fn names_target_flags(value: &str) -> bool {
    let file = std::fs::read_to_string(value).ok();
    let lines = file.as_deref().unwrap_or(value).lines().map(str::trim);
    let mut in_target = false;
    lines.filter(|line| !line.starts_with('#')).any(|line| {
        if line.starts_with('[') {
            in_target = line.trim_start_matches(['[', ' ']).starts_with("target");
            return false;
        }
        line.contains("rustflags") && (in_target || line.starts_with("target"))
    })
}

fn text(name: &str) -> Result<Option<String>, Failure> {
    let not_text = |value: OsString| {
        Failure::new(Exit::Usage, format!("`{name}` is no text: {}", value.display()))
            .note("the audit's flags have to be added to it")
    };
    std::env::var_os(name).map(OsString::into_string).transpose().map_err(not_text)
}

fn rustc_version(config: &Config) -> String {
    let output = Command::from(config.rustc()).arg("--version").output();
    output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned()).unwrap_or_default()
}

fn unreadable(error: &cargo_config2::Error) -> Failure {
    Failure::new(Exit::MetadataFailed, format!("cargo's configuration could not be read: {error}"))
}

#[cfg(test)]
mod tests {
    use super::names_target_flags;

    #[test]
    fn target_flags_on_the_command_line_are_seen() {
        assert!(names_target_flags("target.x86_64-unknown-linux-gnu.rustflags=[\"--cfg=a\"]"));
        assert!(names_target_flags("target.'cfg(unix)'.rustflags = '--cfg=a'"));
        assert!(!names_target_flags("build.rustflags=[\"--cfg=target\"]"));
        assert!(!names_target_flags("target.'cfg(unix)'.runner = 'env'"));
    }
}
