//! Whether parts are those of one whole: each of them once, none missing, and all of one revision, asked alike.

use super::{Received, Sent};
use crate::exit::{Exit, Failure};
use crate::files::digest;
use crate::model::{NoSource, Partition};
use crate::source_files::SourceFolders;

/// `parts` are in the order of their numbers.
pub(super) fn refuse_what_does_not_fit(parts: &[Received], folders: &SourceFolders) -> Result<(), Failure> {
    let Some((first, others)) = parts.split_first() else { return Ok(()) };
    for other in others {
        refuse_another_whole(first, other)?;
    }
    refuse_twice(parts)?;
    refuse_missing(parts)?;
    parts.iter().try_for_each(refuse_incomplete)?;
    parts.iter().try_for_each(|part| refuse_other_sources(part, folders))
}

fn refuse_another_whole(first: &Received, other: &Received) -> Result<(), Failure> {
    let (a, b) = (&first.sent, &other.sent);
    let (paths, counts) =
        ((first.path.display(), other.path.display()), (a.part.partition.count, b.part.partition.count));
    if counts.0 != counts.1 {
        let message =
            format!("`{}` is one of {} parts, and `{}` one of {}", paths.0, counts.0, paths.1, counts.1);
        return Err(Failure::new(Exit::SetUp, message)
            .note("a target may be in several of them, or in none")
            .help("give each machine the same N of `--partition I/N`"));
    }
    let Some(what) = difference(a, b) else { return Ok(()) };
    Err(Failure::new(
        Exit::SetUp,
        format!("`{}` and `{}` are no parts of one check: {what}", paths.0, paths.1),
    )
    .note("what was seen under different conditions makes no verdict")
    .help("check all parts from one revision, with one toolchain and the same options"))
}

/// What tells that two parts are not of one check.
fn difference(a: &Sent, b: &Sent) -> Option<String> {
    let (built, other) = (&a.environment, &b.environment);
    let texts = [
        ("compiler", &built.rustc, &other.rustc),
        ("target", &built.target, &other.target),
        ("profile", &built.profile, &other.profile),
    ];
    if let Some((what, one, other)) = texts.into_iter().find(|(_, one, other)| one != other) {
        return Some(format!("the {what} is `{one}` in one, and `{other}` in the other"));
    }
    if built.rustflags != other.rustflags {
        return Some("their rustflags differ".to_owned());
    }
    if a.lock != b.lock {
        return Some("their `Cargo.lock` differs, and with it what was built".to_owned());
    }
    if let Some(((name, one), (_, other))) =
        a.part.asked.iter().zip(&b.part.asked).find(|(one, other)| one != other)
    {
        return Some(format!("{name} is `{one}` in one, and `{other}` in the other"));
    }
    if a.part.selected != b.part.selected || a.skipped != b.skipped {
        return Some("they select different targets".to_owned());
    }
    None
}

fn refuse_twice(parts: &[Received]) -> Result<(), Failure> {
    let twice = parts.windows(2).find(|pair| pair[0].sent.part.partition == pair[1].sent.part.partition);
    let Some([one, other]) = twice else { return Ok(()) };
    let Partition { index, count } = one.sent.part.partition;
    let message = format!(
        "part {index} of {count} is given twice: `{}` and `{}`",
        one.path.display(),
        other.path.display()
    );
    Err(Failure::new(Exit::Usage, message)
        .note("what its targets did would count twice")
        .help("give the report of each part once"))
}

fn refuse_missing(parts: &[Received]) -> Result<(), Failure> {
    let Some(Partition { count, .. }) = parts.first().map(|part| part.sent.part.partition) else {
        return Ok(());
    };
    let given = |index: &usize| parts.iter().any(|part| part.sent.part.partition.index == *index);
    let missing: Vec<String> =
        (1..=count).filter(|index| !given(index)).map(|index| index.to_string()).collect();
    let Some(first) = missing.first() else { return Ok(()) };
    let (parts, are) = if missing.len() == 1 { ("part", "is") } else { ("parts", "are") };
    let message = format!("{parts} {} of {count} {are} missing", missing.join(", "));
    Err(Failure::new(Exit::SetUp, message)
        .note("nobody knows what its targets do, so this is no pass")
        .help(format!("add its report, which `cargo noalloc check --partition {first}/{count} --format json=PATH` writes")))
}

/// A target of the part that left no word.
fn refuse_incomplete(part: &Received) -> Result<(), Failure> {
    let Sent { part: whole, audited, .. } = &part.sent;
    let own = whole.selected.iter().enumerate().filter(|(position, _)| whole.partition.has(*position));
    let told = |position: usize| audited.iter().any(|target| target.position == position);
    match own.map(|(position, target)| (told(position), target)).find(|(told, _)| !told) {
        Some((_, target)) => {
            let message =
                format!("`{}` says nothing of {} `{}`", part.path.display(), target.kind, target.name);
            Err(Failure::new(Exit::SetUp, message).help("check that part again"))
        }
        None => Ok(()),
    }
}

/// Places and expressions are read here, so they must be those that were built there.
fn refuse_other_sources(part: &Received, folders: &SourceFolders) -> Result<(), Failure> {
    let known = part.sent.sources.iter().filter_map(|(file, digest)| Some((file, (*digest)?)));
    // What lies outside is opened by nobody, and the report says so.
    let inside = |file: &str| !matches!(folders.locate(file), Err(NoSource::Refused { .. }));
    for (file, expected) in known.filter(|(file, _)| inside(file)) {
        let why = match folders.read(file) {
            Ok(text) if digest(&text) == expected => continue,
            Ok(_) => "is another one here".to_owned(),
            Err(NoSource::Refused { why, .. }) => format!("cannot be read here: {why}"),
            Err(_) => "cannot be read here".to_owned(),
        };
        return Err(Failure::new(
            Exit::SetUp,
            format!("`{file}`, which `{}` speaks of, {why}", part.path.display()),
        )
        .note("the report shows the source, and the lines must be those that were built")
        .help("merge in a checkout of the revision that was checked"));
    }
    Ok(())
}
