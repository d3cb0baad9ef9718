//! `cfg(noalloc_audit)`, declared to the compiler: rustc warns of names that it does not know.

use toml_edit::{Array, Entry, InlineTable, Item, Table, TableLike, Value};

const LINT: &str = "unexpected_cfgs";
const NAME: &str = "noalloc_audit";

/// Declares it in a table `lints`, of a package or of a workspace. Says whether that was needed.
pub(super) fn declare(lints: &mut dyn TableLike) -> bool {
    let rust = match lints.entry("rust") {
        Entry::Occupied(entry) => entry.into_mut(),
        Entry::Vacant(entry) => entry.insert(Item::Table(Table::new())),
    };
    let Some(rust) = rust.as_table_like_mut() else { return false };
    let Some(lint) = rust.get_mut(LINT) else {
        rust.insert(LINT, Item::Value(with_level("warn").into()));
        return true;
    };
    let Some(level) = lint.as_str().map(str::to_owned) else {
        return lint.as_table_like_mut().is_some_and(add);
    };
    // Who allows it is warned of nothing.
    let Some(value) = lint.as_value_mut().filter(|_| level != "allow") else { return false };
    let decor = value.decor().clone();
    *value = with_level(&level).into();
    *value.decor_mut() = decor;
    true
}

/// Adds it to a lint that has a table of settings.
fn add(lint: &mut dyn TableLike) -> bool {
    if lint.get("level").and_then(Item::as_str) == Some("allow") {
        return false;
    }
    match lint.get_mut("check-cfg").map(Item::as_array_mut) {
        None => {
            lint.insert("check-cfg", Item::Value(declared().into()));
            true
        }
        Some(Some(list)) if !list.iter().any(is_it) => {
            list.push(format!("cfg({NAME})"));
            true
        }
        Some(_) => false,
    }
}

fn is_it(known: &Value) -> bool {
    let words = known.as_str().unwrap_or_default().split(|c: char| !(c.is_alphanumeric() || c == '_'));
    words.into_iter().any(|word| word == NAME)
}

fn with_level(level: &str) -> InlineTable {
    let mut lint = InlineTable::new();
    lint.insert("level", level.into());
    lint.insert("check-cfg", declared().into());
    lint
}

fn declared() -> Array {
    let mut list = Array::new();
    list.push(format!("cfg({NAME})"));
    list
}

#[cfg(test)]
mod tests {
    use toml_edit::DocumentMut;

    use super::declare;

    #[track_caller]
    fn check(lints: &str, expected: &str) {
        let mut document: DocumentMut = lints.parse().unwrap();
        let mut implicit = toml_edit::Table::new();
        implicit.set_implicit(true);
        let table = document["lints"].or_insert(toml_edit::Item::Table(implicit));
        let table = table.as_table_like_mut().unwrap();
        assert_eq!(declare(table), lints != expected, "{lints}");
        assert_eq!(document.to_string(), expected);
        let table = document["lints"].as_table_like_mut().unwrap();
        assert!(!declare(table), "once is enough: {expected}");
    }

    #[test]
    fn the_name_joins_what_is_there() {
        let whole = "unexpected_cfgs = { level = \"warn\", check-cfg = [\"cfg(noalloc_audit)\"] }";
        check("", &format!("[lints.rust]\n{whole}\n"));
        check(
            "[lints.clippy]\nall = \"deny\"\n",
            &format!("[lints.clippy]\nall = \"deny\"\n\n[lints.rust]\n{whole}\n"),
        );
        check(
            "[lints]\nrust.dead_code = \"warn\"\n",
            &format!("[lints]\nrust.dead_code = \"warn\"\nrust.{whole}\n"),
        );
        check(
            "[lints.rust]\nunexpected_cfgs = \"deny\" # all\n",
            "[lints.rust]\nunexpected_cfgs = { level = \"deny\", check-cfg = [\"cfg(noalloc_audit)\"] } # all\n",
        );
        check(
            "[lints.rust.unexpected_cfgs]\nlevel = \"warn\"\n",
            "[lints.rust.unexpected_cfgs]\nlevel = \"warn\"\ncheck-cfg = [\"cfg(noalloc_audit)\"]\n",
        );
        check(
            "[lints.rust]\nunexpected_cfgs = { level = \"warn\", check-cfg = ['cfg(fuzzing)'] }\n",
            "[lints.rust]\nunexpected_cfgs = { level = \"warn\", check-cfg = ['cfg(fuzzing)', \"cfg(noalloc_audit)\"] }\n",
        );
    }

    #[test]
    fn nothing_is_added_where_nobody_is_warned() {
        for lints in [
            "[lints.rust]\nunexpected_cfgs = \"allow\"\n",
            "[lints.rust]\nunexpected_cfgs = { level = \"allow\", priority = -1 }\n",
            "[lints.rust]\nunexpected_cfgs = { level = \"warn\", check-cfg = ['cfg(miri, noalloc_audit)'] }\n",
            "[lints]\nrust = 1\n",
        ] {
            check(lints, lints);
        }
    }
}
