//! Each format against its own specification: real reports, and reports with hostile names in them.

use std::sync::OnceLock;

use cargo_metadata::Message;
use cargo_metadata::diagnostic::DiagnosticLevel;
use serde_json::Value;

use crate::gate::{checked, report};
use crate::support::{Outcome, Project, repository};
use crate::xsd;

const FORMATS: [&str; 11] =
    ["human", "short", "listing", "json", "sarif", "junit", "markdown", "github", "gitlab", "cargo", "go"];

fn of_gate(format: &str) -> Outcome {
    report(&Project::shared("gate"), &format!("--format {format}")).run().exits(100)
}

/// A file name with a meaning in most formats.
const HOSTILE: &str = "a%0A,b|`<ü.rs";

/// A check of a package whose file names and texts try to break out of every format.
fn of_hostile(format: &str) -> String {
    static CHECKED: OnceLock<Vec<String>> = OnceLock::new();
    let all = CHECKED.get_or_init(|| {
        let project = Project::own("gate", "hostile");
        let code = "//! Hostile.\n/// Hot.\n#[no_heap::no_heap]\npub fn names(id: u32) -> String {\n    format!(\"%0A::error::|`</summary>\\u{1b}[31m]]>, ü@all {id}\")\n}\n";
        project.write(&format!("src/{HOSTILE}"), code);
        let library = format!(
            "//! Hostile.\n#[path = {HOSTILE:?}]\nmod hostile;\npub use hostile::names;\npub fn counts(_: &[u64]) -> u64 {{ 1 }}\n"
        );
        project.write("src/lib.rs", &library);
        let folder = tempfile::tempdir().unwrap();
        let path = |format: &str| folder.path().join(format);
        let outputs = FORMATS.map(|format| format!("--format={format}={}", path(format).display()));
        project.check(&format!("--bench other {}", outputs.join(" "))).run().exits(100);
        FORMATS.iter().map(|format| std::fs::read_to_string(path(format)).unwrap()).collect()
    });
    all[FORMATS.iter().position(|known| *known == format).unwrap()].clone()
}

#[test]
fn the_same_evidence_gives_the_same_bytes() {
    for format in FORMATS {
        assert_eq!(of_gate(format).stdout, of_gate(format).stdout, "{format}");
    }
}

#[test]
fn every_format_is_in_the_help_and_in_the_docs() {
    let help = Project::empty().noalloc(["check", "--help"]).run().exits(0).stdout;
    let docs = std::fs::read_to_string(repository().join("docs/formats.md")).unwrap();
    let said = Project::empty().check("--format xml").run().exits(2).stderr;
    assert!(said.contains(&format!("`--format` takes: {}", FORMATS.join(", "))), "{said}");
    for format in FORMATS {
        assert!(help.contains(format), "{format}: {help}");
        assert!(docs.contains(&format!("| `{format}` |")), "`{format}` is not in docs/formats.md");
    }
}

#[test]
fn github_annotations_are_commands() {
    insta::assert_snapshot!(of_gate("github").report());
    for line in of_hostile("github").lines() {
        let command = line.strip_prefix("::").and_then(|rest| rest.split_once("::"));
        let (head, message) = command.unwrap_or_else(|| panic!("no command: {line}"));
        let properties = head.split_once(' ').unwrap().1;
        assert!(properties.split(',').all(|property| property.contains('=')), "{properties}");
        assert!(properties.contains("file=src/a%250A%2Cb|`<ü.rs,line="), "{properties}");
        assert!(message.contains("names` allocates"), "{message}");
    }
}

#[test]
fn in_githubs_runners_annotations_come_by_themselves_and_the_page_has_everything() {
    checked();
    let folder = tempfile::tempdir().unwrap();
    let summary = folder.path().join("summary.md");
    std::fs::write(&summary, "before\n").unwrap();
    let project = Project::shared("gate");
    let workspace = project.root.parent().unwrap().to_owned();
    let run = report(&project, "").env("GITHUB_ACTIONS", "true").env("GITHUB_STEP_SUMMARY", &summary);
    let run = run.env("GITHUB_WORKSPACE", workspace).run().exits(100);
    assert!(run.stdout.contains("error[heap-in-hot-path]: `boxes`"), "{}", run.stdout);
    let annotations =
        run.stdout.lines().filter(|line| line.starts_with("::error file=gate/src/lib.rs,line="));
    assert_eq!(annotations.count(), 3, "{}", run.stdout);
    let summary = std::fs::read_to_string(summary).unwrap();
    assert!(summary.starts_with("before\n### cargo noalloc: ❌ fail"), "{summary}");
    assert_eq!(summary.matches("<details>").count(), 3, "{summary}");
}

