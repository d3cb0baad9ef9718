//! Which functions of `core::fmt` were entered only by formatting that began inside.
//!
//! `core::fmt` passes its formatter along in ways that registers do not always show (it may lie on the stack for a
//! while). So a method of `Formatter` is also trusted when everything that calls it is formatting that is trusted.

use super::Walk;
use crate::code::Target;
use crate::dispatch::{Role, has_only_the_formatter_inside, is_given_inside, is_handed_on};

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

    /// Drops nodes that something else than trusted formatting enters; tells whether there was one.
    fn narrow(&mut self, walk: &Walk<'_, '_>) -> bool {
        let mut changed = false;
        for step in &walk.steps {
            let Some(node) = walk.nodes.get(step.to as usize) else { continue };
            let is_shown = is_given_inside(self.role(step.to), &node.place.context);
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
