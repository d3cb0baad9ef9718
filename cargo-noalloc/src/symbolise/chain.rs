//! From the frames of a stack to the chain that a reader sees: the guard's own frames are taken out.

use crate::model::{Frame, FunctionName, Origin};

/// The function at the centre of the guard; everything outside of it is not the hot function's.
const ROOT: &str = "no_heap::guard::root";

/// `frames` stand innermost first; the result starts with the hot function's own frame.
pub(super) fn from_innermost(frames: Vec<Frame>) -> Vec<Frame> {
    with_its_own_code(without_guards(frames))
}

/// The same of a benchmark's iteration, of which the harness alone may be left: nothing there is the reader's own then.
pub(super) fn of_iteration(frames: Vec<Frame>) -> Vec<Frame> {
    without_guards(frames)
}

fn without_guards(frames: Vec<Frame>) -> Vec<Frame> {
    // The outermost root is the guard that the walk ended at; roots further in are of nested hot functions.
    let end = frames.iter().rposition(|frame| frame.function.as_str() == ROOT).unwrap_or(frames.len());
    // Nor are the allocator's own, where they were not optimised away.
    let start = frames.iter().take_while(|frame| frame.origin == Origin::NoHeap).count();
    let mut chain: Vec<Frame> = Vec::new();
    let mut after_guard = true;
    let mut outer_is_body = false;
    for frame in frames.into_iter().take(end).skip(start).rev() {
        if frame.origin == Origin::NoHeap {
            after_guard = true;
            continue;
        }
        let frame = if after_guard { named_after_function(frame) } else { frame };
        // The function that holds a nested guard calls nothing else: its body is the frame inside. There is none where
        // the call of the guard was compiled to a jump.
        let holds_guard = |outer: &Frame| after_guard && !outer_is_body && outer.function == frame.function;
        if chain.last().is_some_and(holds_guard) {
            chain.pop();
        }
        chain.push(frame);
        outer_is_body = std::mem::take(&mut after_guard);
    }
    chain
}

/// The frames of a function that no guard is around.
pub(super) fn of_plain(frames: Vec<Frame>) -> Vec<Frame> {
    with_its_own_code(frames.into_iter().rev().collect())
}

/// The function at the chain's start is what the reader asked about, or what its author made a promise for: when it
/// comes from a dependency, the code of that dependency is as good as the user's; of the standard library's, the
/// function itself.
fn with_its_own_code(mut chain: Vec<Frame>) -> Vec<Frame> {
    let Some(of_function) = chain.first().map(|frame| frame.origin.clone()) else { return chain };
    for (depth, frame) in chain.iter_mut().enumerate() {
        let is_asked = match &of_function {
            Origin::Dependency(_) => frame.origin == of_function,
            Origin::Std => depth == 0,
            _ => false,
        };
        if is_asked {
            frame.origin = Origin::User;
        }
    }
    chain
}

/// A guarded body is a closure; its reader wrote a function.
fn named_after_function(mut frame: Frame) -> Frame {
    let name = frame.function.as_str();
    if let Some((function, closure)) = name.rsplit_once("::")
        && closure.starts_with("{closure#")
    {
        frame.function = FunctionName::new(function);
    }
    frame
}

#[cfg(test)]
mod tests {
    use super::{from_innermost, of_iteration, of_plain};
    use crate::model::{Frame, FunctionName, Origin};

    fn names(frames: &[(&str, Origin)]) -> Vec<String> {
        let frame = |(name, origin): &(&str, Origin)| Frame {
            function: FunctionName::new(name),
            place: None,
            inlined: false,
            origin: origin.clone(),
        };
        let chain = from_innermost(frames.iter().map(frame).collect());
        chain.iter().map(|frame| frame.function.as_str().to_owned()).collect()
    }

    #[test]
    fn the_guard_is_cut_off_and_the_body_takes_the_functions_name() {
        let frames = [
            ("alloc::alloc::alloc", Origin::Std),
            ("app::hot::{closure#0}", Origin::User),
            ("no_heap::guard::root", Origin::NoHeap),
            ("no_heap::guard::guarded", Origin::NoHeap),
            ("app::hot", Origin::User),
        ];
        assert_eq!(names(&frames), ["app::hot", "alloc::alloc::alloc"]);
    }

    #[test]
    fn what_the_harness_does_itself_is_nobodys_own() {
        let frame = |name: &str, origin: Origin| Frame {
            function: FunctionName::new(name),
            place: None,
            inlined: false,
            origin,
        };
        let drops = vec![
            frame("core::mem::drop", Origin::Std),
            frame("no_heap::bench::bencher::iteration", Origin::NoHeap),
        ];
        assert!(of_iteration(drops.clone()).iter().all(|frame| !frame.is_user()));
        assert!(from_innermost(drops)[0].is_user(), "of a hot function it would be its own");
    }

    #[test]
    fn a_nested_hot_function_appears_once() {
        let frames = [
            ("alloc::alloc::alloc", Origin::Std),
            ("app::inner::{closure#0}", Origin::User),
            ("no_heap::guard::root", Origin::NoHeap),
            ("assert_no_alloc::assert_no_alloc", Origin::NoHeap),
            ("no_heap::guard::guarded", Origin::NoHeap),
            ("app::inner", Origin::User),
            ("app::outer::{closure#0}", Origin::User),
            ("no_heap::guard::root", Origin::NoHeap),
            ("no_heap::guard::guarded", Origin::NoHeap),
            ("app::outer", Origin::User),
        ];
        assert_eq!(names(&frames), ["app::outer", "app::inner", "alloc::alloc::alloc"]);
    }

    #[test]
    fn a_guard_that_was_jumped_to_costs_no_frame() {
        let body = ("app::inner::{closure#0}", Origin::User);
        let guard = [("no_heap::guard::root", Origin::NoHeap), ("no_heap::guard::around", Origin::NoHeap)];
        let outside = [("app::outer::{closure#0}", Origin::User), guard[0].clone()];
        let frames = [&[body.clone()][..], &guard, &outside].concat();
        assert_eq!(names(&frames), ["app::outer", "app::inner"]);
        // Nor does recursion: the body outside is no holder of the guard inside.
        let frames = [&[body.clone()][..], &guard, &[body], &guard[..1]].concat();
        assert_eq!(names(&frames), ["app::inner", "app::inner"]);
    }

    #[test]
    fn the_code_of_a_dependency_is_the_readers_when_they_ask_about_it() {
        let of = |name: &str| Origin::Dependency(name.to_owned());
        let frame = |(name, origin): (&str, Origin)| Frame {
            function: FunctionName::new(name),
            place: None,
            inlined: false,
            origin,
        };
        let innermost_first = [
            ("alloc::alloc::alloc", Origin::Std),
            ("other::helper", of("other")),
            ("parser::inner", of("parser")),
            ("parser::parse", of("parser")),
        ];
        let chain = of_plain(innermost_first.map(frame).into_iter().collect());
        let user: Vec<bool> = chain.iter().map(Frame::is_user).collect();
        assert_eq!(user, [true, true, false, false]);
    }

    #[test]
    fn a_stack_that_never_reached_the_guard_is_kept_whole() {
        let frames = [("malloc", Origin::System), ("app::callback", Origin::User)];
        assert_eq!(names(&frames), ["app::callback", "malloc"]);
    }
}
