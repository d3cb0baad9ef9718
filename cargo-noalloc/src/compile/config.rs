//! Cargo's configuration as this command line has it: files, the environment, and above both the user's
//! `--config` values, which `cargo_config2` does not know.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use cargo_config2::{Color, Config, Error, ResolveOptions, TermConfig};
use cargo_platform::{Cfg, Platform};
use toml::{Table, Value};

use crate::files;
use crate::options::When;
use crate::shell::Configured;

/// Cargo appends it to the files' `build.rustflags`; `cargo_config2` puts it in their place.
const BUILD_RUSTFLAGS: &str = "CARGO_BUILD_RUSTFLAGS";

/// Set as `build.rustflags`, it comes back where those are in force, and only there.
const PROBE: &str = "--cfg=noalloc_probe";

/// Everything that cargo would take its configuration from.
#[derive(Debug)]
pub(super) struct Configuration {
    here: PathBuf,
    /// Files and the environment, that one variable left out.
    config: Config,
    /// The same with the probe.
    probed: Config,
    /// The user's `--config` values; later ones win.
    layers: Vec<Layer>,
}

/// What cargo's configuration says of the terminal. Where it cannot be read, nothing: the build will say why.
pub(crate) fn terminal() -> Configured {
    let TermConfig { quiet, color, progress, .. } =
        Config::load().map(|config| config.term).unwrap_or_default();
    Configured {
        quiet: quiet.unwrap_or(false),
        color: match color {
            Some(Color::Always) => When::Always,
            Some(Color::Never) => When::Never,
            _ => When::Auto,
        },
        progress: match progress.when {
            Some(cargo_config2::When::Always) => When::Always,
            Some(cargo_config2::When::Never) => When::Never,
            _ => When::Auto,
        },
    }
}

/// What `--config` values say of a target, in their order.
#[derive(Default)]
struct OfTarget<'a> {
    by_cfg: Vec<(&'a Layer, &'a Value)>,
    by_triple: Vec<(&'a Layer, &'a Value)>,
}

/// One `--config` value.
#[derive(Debug)]
struct Layer {
    /// What its relative paths start from.
    root: PathBuf,
    table: Table,
}

impl Configuration {
    /// Reads what holds in `here`, with `values` from the command line on top.
    pub(super) fn load(here: &Path, values: &[String]) -> Result<Configuration, Error> {
        let environment = || std::env::vars_os().filter(|(name, _)| name != BUILD_RUSTFLAGS);
        let load = |more: Option<(OsString, OsString)>| {
            Config::load_with_options(here, ResolveOptions::default().env(environment().chain(more)))
        };
        Ok(Configuration {
            here: here.to_owned(),
            config: load(None)?,
            probed: load(Some((BUILD_RUSTFLAGS.into(), PROBE.into())))?,
            layers: values.iter().filter_map(|value| Layer::read(here, value)).collect(),
        })
    }

    /// The compiler, with its wrappers.
    pub(super) fn rustc(&self) -> Command {
        Command::from(self.config.rustc())
    }

    /// The triples to build for: `given`, or else the configured ones, or else the host's.
    pub(super) fn triples(&self, given: Option<&str>) -> Result<Vec<String>, Error> {
        let from_cli =
            || self.layers.iter().rev().find_map(|layer| strings(layer.get(&["build", "target"])?));
        let triples = match given.map(|given| vec![given.to_owned()]).or_else(from_cli) {
            Some(triples) => triples,
            None => self.config.build_target_for_cli(None::<&str>)?,
        };
        if triples.is_empty() { Ok(vec![self.config.host_triple()?.to_owned()]) } else { Ok(triples) }
    }

    /// Program and arguments that executables for `triple` are started with. As in cargo, one for the triple comes
    /// before one for a `cfg`, wherever either stands; of the same key, the command line has the last word.
    pub(super) fn runner(&self, triple: &str) -> Result<Option<(PathBuf, Vec<OsString>)>, Error> {
        let cli = self.of_target(triple, "runner");
        if let Some(runner) = cli.by_triple.into_iter().rev().find_map(program) {
            return Ok(Some(runner));
        }
        let below = self.config.runner(triple)?.map(|runner| (runner.path, runner.args));
        if self.has_runner_of_triple(triple)? {
            return Ok(below);
        }
        Ok(cli.by_cfg.into_iter().rev().find_map(program).or(below))
    }

    /// Whether a file or the environment has `target.<triple>.runner`.
    fn has_runner_of_triple(&self, triple: &str) -> Result<bool, Error> {
        let variable = format!("CARGO_TARGET_{}_RUNNER", triple.to_uppercase().replace(['-', '.'], "_"));
        let in_files = cargo_config2::de::Config::load_with_cwd(&self.here)?;
        let in_files = in_files.target.get(triple).is_some_and(|table| table.runner.is_some());
        Ok(in_files || std::env::var_os(variable).is_some())
    }

