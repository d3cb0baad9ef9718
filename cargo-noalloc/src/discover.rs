//! Step 1: cargo's metadata becomes a plan: packages, targets, and what can be known before building.

mod select;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use cargo_metadata::{CargoOpt, Metadata, MetadataCommand, Package};

use crate::cli::{BuildArgs, SelectionArgs};
use crate::config::{self, Table};
use crate::exit::{Exit, Failure};
use crate::model::{Configured, Member, MemberTarget, Plan, Root, Target, Workspace};

/// Crates whose frames are ours, not the user's.
const OUR_CRATES: [&str; 3] = ["no_heap", "noalloc-macros", "assert_no_alloc"];

/// Asks cargo what there is, and selects.
pub(crate) fn plan(selection: &SelectionArgs, build: &BuildArgs) -> Result<Plan, Failure> {
    let metadata = metadata(build)?;
    let mut workspace = workspace(&metadata, build);
    workspace.configured = configured(&metadata)?;
    let packages = select::packages(&metadata, selection)?;
    let (targets, skipped) = select::targets(&metadata, &packages, selection, build)?;
    if targets.is_empty() {
        return Err(nothing_selected(&packages, &skipped, selection));
    }
    Ok(Plan { workspace, targets, skipped, part: None })
}

/// Main source files of every target of the selected packages, with the package's name, relative to the workspace
/// where they lie inside; and the workspace.
pub(crate) fn roots(selection: &SelectionArgs, build: &BuildArgs) -> Result<(Vec<Root>, Workspace), Failure> {
    let metadata = metadata(build)?;
    let workspace = workspace(&metadata, build);
    let packages = select::packages(&metadata, selection)?;
    let mut roots: Vec<Root> = Vec::new();
    for target in packages.iter().flat_map(|package| &package.targets) {
        let source = target.src_path.as_std_path();
        let relative = source.strip_prefix(&workspace.root).unwrap_or(source);
        let krate = target.name.replace('-', "_");
        roots.push(Root { krate, file: relative.to_string_lossy().into_owned() });
    }
    roots.sort();
    roots.dedup();
    Ok((roots, workspace))
}

/// The manifest of the one package that is meant, and the workspace's folder.
pub(crate) fn package_to_set_up(
    build: &BuildArgs,
    name: Option<&str>,
) -> Result<(PathBuf, PathBuf), Failure> {
    let metadata = metadata(build)?;
    let selection =
        SelectionArgs { packages: name.map(str::to_owned).into_iter().collect(), ..Default::default() };
    let packages = select::packages(&metadata, &selection)?;
    let root = metadata.workspace_root.clone().into_std_path_buf();
    match (metadata.root_package(), &packages[..]) {
        (Some(package), _) if name.is_none() => Ok((package.manifest_path.clone().into_std_path_buf(), root)),
        (_, [package]) => Ok((package.manifest_path.clone().into_std_path_buf(), root)),
        (_, packages) => {
            let names: Vec<&str> = packages.iter().map(|package| package.name.as_str()).collect();
            Err(Failure::new(Exit::Usage, "it is not clear which package to set up")
                .help(format!("name one with `-p`: {}", names.join(", "))))
        }
    }
}

/// The audit's folder of the workspace that `build` names.
pub(crate) fn audit_dir(build: &BuildArgs) -> Result<PathBuf, Failure> {
    let metadata = metadata(build)?;
    Ok(workspace(&metadata, build).audit_dir)
}

/// The workspace that `build` names, as it is now.
pub(crate) fn workspace_now(build: &BuildArgs) -> Result<Workspace, Failure> {
    let metadata = metadata(build)?;
    let configured = configured(&metadata)?;
    Ok(Workspace { configured, ..workspace(&metadata, build) })
}

fn configured(metadata: &Metadata) -> Result<Configured, Failure> {
    let root = metadata.workspace_root.as_std_path();
    let manifest = root.join("Cargo.toml");
    let workspace = config::read(&metadata.workspace_metadata, Table::Workspace, &manifest, root)?;
    let mut packages = BTreeMap::new();
    for package in metadata.workspace_packages() {
        let manifest = package.manifest_path.as_std_path();
        let folder = manifest.parent().and_then(|folder| folder.strip_prefix(root).ok());
        // A member that lies elsewhere has absolute paths in reports, and no settings of its own reach those.
        let Some(folder) = folder else { continue };
        let settings = config::read(&package.metadata, Table::Package, manifest, root)?;
        packages.insert(folder.to_string_lossy().into_owned(), settings);
    }
    Ok(Configured { workspace, packages })
}

fn metadata(build: &BuildArgs) -> Result<Metadata, Failure> {
    let mut command = MetadataCommand::new();
    if let Some(path) = build.manifest() {
        command.manifest_path(path);
    }
    if build.all_features {
        command.features(CargoOpt::AllFeatures);
    }
    if build.no_default_features {
        command.features(CargoOpt::NoDefaultFeatures);
    }
    if !build.features.is_empty() {
        command.features(CargoOpt::SomeFeatures(build.features.clone()));
    }
    let mut flags: Vec<String> = Vec::new();
    for (given, flag) in
        [(build.locked, "--locked"), (build.offline, "--offline"), (build.frozen, "--frozen")]
    {
        flags.extend(given.then(|| flag.to_owned()));
    }
    flags.extend(build.config.iter().flat_map(|value| ["--config".to_owned(), value.clone()]));
    flags.extend(build.unstable.iter().map(|flag| format!("-Z{flag}")));
    command.other_options(flags);
    command.exec().map_err(|error| explain(&error))
}

