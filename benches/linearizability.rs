//! How long it takes to judge what eight clients did at once: sessions of 1,000 operations, right and wrong.

use std::hint::black_box;
use std::time::{Duration, Instant};

use endspec::check::linearizability::{Answer, Judged, Kind, Operation, RepeatEnd, Rules, judge};
use endspec::check::{Observer, Sight};
use endspec::clock::Moment;
use endspec::seed::{Seed, Stream};

const CLIENTS: usize = 8;
const OPERATIONS: u64 = 1_000;
const RULES: Rules = Rules { repeat_end: RepeatEnd::NotFound, settle: Duration::ZERO };

fn main() {
    for sessions in [250, 500, 1_000] {
        measure("right", sessions, false);
    }
    measure("wrong", 1_000, true);
}

/// Judges on one thread, so that elapsed time is an upper bound of CPU time.
fn measure(what: &str, sessions: usize, wrong: bool) {
    let mut stream = Seed(8).stream(what);
    let histories: Vec<Vec<Operation>> = (0..sessions).map(|_| history(&mut stream, wrong)).collect();
    let start = Instant::now();
    let violations = histories
        .iter()
        .filter(|history| match judge(black_box(history), RULES) {
            Judged::Violation(violation) => !violation.timeline().is_empty(),
            Judged::Linearizable | Judged::Undecided(_) => false,
        })
        .count();
    let elapsed = start.elapsed();
    let each = elapsed / u32::try_from(sessions).expect("is small");
    println!(
        "{what}: {sessions} sessions of {OPERATIONS} operations: {elapsed:?}, {each:?} each, {violations} violations"
    );
    assert_eq!(violations, if wrong { sessions } else { 0 });
}

/// Each client calls one after the other; a tenth of the answers are lost; it is ended half way, by the operation that spans
/// that moment. Wrong is the last look alone.
fn history(stream: &mut Stream, wrong: bool) -> Vec<Operation> {
    let ended = 100 * OPERATIONS / 2;
    let mut busy = [0; CLIENTS];
    let mut operations: Vec<Operation> = Vec::new();
    for index in 0..OPERATIONS {
        let client = usize::try_from(stream.number()).unwrap_or(0) % CLIENTS;
        let invoked = busy[client].max(100 * index);
        let acts = invoked + stream.number() % 300;
        let returned = acts + stream.number() % 300;
        busy[client] = returned + 1;
        let closed = acts >= ended;
        let kind = match stream.number() % 10 {
            _ if index == 0 => Kind::Start,
            0 => Kind::End(Answer::Unknown),
            1..4 if closed => Kind::End(Answer::NotFound),
            1..4 => Kind::End(Answer::Refused),
            _ if closed => Kind::Look(Observer::WebSocket, Sight::Closed),
            _ => Kind::Look(Observer::WebSocket, Sight::Open),
        };
        operations.push(Operation { client, kind, invoked: Moment(invoked), returned: Some(Moment(returned)) });
    }
    let success = Kind::End(Answer::Ok);
    let (from, to) = (Moment(ended), Moment(ended));
    operations.push(Operation { client: CLIENTS, kind: success, invoked: from, returned: Some(to) });
    if wrong {
        let last = operations.iter_mut().rev().nth(1).expect("there are many");
        last.kind = Kind::Look(Observer::Describe, Sight::Open);
    }
    operations
}
