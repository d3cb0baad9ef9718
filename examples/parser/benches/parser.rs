//! Requests as they come: one parser for many.

use std::hint::black_box;

use no_heap::Bencher;
use parser::Parser;

const HEAD: &str = "GET /articles/profiling?lang=en HTTP/1.1\r\nHost: example.org\r\nAccept: text/html\r\n\
                    Accept-Language: en\r\nConnection: keep-alive\r\n\r\n";

#[no_heap::bench]
fn parse(b: &mut Bencher) {
    let mut parser = Parser::default();
    b.iter(|| {
        let parsed = parser.parse(black_box(HEAD)).is_ok();
        (parsed, parser.header(black_box("host")).map(str::len))
    });
}

#[no_heap::bench]
fn owned_path(b: &mut Bencher) {
    let parser = warmed();
    b.iter(|| parser.owned_path());
}

#[no_heap::bench]
fn finish(b: &mut Bencher) {
    let parser = warmed();
    b.iter_with_setup(|| parser.clone(), Parser::finish);
}

fn warmed() -> Parser {
    Parser::warmed(HEAD).expect("the request is well-formed")
}

no_heap::main!();
