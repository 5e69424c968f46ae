//! Loading 1,000 case files, and one by itself: the figures that the README states.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use endspec::load;
use endspec::source::Source;

const FILES: usize = 1_000;
const ROUNDS: usize = 20;

/// A dozen lines, as most cases are.
const CASE: &str = r#"title: A closed session stays closed
clauses: [end/effect/stays-closed]
needs: [sessions]
steps:
  - open: victim
  - call: EndTerminalSession
    with: { RegionId: "{{region}}", SessionId: "{{victim.SessionId}}" }
    expect: ok
  - for-each: { wire: every, format: every }
    call: EndTerminalSession
    with: { RegionId: "{{region}}", SessionId: "{{victim.SessionId}}" }
    expect: { reading: repeat-end }
"#;

fn main() {
    let contract = load::contract::built_in(None);
    let source = Source::new("a.yaml", CASE);
    let each = best(|| {
        for _ in 0..FILES {
            load::case::case(&source, "a", &contract).expect("it loads");
        }
    });
    println!("one case of {} lines: {:.1} us", CASE.lines().count(), each * 1e6 / FILES as f64);

    let sources: Vec<(String, Arc<Source>)> =
        (0..FILES).map(|n| (format!("a/{n:04}"), Source::new(format!("a/{n:04}.yaml"), CASE))).collect();
    let suite = best(|| {
        load::suite::suite(sources.clone(), &contract).expect("it loads");
    });
    println!("{FILES} cases in memory: {:.1} ms", suite * 1e3);

    let folder = tempfile::tempdir().expect("a folder");
    for n in 0..FILES {
        std::fs::write(folder.path().join(format!("{n:04}.yaml")), CASE).expect("a file");
    }
    let paths = [PathBuf::from(folder.path())];
    let files = best(|| {
        load::suite::paths(&paths, &contract).expect("it loads");
    });
    println!("{FILES} case files: {:.1} ms", files * 1e3);

    let broken = Source::new("a.yaml", CASE.replace("call", "cal").replace("region", "regin"));
    let mistakes = best(|| {
        for _ in 0..FILES {
            load::case::case(&broken, "a", &contract).expect_err("it does not load");
        }
    });
    println!("one case with mistakes: {:.1} us", mistakes * 1e6 / FILES as f64);
}

/// Seconds of the fastest round.
fn best(mut round: impl FnMut()) -> f64 {
    let times = (0..ROUNDS).map(|_| {
        let start = Instant::now();
        round();
        start.elapsed().as_secs_f64()
    });
    times.fold(f64::INFINITY, f64::min)
}
