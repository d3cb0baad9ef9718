//! Step 4, the static proof: can a hot function of this binary ever reach the allocator?
//!
//! Reads the binaries and asks `noalloc-prove`. A binary that cannot be judged is a problem in the report; its
//! functions are "not analysed", which is not green where a proof is required. `cargo noalloc prove` runs nothing,
//! so that names come from the binary as well.

mod functions;
mod hot;

use std::time::Instant;

use noalloc_prove::{Cause, Program, Proof, Slot};

use crate::model::{Asked, HotId, Problem, Proofs, Run, Step};
use crate::shell::{Now, Pace, Shell};

pub(crate) use functions::{Missing, missing};

/// Puts at each run what can be proved of its binary; where a proof alone is asked for, with the functions' names.
pub(crate) fn prove(runs: &mut [Run], asked: Option<&Asked>, shell: Shell) {
    let (stage, mut pace, of) = (shell.stage(), Pace::new(), runs.len());
    stage.keep_drawing();
    for (done, run) in runs.iter_mut().enumerate() {
        let target = &run.binary.planned.target;
        let left = pace.left(of - done, Instant::now());
        stage.show(&Now { verb: "Proving", done, of, part: 0.0, what: target.name.clone(), left });
        run.proofs = match crate::mapped::read(&run.binary.executable) {
            Ok(bytes) => of_binary(&bytes, asked),
            Err(error) => Proofs { refusal: Some(error.to_string()), ..Proofs::default() },
        };
        let of = format!("{} `{}`", target.kind, target.name);
        // Where nothing but the proof was asked for, a refusal ends it, and that is said after the report.
        let refusal = run.proofs.refusal.iter().filter(|_| asked.is_none());
        let refused = refusal.map(|refusal| format!("no proof for {of}: {refusal}"));
        let admitted = run.proofs.problems.iter().map(|problem| format!("{of}: {problem}"));
        run.problems.extend(refused.chain(admitted).map(|message| Problem::new(Step::Prove, message)));
        pace.one_more(Instant::now());
    }
}

fn of_binary(bytes: &[u8], asked: Option<&Asked>) -> Proofs {
    let refuse = |why: String| Proofs { refusal: Some(why), ..Proofs::default() };
    let program = match Program::parse(bytes) {
        Ok(program) => program,
        Err(refusal) => return refuse(refusal.to_string()),
    };
    let mut proofs = Proofs::default();
    match asked {
        Some(asked) if !asked.functions.is_empty() => functions::add(&program, &asked.functions, &mut proofs),
        _ => {
            if let Some(lost) = hot::lost_marker(&program) {
                return refuse(lost);
            }
            if asked.is_some() {
                hot::add(&program, &mut proofs);
            }
            let sites = program.sites().unwrap_or_default();
            let addresses: Vec<u64> = sites.iter().flat_map(|site| &site.instances).copied().collect();
            let mut proved = program.prove_all(&addresses).into_iter();
            for site in &sites {
                let instances = proved.by_ref().take(site.instances.len()).collect();
                proofs.by_function.insert(HotId(site.site), instances);
            }
        }
    }
    add_implementations(&program, &mut proofs);
    proofs
}

/// For each method of a `dyn` value that could not be followed: every function of the binary in that slot of a
/// vtable. Which of them is meant is for the source to say.
fn add_implementations(program: &Program<'_>, proofs: &mut Proofs) {
    let unknowns = proofs.by_function.values().flatten().flat_map(|proof: &Proof| &proof.unknowns);
    for unknown in unknowns {
        if let Cause::DynamicCall { slot: Slot::Method(method), .. } = unknown.cause {
            let implementations = proofs.implementations.entry(method);
            implementations.or_insert_with(|| program.implementations(unknown, None));
        }
    }
}
