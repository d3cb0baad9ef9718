//! Go's benchmark format (<https://go.dev/design/14313-benchmark-format>), which `benchstat` and what is built on it
//! read: a line for each sample, as `go test -count` writes them, so that the reader has its own statistics.

use std::fmt::Write as _;

use super::{Format, Input};
use crate::model::{Bench, Target, TargetKind};

pub(super) static FORMAT: Format = Format::text("go", render);

/// Counts are the same in every run: a reader need not doubt a difference.
const UNITS: &str = "\
Unit B/op assume=exact
Unit allocs/op assume=exact
Unit frees/op better=lower assume=exact
";

/// Configuration, then every benchmark under the target it stands in.
fn render(input: &Input<'_>) -> String {
    let (os, arch) = platform(&input.environment.target);
    let mut out = format!("goos: {os}\ngoarch: {arch}\n");
    // The executables of the last check are of this machine: `report` refuses others.
    if let Some(cpu) = std::fs::read_to_string("/proc/cpuinfo").ok().as_deref().and_then(cpu) {
        // Writing to a String cannot fail.
        let _ = writeln!(out, "cpu: {cpu}");
    }
    out.push_str(UNITS);
    if input.verdict.benches.iter().any(|bench| bench.processed_items.is_some()) {
        out.push_str("Unit items/s better=higher\n");
    }
    let mut package = String::new();
    let wanted = |bench: &&Bench| input.pattern.is_none_or(|pattern| pattern.is_match(&bench.name));
    for bench in input.verdict.benches.iter().filter(wanted) {
        let own = self::package(bench, input.verdict.targets.iter().map(|(target, _)| target));
        if own != package {
            let _ = write!(out, "\npkg: {own}\n");
            package = own;
        }
        lines(&mut out, bench);
    }
    out
}

/// Go's names of the system and the processor of a target triple.
fn platform(triple: &str) -> (&str, &str) {
    let processor = triple.split('-').next().unwrap_or(triple);
    let arch = match processor {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        "i586" | "i686" => "386",
        "riscv64gc" => "riscv64",
        "powerpc64le" => "ppc64le",
        other => other,
    };
    let systems = [("linux", "linux"), ("darwin", "darwin"), ("windows", "windows"), ("freebsd", "freebsd")];
    let os = systems.iter().find(|(word, _)| triple.contains(word)).map_or("unknown", |(_, os)| os);
    (os, arch)
}

/// The first processor's name in `/proc/cpuinfo`.
fn cpu(info: &str) -> Option<&str> {
    let named = info.lines().filter_map(|line| line.split_once(':'));
    named.into_iter().find(|(key, _)| key.trim() == "model name").map(|(_, name)| name.trim())
}

/// `package/target`: two targets of one package may have benchmarks of one name.
fn package<'a>(bench: &Bench, targets: impl Iterator<Item = &'a Target>) -> String {
    let mut named = targets.filter(|target| target.kind == TargetKind::Bench && target.name == bench.target);
    let first = named.next();
    let own = first.filter(|target| target.source == bench.place.file);
    let own = own.or_else(|| named.find(|target| target.source == bench.place.file)).or(first);
    own.map_or_else(|| bench.target.clone(), |target| format!("{}/{}", target.package, target.name))
}

/// One line a sample; one without a time where the clock did not run.
fn lines(out: &mut String, bench: &Bench) {
    let name = name(&bench.name);
    let exact = format!(
        "{} B/op\t{} allocs/op\t{} frees/op",
        bench.per_op(bench.bytes),
        bench.per_op(bench.allocs + bench.reallocs),
        bench.per_op(bench.frees)
    );
    if bench.samples.is_empty() {
        let _ = writeln!(out, "{name}\t{}\t{exact}", bench.recorded);
    }
    let each = bench.iterations / bench.samples.len().max(1) as u64;
    for sample in &bench.samples {
        let _ = writeln!(out, "{name}\t{each}\t{sample:.4} ns/op\t{}{exact}", throughput(bench, *sample));
    }
}

/// Where Go has it, after the time and with Go's own digits: megabytes of a million bytes.
fn throughput(bench: &Bench, ns: f64) -> String {
    let mut out = String::new();
    if ns <= 0.0 {
        return out;
    }
    if let Some(bytes) = bench.processed_bytes {
        let _ = write!(out, "{:.2} MB/s\t", bytes as f64 / ns * 1e3);
    }
    if let Some(items) = bench.processed_items {
        let _ = write!(out, "{:.0} items/s\t", items as f64 / ns * 1e9);
    }
    out
}

/// `replace::algo_one` is `BenchmarkReplace/algo_one-1`: a capital letter after the first word, parts after `/`.
/// The number of threads is always there, for a name may end in something that looks like one.
fn name(path: &str) -> String {
    let path = path.replace("::", "/");
    let path: String = path.chars().map(|c| if c.is_whitespace() { '_' } else { c }).collect();
    let mut letters = path.chars();
    let first: String = letters.next().into_iter().flat_map(char::to_uppercase).collect();
    // Letters without a case, and `_`: Go's tools want a capital.
    let before = if first.chars().next().is_none_or(char::is_uppercase) { "" } else { "Fn" };
    format!("Benchmark{before}{first}{}-1", letters.as_str())
}

#[cfg(test)]
mod tests {
    use super::{cpu, name, platform};

    #[test]
    fn names_are_such_as_go_accepts() {
        let cases = [
            ("algo_one", "BenchmarkAlgo_one-1"),
            ("replace::algo_one", "BenchmarkReplace/algo_one-1"),
            ("sum/-16", "BenchmarkSum/-16-1"),
            ("split/a b", "BenchmarkSplit/a_b-1"),
            ("über", "BenchmarkÜber-1"),
            ("_hidden", "BenchmarkFn_hidden-1"),
            ("数", "BenchmarkFn数-1"),
        ];
        for (path, expected) in cases {
            assert_eq!(name(path), expected);
        }
    }

    #[test]
    fn platforms_have_gos_names() {
        assert_eq!(platform("x86_64-unknown-linux-gnu"), ("linux", "amd64"));
        assert_eq!(platform("aarch64-apple-darwin"), ("darwin", "arm64"));
        assert_eq!(platform("s390x-unknown-linux-gnu"), ("linux", "s390x"));
    }

    #[test]
    fn the_processor_is_the_first_one_that_has_a_name() {
        let info = "processor\t: 0\nmodel name\t: A CPU: 2.10GHz\n\nmodel name\t: Another\n";
        assert_eq!(cpu(info), Some("A CPU: 2.10GHz"));
        assert_eq!(cpu("processor\t: 0\nBogoMIPS\t: 50.00\n"), None);
    }
}