/// Cargo's own words, with the next thing to type where we know it.
fn explain(error: &cargo_metadata::Error) -> Failure {
    let cargo_metadata::Error::CargoMetadata { stderr } = error else {
        return Failure::new(Exit::MetadataFailed, format!("`cargo metadata` could not be read: {error}"));
    };
    let said = stderr.trim();
    let said = said.strip_prefix("error: ").unwrap_or(said).to_owned();
    let failure = Failure::quoting(Exit::MetadataFailed, "", &said);
    if said.contains("could not find `Cargo.toml`") {
        return failure.help("run it inside a package, or name one with `--manifest-path PATH`");
    }
    failure.note("`cargo metadata` says this; nothing was built")
}

fn workspace(metadata: &Metadata, build: &BuildArgs) -> Workspace {
    let folder = |package: &Package| -> PathBuf {
        package.manifest_path.parent().map(|path| path.as_std_path().to_owned()).unwrap_or_default()
    };
    let has = |name: &str| metadata.packages.iter().any(|package| package.name.as_str() == name);
    let ours = |package: &&Package| OUR_CRATES.contains(&package.name.as_str());
    let target_dir =
        build.target_dir.clone().unwrap_or_else(|| metadata.target_directory.clone().into_std_path_buf());
    let build_dir = metadata
        .build_directory
        .as_ref()
        .filter(|dir| **dir != metadata.target_directory)
        .map(|dir| dir.join("noalloc").into_std_path_buf());
    let (no_heap, others): (Vec<&Package>, Vec<&Package>) = metadata.packages.iter().partition(ours);
    let (user, others): (Vec<&Package>, Vec<&Package>) =
        others.into_iter().partition(|package| package.source.is_none());
    let user_roots: Vec<PathBuf> = user.into_iter().map(folder).collect();
    let among_users = |folder: &Path| user_roots.iter().any(|root| folder.starts_with(root));
    let foreign_roots = others.iter().copied().map(folder).collect();
    let vendored = others.into_iter().map(|package| (folder(package), package.name.to_string()));
    let vendored = vendored.filter(|(folder, _)| among_users(folder)).collect();
    Workspace {
        moved_from: None,
        root: metadata.workspace_root.clone().into_std_path_buf(),
        audit_dir: absolute(&target_dir).join("noalloc"),
        build_dir,
        vendored,
        foreign_roots,
        user_roots,
        no_heap_roots: no_heap.into_iter().map(folder).collect(),
        has_guard: has("assert_no_alloc"),
        has_recorder: has("noalloc-macros"),
        foreign_permits: foreign_permits(metadata),
        configured: Configured::default(),
        members: members(metadata),
    }
}

fn members(metadata: &Metadata) -> Vec<Member> {
    let root = metadata.workspace_root.as_std_path();
    let packages = metadata.workspace_packages().into_iter();
    let member = |package: &Package| {
        let manifest = package.manifest_path.as_std_path();
        let folder = manifest.parent()?.strip_prefix(root).ok()?.to_string_lossy().into_owned();
        let library = package.targets.iter().find(|target| target.is_lib());
        let target = library.or(package.targets.first())?;
        let target = MemberTarget {
            kind: target.kind.first()?.to_string(),
            crate_type: target.crate_types.first()?.to_string(),
            name: target.name.clone(),
            source: target.src_path.clone().into_std_path_buf(),
            edition: target.edition.to_string(),
        };
        Some(Member { id: package.id.repr.clone(), folder, manifest: manifest.to_owned(), target })
    };
    packages.filter_map(member).collect()
}

/// Whether a package other than `no_heap` depends on `assert_no_alloc`.
fn foreign_permits(metadata: &Metadata) -> bool {
    let depends = |package: &Package| {
        package.dependencies.iter().any(|dependency| dependency.name.as_str() == "assert_no_alloc")
    };
    metadata.packages.iter().any(|package| package.name.as_str() != "no_heap" && depends(package))
}

fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

fn nothing_selected(
    packages: &[&Package],
    skipped: &[(Target, String)],
    selection: &SelectionArgs,
) -> Failure {
    let names: Vec<String> = packages.iter().map(|package| format!("`{}`", package.name)).collect();
    let of = if names.len() <= 3 { names.join(", ") } else { format!("{} packages", names.len()) };
    let failure = Failure::new(Exit::NothingToCheck, format!("{of}: no target to check"));
    if let Some((target, reason)) = skipped.first() {
        return failure.note(format!("{} `{}` was left out: {reason}", target.kind, target.name));
    }
    if !select::is_default(selection) {
        return failure
            .note("the options select kinds of targets that are not there")
            .help("leave them out to check all benchmarks, or select others: `--benches`, `--all-targets`");
    }
    failure.note("without a selection all benchmarks are checked, and there is none").help(
        "`cargo noalloc init` adds a first benchmark, `benches/hot.rs`; or select other targets: `--tests`, \
         `--examples`, `--bin NAME`",
    )
}
