//! The harness's command line: libtest's, as far as a benchmark can honour it.

/// What to do with the selected benchmarks.
#[derive(Debug, PartialEq)]
pub(super) enum Mode {
    /// Time and count.
    Bench,
    /// Run each once, to see that it works: `cargo test --benches`.
    Test,
    /// Print the names.
    List { terse: bool },
}

/// A checked command line.
#[derive(Debug)]
pub(super) struct Args {
    pub(super) mode: Mode,
    filters: Vec<String>,
    skips: Vec<String>,
    exact: bool,
    /// `--ignored`: only ignored ones, and no benchmark ever is.
    none: bool,
}

impl Args {
    pub(super) fn parse(args: impl Iterator<Item = String>) -> Result<Args, String> {
        let mut args = args.peekable();
        let mut parsed =
            Args { mode: Mode::Bench, filters: Vec::new(), skips: Vec::new(), exact: false, none: false };
        let (mut list, mut test, mut terse) = (false, false, false);
        while let Some(arg) = args.next() {
            let (name, value) = match arg.split_once('=') {
                Some((name, value)) if name.starts_with("--") => (name.to_owned(), Some(value.to_owned())),
                _ => (arg, None),
            };
            let mut value = |what: &str| {
                value.clone().or_else(|| args.next()).ok_or_else(|| format!("`{what}` needs a value"))
            };
            match name.as_str() {
                "--bench" | "--nocapture" | "--no-capture" | "--include-ignored" => {}
                "--ignored" => parsed.none = true,
                "--exact" => parsed.exact = true,
                "--list" => list = true,
                "--test" => test = true,
                "--skip" => parsed.skips.push(value("--skip")?),
                "--format" => terse = value("--format")? == "terse",
                "--color" | "--test-threads" => drop(value(&name)?),
                other if other.starts_with('-') => {
                    return Err(format!(
                        "unknown option `{other}`; this harness takes FILTER, --exact, --skip, --list, \
                         --format terse, --test"
                    ));
                }
                _ => parsed.filters.push(name),
            }
        }
        parsed.mode = match (list, test) {
            (true, _) => Mode::List { terse },
            (false, true) => Mode::Test,
            (false, false) => Mode::Bench,
        };
        Ok(parsed)
    }

    pub(super) fn selects(&self, name: &str) -> bool {
        let matches =
            |filter: &String| if self.exact { name == filter } else { name.contains(filter.as_str()) };
        !self.none
            && (self.filters.is_empty() || self.filters.iter().any(matches))
            && !self.skips.iter().any(matches)
    }
}

#[cfg(test)]
mod tests {
    use super::{Args, Mode};

    fn parse(line: &str) -> Result<Args, String> {
        Args::parse(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn what_cargo_and_nextest_pass_is_understood() {
        assert_eq!(parse("--bench").unwrap().mode, Mode::Bench);
        assert_eq!(parse("--test --nocapture").unwrap().mode, Mode::Test);
        assert_eq!(parse("--list --format terse").unwrap().mode, Mode::List { terse: true });
        assert_eq!(parse("--list").unwrap().mode, Mode::List { terse: false });
        assert!(!parse("--list --format=terse --ignored").unwrap().selects("any"));
    }

    #[test]
    fn filters_select_by_part_of_the_name_unless_exact() {
        let part = parse("algo --skip two").unwrap();
        assert!(part.selects("algo_one") && !part.selects("algo_two") && !part.selects("other"));
        let exact = parse("algo_one --exact").unwrap();
        assert!(exact.selects("algo_one") && !exact.selects("algo_one_more"));
    }

    #[test]
    fn an_unknown_option_is_refused_by_name() {
        assert!(parse("--frobnicate").unwrap_err().contains("`--frobnicate`"));
        assert!(parse("--skip").unwrap_err().contains("needs a value"));
    }
}
