//! Function pointers in writable statics, as run-time dispatch for CPU features uses them: the value at the
//! start united with every store seen, where nothing else can write there.

use std::collections::BTreeMap;

use super::TargetSets;
use crate::code::{Exit, FunctionCode, OpenCall, Sets, Survey, Target, Value};
use crate::image::{Image, Pointer};
use crate::x86_64::code_target;

/// What is known about writable memory before its calls are resolved.
pub(crate) struct Statics<'s, 'a> {
    pub(crate) image: &'s Image<'a>,
    pub(crate) survey: &'s Survey,
    pub(crate) sets: &'s Sets,
    /// (static, value) of every store that was traced, ascending.
    pub(crate) stored: &'s [(u64, Value)],
    /// By function: it could not be traced.
    pub(crate) flawed: &'s [bool],
}

/// Resolves calls through sets of functions and through writable statics; answers the sets of targets.
pub(crate) fn resolve_statics(statics: &Statics<'_, '_>, functions: &mut [FunctionCode]) -> TargetSets {
    let mut targets = TargetSets::new();
    let mut known: BTreeMap<Key, Option<Target>> = BTreeMap::new();
    for code in functions {
        for index in 0..code.blocks.len() {
            let Some(open) = code.blocks.get(index).and_then(|block| open_call(code, block.exit)) else {
                continue;
            };
            let key = match open {
                OpenCall::Value(Value::OneOf(set)) => Key::Set(set),
                OpenCall::Value(Value::Static(address)) => Key::Static(address),
                _ => continue,
            };
            let resolved = *known.entry(key).or_insert_with(|| statics.targets(key, &mut targets));
            if let (Some(target), Some(block)) = (resolved, code.blocks.get_mut(index)) {
                block.exit = match block.exit {
                    Exit::Call(_) => Exit::Call(target),
                    _ => Exit::Tail(target),
                };
            }
        }
    }
    targets
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    Set(u32),
    Static(u64),
}

fn open_call(code: &FunctionCode, exit: Exit) -> Option<OpenCall> {
    match exit {
        Exit::Call(Target::Open(open)) | Exit::Tail(Target::Open(open)) => Some(code.open(open)),
        _ => None,
    }
}

impl Statics<'_, '_> {
    fn targets(&self, key: Key, targets: &mut TargetSets) -> Option<Target> {
        let members = match key {
            Key::Set(set) => self.code(self.sets.members(set))?,
            Key::Static(address) => self.values_at(address)?,
        };
        targets.push(members);
        Some(Target::OneOf(u32::try_from(targets.len() - 1).ok()?))
    }

    fn code(&self, addresses: &[u64]) -> Option<Vec<Target>> {
        let targets: Vec<Target> =
            addresses.iter().map(|address| code_target(self.image, *address).ok()).collect::<Option<_>>()?;
        (!targets.is_empty()).then_some(targets)
    }

    fn values_at(&self, address: u64) -> Option<Vec<Target>> {
        let (start, end) = self.image.object_at(address)?;
        if end - start != 8 || start != address || self.escapes(start, end) {
            return None;
        }
        let mut targets = match self.image.initial(address) {
            Some(Pointer::Import(import)) => vec![Target::Import(import)],
            Some(Pointer::Address(target)) => vec![code_target(self.image, target).ok()?],
            // Memory that starts as zeros: the store decides.
            None if self.image.is_zeroed(address) => Vec::new(),
            _ => return None,
        };
        let from = self.stored.partition_point(|store| store.0 < address);
        for (_, value) in self.stored.iter().skip(from).take_while(|store| store.0 == address) {
            match value {
                Value::Constant(target) => targets.push(code_target(self.image, *target).ok()?),
                Value::Import(import) => targets.push(Target::Import(*import)),
                Value::OneOf(set) => targets.extend(self.code(self.sets.members(*set))?),
                _ => return None,
            }
        }
        targets.retain(|target| *target != Target::Null);
        targets.dedup();
        (!targets.is_empty()).then_some(targets)
    }

