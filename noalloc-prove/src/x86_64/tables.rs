//! Jump tables: how many entries one has, and where they lead.
//!
//! No table says its length. It ends at the next address that some instruction materialises, or at the first
//! entry that is no instruction of this function. Three things speak against such a reading and make the jump
//! unknown: a comparison before the jump that allows more entries, an entry that is the function itself (then they may
//! all be functions, each of which jumps on to the next), and (in `trace`) blocks that nothing reaches.

use iced_x86::{FlowControl, Instruction, Mnemonic, OpKind};

use super::blocks::Table;
use crate::code::Value;
use crate::image::{Function, Image, Pointer};

/// Larger tables are cut, and a cut table makes the jump unknown.
const MOST_ENTRIES: u64 = 4096;
/// The comparison that bounds an index stands this many instructions before the jump at most.
const LOOK_BACK: usize = 16;

/// What is needed to read the tables of one function.
pub(super) struct TableReader<'t, 'a> {
    pub(super) image: &'t Image<'a>,
    pub(super) function: &'t Function,
    pub(super) instructions: &'t [Instruction],
    /// Every materialised address of the program, ascending.
    pub(super) materialised: &'t [u64],
}

impl TableReader<'_, '_> {
    /// The table behind a jump through `value`; nothing when the value is no table or holds no entry.
    pub(super) fn read(&self, jump: u64, value: Value) -> Option<Table> {
        let (base, width) = match value {
            Value::TableTarget(base) => (base, 4),
            Value::AbsoluteTable(base) => (base, 8),
            _ => return None,
        };
        let limit = self.limit(base, width);
        let mut table = Table { base, ..Table::default() };
        let mut entries = 0;
        while entries < limit {
            let Some(target) = self.entry(base, width, entries).filter(|target| self.is_inside(*target))
            else {
                break;
            };
            table.targets.push(target);
            entries += 1;
        }
        let allowed = self.allowed(jump).unwrap_or(0);
        let is_of_functions = table.targets.contains(&self.function.start);
        table.incomplete = entries >= MOST_ENTRIES || allowed > entries || is_of_functions;
        table.targets.sort_unstable();
        table.targets.dedup();
        (entries > 0).then_some(table)
    }

    /// Entries that fit before the next materialised address.
    fn limit(&self, base: u64, width: u64) -> u64 {
        let after = self.materialised.partition_point(|address| *address <= base);
        let next = self.materialised.get(after).copied().unwrap_or(u64::MAX);
        ((next - base) / width).min(MOST_ENTRIES)
    }

    fn entry(&self, base: u64, width: u64, index: u64) -> Option<u64> {
        let at = base.checked_add(index * width)?;
        if width == 8 {
            return match self.image.constant(at)? {
                Pointer::Address(target) => Some(target),
                _ => None,
            };
        }
        let bytes = self.image.bytes(at, 4)?;
        let distance = i64::from(i32::from_le_bytes(bytes.try_into().ok()?));
        Some(base.wrapping_add_signed(distance))
    }

    fn is_inside(&self, target: u64) -> bool {
        let is_in_range = (self.function.start..self.function.end).contains(&target);
        is_in_range && self.instructions.binary_search_by_key(&target, Instruction::ip).is_ok()
    }

    /// The number of entries that a `cmp index, n; ja …` right before the jump allows.
    fn allowed(&self, jump: u64) -> Option<u64> {
        let at = self.instructions.binary_search_by_key(&jump, Instruction::ip).ok()?;
        let before = self.instructions.get(at.saturating_sub(LOOK_BACK)..at)?;
        let branch = before.iter().rposition(|i| i.flow_control() != FlowControl::Next)?;
        let plus = match before.get(branch)?.mnemonic() {
            Mnemonic::Ja => 1,
            Mnemonic::Jae => 0,
            _ => return None,
        };
        let compare = before.get(branch.checked_sub(1)?)?;
        let is_bound = compare.mnemonic() == Mnemonic::Cmp && compare.op0_kind() == OpKind::Register;
        let is_number = !matches!(compare.op1_kind(), OpKind::Register | OpKind::Memory);
        let bound = (is_bound && is_number).then(|| compare.immediate(1))?;
        (bound < MOST_ENTRIES).then_some(bound + plus)
    }
}
