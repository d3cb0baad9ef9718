//! The fixture `tests/fixtures/constructs`, built and run as the tool does it: every site of every hot function
//! against a table of what the report must say of it.

mod driver;

#[test]
fn dump() {
    for hot in driver::sites() {
        println!("## {}", hot.name);
        for site in &hot.sites {
            println!("{:?} x{} {}B sizes {:?} calls {:?} freed {} escaped {} untracked {} own {} {:?}", site.op, site.count, site.bytes, site.sizes, site.calls, site.freed, site.escaped, site.untracked, site.own, site.freed_by);
            for frame in &site.chain {
                let place = frame.place.as_ref().map(|p| format!("{}:{}:{}", p.file, p.line, p.byte_column));
                println!("    {} {} {:?} {}", frame.function, place.unwrap_or_default(), frame.origin, frame.inlined);
            }
        }
    }
}
