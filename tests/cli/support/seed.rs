//! What nearly every fixture depends on, built once: a directory that cannot share it begins with a copy, which cargo
//! finds as fresh as what it was copied from.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, OnceLock, PoisonError};

use super::{Project, shared_target_dir};

/// Puts the builds of `no_heap` and of all below it into the folder of audit builds `dir`, where none are yet.
pub(crate) fn plant(dir: &Path) {
    static TURN: Mutex<()> = Mutex::new(());
    // A test that failed before has said so itself.
    let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    if !dir.join("release").exists() {
        // What runs on the host, and what does on the target.
        let folders = ["release".to_owned(), crate::flags::triple()];
        std::fs::create_dir_all(dir).expect("the target directory can be written");
        let mut copy = Command::new("cp");
        copy.args(["--archive", "--reflink=auto"]).args(folders.map(|folder| seed().join(folder))).arg(dir);
        assert!(copy.status().expect("there is `cp`").success(), "{}", dir.display());
    }
    drop(turn);
}

/// A folder of audit builds with a package in it that no other test has, and what that depends on.
fn seed() -> &'static Path {
    static SEED: OnceLock<PathBuf> = OnceLock::new();
    SEED.get_or_init(|| {
        let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("seed-target");
        Project::copied("quiet", "seed").check("--lib").built_in(&dir).run().exits(0);
        dir.join("noalloc")
    })
}

/// The folder in which the fixtures are built.
pub(super) fn plant_shared() {
    static PLANTED: OnceLock<()> = OnceLock::new();
    PLANTED.get_or_init(|| {
        plant(&shared_target_dir().join("noalloc"));
    });
}