#[test]
fn github_shows_no_more_than_ten_of_a_kind() {
    let project = Project::own("gate", "many");
    let functions: String = (0..12)
        .map(|n| {
            format!(
                "/// Hot.\n#[no_heap::no_heap]\npub fn f{n}() -> Vec<u8> {{\n    vec![1; {}]\n}}\n",
                n + 1
            )
        })
        .collect();
    let calls: String = (0..12).map(|n| format!("        std::hint::black_box(f{n}());\n")).collect();
    project.write("src/lib.rs", &format!("//! Many.\n{functions}"));
    let bench = "fn many(b: &mut no_heap::Bencher) {\n    b.iter(|| {\n";
    project.write(
        "benches/other.rs",
        &format!("use gate::*;\n#[no_heap::bench]\n{bench}{calls}    }});\n}}\nno_heap::main!();\n"),
    );
    let run = project.check("--bench other --format github").run().exits(100).stdout;
    assert_eq!(run.matches("::error ").count(), 10, "{run}");
    // The worst come first.
    assert!(run.contains("`f11` allocates 12 bytes") && !run.contains("`f0` allocates"), "{run}");
}

#[test]
fn sarif_follows_the_official_schema() {
    let schema: Value = serde_json::from_str(include_str!("../data/sarif-schema-2.1.0.json")).unwrap();
    let validator = jsonschema::draft4::new(&schema).expect("the schema is a schema");
    for text in [of_gate("sarif").stdout, of_hostile("sarif")] {
        let document: Value = serde_json::from_str(&text).unwrap();
        let errors: Vec<String> = validator
            .iter_errors(&document)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert!(errors.is_empty(), "{errors:#?}");
    }
    let mut wrong: Value = serde_json::from_str(&of_gate("sarif").stdout).unwrap();
    wrong["runs"][0]["results"][0]["level"] = "fatal".into();
    assert!(!validator.is_valid(&wrong));
}

#[test]
fn sarif_says_what_the_report_says() {
    let document: Value = serde_json::from_str(&of_gate("sarif").stdout).unwrap();
    let run = &document["runs"][0];
    let results = run["results"].as_array().unwrap();
    let findings = checked()["findings"].as_array().unwrap();
    assert_eq!(results.len(), findings.len());
    for (result, finding) in results.iter().zip(findings) {
        assert_eq!(result["ruleId"], finding["rule"]);
        let rule = &run["tool"]["driver"]["rules"][result["ruleIndex"].as_u64().unwrap() as usize];
        assert_eq!(rule["id"], finding["rule"]);
        let physical = &result["locations"][0]["physicalLocation"];
        let region = &physical["region"];
        assert_eq!(physical["artifactLocation"]["uri"], finding["place"]["file"]);
        assert_eq!(
            (&region["startLine"], &region["startColumn"]),
            (&finding["place"]["line"], &finding["place"]["column"])
        );
        let place = &finding["place"];
        // A point has no end.
        if place["end_column"] != place["column"] {
            assert_eq!(
                (&region["endLine"], &region["endColumn"]),
                (&place["end_line"], &place["end_column"])
            );
        }
        let hash = result["partialFingerprints"]["primaryLocationLineHash"].as_str().unwrap();
        assert!(hash.len() > 3 && hash.contains(':'), "{hash}");
        if finding["chain"].as_array().unwrap().is_empty() {
            assert!(result["codeFlows"].is_null());
            continue;
        }
        let steps = result["codeFlows"][0]["threadFlows"][0]["locations"].as_array().unwrap();
        let placed = finding["chain"].as_array().unwrap().iter().filter(|frame| !frame["file"].is_null());
        assert_eq!(steps.len(), placed.count());
        assert_eq!(steps[0]["location"]["message"]["text"], finding["function"]);
    }
    let hostile: Value = serde_json::from_str(&of_hostile("sarif")).unwrap();
    let results = hostile["runs"][0]["results"].as_array().unwrap();
    let error = results.iter().find(|result| result["level"] == "error").unwrap();
    let uri = &error["locations"][0]["physicalLocation"]["artifactLocation"]["uri"];
    assert_eq!(uri, "src/a%250A%2Cb%7C%60%3C%C3%BC.rs");
}

