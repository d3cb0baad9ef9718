//! Numbers as people read them.

use crate::model::{Affected, Sizes};

/// `1822328` is `1,822,328`.
pub(crate) fn count(value: u64) -> String {
    separated(&value.to_string())
}

fn separated(digits: &str) -> String {
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Sizes from here on are rounded.
const ROUNDED: u64 = 10_000;

/// Exact below 10 kB, then kB and MB of 1,000 each.
pub(crate) fn bytes(value: u64) -> String {
    match value {
        1 => "1 byte".to_owned(),
        0..ROUNDED => format!("{} bytes", count(value)),
        ROUNDED..10_000_000 => format!("{} kB", decimal(value as f64 / 1e3)),
        _ => format!("{} MB", decimal(value as f64 / 1e6)),
    }
}

/// For columns: `24,000 B`.
pub(super) fn exact_bytes(value: u64) -> String {
    format!("{} B", count(value))
}

/// A figure for one operation: `2` is 2, half is `0.5`, and only nothing is `0`.
pub(crate) fn per_op(value: f64) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    if value < 0.000_1 {
        return "<0.0001".to_owned();
    }
    if value.fract() == 0.0 {
        return count(value as u64);
    }
    let text = format!("{value:.4}");
    let (whole, rest) = text.split_once('.').unwrap_or((&text, ""));
    let rest = rest.trim_end_matches('0');
    if rest.is_empty() { separated(whole) } else { format!("{}.{rest}", separated(whole)) }
}

/// The same for bytes, of which nobody needs more than hundredths.
pub(crate) fn bytes_per_op(value: f64) -> String {
    if value > 0.0 && value < 0.005 {
        return "<0.01".to_owned();
    }
    let rounded = (value * 100.0).round() / 100.0;
    if rounded.fract() == 0.0 {
        return count(rounded as u64);
    }
    let text = format!("{rounded:.2}");
    let (whole, hundredths) = text.split_once('.').unwrap_or((&text, ""));
    format!("{}.{}", separated(whole), hundredths.trim_end_matches('0'))
}

fn decimal(value: f64) -> String {
    let text = format!("{value:.1}");
    let (whole, tenth) = text.split_once('.').unwrap_or((&text, "0"));
    let whole = separated(whole);
    if tenth == "0" { whole } else { format!("{whole}.{tenth}") }
}

/// `1 allocation`, `2 allocations`.
pub(crate) fn plural(value: u64, one: &str) -> String {
    if value == 1 { format!("1 {one}") } else { format!("{} {one}s", count(value)) }
}

/// `1 allocation`, `3 reallocations`, `1 allocation and 2 reallocations`: of `count`, so many were `reallocs`.
pub(crate) fn requests(count: u64, reallocs: u64) -> String {
    let allocs = count.saturating_sub(reallocs);
    match (allocs, reallocs) {
        (_, 0) => plural(allocs, "allocation"),
        (0, _) => plural(reallocs, "reallocation"),
        _ => format!("{} and {}", plural(allocs, "allocation"), plural(reallocs, "reallocation")),
    }
}

/// `24 bytes`, `8 to 64 bytes`, `192 bytes to 24.6 kB`
pub(crate) fn range(sizes: Sizes) -> String {
    let Sizes { min, max } = sizes;
    if min == max {
        bytes(max)
    } else if max < ROUNDED {
        format!("{} to {}", count(min), bytes(max))
    } else {
        format!("{} to {}", bytes(min), bytes(max))
    }
}

/// `always 24 bytes`, `8 to 64 bytes`
pub(crate) fn sizes(sizes: Sizes) -> String {
    let always = if sizes.min == sizes.max { "always " } else { "" };
    format!("{always}{}", range(sizes))
}

/// `322`, `at least 322`
pub(crate) fn affected(calls: Affected) -> String {
    let at_least = if calls.is_exact() { "" } else { "at least " };
    format!("{at_least}{}", count(calls.at_least))
}

#[cfg(test)]
mod tests {
    use super::{bytes, bytes_per_op, count, per_op, requests, sizes};
    use crate::model::Sizes;

    #[test]
    fn thousands_are_separated() {
        assert_eq!([0, 999, 1_000, 1_822_328].map(count), ["0", "999", "1,000", "1,822,328"]);
    }

    #[test]
    fn bytes_are_exact_while_that_can_be_read() {
        let shown = [1, 24, 9_999, 10_000, 65_536, 4_004_000, 12_345_678].map(bytes);
        assert_eq!(shown, ["1 byte", "24 bytes", "9,999 bytes", "10 kB", "65.5 kB", "4,004 kB", "12.3 MB"]);
    }

    #[test]
    fn a_range_has_the_unit_of_each_end() {
        let shown = [(24, 24), (8, 64), (192, 24_576), (12_000, 24_576), (1, 9)];
        let shown = shown.map(|(min, max)| sizes(Sizes { min, max }));
        let expected =
            ["always 24 bytes", "8 to 64 bytes", "192 bytes to 24.6 kB", "12 kB to 24.6 kB", "1 to 9 bytes"];
        assert_eq!(shown, expected);
    }

    #[test]
    fn what_was_taken_and_what_was_resized_are_told_apart() {
        let shown = [(1, 0), (2, 2), (3, 2), (1_002, 1)].map(|(count, reallocs)| requests(count, reallocs));
        let expected = [
            "1 allocation",
            "2 reallocations",
            "1 allocation and 2 reallocations",
            "1,001 allocations and 1 reallocation",
        ];
        assert_eq!(shown, expected);
    }

    #[test]
    fn a_fraction_of_an_allocation_is_not_rounded_away() {
        let shown = [0.0, 0.5, 2.0, 28.971, 0.001, 0.000_01, 4096.0].map(per_op);
        assert_eq!(shown, ["0", "0.5", "2", "28.971", "0.001", "<0.0001", "4,096"]);
    }

    #[test]
    fn bytes_have_two_decimals_at_most() {
        let shown = [0.0, 0.5, 28.971, 0.001, 0.005, 3_919.509_8, 4_096.0, 7.999].map(bytes_per_op);
        assert_eq!(shown, ["0", "0.5", "28.97", "<0.01", "0.01", "3,919.51", "4,096", "8"]);
    }
}
