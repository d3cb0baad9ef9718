//! Exports one static of the subjects, as a program that loads plugins exports its own.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-link-arg-bin=subjects=-Wl,--export-dynamic-symbol=SUBJECTS_HOOK");
}
