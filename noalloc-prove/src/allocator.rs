//! Before anything is proved: is the program's allocator one that the proof would recognise?
//!
//! An allocator that was inlined into its callers, or one that no table knows, would make every verdict "proved".
//! In doubt the whole binary is refused.

use crate::code::Target;
use crate::debug_info::{InlinedCopy, Wanted, inlined_copies};
use crate::graph::Graph;
use crate::image::{Image, demangle};
use crate::refusal::Refusal;
use crate::symbols::{Class, is_rust_alloc, is_shim};

/// Checks that allocations of this program end in a recognised allocator.
pub(crate) fn check(image: &Image<'_>, graph: &Graph, file: &object::File<'_>) -> Result<(), Refusal> {
    let named = |name: fn(&str) -> bool| {
        let functions = (0u32..).zip(&image.functions);
        functions.filter(move |(_, function)| image.names(function).iter().any(|symbol| name(symbol)))
    };
    if let Some((function, place)) = named(is_rust_alloc).next()
        && !leads_to_sink(image, graph, function)
    {
        return Err(Refusal::AllocatorUnrecognised { address: place.start });
    }
    if named(is_own_allocator).next().is_some() {
        return Ok(());
    }
    if named(is_rust_alloc).next().is_some() {
        // Copies beside it know the size, and may hold no more than the part of the allocator that serves it.
        let copies =
            inlined_copies(file, Wanted { part: "__rust_alloc", is: &is_rust_alloc }).unwrap_or_default();
        return lead_to_sinks(image, graph, copies);
    }
    dissolved(image, graph, file)
}

/// `no_heap::Allocator`'s methods stay out of line whatever becomes of `__rust_alloc`.
fn is_own_allocator(symbol: &str) -> bool {
    symbol.contains("no_heap") && crate::symbols::body(symbol) == Some(Class::Allocates)
}

/// Whether a recognised allocator takes memory below a function, the shims in between taken for what they contain.
fn leads_to_sink(image: &Image<'_>, graph: &Graph, function: u32) -> bool {
    let is_transparent = |target: Target| match target {
        Target::Function(index) => image
            .functions
            .get(index as usize)
            .is_some_and(|function| image.names(function).iter().any(|symbol| is_shim(symbol))),
        _ => false,
    };
    let mut seen = vec![false; image.functions.len()];
    let mut waiting = vec![function];
    while let Some(function) = waiting.pop() {
        match seen.get_mut(function as usize) {
            Some(seen) if !*seen => *seen = true,
            _ => continue,
        }
        for edge in graph.edges(function) {
            let class = graph.class(edge.target);
            if class.is_some_and(Class::takes) && !is_transparent(edge.target) {
                return true;
            }
            if let Target::Function(callee) = edge.target {
                waiting.push(callee);
            }
        }
    }
    false
}

/// Fat LTO may dissolve `__rust_alloc` into its callers. Then every place where the debug information shows an
/// allocation must still be in a function that leads to a recognised allocator.
fn dissolved(image: &Image<'_>, graph: &Graph, file: &object::File<'_>) -> Result<(), Refusal> {
    let copies = inlined_copies(file, Wanted { part: "alloc", is: &is_allocation }).unwrap_or_default();
    if copies.is_empty() {
        return Err(Refusal::AllocatorMissing);
    }
    lead_to_sinks(image, graph, copies)
}

fn lead_to_sinks(image: &Image<'_>, graph: &Graph, copies: Vec<InlinedCopy>) -> Result<(), Refusal> {
    for copy in copies {
        let Some(function) = image.function_around(copy.address) else { continue };
        let is_dead = graph.doom.block(function, 0);
        if !is_dead && !leads_to_sink(image, graph, function) {
            let address = image.functions.get(function as usize).map_or(0, |function| function.start);
            return Err(Refusal::AllocatorInlined { address, function: image.readable_name(function) });
        }
    }
    Ok(())
}

fn is_allocation(symbol: &str) -> bool {
    if !symbol.contains("alloc") {
        return false;
    }
    let path = demangle(symbol);
    is_rust_alloc(symbol) || matches!(path.as_str(), "alloc::alloc::alloc" | "alloc::alloc::alloc_zeroed")
}

#[cfg(test)]
mod tests {
    use super::{is_allocation, is_own_allocator, leads_to_sink};
    use crate::analysis::analyse;
    use crate::image::{Image, Memory, Pointer};

    const ENTRY: &str = "_RNvCsgGR9yzm7JLW_7___rustc12___rust_alloc";
    const SHIM: &str = "_RNvCsgGR9yzm7JLW_7___rustc11___rdl_alloc";

    /// Whether `__rust_alloc`, which jumps to a function that jumps to an import, leads to an allocator.
    fn leads(second: &[&str], import: &str) -> bool {
        // jmp 0x1040; and there: jmp [0x8000]
        let mut code = vec![0xe9, 0x3b, 0, 0, 0];
        code.resize(0x40, 0xcc);
        code.extend([0xff, 0x25, 0xba, 0x6f, 0, 0]);
        let image = Image::of_functions(&code)
            .with_section(0x8000, &[0; 8], Memory::ReadOnly)
            .with_imports(&[import])
            .with_pointers(&[(0x8000, Pointer::Import(0))])
            .with_names(0, &[ENTRY])
            .with_names(1, second);
        leads_to_sink(&image, &analyse(&image, &[]).graph, 0)
    }

    #[test]
    fn an_allocator_is_recognised_by_where_it_ends() {
        assert!(leads(&["_RNvCs8PDeKifHMXj_4user4grow"], "malloc"));
        assert!(!leads(&["_RNvCs8PDeKifHMXj_4user4grow"], "sbrk_of_mine"));
        assert!(!leads(&["_RNvCs8PDeKifHMXj_4user4grow"], "memcpy"), "a harmless end is no allocator");
        assert!(leads(&[SHIM], "whatever"), "the default allocator is known by name");
    }

    #[test]
    fn the_shim_in_front_of_an_allocator_is_none() {
        // `__rg_alloc` only calls the program's own allocator.
        assert!(!leads(&["_RNvCsgGR9yzm7JLW_7___rustc10___rg_alloc"], "sbrk_of_mine"));
    }

    #[test]
    fn places_that_allocate_are_told_by_name() {
        assert!(is_allocation("_RNvNtCs5grwqaJ4ihH_5alloc5alloc5alloc"));
        assert!(is_allocation(ENTRY));
        assert!(!is_allocation("_RNvNtCs8PDeKifHMXj_4user5alloc5alloc"));
        assert!(!is_own_allocator("_RNvNtCsaRKZU8xA558_7no_heap5alloc5alloc"));
    }
}
