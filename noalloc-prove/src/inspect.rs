//! The graph as addresses, for oracles that compare it with what a linker or an execution knows.
//!
//! Hidden from the documentation: tests use it, no verdict does.

use crate::analysis::Analysis;
use crate::code::{Block, Exit, FunctionCode, OpenCall, Target};
use crate::graph::alternatives;
use crate::image::Image;

/// The end of one block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Branch {
    /// Address of the block's last instruction.
    pub at: u64,
    /// Address of the instruction behind it.
    pub next: u64,
    /// Addresses of the blocks that may follow, the landing pad included.
    pub successors: Vec<u64>,
    /// Addresses of the functions that may be called or jumped to.
    pub functions: Vec<u64>,
    /// Names of imports that may be called or jumped to.
    pub imports: Vec<String>,
    /// It may go somewhere else, too.
    pub is_open: bool,
    /// It leaves the function by a call or a jump.
    pub leaves: bool,
    /// The call never comes back.
    pub is_doomed: bool,
}

/// A jump table as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JumpTable {
    /// Address of its first entry.
    pub base: u64,
    /// Where it leads, ascending.
    pub targets: Vec<u64>,
    /// It was not read completely.
    pub is_open: bool,
}

/// Every block end of the program, by address.
pub(crate) fn branches(image: &Image<'_>, analysis: &Analysis) -> Vec<Branch> {
    let graph = &analysis.graph;
    let mut branches = Vec::new();
    for (function, code) in (0u32..).zip(&graph.functions) {
        let blocks = (0u32..).zip(&code.blocks);
        branches.extend(blocks.map(|(index, block)| {
            let is_doomed = graph.doom.block(function, index);
            branch(image, analysis, code, block, is_doomed)
        }));
    }
    branches.sort_by_key(|branch| branch.at);
    branches
}

fn branch(
    image: &Image<'_>,
    analysis: &Analysis,
    code: &FunctionCode,
    block: &Block,
    is_doomed: bool,
) -> Branch {
    let start = |index: &u32| Some(code.address(code.blocks.get(*index as usize)?.start));
    let mut branch = Branch {
        at: code.address(block.last),
        next: code.address(block.last).wrapping_add(u64::from(block.last_length)),
        successors: code.successors_of(block).iter().filter_map(start).collect(),
        functions: Vec::new(),
        imports: Vec::new(),
        is_open: false,
        leaves: false,
        is_doomed,
    };
    branch.successors.extend(start(&block.pad));
    let (Exit::Call(target) | Exit::Tail(target)) = block.exit else { return branch };
    branch.leaves = true;
    for target in alternatives(&analysis.graph.sets, &target) {
        match target {
            Target::Function(index) => {
                branch.functions.extend(image.functions.get(*index as usize).map(|function| function.start));
            }
            Target::Import(index) => branch.imports.push(image.import_name(*index).to_owned()),
            Target::Null => {}
            Target::Open(_) | Target::OneOf(_) => branch.is_open = true,
        }
    }
    branch
}

/// Every jump table of the program, by address.
pub(crate) fn tables(analysis: &Analysis) -> Vec<JumpTable> {
    let mut tables: Vec<JumpTable> = analysis.graph.functions.iter().flat_map(tables_of).collect();
    tables.sort_by_key(|table| table.base);
    tables
}

fn tables_of(code: &FunctionCode) -> impl Iterator<Item = JumpTable> {
    code.tables.iter().filter_map(|(block, base)| {
        let block = code.blocks.get(*block as usize)?;
        let start = |index: &u32| Some(code.address(code.blocks.get(*index as usize)?.start));
        let mut targets: Vec<u64> = code.successors_of(block).iter().filter_map(start).collect();
        targets.sort_unstable();
        let is_open =
            matches!(block.exit, Exit::Tail(Target::Open(open)) if code.open(open) == OpenCall::Table);
        Some(JumpTable { base: *base, targets, is_open })
    })
}
