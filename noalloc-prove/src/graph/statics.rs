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

    /// Whether anything but a direct store that was traced could write there: its address is taken, a wider or
    /// partial store hits it, a function that writes there could not be traced.
    fn escapes(&self, start: u64, end: u64) -> bool {
        let materialised = &self.survey.materialised;
        let taken = materialised.partition_point(|address| *address < start);
        let is_taken = materialised.get(taken).is_some_and(|address| *address < end);
        let writes = &self.survey.static_writes;
        let near = writes.partition_point(|write| write.address < start.saturating_sub(64));
        let mut near = writes.iter().skip(near).take_while(|write| write.address < end);
        let is_written = near.any(|write| {
            let is_plain = write.address == start && write.size == 8;
            let is_apart = write.size > 0 && write.address.saturating_add(write.size) <= start;
            let is_flawed = self.flawed.get(write.function as usize).copied().unwrap_or(true);
            !is_apart && (!is_plain || is_flawed)
        });
        self.image.fixed || is_taken || is_written || self.image.is_pointed_into(start, end)
    }
}
