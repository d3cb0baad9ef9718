//! One live line below all that scrolls, in cargo's form: what runs, how much is done, how long the rest takes.
//!
//! There is one terminal, so there is one such line. Whoever writes to standard error writes beside it ([`aside`]).

use std::io::{self, IsTerminal as _, Write as _};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anstyle::{AnsiColor, Style};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle, TermLike};

use crate::options::When;
use crate::printable;

const VERB: Style = AnsiColor::Cyan.on_default().bold();

/// What ends sooner is not worth a line that flickers; as long as cargo waits.
const DELAY: Duration = Duration::from_millis(500);

/// From one drawing to the next, where nothing else has a rhythm.
const BEAT: Duration = Duration::from_millis(100);

static LIVE: Mutex<Option<ProgressBar>> = Mutex::new(None);

fn live() -> MutexGuard<'static, Option<ProgressBar>> {
    // A handle is whole, whoever panicked.
    LIVE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether somebody would see it: as cargo decides.
pub(super) fn is_wanted(when: When) -> bool {
    let set = |name| std::env::var_os(name).is_some();
    let nobody_looks = || set("CI") || set("TF_BUILD") || std::env::var("TERM").as_deref() == Ok("dumb");
    match when {
        When::Always => true,
        When::Never => false,
        When::Auto => io::stderr().is_terminal() && !nobody_looks(),
    }
}

/// Writes while the line is away.
pub(super) fn aside<R>(write: impl FnOnce() -> R) -> R {
    let bar = live().clone();
    match bar {
        Some(bar) => bar.suspend(write),
        None => write(),
    }
}

/// Takes the line away for good: the process ends.
pub(super) fn clear() {
    let bar = live().take();
    if let Some(bar) = bar {
        bar.finish_and_clear();
    }
}

/// Something that takes long. While it lives, its line may stand below all others.
#[derive(Debug)]
pub(crate) struct Stage {
    /// `None` where nobody would see it.
    bar: Option<ProgressBar>,
    color: bool,
}

/// What the line says.
#[derive(Debug, PartialEq)]
pub(crate) struct Now {
    pub(crate) verb: &'static str,
    pub(crate) done: usize,
    pub(crate) of: usize,
    /// Of the thing after the first `done`, from 0 to 1.
    pub(crate) part: f64,
    pub(crate) what: String,
    /// `None` where it is not known.
    pub(crate) left: Option<Duration>,
}

impl Stage {
    pub(super) fn new(wanted: bool, color: bool) -> Stage {
        let bar = wanted.then(|| {
            let target = Box::new(Below { since: Instant::now(), drawn: Mutex::default() });
            let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::term_like_with_hz(target, 10));
            let style = ProgressStyle::with_template("{wide_msg}");
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
            *live() = Some(bar.clone());
            bar
        });
        Stage { bar, color }
    }

    /// Whether it is worth finding out what to show.
    pub(crate) fn is_seen(&self) -> bool {
        self.bar.is_some()
    }

    pub(crate) fn show(&self, now: &Now) {
        if let Some(bar) = &self.bar {
            bar.set_message(line(now, columns(), self.color));
        }
    }

    /// Draws by itself from now on, in a thread of its own: not for anything that is timed.
    pub(crate) fn keep_drawing(&self) {
        if let Some(bar) = &self.bar {
            bar.enable_steady_tick(BEAT);
        }
    }

    /// Leaves the terminal to somebody else meanwhile.
    pub(crate) fn away<R>(&self, others: impl FnOnce() -> R) -> R {
        match &self.bar {
            Some(bar) => bar.suspend(others),
            None => others(),
        }
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        if self.is_seen() {
            clear();
        }
    }
}

/// `      Timing [===>        ] 3/12: algo_two (elvis), 4 s left`, in so many columns.
fn line(now: &Now, columns: usize, color: bool) -> String {
    let Now { verb, done, of, what, left, .. } = now;
    let style = if color { VERB } else { Style::new() };
    let bar = match columns {
        0..50 => String::new(),
        50..80 => format!("[{}] ", bar(now.share(), 12)),
        _ => format!("[{}] ", bar(now.share(), 25)),
    };
    let left = left.map(|left| format!(", {} left", duration(left))).unwrap_or_default();
    let before = format!("{verb:>12} {bar}{done}/{of}: ").chars().count();
    let room = columns.saturating_sub(before + left.len());
    let what = printable::line(what);
    let what = match what.char_indices().nth(room) {
        Some(_) => what.chars().take(room.saturating_sub(1)).chain(['…']).collect(),
        None => what.into_owned(),
    };
    format!("{style}{verb:>12}{style:#} {bar}{done}/{of}: {what}{left}")
}

impl Now {
    /// Of the whole.
    fn share(&self) -> f64 {
        ((self.done as f64 + self.part) / self.of.max(1) as f64).clamp(0.0, 1.0)
    }
}

