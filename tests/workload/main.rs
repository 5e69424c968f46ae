//! Workloads bite: small wrong servers are caught under the right clause, right ones are not, whatever the seed.

mod server;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use endspec::check::{CaseResult, Verdict};
use endspec::clock::Clock;
use endspec::contract::Readings;
use endspec::load;
use endspec::run::{self, Means, Plan, Progress, SessionSource, Target};
use endspec::seed::Seed;
use endspec::server::Server;
use endspec::server::listen;
use endspec::server::settings::{ACCESS_KEY_ID, ACCESS_KEY_SECRET, INSTANCE_ID, Settings as ServerSettings};
use endspec::source::Source;
use endspec::transport::{Endpoint, Settings, Transport};
use endspec::wire::{Credential, Scheme};
use tokio::sync::watch;

use server::{Fault, serve};

const WORKLOAD: &str = "
clauses: [end/effect/once, end/effect/only-named, end/effect/stays-closed]
needs: [sessions]
steps:
  - workload: { clients: 8, sessions: 8, calls: 6 }
";

/// A client that opens a session after it ended another, beside one that goes on ending that.
const SCRIPTS: &str = r#"
clauses: [end/effect/once]
needs: [sessions]
steps:
  - open: shared
  - overlap:
      - - open: first
        - call: EndTerminalSession
          with: { RegionId: "{{region}}", SessionId: "{{first.SessionId}}" }
        - open: second
        - call: EndTerminalSession
          with: { RegionId: "{{region}}", SessionId: "{{second.SessionId}}" }
        - call: EndTerminalSession
          with: { RegionId: "{{region}}", SessionId: "{{second.SessionId}}" }
          expect: { reading: repeat-end }
      - call: EndTerminalSession
        with: { RegionId: "{{region}}", SessionId: "{{shared.SessionId}}" }
    clients: 3
  - call: EndTerminalSession
    with: { RegionId: "{{region}}", SessionId: "{{shared.SessionId}}" }
    expect: { reading: repeat-end }
  - call: EndTerminalSession
    with: { RegionId: "{{region}}", SessionId: "{{first.SessionId}}" }
    expect: { reading: repeat-end }
"#;

struct Quiet;

impl Progress for Quiet {
    fn case(&self, _: &CaseResult) {}
}

/// A target that has Start and End alone.
fn bare(url: &str, readings: Readings) -> Target {
    Target {
        endpoint: Endpoint::parse(url).unwrap(),
        built_in: false,
        auth: Scheme::None,
        credential: None,
        denied: None,
        restart: None,
        region: "cn-hangzhou".to_owned(),
        other_region: None,
        unsupported_region: None,
        instance_id: Some(INSTANCE_ID.to_owned()),
        lacking: ["describe", "websocket", "xml", "signatures"].map(str::to_owned).into(),
        readings,
        sessions: SessionSource::Start,
        timeout: Duration::from_secs(30),
        settle: Duration::ZERO,
        id_header: None,
        headers: endspec::http::Headers::new(),
        careful: false,
    }
}

/// Runs one case against a target.
async fn run(case: &str, seed: u64, target: impl FnOnce(Readings) -> Target) -> CaseResult {
    let contract = load::contract::built_in(None);
    let case = load::case::case(&Source::new("workload.yaml", case), "workload", &contract).unwrap();
    let target = target(Readings::defaults(&contract));
    let clock = Clock::system();
    let settings = Settings::new(target.timeout);
    let transport = Transport::new(&target.endpoint, &settings, clock.clone());
    let plan = Plan { jobs: 1, seed: Seed(seed), requests_per_second: None, time_limit: None };
    let (_go, stop) = watch::channel(false);
    let means = Means { transport, clock, stop, progress: Arc::new(Quiet), salt: Seed(0), sessions: Arc::default() };
    let mut ended = run::run(vec![Arc::new(case)], Arc::new(contract), target, plan, means).await;
    assert_eq!(ended.leaked, Vec::<String>::new(), "nothing is left open");
    ended.results.remove(0)
}

fn broken(result: &CaseResult) -> BTreeSet<&str> {
    result.findings.iter().map(|finding| finding.clause.as_str()).collect()
}

#[tokio::test]
async fn a_wrong_server_is_caught_under_the_right_clause_within_a_few_seeds() {
    let rows: [(Fault, &str, &str); 5] = [
        (Fault::CheckThenAct, WORKLOAD, "end/effect/once"),
        (Fault::EndsAnother, WORKLOAD, "end/effect/only-named"),
        (Fault::Reopens, WORKLOAD, "end/effect/stays-closed"),
        (Fault::IdTwice, WORKLOAD, "start/unique"),
        (Fault::IdAgain, SCRIPTS, "end/effect/id-not-reused"),
    ];
    for (fault, case, clause) in rows {
        let (mut caught, mut seen) = (false, Vec::new());
        for seed in 0..5 {
            let server = serve(fault).await;
            let result = run(case, seed, |readings| bare(&server.url, readings)).await;
            // The judge of histories says so itself, with the operations drawn.
            let drawn = |(name, text): &(&str, String)| *name == "timeline" && !text.is_empty();
            caught = result.findings.iter().any(|found| found.clause == clause && found.notes.iter().any(drawn));
            if caught {
                break;
            }
            seen.push((seed, broken(&result).into_iter().map(str::to_owned).collect::<Vec<_>>(), result.undecided));
        }
        assert!(caught, "{fault:?} was not caught by {clause}: {seen:?}");
    }
}

#[tokio::test]
async fn a_right_server_that_loses_answers_or_throttles_breaks_nothing() {
    let rows = [
        (Fault::None, WORKLOAD, Some(Verdict::Pass)),
        (Fault::None, SCRIPTS, Some(Verdict::Pass)),
        (Fault::LosesAnswers, WORKLOAD, None),
        (Fault::Throttles, SCRIPTS, None),
    ];
    for (fault, case, verdict) in rows {
        let server = serve(fault).await;
        let result = run(case, 1, |readings| bare(&server.url, readings)).await;
        assert!(result.findings.is_empty(), "{fault:?}: {:#?}", result.findings);
        if let Some(verdict) = verdict {
            assert_eq!(result.verdict(true), verdict, "{fault:?}: {:?}", result.undecided);
        }
    }
}

#[tokio::test]
async fn the_built_in_server_breaks_nothing_whatever_the_seed() {
    let clock = Clock::system();
    let server = Server::new(ServerSettings::default(), Seed(1));
    let listening = listen::bind("127.0.0.1:0", server, clock).await.unwrap();
    for seed in 0..30 {
        let result = run(WORKLOAD, seed, |readings| Target {
            auth: Scheme::V3,
            credential: Some(Credential::new(ACCESS_KEY_ID, ACCESS_KEY_SECRET)),
            lacking: BTreeSet::new(),
            ..bare(&listening.url(), readings)
        })
        .await;
        assert_eq!(result.verdict(true), Verdict::Pass, "seed {seed}: {:#?} {:?}", result.findings, result.undecided);
    }
    listening.stop().await;
}
