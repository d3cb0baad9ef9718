//! The fixture `tests/fixtures/constructs`, built and run as the tool does it: every site of every hot function
//! against a table of what the report must say of it.

mod driver;

use cargo_noalloc::model::Op;
use cargo_noalloc::source::Sources;

#[test]
fn dump() {
    let sources = Sources::new(&driver::fixture());
    for hot in driver::sites() {
        println!("## {}", hot.name);
        for site in &hot.sites {
            if site.op == Op::Free && site.own == site.count {
                continue;
            }
            let s = sources.of_site(site);
            println!(
                "  {:?} | {} | {} | dyn {:?} | lazy {:?} | {}",
                site.op,
                s.construct
                    .as_ref()
                    .map_or("?".into(), |c| format!("{} [{:?}] of {:?}", c.name, c.kind, c.of)),
                match &s.expression {
                    Ok(e) =>
                        format!("`{}` {} {:?}", e.text, if e.exact { "exact" } else { "FALLBACK" }, e.syntax),
                    Err(e) => format!("NONE {e}"),
                },
                s.object.map(|o| (o.name, o.role, o.at.start.line, o.at.start.column, o.at.end_column)),
                s.lazy.map(|l| l.name),
                s.expression.ok().map_or(String::new(), |e| format!(
                    "{:?} {:?}",
                    e.function.map(|f| f.path),
                    e.binding.map(|b| (b.name, b.declared, b.whole, b.uses))
                ))
            );
        }
    }
}
