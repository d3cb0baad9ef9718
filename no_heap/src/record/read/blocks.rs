//! Blocks of code that were met while the program ran: guards become hot functions, permits a list of their own.

use super::super::layout::{BLOCK_TEXT, BLOCKS, Block, BlockKind, FnCounts, Head};
use super::{BadRecord, HotEntry, PermitEntry, SiteEntry, WORD, words};

/// One block, or `None` when the process ended while it was written.
type Slot = Option<(BlockKind, Named)>;

struct Named {
    id: u64,
    name: String,
    file: String,
    line: u32,
    column: u32,
}

/// The blocks in use.
pub(super) struct Blocks(Vec<Slot>);

impl Blocks {
    pub(super) fn read(bytes: &[u8], head: &Head) -> Result<Blocks, BadRecord> {
        if head.block_room != BLOCKS as u64 || head.blocks_used > head.block_room {
            return Err(BadRecord::Corrupt("more blocks than there is room for"));
        }
        let beyond = BadRecord::Corrupt("a block lies beyond all files");
        let each = Block::WORDS + BLOCK_TEXT;
        let slots = (0..head.blocks_used).map(|index| {
            let start = head.blocks_offset.checked_add(index * (each * WORD) as u64).ok_or(beyond.clone())?;
            slot(&words(bytes, start, each)?)
        });
        slots.collect::<Result<_, _>>().map(Blocks)
    }

    /// Takes the blocks' counters apart: `counts` has those of `hot` and then one for each block there is room for. A
    /// block that two threads met at once stands in two slots, and is one.
    pub(super) fn divide(
        self,
        hot: &mut Vec<HotEntry>,
        counts: &mut Vec<FnCounts>,
        sites: &mut [SiteEntry],
    ) -> Result<Vec<PermitEntry>, BadRecord> {
        let functions = hot.len();
        let of_blocks = counts.split_off(functions);
        let mut permits: Vec<PermitEntry> = Vec::new();
        // Where the guard in each slot has come to stand among the hot functions.
        let mut now = vec![None; of_blocks.len()];
        for (index, (slot, of_block)) in self.0.into_iter().zip(of_blocks).enumerate() {
            let Some((kind, Named { id, name, file, line, column })) = slot else { continue };
            match kind {
                BlockKind::Guard => {
                    let known = hot[functions..].iter().position(|known| known.id == id);
                    let at = functions + known.unwrap_or(hot.len() - functions);
                    if known.is_none() {
                        hot.push(HotEntry {
                            id,
                            path: name,
                            file,
                            line,
                            column,
                            block: true,
                            ..HotEntry::default()
                        });
                        counts.push(FnCounts::default());
                    }
                    counts[at].add(&of_block);
                    now[index] = Some(at as u64);
                }
                BlockKind::Permit => {
                    let new = PermitEntry { reason: name, file, line, column, counts: of_block };
                    match permits.iter_mut().find(|known| is_same(known, &new)) {
                        Some(known) => known.counts.add(&new.counts),
                        None => permits.push(new),
                    }
                }
            }
        }
        for entry in sites {
            if let Some(slot) = (entry.site.hot as usize).checked_sub(functions) {
                let now = now.get(slot).copied().flatten();
                entry.site.hot = now.ok_or(BadRecord::Corrupt("a site belongs to no hot function"))?;
            }
        }
        Ok(permits)
    }
}

fn is_same(a: &PermitEntry, b: &PermitEntry) -> bool {
    (&a.reason, &a.file, a.line, a.column) == (&b.reason, &b.file, b.line, b.column)
}

fn slot(words: &[u64]) -> Result<Slot, BadRecord> {
    let odd = || BadRecord::Corrupt("a block is not what it should be");
    let block = Block::decode(words);
    let kind = match block.kind {
        0 => return Ok(None),
        1 => BlockKind::Guard,
        2 => BlockKind::Permit,
        _ => return Err(odd()),
    };
    let text: Vec<u8> = words[Block::WORDS..].iter().flat_map(|word| word.to_le_bytes()).collect();
    let len = |len: u64| usize::try_from(len).unwrap_or(usize::MAX);
    let (name, rest) = text.split_at_checked(len(block.name_len)).ok_or_else(odd)?;
    let file = rest.get(..len(block.file_len)).ok_or_else(odd)?;
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).map_err(|_| odd());
    let small = |number: u64| u32::try_from(number).map_err(|_| odd());
    let named = Named {
        id: block.id,
        name: text(name)?,
        file: text(file)?,
        line: small(block.line)?,
        column: small(block.column)?,
    };
    Ok(Some((kind, named)))
}
