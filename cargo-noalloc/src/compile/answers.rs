//! Which allocator each target was built with, kept for the next build: an edit must not ask the compiler anew.
//!
//! A hint and no more: what cannot be read is not there, and what is wrong costs a build.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::Whose;
use super::allocators::Guess;
use crate::files;
use crate::model::{Binary, PlannedTarget};

/// Another number: another layout.
const VERSION: u32 = 1;

/// Of this many targets, in all their configurations, the answers are kept.
const ROOM: usize = 4_096;

#[derive(Deserialize, Serialize)]
struct Kept {
    version: u32,
    /// The oldest first.
    answers: Vec<Answer>,
}

#[derive(Deserialize, PartialEq, Serialize)]
struct Answer {
    package: String,
    kind: String,
    name: String,
    /// What else the answer depends on: features, profile, triple.
    configuration: String,
    /// Whether the source seemed to declare an allocator.
    declared: bool,
    /// Whether the program has one.
    own: bool,
}

/// What earlier builds have found out.
pub(super) struct Answers {
    path: PathBuf,
    configuration: String,
    answers: Vec<Answer>,
}

impl Answers {
    /// Those in the audit's folder, for builds of one configuration.
    pub(super) fn read(audit_dir: &Path, configuration: String) -> Answers {
        let path = audit_dir.join("allocators.json");
        let kept =
            files::read(&path, files::TEXT).ok().and_then(|text| serde_json::from_str::<Kept>(&text).ok());
        let answers = kept.filter(|kept| kept.version == VERSION).map(|kept| kept.answers);
        Answers { path, configuration, answers: answers.unwrap_or_default() }
    }

    /// What the target had last, where the source still looks the same.
    pub(super) fn of(&self, planned: &PlannedTarget, declared: bool) -> Option<Whose> {
        let answer = self.answers.iter().find(|answer| self.is_of(answer, planned))?;
        let whose = if answer.own { Whose::Program } else { Whose::Audit };
        (answer.declared == declared).then_some(whose)
    }

    /// Keeps what was built for the next time. Where it cannot be written, that guesses again.
    pub(super) fn learn(mut self, guesses: &[Guess], built: &[(Binary, Whose)]) {
        for Guess { planned, declares, .. } in guesses {
            if let Some((_, whose)) = built.iter().find(|(binary, _)| binary.planned == *planned) {
                self.set(planned, *declares, *whose);
            }
        }
        let surplus = self.answers.len().saturating_sub(ROOM);
        self.answers.drain(..surplus);
        let kept = Kept { version: VERSION, answers: self.answers };
        if let Ok(text) = serde_json::to_string_pretty(&kept)
            && files::read(&self.path, files::TEXT).ok().as_ref() != Some(&text)
        {
            let _ = files::replace(&self.path, &text);
        }
    }

    fn set(&mut self, planned: &PlannedTarget, declared: bool, whose: Whose) {
        let answer = Answer {
            package: planned.package_id.clone(),
            kind: planned.target.kind.to_string(),
            name: planned.target.name.clone(),
            configuration: self.configuration.clone(),
            declared,
            own: whose == Whose::Program,
        };
        let known = self.answers.iter().position(|answer| self.is_of(answer, planned));
        match known {
            Some(index) => self.answers[index] = answer,
            None => self.answers.push(answer),
        }
    }

    fn is_of(&self, answer: &Answer, planned: &PlannedTarget) -> bool {
        answer.configuration == self.configuration
            && answer.package == planned.package_id
            && answer.name == planned.target.name
            && answer.kind == planned.target.kind.to_string()
    }
}
