//! One short run for the clock alone: what two builds of one target are compared by, in turns.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use no_heap::env;
use no_heap::record::BenchState;

use super::{Clock, Runner, read, record_files, unwritable};
use crate::exit::{Exit, Failure};
use crate::files;
use crate::model::{Binary, Plan, Status, Toolchain};
use crate::options::CheckOptions;
use crate::process::{self, Terminal};

/// Samples that a round aims at: there is room for no more, and short ones are rarely interrupted.
const SAMPLES: u32 = no_heap::record::SAMPLES as u32;

/// How the runs of one side are made.
#[derive(Debug)]
pub(crate) struct Rounds<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) toolchain: &'a Toolchain,
    pub(crate) options: &'a CheckOptions,
    /// For each benchmark.
    pub(crate) time: Duration,
    /// A folder of the side's own, as long in its name as that of the other side.
    pub(crate) home: PathBuf,
}

impl Rounds<'_> {
    /// Copies the binaries to the side's own folder. Where a program lies decides how long the strings are that it
    /// starts with, these where its first blocks lie, and these how fast it is: by per cents, again and again.
    pub(crate) fn stage(&self, binaries: &[&Binary]) -> Result<Vec<Binary>, Failure> {
        clear(&self.home).map_err(|error| unwritable(&self.home, &error))?;
        let copy = |(index, binary): (usize, &&Binary)| {
            let executable = self.home.join(format!("{index}-{}", binary.planned.target.name));
            std::fs::copy(&binary.executable, &executable).map_err(|error| unwritable(&self.home, &error))?;
            Ok(Binary { executable, ..(*binary).clone() })
        };
        binaries.iter().enumerate().map(copy).collect()
    }

    /// Runs `binary` once; the samples of each benchmark, in nanoseconds for one iteration.
    pub(crate) fn once(&self, binary: &Binary) -> Result<Vec<(String, Vec<f64>)>, Failure> {
        let Rounds { plan, toolchain, options, time, .. } = self;
        let clock = Clock { time: Some(*time), samples: Some(SAMPLES) };
        let records = self.home.join("records");
        let runner = Runner { plan, options, toolchain, clock, folder: records.clone() };
        clear(&records).map_err(|error| unwritable(&records, &error))?;
        let mut command = runner.command(binary, &records);
        // It was heard when it was checked.
        command.stdout(Stdio::null()).stderr(Stdio::null()).env(env::CLOCK_ONLY, "1");
        let target = &binary.planned.target;
        let ended = process::run(&mut command, Terminal::Apart, options.timeout, &mut std::thread::sleep);
        let status = ended.map_err(|error| {
            let message = format!("`{}` could not be started: {error}", binary.executable.display());
            Failure::new(Exit::TargetFailed, message)
        })?;
        if process::interrupted() {
            return Err(Failure::new(Exit::TargetFailed, "interrupted while the two sides took turns"));
        }
        if status != Status::Ok {
            let message =
                format!("{} `{}` ended well once, and in a later round not", target.kind, target.name);
            return Err(Failure::new(Exit::TargetFailed, message)
                .note("its times are not all, so they are not compared")
                .help(
                    "see what it says: `cargo noalloc check`; or compare without the clock: `--no-timing`",
                ));
        }
        let mut samples = Vec::new();
        for record in record_files(&records).iter().filter_map(|path| read(path).ok()) {
            for (entry, (result, of_one)) in record.hello.benches.iter().zip(&record.benches) {
                if result.state == BenchState::Done as u64 {
                    samples.push((entry.name.clone(), of_one.clone()));
                }
            }
        }
        Ok(samples)
    }
}

fn clear(folder: &Path) -> std::io::Result<()> {
    files::remove_folder(folder)?;
    std::fs::create_dir_all(folder)
}
