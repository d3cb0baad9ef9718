//! One finding as rustc would print it.

use std::ops::Range;

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{
    Annotation, AnnotationKind, Group, Level as Grade, Origin as Location, Renderer, Snippet, Title,
};

use super::super::folded::{Line, folded};
use super::super::naming::short_file;
use super::{Style, words};
use crate::model::{Finding, Frame, Level, Origin, Place, Rule, Span, Texts, Verdict};

/// The text of one finding in the hot function that is called `function`, without the line break at its end.
pub(in crate::report) fn render(
    finding: &Finding,
    function: &str,
    verdict: &Verdict,
    texts: &Texts,
    style: Style,
) -> String {
    let title = words::title(finding, function);
    let grade = match finding.level {
        Level::Error => Grade::ERROR,
        Level::Warning => Grade::WARNING,
        Level::Note => Grade::NOTE,
    };
    let mut group = titled(grade, title, finding.rule, style).elements(std::iter::empty::<Location<'_>>());
    group = excerpt(group, finding, verdict, texts);
    if let Some(note) = words::note(finding, function) {
        group = group.element(Grade::NOTE.message(note));
    }
    if let Some(places) = words::places(finding) {
        group = group.element(Grade::NOTE.message(places));
    }
    if let Some(candidates) = words::candidates(&finding.candidates) {
        group = group.element(Grade::NOTE.message(candidates));
    }
    if let Some(worse) = words::worse(finding) {
        group = group.element(Grade::NOTE.message(worse));
    }
    if let Some(way) = chain(&finding.chain, style.verbose) {
        group = group.element(Grade::NOTE.message(way));
    }
    if let Some(cut) = finding.cut {
        group = group.element(Grade::NOTE.message(words::cut(cut)));
    }
    if let Some(help) = &finding.help {
        group = group.element(Grade::HELP.message(help.clone()));
    }
    let renderer = if style.color { Renderer::styled() } else { Renderer::plain() };
    let renderer = renderer.decor_style(DecorStyle::Ascii).term_width(style.width);
    renderer.render(&[group])
}

/// The first line; its rule leads to what is written about it, in terminals that know links.
fn titled<'a>(grade: Grade<'a>, title: String, rule: Rule, style: Style) -> Title<'a> {
    let titled = grade.primary_title(title).id(rule.name());
    if !style.links {
        return titled;
    }
    titled.id_url(format!("{}/blob/main/docs/rules.md#{}", env!("CARGO_PKG_REPOSITORY"), rule.name()))
}

/// The source, or only where it is when the file cannot be read.
fn excerpt<'a>(group: Group<'a>, finding: &Finding, verdict: &Verdict, texts: &Texts) -> Group<'a> {
    let Place { file, line, column } = finding.span.start.clone();
    if line == 0 {
        return group;
    }
    let Some(text) = texts.get(&file) else {
        let origin = Location::path(file).line(line as usize).char_column(column as usize);
        return group.element(origin);
    };
    let mut marks = vec![(AnnotationKind::Primary, range(text, &finding.span), words::label(finding))];
    let mut mark = |span: &Span, label: &str| {
        marks.push((AnnotationKind::Context, range(text, span), label.to_owned()));
    };
    let hot = verdict.functions.iter().find(|report| report.hot.id == finding.hot);
    if let Some(hot) = hot.filter(|hot| hot.hot.place.file == file && hot.hot.place != finding.span.start) {
        let name = Span::point(hot.hot.place.clone());
        let label =
            if hot.hot.attributed { "no heap is promised here" } else { "`--fn` asks about this function" };
        mark(&name, label);
    }
    for label in finding.labels.iter().filter(|label| label.span.start.file == file) {
        mark(&label.span, &label.text);
    }
    if let Some(freed) = finding.freed_at.as_ref().filter(|freed| freed.start.file == file) {
        mark(freed, "freed here, before the call returns");
    }
    group.element(snippet(text, marks).path(file))
}

/// The marked lines and those between them: of a long file the renderer would read all, for each finding.
fn snippet<'a>(
    text: &str,
    marks: Vec<(AnnotationKind, Range<usize>, String)>,
) -> Snippet<'a, Annotation<'a>> {
    let first = marks.iter().map(|(_, at, _)| at.start).min().unwrap_or(0);
    let last = marks.iter().map(|(_, at, _)| at.end).max().unwrap_or(0);
    let start = text[..first].rfind('\n').map_or(0, |end| end + 1);
    let end = text[last..].find('\n').map_or(text.len(), |end| last + end);
    let line = 1 + text[..start].matches('\n').count();
    // The renderer would show a carriage return as a character.
    let shown = text[start..end].replace("\r\n", "\n");
    let shown = shown.trim_end_matches('\r').to_owned();
    let offset = |at: usize| at - start - text[start..at].matches("\r\n").count();
    let length = shown.len();
    let annotations = marks
        .into_iter()
        .map(move |(kind, at, label)| kind.span(offset(at.start)..offset(at.end).min(length)).label(label));
    Snippet::source(shown).line_start(line).annotations(annotations)
}

