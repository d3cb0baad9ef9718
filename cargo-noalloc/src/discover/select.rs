//! Which packages and targets a command line means; cargo's rules.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use cargo_metadata::{Metadata, Package, PackageId, TargetKind as CargoKind};

use crate::cli::{BuildArgs, SelectionArgs};
use crate::exit::{Exit, Failure};
use crate::model::{Library, PlannedTarget, Target, TargetKind};

/// `-p`, `--workspace`, `--exclude`, or cargo's default members.
pub(super) fn packages<'a>(
    metadata: &'a Metadata,
    selection: &SelectionArgs,
) -> Result<Vec<&'a Package>, Failure> {
    let members = metadata.workspace_packages();
    for spec in selection.packages.iter().chain(&selection.exclude) {
        if !members.iter().any(|package| matches(package, spec)) {
            return Err(unknown_package(spec, &members));
        }
    }
    let excluded = |package: &&&Package| selection.exclude.iter().any(|spec| matches(package, spec));
    let chosen = if selection.workspace {
        members.iter().filter(|package| !excluded(package)).copied().collect()
    } else if selection.packages.is_empty() {
        metadata.workspace_default_packages()
    } else {
        let named = |package: &&&Package| selection.packages.iter().any(|spec| matches(package, spec));
        members.iter().filter(named).copied().collect()
    };
    Ok(chosen)
}

/// `name`, `name@version`, a glob with `*`, or a whole package id.
fn matches(package: &Package, spec: &str) -> bool {
    let name = package.name.as_str();
    let (spec_name, version) = match spec.split_once(['@', ':']) {
        Some((name, version)) if !spec.contains('/') => (name, Some(version)),
        _ => (spec, None),
    };
    let name_fits = match spec_name.split_once('*') {
        Some((before, after)) => {
            name.len() >= before.len() + after.len() && name.starts_with(before) && name.ends_with(after)
        }
        None => name == spec_name,
    };
    // `1.2` is any 1.2.x, and not 1.20.0.
    let whole = package.version.to_string();
    let fits = |v: &str| {
        whole.strip_prefix(v).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '-', '+']))
    };
    package.id.repr == spec || name_fits && version.is_none_or(fits)
}

fn unknown_package(spec: &str, members: &[&Package]) -> Failure {
    let mut names: Vec<&str> = members.iter().map(|package| package.name.as_str()).collect();
    names.sort_unstable();
    let near = names.iter().find(|name| strsim::levenshtein(name, spec) <= 2);
    let failure = Failure::new(Exit::Usage, format!("no package `{spec}` in this workspace"));
    match near {
        Some(near) => failure.help(format!("did you mean `{near}`?")),
        None => failure.help(format!("the workspace has: {}", names.join(", "))),
    }
}

type Selected = (Vec<PlannedTarget>, Vec<(Target, String)>);

/// Targets of `packages` that the options select, and those that lack a feature.
pub(super) fn targets(
    metadata: &Metadata,
    packages: &[&Package],
    selection: &SelectionArgs,
    build: &BuildArgs,
) -> Result<Selected, Failure> {
    let (mut planned, mut skipped, mut known) = (Vec::new(), Vec::new(), Vec::new());
    for package in packages {
        let features = active_features(package, build);
        let path_dependencies = path_dependencies(metadata, package);
        let library = package.targets.iter().find(|target| target.is_lib()).map(|target| Library {
            krate: target.name.replace('-', "_"),
            source: target.src_path.clone().into_std_path_buf(),
        });
        for target in &package.targets {
            let Some(kind) = kind(target) else { continue };
            known.push((kind, target.name.as_str()));
            if !is_selected(selection, kind, &target.name) {
                continue;
            }
            let source = target.src_path.as_std_path();
            let relative = source.strip_prefix(&metadata.workspace_root).unwrap_or(source);
            let named = Target {
                package: package.name.to_string(),
                kind,
                name: target.name.clone(),
                source: relative.to_string_lossy().into_owned(),
            };
            let missing = target.required_features.iter().find(|feature| !features.contains(*feature));
            if let Some(feature) = missing {
                skipped.push((named, format!("it requires the feature `{feature}`")));
                continue;
            }
            planned.push(PlannedTarget {
                target: named,
                package_id: package.id.repr.clone(),
                version: package.version.to_string(),
                package_root: package.manifest_path.parent().map(Into::into).unwrap_or_default(),
                source: source.to_owned(),
                library: library.clone(),
                path_dependencies: path_dependencies.clone(),
                position: 0,
            });
        }
    }
    refuse_unknown_names(selection, &known)?;
    planned.sort_by(|a, b| a.target.cmp(&b.target));
    planned.iter_mut().enumerate().for_each(|(position, planned)| planned.position = position);
    Ok((planned, skipped))
}