    /// Whether anything but a direct store that was traced could write there: its address is taken, or the one right
    /// behind it (from which a pointer may step back), a wider or partial store hits it, a function that writes there
    /// could not be traced.
    fn escapes(&self, start: u64, end: u64) -> bool {
        let materialised = &self.survey.materialised;
        let taken = materialised.partition_point(|address| *address < start);
        let is_taken = materialised.get(taken).is_some_and(|address| *address <= end);
        let writes = &self.survey.static_writes;
        let near = writes.partition_point(|write| write.address < start.saturating_sub(64));
        let mut near = writes.iter().skip(near).take_while(|write| write.address < end);
        let is_written = near.any(|write| {
            let is_plain = write.address == start && write.size == 8;
            let is_apart = write.size > 0 && write.address.saturating_add(write.size) <= start;
            let is_flawed = self.flawed.get(write.function as usize).copied().unwrap_or(true);
            !is_apart && (!is_plain || is_flawed)
        });
        self.image.fixed || is_taken || is_written || self.image.is_pointed_into(start, end.saturating_add(1))
    }
}

#[cfg(test)]
mod tests {
    use crate::analysis::analyse;
    use crate::code::Target;
    use crate::image::{Image, Memory, Pointer};

    /// The static; it starts with the function at 0x1040.
    const STATIC: u64 = 0x9000;

    /// Where the function at 0x1000 goes by `jmp [static]`, when the function at 0x1080 is this code; nothing when
    /// that is not known.
    fn targets(writer: &[u8], object: (u64, u64)) -> Option<Vec<Target>> {
        let mut code = vec![0xff, 0x25];
        code.extend(((STATIC - 0x1006) as u32).to_le_bytes());
        code.resize(0x40, 0xcc);
        code.push(0xc3);
        code.resize(0x80, 0xcc);
        code.extend(writer);
        code.resize(0xc0, 0xcc);
        code.push(0xc3);
        let image = Image::of_functions(&code)
            .with_section(STATIC - 16, &[0; 32], Memory::Writable)
            .with_pointers(&[(STATIC, Pointer::Address(0x1040))])
            .with_objects(&[object]);
        let graph = analyse(&image, &[]).graph;
        let targets: Vec<Target> = graph.edges(0).iter().map(|edge| edge.target).collect();
        (!targets.iter().any(|target| matches!(target, Target::Open(_)))).then_some(targets)
    }

    /// The code at 0x1080: an instruction of `head` and a distance to `target`, after `before`; then `ret`.
    fn writer(before: &[u8], head: &[u8], target: u64) -> Vec<u8> {
        let end = 0x1080 + (before.len() + head.len() + 4) as u64;
        let distance = target.wrapping_sub(end) as u32;
        [before, head, &distance.to_le_bytes(), &[0xc3]].concat()
    }

    const WORD: (u64, u64) = (STATIC, STATIC + 8);

    #[test]
    fn a_static_that_nothing_writes_holds_what_it_starts_with() {
        assert_eq!(targets(&[0xc3], WORD), Some(vec![Target::Function(1)]));
    }

    #[test]
    fn a_store_of_a_function_is_one_more_alternative() {
        // lea rax, [0x10c0]; mov [static], rax
        let store = writer(&[0x48, 0x8d, 0x05, 0x39, 0, 0, 0], &[0x48, 0x89, 0x05], STATIC);
        assert_eq!(targets(&store, WORD), Some(vec![Target::Function(1), Target::Function(3)]));
    }

    #[test]
    fn a_store_of_something_else_makes_it_unknown() {
        // mov [static], rdi
        assert_eq!(targets(&writer(&[], &[0x48, 0x89, 0x3d], STATIC), WORD), None);
        // mov [static + 4], edi: half of it
        assert_eq!(targets(&writer(&[], &[0x89, 0x3d], STATIC + 4), WORD), None);
        // movups [static - 8], xmm0: more than it
        assert_eq!(targets(&writer(&[], &[0x0f, 0x11, 0x05], STATIC - 8), WORD), None);
    }

    #[test]
    fn an_address_that_is_taken_makes_it_unknown() {
        // lea rax, [static + 4]
        assert_eq!(targets(&writer(&[], &[0x48, 0x8d, 0x05], STATIC + 4), WORD), None);
        // lea rax, [static + 8]: the end of it, from which a pointer may step back
        assert_eq!(targets(&writer(&[], &[0x48, 0x8d, 0x05], STATIC + 8), WORD), None);
    }

    #[test]
    fn what_is_no_single_pointer_is_not_judged() {
        assert_eq!(targets(&[0xc3], (STATIC, STATIC + 16)), None);
        assert_eq!(targets(&[0xc3], (STATIC - 8, STATIC)), None);
    }
}
