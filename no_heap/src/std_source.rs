//! Which source files and functions are the standard library's, wherever the compiler was built.
//!
//! For whoever names the frames of a call stack: the tool, and `enforce`. What belongs to the user or to a
//! registry is theirs to know, and to ask first where a path alone does not say it.

/// The crates that come with the compiler.
const CRATES: [&str; 10] = [
    "alloc",
    "compiler_builtins",
    "core",
    "panic_abort",
    "panic_unwind",
    "proc_macro",
    "std",
    "std_detect",
    "test",
    "unwind",
];

/// Folders of the compiler's `library` folder in which their sources stand.
const FOLDERS: [&str; 15] = [
    "alloc",
    "backtrace",
    "compiler-builtins",
    "core",
    "panic_abort",
    "panic_unwind",
    "portable-simd",
    "proc_macro",
    "std",
    "std_detect",
    "stdarch",
    "sysroot",
    "test",
    "unwind",
    "windows_link",
];

/// The file inside the standard library's source, `alloc/src/boxed.rs`, where the path says by itself that it is one.
pub fn of_path(path: &str) -> Option<&str> {
    // Where a release was built, its revision stands for the folder; the component `rust-src` has a place of its own.
    let built = path.strip_prefix("/rustc/").and_then(|rest| rest.split_once("/library/"));
    if let Some((_, file)) = built.or_else(|| path.split_once("/lib/rustlib/src/rust/library/")) {
        return Some(file);
    }
    // The standard library's own dependencies: hashbrown below `HashMap`.
    if let Some(file) = path.strip_prefix("/rust/deps/") {
        return Some(file);
    }
    // A distribution's build: `/usr/src/rustc-1.96.0/library/…`, `/build/rustc-1.80.0-src/vendor/…`.
    let (start, _) = path.match_indices("/rustc-").find(|(start, name)| {
        let version = &path[start + name.len()..];
        version.starts_with(|c: char| c.is_ascii_digit())
            || version.starts_with("beta-")
            || version.starts_with("nightly-")
    })?;
    let (_, inside) = path[start + 1..].split_once('/')?;
    inside.strip_prefix("library/").or_else(|| inside.strip_prefix("vendor/"))
}

/// The same where the path was changed (`--remap-path-prefix`) or is a compiler's that somebody built: what the symbol
/// of a function in it says decides. Not to be asked of files that are known to be others'.
pub fn of_function<'p>(path: &'p str, symbol: &str) -> Option<&'p str> {
    let inside = inside_library(path);
    let is_std = match defining_crate(symbol) {
        Some(krate) => CRATES.contains(&krate),
        // The trait or the type of an implementation is the standard library's, and which of them is said nowhere.
        None => inside.is_some() && CRATES.iter().any(|krate| mentions(symbol, krate)),
    };
    is_std.then(|| inside.unwrap_or(path))
}

/// What follows the last `library/` in front of one of the standard library's folders.
fn inside_library(path: &str) -> Option<&str> {
    let (start, name) = path.rmatch_indices("/library/").find(|(start, name)| {
        let (folder, _) = path[start + name.len()..].split_once('/').unwrap_or_default();
        FOLDERS.contains(&folder)
    })?;
    Some(&path[start + name.len()..])
}

/// The crate whose source a function stands in, where its symbol says it: as the new mangling does of all but the
/// methods that traits provide, and the old one of all but the implementations of traits.
fn defining_crate(symbol: &str) -> Option<&str> {
    if let Some(old) = symbol.strip_prefix("_ZN") {
        return after_length(old, "").filter(|first| !first.starts_with("_$LT$"));
    }
    // <https://doc.rust-lang.org/rustc/symbol-mangling/v0.html>
    let mut path = symbol.strip_prefix("_R")?.trim_start_matches(|c: char| c.is_ascii_digit());
    loop {
        path = match path.as_bytes().first()? {
            b'C' => return after_length(without_disambiguator(&path[1..]), "_"),
            // Inside another path, in some namespace.
            b'N' => path.get(2..)?,
            // With generic arguments.
            b'I' => &path[1..],
            // Of an implementation, whose own path is the first thing said.
            b'M' | b'X' => without_disambiguator(&path[1..]),
            _ => return None,
        };
    }
}

fn without_disambiguator(text: &str) -> &str {
    text.strip_prefix('s').and_then(|rest| rest.split_once('_')).map_or(text, |(_, rest)| rest)
}

/// A name behind its length, and what may stand between the two.
fn after_length<'s>(text: &'s str, between: &str) -> Option<&'s str> {
    let (length, name) = text.split_at(text.find(|c: char| !c.is_ascii_digit())?);
    name.strip_prefix(between).unwrap_or(name).get(..length.parse().ok()?)
}

