//! The static proof: can a hot function of this binary ever reach the allocator?
//!
//! Reads the binaries that ran and asks `noalloc-prove`. A binary that cannot be judged is a problem in the report;
//! its functions are "not analysed", which is not green where a proof is required.

use noalloc_prove::Program;

use crate::model::{HotId, Problem, Proofs, Run, Step};

/// Puts at each run what can be proved of its binary.
pub(crate) fn prove(runs: &mut [Run]) {
    for run in runs {
        let target = &run.binary.planned.target;
        run.proofs = match crate::mapped::read(&run.binary.executable) {
            Ok(bytes) => of_binary(&bytes),
            Err(error) => Proofs { refusal: Some(error.to_string()), ..Proofs::default() },
        };
        if let Some(refusal) = &run.proofs.refusal {
            let message = format!("no proof for {} `{}`: {refusal}", target.kind, target.name);
            run.problems.push(Problem::new(Step::Prove, message));
        }
    }
}

fn of_binary(bytes: &[u8]) -> Proofs {
    let mut proofs = Proofs::default();
    let program = match Program::parse(bytes) {
        Ok(program) => program,
        Err(refusal) => return Proofs { refusal: Some(refusal.to_string()), ..proofs },
    };
    // Without a marker there is no hot function in the binary, and nothing to prove.
    for site in program.sites().unwrap_or_default() {
        let instances = site.instances.iter().map(|address| program.prove(*address)).collect();
        proofs.by_function.insert(HotId(site.site), instances);
    }
    proofs
}
