//! One run of `cargo noalloc check` on the fixture, read from its JSON.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use serde_json::Value;

/// What the tests need of a report.
pub(crate) struct Report {
    pub(crate) findings: Vec<Finding>,
    pub(crate) functions: Vec<Function>,
}

/// One finding; functions are named without the crate.
pub(crate) struct Finding {
    pub(crate) function: String,
    pub(crate) op: String,
    pub(crate) pattern: String,
    pub(crate) escapes: Option<bool>,
    pub(crate) construct: Option<String>,
    pub(crate) dyn_trait: Option<String>,
    pub(crate) reason: String,
    pub(crate) help: Option<String>,
    /// What its place covers in the source.
    pub(crate) text: String,
}

/// One hot function.
pub(crate) struct Function {
    pub(crate) name: String,
    pub(crate) calls: u64,
    /// Everything it did to the heap.
    pub(crate) events: u64,
}

impl Report {
    pub(crate) fn function(&self, name: &str) -> &Function {
        self.functions.iter().find(|function| function.name == name).unwrap_or_else(|| panic!("no `{name}`"))
    }

    pub(crate) fn helps(&self, function: &str) -> impl Iterator<Item = &str> {
        self.findings
            .iter()
            .filter(move |finding| finding.function == function)
            .filter_map(|f| f.help.as_deref())
    }
}

/// The fixture is checked once for all tests.
pub(crate) fn report() -> &'static Report {
    static REPORT: OnceLock<Report> = OnceLock::new();
    REPORT.get_or_init(check)
}

fn check() -> Report {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let fixture = workspace.join("tests/fixtures/constructs");
    let shared = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let output = Command::new(env!("CARGO_BIN_EXE_cargo-noalloc"))
        .args(["noalloc", "check", "--no-timing", "--format", "json"])
        .arg("--manifest-path")
        .arg(fixture.join("Cargo.toml"))
        .current_dir(&workspace)
        .env_remove("RUSTFLAGS")
        .env("CARGO_TARGET_DIR", shared.join("kept/constructs"))
        // What it depends on is built where all other fixtures find it, too.
        .env("CARGO_BUILD_BUILD_DIR", shared.join("fixtures-target"))
        .output()
        .expect("the tool runs");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(100), "{errors}");
    let text = String::from_utf8(output.stdout).expect("JSON is UTF-8");
    // The programs under audit may print, too: the document is what starts the last line with a brace.
    let start = if text.starts_with('{') { 0 } else { text.find("\n{").expect("a document") + 1 };
    let json: Value =
        serde_json::from_str(&text[start..]).unwrap_or_else(|error| panic!("{error}: {errors}"));
    // What ran; what might run is the proof's own business, and what a thread takes of the C library its version's.
    let ran = |finding: &&Value| {
        ["heap-in-hot-path", "free-in-hot-path"].iter().any(|rule| finding["rule"] == *rule)
            && finding["heap"] == "rust"
    };
    Report {
        findings: list(&json["findings"]).iter().filter(ran).map(|found| finding(found, &fixture)).collect(),
        functions: list(&json["functions"]).iter().map(function).collect(),
    }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn finding(value: &Value, fixture: &Path) -> Finding {
    let text = |key: &str| value[key].as_str().map(str::to_owned);
    Finding {
        function: name(&value["function"]),
        op: text("op").unwrap_or_default(),
        pattern: text("pattern").unwrap_or_default(),
        escapes: value["escapes"].as_bool(),
        construct: text("construct"),
        dyn_trait: text("dyn_trait"),
        reason: text("reason").unwrap_or_default(),
        help: text("help"),
        text: covered(&value["place"], fixture),
    }
}

fn function(value: &Value) -> Function {
    let number = |key: &str| value[key].as_u64().unwrap_or_default();
    Function {
        name: name(&value["name"]),
        calls: number("calls"),
        events: ["allocs", "reallocs", "frees"].into_iter().map(number).sum(),
    }
}

fn name(value: &Value) -> String {
    value.as_str().unwrap_or_default().trim_start_matches("constructs::").to_owned()
}

/// The characters from the place's start to its end, on one line.
fn covered(place: &Value, fixture: &Path) -> String {
    let number = |key: &str| place[key].as_u64().unwrap_or_default() as usize;
    let file: PathBuf = fixture.join(place["file"].as_str().unwrap_or_default());
    let text = std::fs::read_to_string(&file).expect("the fixture is there");
    let line = text.lines().nth(number("line") - 1).unwrap_or_default();
    assert_eq!(number("line"), number("end_line"), "{place}");
    line.chars().skip(number("column") - 1).take(number("end_column") - number("column")).collect()
}
