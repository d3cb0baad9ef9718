//! What we write, read by programs that other people read it with: a renderer of Markdown, and Microsoft's validator
//! of SARIF.

use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};
use serde_json::{Value, json};

use crate::gate::{checked, report};
use crate::support::{Project, scrub, tools};

/// A file name with a meaning in most formats.
const FILE: &str = "src/a%0A,b|`<ü.rs";

/// A block's name is any text.
const BLOCK: &str = "| `a` </details> <b> **x** [y](z) &amp; \\|";

/// Markdown and SARIF of a package whose names and texts try to break out.
fn hostile() -> &'static [String; 2] {
    static CHECKED: OnceLock<[String; 2]> = OnceLock::new();
    CHECKED.get_or_init(|| {
        let project = Project::own("gate", "hostile-names");
        let code = "//! Hostile.\n/// Hot.\n#[no_heap::no_heap]\npub fn names(id: u32) -> String {\n    format!(\"```</summary></details>|{id}\")\n}\n";
        project.write(FILE, code);
        let name = FILE.strip_prefix("src/").unwrap();
        let library = format!(
            "//! Hostile.\n#[path = {name:?}]\nmod hostile;\npub use hostile::names;\n\
             pub fn counts(_: &[u64]) -> u64 {{\n    no_heap::guard({BLOCK:?}, || *std::hint::black_box(Box::new(1)))\n}}\n"
        );
        project.write("src/lib.rs", &library);
        let folder = tempfile::tempdir().unwrap();
        let paths = ["markdown", "sarif"].map(|format| (format, folder.path().join(format)));
        let words = paths.each_ref().map(|(format, path)| format!("--format={format}={}", path.display()));
        project.check(&format!("--bench other {}", words.join(" "))).run().exits(100);
        paths.map(|(_, path)| std::fs::read_to_string(path).unwrap())
    })
}

fn of_gate(format: &str) -> String {
    report(&Project::shared("gate"), &format!("--format {format}")).run().exits(100).stdout
}

/// A page as a renderer of GitHub's Markdown understands it.
#[derive(Debug, Default)]
struct Page {
    /// The text of the cells, row by row, headings first.
    rows: Vec<Vec<String>>,
    /// Everything that goes to the reader's browser as HTML.
    tags: Vec<String>,
    /// What stands in fences.
    fenced: Vec<String>,
    /// What stands between backticks, outside of tables.
    code: Vec<String>,
    links: usize,
}

fn rendered(markdown: &str) -> Page {
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS;
    let mut page = Page::default();
    let (mut in_cell, mut in_fence) = (false, false);
    for event in Parser::new_ext(markdown, options) {
        match event {
            Event::Start(Tag::TableHead | Tag::TableRow) => page.rows.push(Vec::new()),
            Event::Start(Tag::TableCell) => {
                in_cell = true;
                page.rows.last_mut().unwrap().push(String::new());
            }
            Event::End(TagEnd::TableCell) => in_cell = false,
            Event::Start(Tag::CodeBlock(_)) => {
                in_fence = true;
                page.fenced.push(String::new());
            }
            Event::End(TagEnd::CodeBlock) => in_fence = false,
            Event::Text(text) | Event::Code(text) if in_cell => {
                page.rows.last_mut().unwrap().last_mut().unwrap().push_str(&text);
            }
            Event::Text(text) if in_fence => page.fenced.last_mut().unwrap().push_str(&text),
            Event::Code(text) => page.code.push(text.into_string()),
            Event::Html(html) | Event::InlineHtml(html) => page.tags.extend(tags(&html)),
            Event::Start(Tag::Link { .. } | Tag::Image { .. }) => page.links += 1,
            _ => {}
        }
    }
    page
}

/// The tags in a piece of HTML.
fn tags(html: &str) -> Vec<String> {
    let starts = html.match_indices('<').map(|(at, _)| &html[at..]);
    starts.map(|rest| rest[..=rest.find('>').unwrap()].to_owned()).collect()
}

/// Each finding is one fold with a summary, and nothing else is HTML.
#[track_caller]
fn assert_folded(page: &Page, findings: usize) {
    let marks = ["<b>", "</b>", "<code>", "</code>"];
    let folds: Vec<&str> = page.tags.iter().map(String::as_str).filter(|tag| !marks.contains(tag)).collect();
    let one = ["<details>", "<summary>", "</summary>", "</details>"];
    assert_eq!(folds, one.repeat(findings), "{page:#?}");
    assert_eq!(page.links, 0, "{page:#?}");
}