/// Folders of the packages below `package` that come from no registry: their sources are the user's, or beside them.
fn path_dependencies(metadata: &Metadata, package: &Package) -> Vec<PathBuf> {
    let nodes = metadata.resolve.iter().flat_map(|resolve| &resolve.nodes);
    let nodes: BTreeMap<&PackageId, &[PackageId]> =
        nodes.map(|node| (&node.id, &node.dependencies[..])).collect();
    let mut below = BTreeSet::new();
    let mut open = vec![&package.id];
    while let Some(id) = open.pop() {
        let dependencies = nodes.get(id).copied().unwrap_or_default();
        open.extend(dependencies.iter().filter(|id| below.insert(*id)));
    }
    let is_one = |other: &&Package| {
        let ours = super::OUR_CRATES.contains(&other.name.as_str());
        below.contains(&other.id) && other.source.is_none() && !ours && other.id != package.id
    };
    let folders = metadata.packages.iter().filter(is_one).filter_map(|other| other.manifest_path.parent());
    folders.map(Into::into).collect()
}

fn kind(target: &cargo_metadata::Target) -> Option<TargetKind> {
    target.kind.iter().find_map(|kind| match kind {
        CargoKind::Bench => Some(TargetKind::Bench),
        CargoKind::Bin => Some(TargetKind::Bin),
        CargoKind::Example => {
            target.crate_types.iter().any(|t| t.to_string() == "bin").then_some(TargetKind::Example)
        }
        CargoKind::Test => Some(TargetKind::Test),
        CargoKind::Lib | CargoKind::RLib => target.test.then_some(TargetKind::Lib),
        _ => None,
    })
}

/// Whether no kind of target is asked for: then all benchmarks are meant.
pub(super) fn is_default(selection: &SelectionArgs) -> bool {
    let SelectionArgs { lib, bins, bin, examples, example, tests, test, benches, bench, all_targets, .. } =
        selection;
    !(*lib || *bins || *examples || *tests || *benches || *all_targets)
        && [bin, example, test, bench].iter().all(|names| names.is_empty())
}

fn is_selected(selection: &SelectionArgs, kind: TargetKind, name: &str) -> bool {
    let SelectionArgs { lib, bins, bin, examples, example, tests, test, benches, bench, all_targets, .. } =
        selection;
    let named = |all: bool, names: &[String]| all || *all_targets || names.iter().any(|given| given == name);
    match kind {
        TargetKind::Lib => *lib || *all_targets,
        TargetKind::Bin => named(*bins, bin),
        TargetKind::Example => named(*examples, example),
        TargetKind::Test => named(*tests, test),
        TargetKind::Bench => is_default(selection) || named(*benches, bench),
    }
}

/// A target that was named has to be there.
fn refuse_unknown_names(selection: &SelectionArgs, known: &[(TargetKind, &str)]) -> Result<(), Failure> {
    let asked = [
        (TargetKind::Bin, &selection.bin),
        (TargetKind::Example, &selection.example),
        (TargetKind::Test, &selection.test),
        (TargetKind::Bench, &selection.bench),
    ];
    for (kind, names) in asked {
        let there: Vec<&str> = known.iter().filter(|(of, _)| *of == kind).map(|(_, name)| *name).collect();
        if let Some(unknown) = names.iter().find(|name| !there.contains(&name.as_str())) {
            return Err(unknown_target(kind, unknown, there));
        }
    }
    Ok(())
}

fn unknown_target(kind: TargetKind, name: &str, mut there: Vec<&str>) -> Failure {
    there.sort_unstable();
    there.dedup();
    let failure = Failure::new(Exit::Usage, format!("no {kind} target `{name}` in the selected packages"));
    match there.iter().find(|near| strsim::levenshtein(near, name) <= 2) {
        Some(near) => failure.help(format!("did you mean `--{kind} {near}`?")),
        None if there.is_empty() => {
            failure.help("they have no such target at all; `-p` names another package")
        }
        None => failure.help(format!("they have: {}", there.join(", "))),
    }
}

/// Features of the package that the command line turns on, those they imply included.
fn active_features(package: &Package, build: &BuildArgs) -> BTreeSet<String> {
    if build.all_features {
        return package.features.keys().cloned().collect();
    }
    let given = build.features.iter().flat_map(|list| list.split([' ', ',']));
    let of_package = given.map(|feature| {
        let prefix = format!("{}/", package.name);
        feature.strip_prefix(&prefix).unwrap_or(feature).to_owned()
    });
    let default = (!build.no_default_features).then(|| "default".to_owned());
    let mut open: Vec<String> = of_package.chain(default).collect();
    let mut active = BTreeSet::new();
    while let Some(feature) = open.pop() {
        if let Some(implied) = package.features.get(&feature)
            && active.insert(feature)
        {
            open.extend(implied.iter().cloned());
        }
    }
    active
}
