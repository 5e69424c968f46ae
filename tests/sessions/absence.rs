//! A target that takes no connection for a while, or turns some away: in memory, and in a time of its own.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use endspec::clock::Clock;
use endspec::contract::Readings;
use endspec::load;
use endspec::rehearsal::{self, Stage};
use endspec::run::{self, Ended, Means, Plan};
use endspec::seed::Seed;
use endspec::server::listen::Hall;
use endspec::server::{Server, settings};
use endspec::transport::{Local, Settings, Transport};
use tokio::sync::watch;

/// Runs cases of the suite against the built-in server, which takes those connections that it is told to, by their number
/// and the time since the first; how many were made.
fn behind(takes: impl Fn(usize, Duration) -> bool + Send + Sync + 'static, ids: &[&str]) -> (Ended, usize) {
    let contract = Arc::new(load::contract::built_in(None));
    let suite = load::built_in::suite(&contract);
    let cases: Vec<_> = suite.cases.into_iter().filter(|case| ids.contains(&case.id.as_str())).collect();
    assert_eq!(cases.len(), ids.len(), "{ids:?}");
    let made = Arc::<AtomicUsize>::default();
    let count = made.clone();
    let play = async |stage: Stage| {
        let Stage { target, clock, .. } = stage;
        let door = door(clock.clone(), target.endpoint.authority(), takes, count);
        let settings = Settings { local: Some(door), ..Settings::new(target.timeout) };
        let transport = Transport::new(&target.endpoint, &settings, clock.clone());
        let plan = Plan { jobs: 1, seed: Seed(1), requests_per_second: None, time_limit: None };
        let (_go, stop) = watch::channel(false);
        let progress = Arc::new(super::reference::Quiet);
        let means = Means { transport, clock, stop, progress, salt: Seed(0), sessions: Arc::default() };
        run::run(cases, contract.clone(), target, plan, means).await
    };
    let readings = Readings::defaults(&contract);
    let ended = rehearsal::in_memory(settings::Settings::default(), readings, Seed(1), play).unwrap();
    (ended, made.load(Ordering::SeqCst))
}

fn door(
    clock: Clock,
    authority: String,
    takes: impl Fn(usize, Duration) -> bool + Send + Sync + 'static,
    count: Arc<AtomicUsize>,
) -> Local {
    let hall = Mutex::new(Hall::new(Server::new(settings::Settings::default(), Seed(1)), clock.clone()));
    let began = clock.now();
    Local::new(&authority, move |far| {
        let number = count.fetch_add(1, Ordering::SeqCst);
        assert!(number < 10_000, "it asks for ever");
        let taken = takes(number, clock.now().since(began));
        if taken {
            hall.lock().unwrap().take(far);
        }
        taken
    })
}

/// Requests of every kind: on connections that are used again, on ones of their own, in pairs, and as exact bytes.
const CASES: [&str; 3] = ["end/session/unknown", "rpc/robust/framing", "rpc/robust/malformed/bad-percent-encoding"];

fn undecided(ended: &Ended) -> Vec<&str> {
    ended.results.iter().flat_map(|result| &result.undecided).map(String::as_str).collect()
}

/// What is due whatever connections come to: nobody is blamed, and what was opened is ended.
fn blameless(ended: &Ended) {
    let findings: Vec<_> = ended.results.iter().flat_map(|result| &result.findings).collect();
    assert!(findings.is_empty() && ended.leaked.is_empty(), "{findings:?} {:?}", ended.leaked);
}

#[test]
fn a_request_that_is_turned_away_where_others_are_not_is_given_up() {
    let (ended, _) = behind(|_, _| true, &CASES);
    blameless(&ended);
    assert_eq!(undecided(&ended), [""; 0]);
    let (ended, _) = behind(|number, _| number % 2 == 0, &CASES);
    blameless(&ended);
    let undecided = undecided(&ended);
    assert!(undecided.len() > 2 && undecided.iter().all(|words| words.ends_with("cannot connect")), "{undecided:?}");
    assert_eq!(ended.weather.absences, 0);
}

#[test]
fn a_target_that_is_away_for_some_seconds_is_waited_for_and_every_request_is_sent_when_it_is_back() {
    let back = Duration::from_secs(8);
    let (ended, _) = behind(move |number, since| number < 3 || since > back, &CASES);
    blameless(&ended);
    assert_eq!((undecided(&ended), ended.weather.absences), (Vec::new(), 1));
    assert!(ended.took > back && ended.took < 2 * back, "{:?}", ended.took);
}

#[test]
fn a_target_that_never_comes_back_is_given_up() {
    let (ended, made) = behind(|number, _| number < 3, &CASES);
    blameless(&ended);
    let undecided = undecided(&ended);
    assert!(undecided.iter().any(|words| words.contains("10 requests in a row unanswered")), "{undecided:?}");
    assert!(ended.took < Duration::from_secs(20) && made < 30, "{:?}, {made} connections", ended.took);
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
    let (ended, _) = behind(takes, &CASES);
    blameless(&ended);
    let undecided = undecided(&ended);
    assert!(undecided.iter().any(|words| words.contains("the target was away ")), "{undecided:?}");
    assert!(ended.took > Duration::from_secs(300) && ended.took < Duration::from_secs(400), "{:?}", ended.took);
}
