//! Which functions of `core::fmt` were entered only by formatting that began inside.
//!
//! `core::fmt` passes its formatter along in ways that registers do not always show (it may lie on the stack for a
//! while). So a method of `Formatter` is also trusted when everything that calls it is formatting that is trusted.

use super::{Step, Walk};
use crate::code::{Target, Value};
use crate::dispatch::{
    Role, formatters, has_only_the_formatter_inside, is_given_inside, is_handed_on, is_inside,
};

/// By node: its role, and whether it is trusted.
pub(super) struct Trust {
    roles: Vec<Role>,
    trusted: Vec<bool>,
}

impl Trust {
    /// The greatest set of nodes that fits the rule.
    pub(super) fn of(walk: &Walk<'_, '_>) -> Self {
        let role = |target: Target| match target {
            Target::Function(function) => Role::of(walk.ground.memo.name(walk.ground, function)),
            _ => Role::None,
        };
        let roles: Vec<Role> = walk.nodes.iter().map(|node| role(node.place.target)).collect();
        let mut trusted: Vec<bool> = roles.iter().map(|role| *role != Role::None).collect();
        if let Some(root) = trusted.first_mut() {
            *root = false;
        }
        let mut trust = Self { roles, trusted };
        while trust.narrow(walk) {}
        trust
    }

    pub(super) fn role(&self, node: u32) -> Role {
        self.roles.get(node as usize).copied().unwrap_or(Role::None)
    }

    pub(super) fn is_trusted(&self, node: u32) -> bool {
        self.trusted.get(node as usize).copied().unwrap_or(false)
    }

    fn knows_its_formatter(&self, walk: &Walk<'_, '_>, node: u32) -> bool {
        let context = walk.nodes.get(node as usize).map(|node| node.place.context);
        context.is_some_and(|context| has_only_the_formatter_inside(self.role(node), &context))
    }

    /// Whether a `fmt` passes the very formatter that trusted formatting gave it. A formatter that lies in the frame of
    /// any other code may write to what came from outside: that code made it, or only keeps a reference to it.
    fn hands_on_its_formatter(&self, walk: &Walk<'_, '_>, step: &Step) -> bool {
        let place = |node: u32| walk.nodes.get(node as usize).map(|node| node.place);
        let (Some(from), Some(to)) = (place(step.from), place(step.to)) else { return false };
        let (Role::Impl, Target::Function(function)) = (self.role(step.from), from.target) else {
            return false;
        };
        let passed = walk.ground.memo.arguments(walk.ground, function).at(step.block);
        let is_its_own = |argument: u8| match passed.get(usize::from(argument)) {
            Some(Value::Argument(own)) => formatters(Role::Impl).contains(own),
            _ => false,
        };
        let mut given = formatters(self.role(step.to)).filter(|argument| is_inside(&to.context, *argument));
        self.is_trusted(step.from) && given.next().is_some_and(is_its_own) && given.all(is_its_own)
    }

    /// Drops nodes that something else than trusted formatting enters; tells whether there was one.
    fn narrow(&mut self, walk: &Walk<'_, '_>) -> bool {
        let mut changed = false;
        for step in &walk.steps {
            let Some(node) = walk.nodes.get(step.to as usize) else { continue };
            let is_shown = match self.role(step.to) {
                Role::Write => is_given_inside(Role::Write, &node.place.context),
                _ => self.hands_on_its_formatter(walk, step),
            };
            let is_passed_on =
                !matches!(self.role(step.from), Role::None | Role::Impl) && self.is_trusted(step.from);
            let is_wrapped = self.role(step.to) == Role::Write
                && is_handed_on(&node.place.context)
                && self.knows_its_formatter(walk, step.from);
            if !is_shown && !is_passed_on && !is_wrapped && self.is_trusted(step.to) {
                self.trusted[step.to as usize] = false;
                changed = true;
            }
        }
        changed
    }
}
