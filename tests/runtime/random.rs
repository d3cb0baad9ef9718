//! Random programs: what is recorded equals an independent count, and a model of what became of each block.

use crate::support::{ALLOC, Build, FREE, Seen, own, program, run};

/// Compares the record with one line that the program printed.
fn check(record: &Seen, line: &str) {
    let mut words = line.split(' ');
    let name = words.next().unwrap();
    let expected: Vec<u64> = words.map(|word| word.parse().unwrap()).collect();
    match expected[..] {
        [place, taken, freed] => {
            let sites = record.sites_of(name, ALLOC);
            let of_place = sites.iter().map(|entry| &entry.site).filter(|site| site.size_min == 1000 + place);
            let [count, freed_here, escaped] = of_place.fold([0; 3], |[count, freed, escaped], site| {
                assert_eq!(site.size_min, site.size_max);
                [count + site.count, freed + site.freed, escaped + site.escaped]
            });
            assert_eq!([taken, freed, taken - freed], [count, freed_here, escaped], "{line}");
        }
        [own_frees] => {
            let sites = record.sites_of(name, FREE);
            let of_blocks = sites.iter().filter(|entry| entry.site.size_min >= 1000);
            assert_eq!(own_frees, of_blocks.map(|entry| own(entry)).sum::<u64>(), "{line}");
        }
        _ => {
            assert_eq!(expected, record.as_in_ledger(name), "{line}");
            let c = record.counts(name);
            assert!(c.allocs > 1000 && c.unwinding > 100, "{c:?}");
        }
    }
}

#[test]
fn random_programs_are_recorded_exactly() {
    for (profile, seeds) in [("o3", 0..20), ("o0", 20..24)] {
        let program = program(Build::Own, profile, "random");
        for seed in seeds {
            let run = run(&program, &[&seed.to_string()]);
            let stdout = run.stdout();
            let record = run.only();
            record.check_identities();
            assert_eq!(stdout.lines().count(), 2 * (1 + 10 + 1), "{stdout}");
            stdout.lines().for_each(|line| check(&record, line));
            println!("seed {seed} at {profile} is as expected");
        }
    }
}
