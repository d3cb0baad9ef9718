//! Whole proofs over code made by hand: what is reached, how certainly, and what stops the walk.

use super::{Ground, Walk, proof};
use crate::analysis::analyse;
use crate::image::{Image, Memory, Pointer};
use crate::memo::Memo;
use crate::proof::{Cause, Certainty, Frees, Operation, Origin, Proof, Slot, State};

/// Words at 0x8000: `malloc`, `free`, an unknown import, the function at 0x1040, a vtable at 0x8020 with the
/// function at 0x1080 as its method.
const GOT: u64 = 0x8000;
const VTABLE: u64 = 0x8020;

/// Proves the function at 0x1000. Each function is given its bytes; they stand 0x40 apart.
fn prove(functions: &[&[u8]], guards: &[u64], names: &[(usize, &str)]) -> Proof {
    let mut code = Vec::new();
    for (index, function) in functions.iter().enumerate() {
        code.resize(index * 0x40, 0xcc);
        code.extend_from_slice(function);
    }
    let data: Vec<u8> = [0u64, 0, 0, 0, 0, 8, 8, 0].iter().flat_map(|word| word.to_le_bytes()).collect();
    let mut image = Image::of_functions(&code)
        .with_section(GOT, &data, Memory::ReadOnly)
        .with_imports(&["malloc", "free", "whatever"])
        .with_pointers(&[
            (GOT, Pointer::Import(0)),
            (GOT + 8, Pointer::Import(1)),
            (GOT + 16, Pointer::Import(2)),
            (GOT + 24, Pointer::Address(0x1040)),
            (VTABLE + 24, Pointer::Address(0x1080)),
        ]);
    for (function, name) in names {
        image = image.with_names(*function, &[name]);
    }
    let analysis = analyse(&image, guards);
    let memo = Memo::new(image.functions.len());
    proof(&Walk::from(Ground { image: &image, analysis: &analysis, memo: &memo }, 0))
}

/// An instruction of `head`, whose operand is a distance that ends it, from `at` to `target`.
fn relative(head: &[u8], at: u64, target: u64) -> Vec<u8> {
    let distance = target.wrapping_sub(at + head.len() as u64 + 4) as u32;
    [head, &distance.to_le_bytes()].concat()
}

/// `call [slot]` at an address.
fn call_slot(at: u64, slot: u64) -> Vec<u8> {
    relative(&[0xff, 0x15], at, slot)
}

fn call(at: u64, target: u64) -> Vec<u8> {
    relative(&[0xe8], at, target)
}

const RETURN: [u8; 1] = [0xc3];

#[test]
fn a_call_through_the_table_of_imports_is_followed() {
    let proof = prove(&[&[call_slot(0x1000, GOT), RETURN.to_vec()].concat()], &[], &[]);
    assert_eq!((proof.state, proof.may_free), (State::MayAllocate, Frees::Never));
    let [site] = proof.sites.as_slice() else { panic!("{proof:?}") };
    assert_eq!((site.sink.as_str(), site.operation), ("malloc", Operation::Allocate));
    assert_eq!(site.certainty, Certainty::Always);
    assert_eq!((site.call().lookup(), site.call().return_address()), (0x1000, 0x1006));
}

#[test]
fn freeing_is_no_allocation() {
    let proof = prove(&[&[call_slot(0x1000, GOT + 8), RETURN.to_vec()].concat()], &[], &[]);
    assert_eq!((proof.state, proof.may_free), (State::Proved, Frees::May));
}

#[test]
fn an_import_that_no_table_knows_is_named() {
    let proof = prove(&[&[call_slot(0x1000, GOT + 16), RETURN.to_vec()].concat()], &[], &[]);
    assert_eq!(proof.state, State::Unknown);
    assert_eq!(proof.unknowns[0].cause, Cause::Import { name: "whatever".to_owned() });
}

#[test]
fn a_call_on_one_of_two_paths_is_conditional() {
    // test edi, edi; je +6; call malloc; ret
    let code = [vec![0x85, 0xff, 0x74, 0x06], call_slot(0x1004, GOT), RETURN.to_vec()].concat();
    let proof = prove(&[&code], &[], &[]);
    assert_eq!(proof.state, State::MayAllocate);
    assert_eq!(proof.sites[0].certainty, Certainty::Conditional);
}

/// Two arms that end in one merged call: one place is left of two, and it is passed by both.
#[test]
fn a_merged_tail_is_passed_on_every_path() {
    // test edi, edi; je +7; mov edi, 3; jmp +5; mov edi, 4; call malloc; ret
    let arms = vec![0x85, 0xff, 0x74, 0x07, 0xbf, 3, 0, 0, 0, 0xeb, 0x05, 0xbf, 4, 0, 0, 0];
    let code = [arms, call_slot(0x1010, GOT), RETURN.to_vec()].concat();
    let proof = prove(&[&code], &[], &[]);
    let [site] = proof.sites.as_slice() else { panic!("{proof:?}") };
    assert_eq!((site.call().lookup(), site.certainty), (0x1010, Certainty::Always));
}