/// `=====>      `, cargo's: the tip is part of what is done.
fn bar(share: f64, width: usize) -> String {
    let full = (share * width as f64) as usize;
    let tip = if full > 0 && full < width { ">" } else { "" };
    format!("{:width$}", "=".repeat(full) + tip)
}

/// Rounded up, in the largest unit that leaves two digits.
fn duration(left: Duration) -> String {
    let seconds = left.as_secs_f64().ceil() as u64;
    match seconds {
        0..100 => format!("{seconds} s"),
        100..=5_940 => format!("{} min", seconds.div_ceil(60)),
        _ => format!("{} h", seconds.div_ceil(3_600)),
    }
}

/// Without the last one: a terminal that is made narrower would break the line in two. Without a terminal as wide as
/// cargo is told to take it.
pub(super) fn columns() -> usize {
    let terminal = terminal_size::terminal_size_of(io::stderr()).map(|(width, _)| usize::from(width.0));
    let told = || std::env::var("CARGO_TERM_PROGRESS_WIDTH").ok()?.parse().ok();
    terminal.or_else(told).unwrap_or(80).saturating_sub(1)
}

/// The last line of the terminal. The cursor waits at its start, as cargo's does: what the terminal itself writes, such
/// as `^C`, is gone with the line.
#[derive(Debug)]
struct Below {
    since: Instant,
    /// What is to be written at once.
    drawn: Mutex<String>,
}

impl Below {
    fn draw(&self, text: &str) {
        self.drawn.lock().unwrap_or_else(PoisonError::into_inner).push_str(text);
    }
}

impl TermLike for Below {
    fn width(&self) -> u16 {
        u16::try_from(columns()).unwrap_or(u16::MAX)
    }

    // There is one line: the cursor never leaves it.
    fn move_cursor_up(&self, _: usize) -> io::Result<()> {
        Ok(())
    }

    fn move_cursor_down(&self, _: usize) -> io::Result<()> {
        Ok(())
    }

    fn move_cursor_right(&self, _: usize) -> io::Result<()> {
        Ok(())
    }

    fn move_cursor_left(&self, _: usize) -> io::Result<()> {
        Ok(())
    }

    fn write_line(&self, text: &str) -> io::Result<()> {
        self.write_str(text)
    }

    fn write_str(&self, text: &str) -> io::Result<()> {
        self.draw(text.trim_end());
        Ok(())
    }

    fn clear_line(&self) -> io::Result<()> {
        self.draw("\r\x1b[K");
        Ok(())
    }

    fn flush(&self) -> io::Result<()> {
        let mut drawn = self.drawn.lock().unwrap_or_else(PoisonError::into_inner);
        let text = std::mem::take(&mut *drawn);
        if self.since.elapsed() < DELAY {
            return Ok(());
        }
        let mut stderr = io::stderr().lock();
        stderr.write_all(text.as_bytes())?;
        stderr.write_all(b"\r")?;
        stderr.flush()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Now, bar, duration, line};

    fn now(what: &str) -> Now {
        let left = Some(Duration::from_millis(3_200));
        Now { verb: "Timing", done: 3, of: 12, part: 0.0, what: what.to_owned(), left }
    }

    #[test]
    fn the_line_is_as_long_as_the_terminal_lets_it_be() {
        let full = line(&now("algo_two (elvis)"), 79, false);
        assert_eq!(full, "      Timing [===>        ] 3/12: algo_two (elvis), 4 s left");
        let wide = line(&now("algo_two (elvis)"), 120, false);
        assert_eq!(wide, "      Timing [======>                  ] 3/12: algo_two (elvis), 4 s left");
        let long = line(&now(&"name, ".repeat(40)), 100, false);
        assert_eq!(long.chars().count(), 100);
        assert!(long.ends_with("name, …, 4 s left"), "{long}");
        let narrow = line(&now("algo_two (elvis)"), 40, false);
        assert_eq!(narrow, "      Timing 3/12: algo_two (…, 4 s left");
        assert!(line(&now("x"), 5, true).contains("…, 4 s left"), "no room is no reason to panic");
    }

    #[test]
    fn what_takes_an_unknown_time_is_not_guessed() {
        let unknown = line(&Now { left: None, ..now("algo_two (elvis)") }, 79, false);
        assert!(unknown.ends_with("3/12: algo_two (elvis)"), "{unknown}");
    }

    #[test]
    fn the_bar_fills_up() {
        assert_eq!([0.0, 0.25, 0.99, 1.0].map(|share| bar(share, 4)), ["    ", "=>  ", "===>", "===="]);
    }

    #[test]
    fn time_is_told_in_two_digits() {
        let told =
            [0, 1, 99_000, 100_000, 5_940_000, 5_940_001].map(|ms| duration(Duration::from_millis(ms)));
        assert_eq!(told, ["0 s", "1 s", "99 s", "2 min", "99 min", "2 h"]);
    }
}