#[test]
fn junit_follows_the_common_schema() {
    let schema = include_str!("../data/JUnit.xsd");
    let gate = of_gate("junit");
    for text in [&gate.stdout, &of_hostile("junit")] {
        assert_eq!(xsd::errors(schema, text), [""; 0], "{text}");
    }
    insta::assert_snapshot!(gate.report());
    let bad =
        Project::shared("endings").check("--format junit --bench exits --bench aborts").run().exits(103);
    assert_eq!(xsd::errors(schema, &bad.stdout), [""; 0], "{}", bad.stdout);
    assert!(bad.stdout.contains("<error message=\"bench `aborts` was ended by signal 6"), "{}", bad.stdout);
    let quiet = Project::shared("quiet").check("--format junit --lib").run().exits(0);
    assert_eq!(xsd::errors(schema, &quiet.stdout), [""; 0], "{}", quiet.stdout);
    assert!(quiet.stdout.contains("<skipped message="), "{}", quiet.stdout);
}

#[test]
fn markdown_has_the_verdict_the_table_and_the_findings_folded() {
    insta::assert_snapshot!(of_gate("markdown").report());
    let hostile = of_hostile("markdown");
    // What the code says cannot close the fold, begin a row or call somebody.
    assert_eq!(hostile.matches("</details>").count(), hostile.matches("<details>").count(), "{hostile}");
    assert!(
        hostile.lines().filter(|line| line.starts_with("| `")).all(|line| line
            .replace("\\|", "")
            .matches('|')
            .count()
            == 8),
        "{hostile}"
    );
    let summary = hostile.lines().find(|line| line.starts_with("<details>")).unwrap();
    assert_eq!(summary.matches("</summary>").count(), 1, "{summary}");
    assert!(!hostile.contains('\u{1b}'), "{hostile}");
}

#[test]
fn gitlab_gets_a_list_of_issues() {
    insta::assert_snapshot!(of_gate("gitlab").report());
    let issues: Value = serde_json::from_str(&of_hostile("gitlab")).unwrap();
    let mut issues = issues.as_array().unwrap().iter();
    let error = issues.find(|issue| issue["check_name"] != "outside-hot-functions").unwrap();
    assert_eq!(error["location"]["path"], format!("src/{HOSTILE}"));
    let issues: Value = serde_json::from_str(&of_gate("gitlab").stdout).unwrap();
    let mut prints: Vec<&str> =
        issues.as_array().unwrap().iter().map(|issue| issue["fingerprint"].as_str().unwrap()).collect();
    let all = prints.len();
    prints.sort_unstable();
    prints.dedup();
    assert_eq!(prints.len(), all, "each finding has its own fingerprint");
}

#[test]
fn cargo_understands_its_messages() {
    for (text, file) in
        [(of_gate("cargo").stdout, "src/lib.rs".to_owned()), (of_hostile("cargo"), format!("src/{HOSTILE}"))]
    {
        let messages: Vec<Message> = Message::parse_stream(text.as_bytes()).map(Result::unwrap).collect();
        let Some((Message::BuildFinished(end), messages)) = messages.split_last() else { panic!("{text}") };
        assert!(!end.success);
        assert!(!messages.is_empty());
        for message in messages {
            let Message::CompilerMessage(message) = message else { panic!("{message:?}") };
            assert!(message.package_id.repr.contains("gate"), "{}", message.package_id);
            let diagnostic = &message.message;
            assert!(diagnostic.code.as_ref().is_some_and(|code| code.explanation.is_some()));
            assert!(matches!(diagnostic.level, DiagnosticLevel::Error | DiagnosticLevel::Note));
            let span = diagnostic.spans.iter().find(|span| span.is_primary).unwrap();
            let of_bench = diagnostic.code.as_ref().is_some_and(|code| code.code == "outside-hot-functions");
            assert_eq!(span.file_name, if of_bench { "benches/other.rs" } else { &file });
            let line = &span.text[0];
            assert!(line.highlight_end > line.highlight_start, "{line:?}");
            assert!(span.byte_end > span.byte_start);
        }
    }
    let run =
        Project::shared("gate").noalloc(["check", "--no-timing", "--bench", "hot", "--message-format=json"]);
    let run = run.run().exits(100);
    assert!(
        Message::parse_stream(run.stdout.as_bytes())
            .all(|message| !matches!(message, Ok(Message::TextLine(_)) | Err(_)))
    );
}
