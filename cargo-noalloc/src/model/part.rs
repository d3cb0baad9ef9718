//! A check of some of the targets, one of several that together are the whole.

use super::{Plan, Target};

/// The `index`th, from 1, of `count` parts of the targets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Partition {
    /// From 1.
    pub index: usize,
    /// At least `index`.
    pub count: usize,
}

impl Partition {
    /// Whether the target that stands at `position` among all of them belongs to the part.
    pub fn has(self, position: usize) -> bool {
        position % self.count == self.index - 1
    }
}

impl Plan {
    /// The part of it that `partition` is; `asked` as in [`Part`].
    pub fn part(mut self, partition: Partition, asked: Vec<(String, String)>) -> Plan {
        let selected = self.targets.iter().map(|planned| planned.target.clone()).collect();
        self.targets.retain(|planned| partition.has(planned.position));
        Plan { part: Some(Part { partition, selected, asked }), ..self }
    }
}

/// What a part has to know of the whole.
#[derive(Clone, Debug)]
pub struct Part {
    /// Which part.
    pub partition: Partition,
    /// Every target that was selected, those of the other parts too, in the order of a whole check.
    pub selected: Vec<Target>,
    /// What all parts have to be asked alike: an option's name, and what was given.
    pub asked: Vec<(String, String)>,
}
