//! The conditional tier: formatting calls among what the reachable code itself creates.
//!
//! Tried only when it can decide: nothing allocates exactly, and every doubt is a formatting call that stays
//! inside.

use std::collections::BTreeSet;

use super::trust::Trust;
use super::{Doubt, Place, Walk};
use crate::code::{OpenCall, Target, Value};
use crate::dispatch::{FIRST_METHOD, FORMATTER, NO_CONTEXT, Role, method, stays_inside};

/// A walk with more steps than this is not worth an assumption.
const MOST_STEPS: usize = 50_000;

/// A formatting call, and the candidates that it was already led to.
struct Formatting {
    node: u32,
    block: u32,
    open: OpenCall,
    /// Calls methods of the writer only.
    is_writer: bool,
    known: BTreeSet<u64>,
}

impl Walk<'_, '_> {
    /// Leads formatting calls to what the reachable code creates, until nothing new comes. Leaves the walk as it
    /// was when that does not settle every doubt.
    pub(super) fn assume(&mut self) {
        let exact = (self.nodes.len(), self.steps.len(), self.sinks.len(), self.doubts.len());
        let mut calls = Vec::new();
        let mut is_settled = false;
        self.assuming = true;
        while !self.allocates() && self.collect(&mut calls) && self.steps.len() <= MOST_STEPS {
            let created = self.created();
            let before = self.steps.len();
            for call in &mut calls {
                self.lead(call, &created);
            }
            is_settled = self.steps.len() == before;
            if is_settled {
                break;
            }
            self.run();
        }
        if is_settled && !calls.is_empty() {
            let candidates: BTreeSet<u64> = calls.into_iter().flat_map(|call| call.known).collect();
            self.assumed = Some(candidates.into_iter().collect());
            self.doubts.clear();
        } else {
            self.nodes.truncate(exact.0);
            self.steps.truncate(exact.1);
            self.sinks.truncate(exact.2);
            self.doubts.truncate(exact.3);
        }
    }

    fn allocates(&self) -> bool {
        self.sinks.iter().any(|(_, class)| class.takes())
    }

    fn is_inside(&self, trust: &Trust, doubt: &Doubt) -> bool {
        let Some(node) = self.nodes.get(doubt.node as usize) else { return false };
        let Some(open) = doubt.open else { return false };
        // What the root itself was handed comes from outside.
        let role = trust.role(doubt.node);
        doubt.node > 0 && stays_inside(role, trust.is_trusted(doubt.node), open, &node.place.context)
    }

    /// Adds the doubts that came since the last round; false when one of all doubts is beyond the tier.
    fn collect(&self, calls: &mut Vec<Formatting>) -> bool {
        let trust = Trust::of(self);
        if !self.doubts.iter().all(|doubt| self.is_inside(&trust, doubt)) {
            return false;
        }
        for doubt in self.doubts.iter().skip(calls.len()) {
            let (Some(open), Some(block)) = (doubt.open, doubt.block) else { return false };
            let is_writer = trust.role(doubt.node) != Role::Write;
            calls.push(Formatting { node: doubt.node, block, open, is_writer, known: BTreeSet::new() });
        }
        true
    }

    /// Functions and vtables whose address some live block of a reached function takes.
    pub(super) fn created(&self) -> BTreeSet<u64> {
        let reached = self.nodes.iter().filter_map(|node| match node.place.target {
            Target::Function(function) => Some(function),
            _ => None,
        });
        let functions: BTreeSet<u32> = reached.collect();
        let memo = self.ground.memo;
        functions.iter().flat_map(|function| memo.created(self.ground, *function)).copied().collect()
    }

    fn lead(&mut self, call: &mut Formatting, created: &BTreeSet<u64>) {
        let image = self.ground.image;
        for at in created {
            let is_function = image.function_at(*at).is_some();
            let context = if is_function { FORMATTER } else { NO_CONTEXT };
            if is_function && call.is_writer {
                continue;
            }
            for candidate in self.candidates(call.open, *at) {
                let Some(function) = image.function_at(candidate) else { continue };
                let target = Target::Function(function);
                if call.known.insert(candidate) && !self.never_returns(target) {
                    self.reach(Place { target, context }, Some((call.node, call.block)));
                }
            }
        }
    }

    /// What a call may lead to when this function or vtable was created: the vtable's method, or the function.
    /// Where the slot is not known, `core::fmt` calls `write_str` and `write_char`, the first two.
    fn candidates(&self, open: OpenCall, created: u64) -> Vec<u64> {
        let image = self.ground.image;
        let slot = match open {
            OpenCall::Value(Value::Loaded { offset, .. }) if offset >= FIRST_METHOD => Some(offset),
            _ => None,
        };
        match (image.function_at(created), slot) {
            (Some(_), Some(_)) => Vec::new(),
            (Some(_), None) => vec![created],
            (None, Some(offset)) => method(image, created, offset).into_iter().collect(),
            (None, None) => {
                let slots = [FIRST_METHOD, FIRST_METHOD + 8];
                slots.into_iter().filter_map(|offset| method(image, created, offset)).collect()
            }
        }
    }
}