/// Bytes of a span; a point becomes the word that starts there.
pub(in crate::report) fn range(text: &str, span: &Span) -> Range<usize> {
    let start = offset(text, span.start.line, span.start.column);
    let end = offset(text, span.end_line, span.end_column);
    if end > start {
        return start..end;
    }
    let rest = &text[start..];
    let end = rest.find(|c: char| !(c.is_alphanumeric() || "_:!".contains(c))).unwrap_or(rest.len());
    // A path has `::` inside; the `:` behind a field's name is none of it.
    let len = rest[..end].trim_end_matches(':').len();
    let first = text[start..].chars().next().map_or(0, char::len_utf8);
    start..start + len.max(first)
}

/// Bytes before a line and column.
fn offset(text: &str, line: u32, column: u32) -> usize {
    let before: usize = text.split_inclusive('\n').take(line.saturating_sub(1) as usize).map(str::len).sum();
    let rest = text.get(before..).unwrap_or_default();
    let line = rest.lines().next().unwrap_or_default();
    let inside =
        line.char_indices().nth(column.saturating_sub(1) as usize).map_or(line.len(), |(index, _)| index);
    before + inside
}

/// The way from the hot function to the allocator, where it is longer than one step; unless all is wanted, what lies
/// inside one library is folded.
fn chain(frames: &[Frame], verbose: bool) -> Option<String> {
    let own = |frame: &Frame| frame.is_written() || frame.origin == Origin::Derived;
    let named = |frame: &Frame| own(frame) || frame.is_of_a_dependency();
    let last = frames.iter().rposition(named).unwrap_or(0);
    let shown = if verbose { frames } else { &frames[..frames.len().min(last + 2)] };
    if shown.len() < 3 && !verbose {
        return None;
    }
    let lines = folded(shown);
    let is_one = |line: &Line<'_>, next: &Line<'_>| match (line, next) {
        (Line::Frame(frame), Line::Frame(next)) => !verbose && !own(frame) && frame.origin == next.origin,
        _ => false,
    };
    let steps: Vec<String> = lines.chunk_by(is_one).flat_map(steps).collect();
    Some(format!("the way there: {}", steps.join("\n      ").trim_start_matches("which calls ")))
}

/// Frames of one library: where it is entered and where it is left.
fn steps(run: &[Line<'_>]) -> Vec<String> {
    match run {
        [Line::Frame(first), between @ .., Line::Frame(last)] if between.len() > 1 => {
            let library = match &first.origin {
                Origin::Dependency(name) => format!("`{name}`"),
                Origin::Std => "the standard library".to_owned(),
                _ => "other libraries".to_owned(),
            };
            vec![step(first), format!("… {} more functions of {library} …", between.len()), step(last)]
        }
        _ => run.iter().map(line).collect(),
    }
}

fn line(line: &Line<'_>) -> String {
    match line {
        Line::Frame(frame) => step(frame),
        Line::Again { more, of } => words::again(*more, *of),
    }
}

fn step(frame: &Frame) -> String {
    let place = frame.place.as_ref().map(|place| format!(" at {}:{}", short_file(&place.file), place.line));
    let derived = if frame.origin == Origin::Derived { ", derived" } else { "" };
    format!("which calls `{}`{}{derived}", frame.function, place.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::{chain, range};
    use crate::model::{CodePlace, Frame, FunctionName, Origin, Place, Span};

    #[test]
    fn a_point_is_the_word_that_starts_there() {
        for (text, word) in [
            ("name: String,", "name"),
            ("std::mem::take(data)", "std::mem::take"),
            ("vec![1]", "vec!"),
            ("}", "}"),
            ("größe", "größe"),
        ] {
            let span = Span::point(Place { file: "src/lib.rs".to_owned(), line: 1, column: 1 });
            assert_eq!(&text[range(text, &span)], word);
        }
    }

    fn frames(chain: &[(&str, Origin)]) -> Vec<Frame> {
        let frame = |(name, origin): &(&str, Origin)| Frame {
            function: FunctionName::new(name),
            place: Some(CodePlace { file: "src/lib.rs".to_owned(), line: 3, byte_column: 1 }),
            inlined: false,
            origin: origin.clone(),
        };
        chain.iter().map(frame).collect()
    }

    #[test]
    fn the_way_through_a_library_is_folded_and_the_way_through_user_code_is_not() {
        let of = |name: &str| Origin::Dependency(name.to_owned());
        let way = [
            ("app::hot", Origin::User),
            ("app::step", Origin::User),
            ("list::push", of("list")),
            ("list::reserve", of("list")),
            ("list::grow", of("list")),
            ("list::allocate", of("list")),
            ("alloc::alloc::alloc", Origin::Std),
            ("alloc::alloc::inner", Origin::Std),
        ];
        let shown = chain(&frames(&way), false).unwrap();
        let names: Vec<&str> =
            shown.lines().map(|line| line.trim().trim_end_matches(" at src/lib.rs:3")).collect();
        let expected = [
            "the way there: `app::hot`",
            "which calls `app::step`",
            "which calls `list::push`",
            "… 2 more functions of `list` …",
            "which calls `list::allocate`",
            "which calls `alloc::alloc::alloc`",
        ];
        assert_eq!(names, expected);
        assert_eq!(chain(&frames(&way), true).unwrap().lines().count(), way.len());
    }

    #[test]
    fn one_step_into_the_standard_library_is_no_way() {
        let way = [("app::hot", Origin::User), ("alloc::vec::Vec::push", Origin::Std)];
        assert_eq!(chain(&frames(&way), false), None);
    }
}
