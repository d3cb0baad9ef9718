//! Proves functions of a binary by name, or its marked hot functions: `prove BINARY [PATTERN…]`.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command line program")]

use std::process::ExitCode;
use std::time::Instant;

use noalloc_prove::{Program, Proof};

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let Some(path) = arguments.next() else {
        eprintln!("usage: prove BINARY [PATTERN…]");
        return ExitCode::from(2);
    };
    let bytes = match std::fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) => {
            eprintln!("{path}: {error}");
            return ExitCode::from(2);
        }
    };
    let start = Instant::now();
    let program = match Program::parse(&bytes) {
        Ok(program) => program,
        Err(refusal) => {
            eprintln!("{path}: {refusal}");
            return ExitCode::FAILURE;
        }
    };
    eprintln!("prepared in {:?}", start.elapsed());
    let patterns: Vec<String> = arguments.collect();
    let start = Instant::now();
    if patterns.is_empty() {
        for site in program.sites().unwrap_or_default() {
            show(&program, &format!("site {:#x}", site.site), &program.prove_site(&site));
        }
    }
    for function in patterns.iter().flat_map(|pattern| program.functions_matching(pattern)) {
        let proof = function.address.map_or_else(Proof::absent, |address| program.prove(address));
        show(&program, &function.name, &proof);
    }
    eprintln!("proved in {:?}", start.elapsed());
    ExitCode::SUCCESS
}

fn show(program: &Program<'_>, name: &str, proof: &Proof) {
    println!("{name}: {:?}, frees {:?}, {} functions", proof.state, proof.may_free, proof.functions);
    if let Some(assumption) = &proof.assumption {
        println!("  if {assumption:x?}");
    }
    for site in &proof.sites {
        let at = site.call().lookup();
        let function = program.function_name(at).unwrap_or_default();
        println!("  {at:#x} in {function}: {:?} {:?} {}", site.operation, site.certainty, site.sink);
    }
    for unknown in &proof.unknowns {
        let at = unknown.chain.last().map_or(unknown.function, |call| call.lookup());
        println!("  {at:#x} in {}: {:?}", program.function_name(at).unwrap_or_default(), unknown.cause);
        for candidate in &unknown.candidates {
            println!("      {:#x} {} {:?}", candidate.address, candidate.name, candidate.state);
        }
    }
}
