//! A target that is away for a while, turns some away, or is said to be away by what stands in front of it: in memory, and in a
//! time of its own.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use endspec::check::Finding;
use endspec::clock::{Clock, Moment};
use endspec::contract::Readings;
use endspec::load;
use endspec::rehearsal::{self, Stage};
use endspec::run::{self, Ended, Means, Plan};
use endspec::seed::Seed;
use endspec::server::listen::Hall;
use endspec::server::{Server, settings};
use endspec::transport::{Local, Settings, Transport};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};
use tokio::sync::watch;

/// What stands in front of the server.
struct Front {
    /// Whether it takes a connection, by its number and the time since the run began.
    takes: Box<dyn Fn(usize, Duration) -> bool + Send + Sync>,
    /// What becomes of a request, likewise.
    passes: Box<dyn Fn(usize, Duration) -> Pass + Send + Sync>,
    /// Whether it says 502 in place of an answer.
    hides: fn(&str) -> bool,
}

impl Default for Front {
    fn default() -> Front {
        Front { takes: Box::new(|_, _| true), passes: Box::new(|_, _| Pass::On), hides: |_| false }
    }
}

enum Pass {
    /// On to the server.
    On,
    /// On to one that was started just now, and knows no session.
    ToAnother,
    /// No further: this is said of the server.
    Status(u16),
}

/// The front at work, and all that it has taken.
struct Door {
    front: Front,
    clock: Clock,
    began: Moment,
    hall: Mutex<Hall>,
    connections: AtomicUsize,
    requests: AtomicUsize,
}

fn server(clock: &Clock, seed: u64) -> Hall {
    Hall::new(Server::new(settings::Settings::default(), Seed(seed)), clock.clone())
}

impl Door {
    fn new(front: Front, clock: Clock) -> Door {
        let (began, hall) = (clock.now(), Mutex::new(server(&clock, 1)));
        Door { front, clock, began, hall, connections: AtomicUsize::new(0), requests: AtomicUsize::new(0) }
    }

    fn since(&self) -> Duration {
        self.clock.now().since(self.began)
    }

    fn take(self: &Arc<Door>, far: DuplexStream) -> bool {
        let number = self.connections.fetch_add(1, Ordering::SeqCst);
        assert!(number < 20_000, "it asks for ever");
        let taken = (self.front.takes)(number, self.since());
        if taken {
            tokio::spawn(self.clone().carry(far));
        }
        taken
    }

    fn onward(&self) -> DuplexStream {
        let (near, far) = tokio::io::duplex(1 << 16);
        self.hall.lock().unwrap().take(far);
        near
    }

    async fn carry(self: Arc<Door>, mut far: DuplexStream) {
        let mut near = self.onward();
        let (mut asked, mut said) = (vec![0; 1 << 16], vec![0; 1 << 16]);
        loop {
            let status = tokio::select! {
                biased;
                count = far.read(&mut asked) => {
                    let Ok(count @ 1..) = count else { return };
                    let number = self.requests.fetch_add(1, Ordering::SeqCst);
                    let pass = (self.front.passes)(number, self.since());
                    if let Pass::ToAnother = pass {
                        *self.hall.lock().unwrap() = server(&self.clock, 2);
                        near = self.onward();
                    }
                    match pass {
                        Pass::Status(status) => status,
                        _ if near.write_all(&asked[..count]).await.is_err() => return,
                        _ => continue,
                    }
                }
                count = near.read(&mut said) => {
                    let Ok(count @ 1..) = count else { return };
                    if !(self.front.hides)(&String::from_utf8_lossy(&said[..count])) {
                        if far.write_all(&said[..count]).await.is_err() {
                            return;
                        }
                        continue;
                    }
                    502
                }
            };
            let words = format!("HTTP/1.1 {status} x\r\ncontent-length: 6\r\nconnection: close\r\n\r\n<html>");
            let _ = far.write_all(words.as_bytes()).await;
            return;
        }
    }
}

/// How the cases are run.
#[derive(Clone, Copy)]
struct Way {
    jobs: usize,
    per_second: Option<f64>,
    describes: bool,
}

const ALONE: Way = Way { jobs: 1, per_second: None, describes: true };
const BESIDE: Way = Way { jobs: 8, ..ALONE };
const PACED: Way = Way { jobs: 4, per_second: Some(9.0), ..ALONE };

/// Runs cases of the suite against the built-in server behind a front. `stop` ends it as Ctrl-C does.
fn behind(front: Front, ids: &[&str], way: Way, stop: watch::Receiver<bool>) -> Ended {
    let contract = Arc::new(load::contract::built_in(None));
    let suite = load::built_in::suite(&contract);
    let cases: Vec<_> = suite.cases.into_iter().filter(|case| ids.contains(&case.id.as_str())).collect();
    assert_eq!(cases.len(), ids.len(), "{ids:?}");
    let play = async |stage: Stage| {
        let Stage { mut target, clock, .. } = stage;
        target.lacking.extend((!way.describes).then(|| "describe".to_owned()));
        let door = Arc::new(Door::new(front, clock.clone()));
        let local = Local::new(&target.endpoint.authority(), move |far| door.take(far));
        let settings = Settings { local: Some(local), ..Settings::new(target.timeout) };
        let transport = Transport::new(&target.endpoint, &settings, clock.clone());
        let plan = Plan { jobs: way.jobs, seed: Seed(1), requests_per_second: way.per_second, time_limit: None };
        let progress = Arc::new(super::reference::Quiet);
        let means = Means { transport, clock, stop, progress, salt: Seed(0), sessions: Arc::default() };
        run::run(cases, contract.clone(), target, plan, means).await
    };
    let readings = Readings::defaults(&contract);
    rehearsal::in_memory(settings::Settings::default(), readings, Seed(1), play).unwrap()
}