#[test]
fn what_only_a_path_to_the_end_of_the_program_calls_is_left_out() {
    // test edi, edi; je +8; call malloc; ud2; ret
    let code = [vec![0x85, 0xff, 0x74, 0x08], call_slot(0x1004, GOT), vec![0x0f, 0x0b, 0xc3]].concat();
    assert_eq!(prove(&[&code], &[], &[]).state, State::Proved);
}

#[test]
fn a_function_that_never_returns_is_not_proved() {
    let proof = prove(&[&[0x0f, 0x0b]], &[], &[]);
    assert_eq!(proof.state, State::Unknown);
    assert_eq!(proof.unknowns[0].cause, Cause::NeverReturns);
}

#[test]
fn a_function_that_is_passed_decides_a_call_through_the_argument() {
    // lea rdi, [0x1080]; call 0x1040; ret
    let root = |function| {
        [relative(&[0x48, 0x8d, 0x3d], 0x1000, function), call(0x1007, 0x1040), RETURN.to_vec()].concat()
    };
    // sub rsp, 8; call rdi; add rsp, 8; ret
    let apply = [0x48, 0x83, 0xec, 0x08, 0xff, 0xd7, 0x48, 0x83, 0xc4, 0x08, 0xc3];
    let noisy = [call_slot(0x10c0, GOT), RETURN.to_vec()].concat();
    let check = |function, state| {
        let proof = prove(&[&root(function), &apply, &RETURN, &noisy], &[], &[]);
        assert_eq!(proof.state, state, "{proof:?}");
    };
    check(0x1080, State::Proved);
    check(0x10c0, State::MayAllocate);
    let from_outside = prove(&[&[call(0x1000, 0x1040), RETURN.to_vec()].concat(), &apply], &[], &[]);
    assert_eq!(from_outside.state, State::Unknown);
    let cause = Cause::FunctionPointer { origin: Origin::Argument(0) };
    assert_eq!(from_outside.unknowns[0].cause, cause);
}

#[test]
fn a_vtable_that_is_passed_decides_a_call_of_its_method() {
    // lea rsi, [vtable]; call 0x1040; ret
    let root =
        [relative(&[0x48, 0x8d, 0x35], 0x1000, VTABLE), call(0x1007, 0x1040), RETURN.to_vec()].concat();
    // jmp [rsi+24]
    let dispatch = [0xff, 0x66, 0x18];
    assert_eq!(prove(&[&root, &dispatch, &RETURN], &[], &[]).state, State::Proved);
    let noisy = [call_slot(0x1080, GOT), RETURN.to_vec()].concat();
    assert_eq!(prove(&[&root, &dispatch, &noisy], &[], &[]).state, State::MayAllocate);
    let alone = prove(&[&dispatch, &RETURN, &RETURN], &[], &[]);
    let cause = Cause::DynamicCall { slot: Slot::Method(0), receiver: Origin::Argument(1) };
    assert_eq!((alone.state, &alone.unknowns[0].cause), (State::Unknown, &cause));
}

#[test]
fn a_constant_that_holds_a_function_decides_a_call_through_it() {
    // lea rdi, [slot]; call 0x1080; ret. The slot holds 0x1040.
    let root =
        [relative(&[0x48, 0x8d, 0x3d], 0x1000, GOT + 24), call(0x1007, 0x1080), RETURN.to_vec()].concat();
    // jmp [rdi]
    let through = [0xff, 0x27];
    assert_eq!(prove(&[&root, &RETURN, &through], &[], &[]).state, State::Proved);
    let noisy = [call_slot(0x1040, GOT), RETURN.to_vec()].concat();
    assert_eq!(prove(&[&root, &noisy, &through], &[], &[]).state, State::MayAllocate);
}

#[test]
fn a_guards_own_work_is_left_out_and_its_body_is_not() {
    const ENTER: &str = "_RNvNtCsaRKZU8xA558_7no_heap5scope9enter_hot";
    let root = [call(0x1000, 0x1040), RETURN.to_vec()].concat();
    let guard = [call(0x1040, 0x1080), call(0x1045, 0x10c0), RETURN.to_vec()].concat();
    let noisy = |at| [call_slot(at, GOT), RETURN.to_vec()].concat();
    let check = |body: &[u8], guards: &[u64], state| {
        let proof = prove(&[&root, &guard, &noisy(0x1080), body], guards, &[(2, ENTER)]);
        assert_eq!(proof.state, state, "{proof:?}");
    };
    check(&RETURN, &[0x1040], State::Proved);
    check(&noisy(0x10c0), &[0x1040], State::MayAllocate);
    check(&RETURN, &[], State::MayAllocate);
}