    /// Whether `target.*.rustflags` are in force for `triple`: cargo then does not look at `build.rustflags`.
    pub(super) fn has_target_flags(&self, triple: &str) -> Result<bool, Error> {
        let flags = self.probed.rustflags(triple)?.map(|flags| flags.flags).unwrap_or_default();
        let OfTarget { by_cfg, by_triple } = self.of_target(triple, "rustflags");
        let in_cli = by_cfg.into_iter().chain(by_triple).filter_map(|(_, flags)| strings(flags));
        Ok(!flags.is_empty() && flags != [PROBE] || in_cli.flatten().next().is_some())
    }

    /// The user's `build.rustflags`: of the files, the environment, the command line, in this order.
    pub(super) fn build_flags(&self) -> Vec<String> {
        let mut flags = self.config.build.rustflags.clone().map(|flags| flags.flags).unwrap_or_default();
        let mut cli = Vec::new();
        for value in self.layers.iter().filter_map(|layer| layer.get(&["build", "rustflags"])) {
            // A string takes the place of those below, a list is added to them.
            if value.is_str() {
                flags.clear();
                cli.clear();
            }
            cli.extend(strings(value).unwrap_or_default());
        }
        let environment = std::env::var(BUILD_RUSTFLAGS).unwrap_or_default();
        flags.extend(environment.split_whitespace().map(str::to_owned));
        flags.extend(cli);
        flags
    }

    /// `[env]`: what cargo sets for the programs that it starts. Variables that are there already stay, unless
    /// they are forced.
    pub(super) fn environment(&self) -> Vec<(String, OsString)> {
        let is_free = |name: &str, force: bool| force || std::env::var_os(name).is_none();
        let of_files = self.config.env.iter().map(|(name, env)| (name.clone(), env.value.clone(), env.force));
        let of_cli = self.layers.iter().flat_map(Layer::environment);
        let all = of_files.chain(of_cli).filter(|(name, _, force)| is_free(name, *force));
        all.map(|(name, value, _)| (name, value)).collect()
    }

    /// `target.<cfg>.KEY` and `target.<triple>.KEY` of the command line.
    fn of_target(&self, triple: &str, key: &str) -> OfTarget<'_> {
        let tables =
            self.layers.iter().filter_map(|layer| Some((layer, layer.get(&["target"])?.as_table()?)));
        let all: Vec<(&Layer, &String, &Value)> = tables
            .flat_map(|(layer, table)| {
                table.iter().filter_map(move |(name, table)| Some((layer, name, table.get(key)?)))
            })
            .collect();
        let cfgs = if all.is_empty() { Vec::new() } else { self.cfgs(triple) };
        let fits =
            |name: &str| name.parse::<Platform>().is_ok_and(|platform| platform.matches(triple, &cfgs));
        let mut found = OfTarget::default();
        for (layer, name, value) in all.into_iter().filter(|(_, name, _)| fits(name)) {
            let by = if name.starts_with("cfg(") { &mut found.by_cfg } else { &mut found.by_triple };
            by.push((layer, value));
        }
        found
    }

    /// What rustc sets for `triple`.
    fn cfgs(&self, triple: &str) -> Vec<Cfg> {
        let output = self.rustc().args(["--print=cfg", "--target", triple]).output();
        let text =
            output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
        text.lines().filter_map(|line| line.parse().ok()).collect()
    }
}

impl Layer {
    /// A line of TOML or the path of a file. What cannot be read is cargo's to complain about.
    fn read(here: &Path, value: &str) -> Option<Layer> {
        let file = here.join(value);
        let Ok(text) = files::read_linked(&file) else {
            return Some(Layer { root: here.to_owned(), table: value.parse().ok()? });
        };
        // As if it stood in a `.cargo` folder.
        let root = file.parent()?.parent()?.to_owned();
        Some(Layer { root, table: text.parse().ok()? })
    }

    fn get(&self, path: &[&str]) -> Option<&Value> {
        let (first, rest) = path.split_first()?;
        rest.iter().try_fold(self.table.get(*first)?, |value, key| value.get(*key))
    }

    /// Names, values, and whether they take the place of what is set.
    fn environment(&self) -> impl Iterator<Item = (String, OsString, bool)> {
        let table = self.get(&["env"]).and_then(Value::as_table).into_iter().flatten();
        table.filter_map(|(name, value)| {
            let flag = |key: &str| value.get(key).and_then(Value::as_bool).unwrap_or(false);
            let text = value.as_str().or_else(|| value.get("value")?.as_str())?;
            let text = if flag("relative") { self.root.join(text).into() } else { OsString::from(text) };
            Some((name.clone(), text, flag("force")))
        })
    }
}

/// A program and its arguments.
fn program((layer, value): (&Layer, &Value)) -> Option<(PathBuf, Vec<OsString>)> {
    let mut words = strings(value)?.into_iter();
    let program = words.next()?;
    // A bare name is looked up in PATH.
    let program = if program.contains('/') { layer.root.join(program) } else { program.into() };
    Some((program, words.map(OsString::from).collect()))
}

/// A list, or words with spaces between them.
fn strings(value: &Value) -> Option<Vec<String>> {
    match value {
        Value::String(text) => Some(text.split_whitespace().map(str::to_owned).collect()),
        Value::Array(list) => list.iter().map(|item| item.as_str().map(str::to_owned)).collect(),
        _ => None,
    }
}