const HEADINGS: [&str; 7] = ["function", "calls", "ns/op", "B/op", "allocs/op", "frees/op", "verdict"];

#[test]
fn a_renderer_sees_the_table_and_the_folds() {
    let page = rendered(&of_gate("markdown"));
    let expected = [
        ["boxes", "1,000", "-", "8", "1", "1", "allocates"],
        ["asks", "1,000", "-", "80", "1", "1", "allocates"],
        ["counts", "1,000", "-", "0", "0", "0", "proved"],
        ["names", "1,000", "-", "10", "1", "0", "allocates"],
        ["boxing", "999", "-", "8", "1", "1", "(whole benchmark)"],
        ["asking", "999", "-", "80", "1", "1", "(whole benchmark)"],
        ["counting", "999", "-", "0", "0", "0", "(whole benchmark)"],
        ["naming", "999", "-", "10", "1", "1", "(whole benchmark)"],
    ];
    assert_eq!(page.rows, [&[HEADINGS][..], &expected].concat());
    let errors = checked()["findings"].as_array().unwrap().iter();
    let errors = errors.filter(|finding| finding["level"] == "error");
    assert_folded(&page, errors.clone().count());
    for finding in errors {
        let place = &finding["place"];
        let at = format!("{}:{}:{}", place["file"].as_str().unwrap(), place["line"], place["column"]);
        assert!(page.code.contains(&at), "{at} in {page:#?}");
    }
    assert!(page.fenced.contains(&"format!(\"user-{id}\")\n".to_owned()), "{page:#?}");
}

#[test]
fn a_renderer_sees_hostile_names_as_they_are() {
    let page = rendered(&hostile()[0]);
    assert_folded(&page, 2);
    // The headings, two functions, two benchmarks.
    assert_eq!(page.rows.len(), 5, "{page:#?}");
    assert!(page.rows.iter().all(|row| row.len() == HEADINGS.len()), "{page:#?}");
    let names: Vec<&str> = page.rows.iter().map(|row| row[0].as_str()).collect();
    assert!(names.contains(&BLOCK) && names.contains(&"names"), "{names:?}");
    let at = format!("{FILE}:5:5");
    assert!(page.code.contains(&at), "{at} in {page:#?}");
    assert!(page.fenced.iter().any(|line| line.contains("```</summary></details>|{id}")), "{page:#?}");
}

/// What Microsoft's validator objects to, as `rule: message`; nothing where it is not installed.
fn objections(documents: &[(&str, &str)]) -> Option<Vec<String>> {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in documents {
        std::fs::write(folder.path().join(name).with_extension("sarif"), text).unwrap();
    }
    let output = folder.path().join("objections.json");
    let mut command = Command::new("sarif-multitool");
    scrub(&mut command);
    // It would ask for a library of the system's.
    command.env("DOTNET_SYSTEM_GLOBALIZATION_INVARIANT", "1");
    command.args(["validate", "*.sarif", "--output"]).arg(&output).current_dir(folder.path());
    let run = match command.output() {
        Ok(run) => run,
        Err(_) => {
            tools::absent("`sarif-multitool` (npm's `@microsoft/sarif-multitool`)");
            return None;
        }
    };
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stdout));
    Some(read_objections(&output))
}

fn read_objections(path: &Path) -> Vec<String> {
    let log: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let results = log["runs"][0]["results"].as_array().unwrap().iter();
    // What is no more than a note is a matter of taste.
    let serious =
        results.filter(|result| matches!(result["level"].as_str(), None | Some("error" | "warning")));
    serious.map(|result| format!("{}: {}", result["ruleId"], result["message"])).collect()
}

#[test]
fn microsofts_validator_has_no_objections_to_sarif() {
    let bad =
        Project::shared("endings").check("--format sarif --bench exits --bench aborts").run().exits(103);
    let quiet = Project::shared("quiet").check("--format sarif --lib").run().exits(0);
    let gate = of_gate("sarif");
    let documents =
        [("gate", &*gate), ("hostile", &hostile()[1]), ("endings", &bad.stdout), ("quiet", &quiet.stdout)];
    let Some(found) = objections(&documents) else { return };
    assert_eq!(found, [""; 0]);
    // It reads what it is given.
    let mut wrong: Value = serde_json::from_str(&gate).unwrap();
    wrong["runs"][0]["results"][0]["ruleIndex"] = json!(99);
    wrong["runs"][0]["results"][1]["locations"][0]["physicalLocation"]["region"]["startLine"] = json!(0);
    let found = objections(&[("wrong", &wrong.to_string())]).unwrap();
    assert!(found.len() >= 2, "{found:#?}");
}
