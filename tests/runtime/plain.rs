//! In a plain build the attribute is nothing: the same instructions with and without it.

use std::collections::BTreeMap;

use crate::support::{Build, cargo, target_dir};

/// Each function's instructions, by its name without the crate's hash.
fn functions(annotated: bool) -> BTreeMap<String, Vec<String>> {
    let asm = target_dir().join(format!("shapes-{annotated}-{}.s", std::process::id()));
    let mut cargo = cargo(Build::Plain);
    cargo.args(["rustc", "--locked", "--release", "--example", "shapes", "--", "-Ccodegen-units=1"]);
    cargo
        .args(["-Cdebuginfo=0", "-Csymbol-mangling-version=v0", "--check-cfg=cfg(annotated)"])
        .arg(format!("--emit=asm={}", asm.display()));
    if annotated {
        cargo.arg("--cfg=annotated");
    }
    let output = cargo.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = std::fs::read_to_string(&asm).unwrap();
    let mut functions = BTreeMap::new();
    let mut current: Option<(String, Vec<String>)> = None;
    for line in text.lines().map(str::trim) {
        if let Some(name) =
            line.strip_suffix(':').filter(|name| name.starts_with("_R") || *name == "instances")
        {
            current = Some((format!("{:#}", rustc_demangle::demangle(name)), Vec::new()));
        } else if line.starts_with(".cfi_endproc") {
            functions.extend(current.take());
        } else if let Some((_, lines)) = &mut current
            && !line.starts_with(".Lfunc_end")
            && !line.starts_with(".size")
        {
            lines.push(normalised(line));
        }
    }
    functions
}

/// Without hashes and without the numbers that count through the whole file.
fn normalised(line: &str) -> String {
    let mut out = String::new();
    let mut rest = line;
    while let Some(start) = rest.find(['_', '.']) {
        out.push_str(&rest[..start]);
        rest = &rest[start..];
        let end =
            rest.find(|c: char| !(c.is_ascii_alphanumeric() || "_.$".contains(c))).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        if word.starts_with("_R") {
            out.push_str(&format!("{:#}", rustc_demangle::demangle(word)));
        } else if word.starts_with(".L") {
            // `.LBB12_3`, `.Lanon.0123abcd.4`: the part that counts inside the function stays.
            out.push_str(word.rfind('_').map_or(".L", |at| &word[at..]));
        } else {
            out.push_str(word);
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

#[test]
fn an_annotated_function_has_the_object_code_of_a_bare_one() {
    let (bare, annotated) = (functions(false), functions(true));
    for shape in [
        "free_function",
        "method",
        "consumes",
        "provided",
        "process",
        "generic",
        "by_value",
        "early_return",
        "borrows",
        "c_abi",
        "coerces",
        "instances",
    ] {
        assert!(bare.keys().any(|name| name.contains(shape)), "{shape} is compiled: {:?}", bare.keys());
    }
    assert_eq!(bare.keys().collect::<Vec<_>>(), annotated.keys().collect::<Vec<_>>());
    for (name, instructions) in &bare {
        assert!(instructions.len() > 2, "{name} has a body");
        assert_eq!(instructions, &annotated[name], "{name}");
    }
}