fn run(front: Front, ids: &[&str], way: Way) -> Ended {
    let (_go, stop) = watch::channel(false);
    behind(front, ids, way, stop)
}

/// Requests of every kind: on connections that are used again, on ones of their own, in pairs, and as exact bytes.
const KINDS: [&str; 3] = ["end/session/unknown", "rpc/robust/framing", "rpc/robust/malformed/bad-percent-encoding"];
/// Cases that stand on sessions, and ones that send many values.
const SESSIONS: [&str; 6] = [
    "end/effect/closes",
    "end/effect/id-not-reused",
    "end/effect/only-named",
    "end/session/malformed",
    "end/session/malformed-open",
    "rpc/placement/form",
];

fn undecided(ended: &Ended) -> Vec<&str> {
    ended.results.iter().flat_map(|result| &result.undecided).map(String::as_str).collect()
}

fn findings(ended: &Ended) -> Vec<&Finding> {
    ended.results.iter().flat_map(|result| &result.findings).collect()
}

/// What is due whatever connections come to: nobody is blamed, and what was opened is ended.
fn blameless(ended: &Ended) {
    let findings = findings(ended);
    assert!(findings.is_empty() && ended.leaked.is_empty(), "{findings:?} {:?}", ended.leaked);
}

#[test]
fn a_request_that_is_turned_away_where_others_are_not_is_given_up() {
    let ended = run(Front::default(), &KINDS, ALONE);
    blameless(&ended);
    assert_eq!(undecided(&ended), [""; 0]);
    let every_second = Front { takes: Box::new(|number, _| number % 2 == 0), ..Front::default() };
    let ended = run(every_second, &KINDS, ALONE);
    blameless(&ended);
    let undecided = undecided(&ended);
    assert!(undecided.len() > 2 && undecided.iter().all(|words| words.ends_with("cannot connect")), "{undecided:?}");
    assert_eq!(ended.weather.absences, 0);
}

#[test]
fn a_target_that_is_away_for_some_seconds_is_waited_for_and_every_request_is_sent_when_it_is_back() {
    let back = Duration::from_secs(8);
    let away = Front { takes: Box::new(move |number, since| number < 3 || since > back), ..Front::default() };
    let ended = run(away, &KINDS, ALONE);
    blameless(&ended);
    assert_eq!((undecided(&ended), ended.weather.absences), (Vec::new(), 1));
    assert!(ended.took > back && ended.took < 2 * back, "{:?}", ended.took);
}

#[test]
fn a_target_that_never_comes_back_is_given_up() {
    let gone = Front { takes: Box::new(|number, _| number < 3), ..Front::default() };
    let ended = run(gone, &KINDS, ALONE);
    blameless(&ended);
    let undecided = undecided(&ended);
    assert!(undecided.iter().any(|words| words.contains("10 requests in a row unanswered")), "{undecided:?}");
    assert!(ended.took < Duration::from_secs(20) && ended.exchanges < 60, "{:?}, {}", ended.took, ended.exchanges);
}

#[test]
fn a_target_that_a_gateway_excuses_for_ever_is_waited_for_once() {
    for way in [ALONE, BESIDE] {
        let gone = Front { passes: Box::new(|number, _| status(502, number == 0)), ..Front::default() };
        let ended = run(gone, &KINDS, way);
        assert!(findings(&ended).is_empty(), "{:?}", findings(&ended));
        // The first request that is sent is all that a case does.
        let inconclusive = ended.results.iter().filter(|result| !result.undecided.is_empty()).count();
        assert_eq!((inconclusive + 1, ended.weather.absences), (KINDS.len(), 1), "{:?}", undecided(&ended));
        assert!(
            ended.took < Duration::from_secs(20) && ended.exchanges < 1_500,
            "{:?}, {}",
            ended.took,
            ended.exchanges
        );
    }
}

#[test]
fn a_target_that_ends_after_every_request_is_given_up_after_some_minutes() {
    let (back, pause) = (AtomicU64::new(0), Duration::from_secs(10));
    let takes = move |_, since: Duration| {
        let taken = since.as_micros() >= u128::from(back.load(Ordering::SeqCst));
        if taken {
            back.store((since + pause).as_micros() as u64, Ordering::SeqCst);
        }
        taken
    };
    let ended = run(Front { takes: Box::new(takes), ..Front::default() }, &KINDS, ALONE);
    assert!(findings(&ended).is_empty(), "{:?}", findings(&ended));
    let undecided = undecided(&ended);
    assert!(undecided.iter().any(|words| words.ends_with(" s in all")), "{undecided:?}");
    assert!(ended.took > Duration::from_secs(300) && ended.took < Duration::from_secs(400), "{:?}", ended.took);
}

