//! Executions of fuzz targets per second of CPU, beside a target that does nothing and a bare parse by `form_urlencoded`.
//!
//! `cargo bench --bench fuzz`

use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant};

use endspec::fuzz::targets::{request, wire};
use endspec::wire::parameters;

/// How long each is measured, in turns.
const TURN: Duration = Duration::from_millis(400);
const TURNS: usize = 5;

type Body<'a> = &'a dyn Fn(&[u8]);

fn main() {
    let (requests, calls) = (inputs("request"), inputs("wire"));
    let queries: Vec<Vec<u8>> = requests
        .iter()
        .map(|data| data.split(|byte| *byte == b'\n').max_by_key(|line| line.len()).unwrap_or_default().to_vec())
        .collect();
    let own = |data: &[u8]| drop(black_box(parameters::parse(data)));
    let bare = |data: &[u8]| {
        let pairs = form_urlencoded::parse(data).into_owned();
        drop(black_box(pairs.collect::<Vec<(String, String)>>()));
    };
    let rows: [(&str, &[Vec<u8>], Body<'_>); 5] = [
        ("nothing", &queries, &|data| _ = black_box(data.len())),
        ("form_urlencoded", &queries, &bare),
        ("request parsing", &queries, &own),
        ("target request", &requests, &request::check),
        ("target wire", &calls, &wire::check),
    ];
    let mut best = [0.0_f64; 5];
    for _ in 0..TURNS {
        for ((_, inputs, body), best) in rows.iter().zip(&mut best) {
            *best = best.max(per_second(inputs, *body));
        }
    }
    for ((name, ..), rate) in rows.iter().zip(best) {
        println!("{name:16} {rate:>12.0} executions per CPU second");
    }
    println!("request parsing is {:.2} of form_urlencoded", best[2] / best[1]);
}

/// The seeds of a target.
fn inputs(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds").join(target);
    let entries = std::fs::read_dir(folder).expect("the seeds");
    entries.map(|entry| std::fs::read(entry.expect("a seed").path()).expect("a seed")).collect()
}

fn per_second(inputs: &[Vec<u8>], body: Body<'_>) -> f64 {
    let (begun, cpu, mut runs) = (Instant::now(), seconds(), 0_u32);
    while begun.elapsed() < TURN {
        inputs.iter().for_each(|data| body(data));
        runs += 1;
    }
    f64::from(runs) * inputs.len() as f64 / (seconds() - cpu)
}

/// CPU time of this thread in nanoseconds' resolution, as Linux tells it.
fn seconds() -> f64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").expect("Linux");
    text.split(' ').next().and_then(|text| text.parse::<f64>().ok()).expect("nanoseconds") / 1e9
}
