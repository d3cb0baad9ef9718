//! What is refused, and in which words.

use noalloc_prove::{Program, Refusal};
use object::{Object, ObjectSection};

use crate::subjects::build;

fn check(bytes: &[u8], expected: &Refusal, next: &str) {
    let refusal = Program::parse(bytes).expect_err("refused");
    assert_eq!(&refusal, expected);
    let words = refusal.to_string();
    assert!(words.contains(next), "{words}");
    assert!(!words.ends_with('.') && words.starts_with(|first: char| !first.is_uppercase()), "{words}");
}

#[test]
fn what_is_no_linked_elf_x86_64_is_refused() {
    let built = build("release");
    let patched = |at: usize, with: u8| {
        let mut bytes = built.bytes.clone();
        bytes[at] = with;
        bytes
    };
    check(b"MZ and so on", &Refusal::NotElf, "ELF x86-64 only");
    check(&[], &Refusal::NotElf, "--target");
    // e_machine: AArch64. e_type: relocatable.
    check(&patched(18, 183), &Refusal::NotX86_64, "--target");
    check(&patched(16, 1), &Refusal::NotLinked, "executable");
}

#[test]
fn a_stripped_binary_is_refused() {
    let built = build("release");
    let file = object::File::parse(&*built.bytes).expect("a subject");
    let object::File::Elf64(elf) = &file else { panic!("64 bits") };
    let offset = elf.elf_header().e_shoff.get(object::Endianness::Little) as usize;
    let index = file.section_by_name(".symtab").expect("symbols").index().0;
    let mut bytes = built.bytes.clone();
    // sh_type of the symbol table: none.
    bytes[offset + 64 * index + 4] = 0;
    check(&bytes, &Refusal::Stripped, "build without `strip`");
}

#[test]
fn a_binary_without_marker_has_no_sites() {
    let built = build("release");
    let name = b".noheap\0";
    let at = built.bytes.windows(name.len()).position(|window| window == name).expect("a section name");
    let mut bytes = built.bytes.clone();
    bytes[at + 3] = b'x';
    let program = Program::parse(&bytes).expect("everything but the marker is there");
    assert_eq!(program.sites(), Err(Refusal::NoMarker));
    assert!(Refusal::NoMarker.to_string().contains("cargo noalloc"));
    assert!(
        !program.functions_matching("plain::sum").is_empty()
            || !program.functions_matching("main").is_empty()
    );
}