fn status(status: u16, passes: bool) -> Pass {
    if passes { Pass::On } else { Pass::Status(status) }
}

#[test]
fn single_answers_of_a_gateway_are_weather_however_requests_are_paced() {
    for (way, code) in [(ALONE, 502), (BESIDE, 504), (PACED, 502)] {
        let excused = Arc::<AtomicUsize>::default();
        let count = excused.clone();
        let passes = Box::new(move |number, _| {
            let passes = number % 25 != 24;
            count.fetch_add(usize::from(!passes), Ordering::SeqCst);
            status(code, passes)
        });
        let ended =
            run(Front { passes, ..Front::default() }, &["end/session/malformed", "rpc/placement/form-refusal"], way);
        blameless(&ended);
        let words = format!("{code}, {} jobs", way.jobs);
        assert_eq!((undecided(&ended), ended.weather.absences), (Vec::new(), 0), "{words}");
        assert!(excused.load(Ordering::SeqCst) > 6, "{words}: {excused:?}");
    }
}

#[test]
fn a_target_that_lost_its_sessions_while_a_gateway_excused_it_is_blamed_for_nothing() {
    for (way, code) in [(ALONE, 502), (BESIDE, 504), (PACED, 502)] {
        let (until, reborn) = (AtomicU64::new(0), AtomicBool::new(false));
        let passes = move |number, since: Duration| {
            let now = since.as_micros() as u64;
            if number == 40 {
                until.store(now + 3_000_000, Ordering::SeqCst);
            }
            match until.load(Ordering::SeqCst) {
                until if now < until => Pass::Status(code),
                1.. if !reborn.swap(true, Ordering::SeqCst) => Pass::ToAnother,
                _ => Pass::On,
            }
        };
        let ended = run(Front { passes: Box::new(passes), ..Front::default() }, &SESSIONS, way);
        blameless(&ended);
        let words = format!("{code}, {} jobs", way.jobs);
        assert_eq!((undecided(&ended), ended.weather.absences), (Vec::new(), 1), "{words}");
    }
}

#[test]
fn a_target_that_lost_its_sessions_in_a_moment_is_blamed_for_nothing() {
    for way in [ALONE, BESIDE] {
        let (until, reborn) = (AtomicU64::new(0), AtomicBool::new(false));
        // Less than the pause between two who ask.
        let passes = move |number, since: Duration| {
            let now = since.as_micros() as u64;
            if number == 40 {
                until.store(now + 50_000, Ordering::SeqCst);
            }
            match until.load(Ordering::SeqCst) {
                until if now < until => Pass::Status(502),
                1.. if !reborn.swap(true, Ordering::SeqCst) => Pass::ToAnother,
                _ => Pass::On,
            }
        };
        let ended = run(Front { passes: Box::new(passes), ..Front::default() }, &SESSIONS, way);
        blameless(&ended);
        assert_eq!((undecided(&ended), ended.weather.absences), (Vec::new(), 0), "{} jobs", way.jobs);
    }
}

#[test]
fn a_gateway_that_answers_for_one_operation_alone_hides_no_fault() {
    let hides = |answer: &str| answer.contains("InvalidSessionId.NotFound");
    for way in [ALONE, BESIDE] {
        let ended = run(Front { hides, ..Front::default() }, &["end/session/unknown", "end/session/near-miss"], way);
        let clauses: BTreeSet<&str> = findings(&ended).iter().map(|finding| finding.clause.as_str()).collect();
        assert_eq!((clauses, ended.weather.absences), (["rpc/robust/no-5xx"].into(), 0));
        // Where that is all that can be asked it looks as if nobody were there, but what else there is is judged all the same.
        let way = Way { describes: false, ..way };
        let ended =
            run(Front { hides, ..Front::default() }, &["end/session/unknown", "end/request/session-required"], way);
        let decided = |at: usize| ended.results[at].undecided.is_empty() && ended.results[at].findings.is_empty();
        assert_eq!((decided(0), decided(1)), (true, false), "{:?}", undecided(&ended));
    }
}

#[test]
fn a_run_that_is_stopped_ends_what_is_open_though_a_gateway_excuses_some_of_it() {
    let (go, stop) = watch::channel(false);
    let excused = Arc::<AtomicUsize>::default();
    let count = excused.clone();
    let passes = move |number, _| {
        if number == 30 {
            go.send_replace(true);
        }
        let passes = number <= 30 || number % 3 != 0;
        count.fetch_add(usize::from(!passes), Ordering::SeqCst);
        status(502, passes)
    };
    let ended = behind(Front { passes: Box::new(passes), ..Front::default() }, &SESSIONS, BESIDE, stop);
    blameless(&ended);
    assert!(ended.interrupted && excused.load(Ordering::SeqCst) > 0, "{excused:?}");
}