/// Whether a symbol names something of `krate` anywhere, by either mangling.
fn mentions(symbol: &str, krate: &str) -> bool {
    let named = format!("{}{krate}", krate.len());
    let new = |(at, _): (usize, &str)| symbol[..at].ends_with(['C', '_']);
    symbol.contains(&format!("${krate}..")) || symbol.match_indices(&named).any(new)
}

#[cfg(test)]
mod tests {
    use super::{defining_crate, of_function, of_path};

    #[test]
    fn the_standard_library_is_called_the_same_wherever_it_was_built() {
        for folder in [
            "/rustc/59807616e1fa2540724bfbac14d7976d7e4a3860/",
            "/home/me/.rustup/toolchains/stable/lib/rustlib/src/rust/",
            "/nix/store/abc-rust-default-1.95.0/lib/rustlib/src/rust/",
            "/usr/src/rustc-1.96.0/",
            "/build/rustc-1.80.0-src/",
            "/var/tmp/portage/dev-lang/rust-1.88.0/build/rustc-beta-src/",
        ] {
            let path = format!("{folder}library/alloc/src/boxed.rs");
            assert_eq!(of_path(&path), Some("alloc/src/boxed.rs"), "{path}");
        }
        let deps = [
            "/rust/deps/hashbrown-0.16.1/src/map.rs",
            "/build/rustc-1.80.0-src/vendor/hashbrown-0.16.1/src/map.rs",
        ];
        assert_eq!(deps.map(of_path), [Some("hashbrown-0.16.1/src/map.rs"); 2]);
        for others in [
            "/home/me/library/alloc/src/lib.rs",
            "/home/me/rustc-tools/library/alloc/src/lib.rs",
            "/home/me/rust/deps/src/lib.rs",
            "/home/me/.cargo/registry/src/index.crates.io-1949cf8c6b5b557f/rustc-hash-2.1.0/src/lib.rs",
        ] {
            assert_eq!(of_path(others), None, "{others}");
        }
    }

    #[test]
    fn a_symbol_says_in_which_crate_its_function_is_written() {
        for (symbol, krate) in [
            ("_RNvMNtCsd_5alloc5boxedINtB2_3BoxhE3newCs3_3app", Some("alloc")),
            ("_RNvNtNtCs5_4core3ptr4read4read", Some("core")),
            // An implementation of the user's for a type of `alloc`, and one of `alloc`'s for the user's type.
            ("_RNvXs_Cs3_3appINtNtCsd_5alloc3vec3VechENtB4_5Shape4area", Some("app")),
            ("_RNvXsZ_NtCsd_5alloc6stringNtCs3_3app1PNtB5_8ToString9to_stringB8_", Some("alloc")),
            ("_RNCNvC3app3hot0B3_", Some("app")),
            ("_RNvYNtCs3_3app1INtNtNtCs5_4core4iter6traits8iterator8Iterator3mapB4_", None),
            ("_ZN5alloc5boxed12Box$LT$T$GT$3new17h0123456789abcdefE", Some("alloc")),
            ("_ZN50_$LT$T$u20$as$u20$alloc..string..ToString$GT$9to_string17h0123456789abcdefE", None),
            ("malloc", None),
            ("_R", None),
            ("_ZN999alloc", None),
        ] {
            assert_eq!(defining_crate(symbol), krate, "{symbol}");
        }
    }

    #[test]
    fn a_changed_path_is_the_standard_librarys_where_the_symbol_says_so() {
        let remapped = "/src/library/alloc/src/string.rs";
        for symbol in [
            "_RNvMNtCsd_5alloc6stringNtB2_6String4push",
            "_ZN50_$LT$T$u20$as$u20$alloc..string..ToString$GT$9to_string17h0123456789abcdefE",
            "_RNvYNtCs3_3app1INtNtCsd_5alloc6string8ToString3mapB4_",
        ] {
            assert_eq!(of_function(remapped, symbol), Some("alloc/src/string.rs"), "{symbol}");
        }
        // Nothing is left of the folders.
        assert_eq!(
            of_function("/a/string.rs", "_RNvMNtCsd_5alloc6stringNtB2_6String4push"),
            Some("/a/string.rs")
        );
        for (path, symbol) in [
            (remapped, "_RNvCs3_3app3hot"),
            (remapped, "_RNvXs_Cs3_3appINtNtCsd_5alloc3vec3VechENtB4_5Shape4area"),
            (remapped, "_ZN3app3hot17h0123456789abcdefE"),
            (remapped, "hot"),
            ("/home/me/app/src/lib.rs", "_ZN50_$LT$T$u20$as$u20$alloc..string..ToString$GT$9to_string17h0E"),
            ("/home/me/library/app/src/lib.rs", "_RNvYNtCs3_3app1INtNtCsd_5alloc6string8ToString3mapB4_"),
        ] {
            assert_eq!(of_function(path, symbol), None, "{path} {symbol}");
        }
    }
}
