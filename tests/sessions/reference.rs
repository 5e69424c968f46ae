//! The whole suite against the built-in server: what the run says it left open is what the server has open.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use endspec::check::CaseResult;
use endspec::clock::Clock;
use endspec::contract::Readings;
use endspec::http::{Headers, Request};
use endspec::load;
use endspec::run::{self, Means, Plan, Progress, SessionSource, Target};
use endspec::seed::Seed;
use endspec::server::settings::{Auth, INSTANCE_ID, OTHER_REGION_ID, REGION_ID, UNSUPPORTED_REGION_ID};
use endspec::server::{Server, listen, settings};
use endspec::transport::{Endpoint, Settings, Transport};
use endspec::wire::Scheme;
use tokio::sync::watch;

pub struct Quiet;

impl Progress for Quiet {
    fn case(&self, _: &CaseResult) {}
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_whole_run_the_built_in_server_has_no_session_open_and_the_report_none_leaked() {
    let contract = load::contract::built_in(None);
    let suite = load::built_in::suite(&contract);
    let clock = Clock::system();
    let settings = settings::Settings { auth: Auth::Open, ..settings::Settings::default() };
    let server = Server::new(settings, Seed(1));
    let listening = listen::bind("127.0.0.1:0", server.clone(), clock.clone()).await.unwrap();
    let endpoint = Endpoint::parse(&listening.url()).unwrap();
    let timeout = Duration::from_secs(60);
    let settings = Settings::new(timeout);
    let transport = Transport::new(&endpoint, &settings, clock.clone());
    let target = Target {
        endpoint,
        built_in: true,
        auth: Scheme::None,
        denied: None,
        restart: None,
        credential: None,
        region: REGION_ID.to_owned(),
        other_region: Some(OTHER_REGION_ID.to_owned()),
        unsupported_region: Some(UNSUPPORTED_REGION_ID.to_owned()),
        instance_id: Some(INSTANCE_ID.to_owned()),
        lacking: ["signatures", "denied-credential", "restart"].map(str::to_owned).into(),
        readings: Readings::defaults(&contract),
        sessions: SessionSource::Start,
        timeout,
        settle: Duration::ZERO,
        id_header: None,
        headers: endspec::http::Headers::new(),
        careful: false,
    };
    let plan = Plan { jobs: 8, seed: Seed(7), requests_per_second: None, time_limit: None };
    let (_go, stop) = watch::channel(false);
    let means = Means {
        transport,
        clock: clock.clone(),
        stop,
        progress: Arc::new(Quiet),
        salt: Seed(0),
        sessions: Arc::default(),
    };
    let ended = run::run(suite.cases, Arc::new(contract), target, plan, means).await;
    let started = |record: &&endspec::check::Record| record.operation.as_deref() == Some("StartTerminalSession");
    let records = ended.results.iter().flat_map(|result| &result.history).filter(started);
    let issued: BTreeSet<String> =
        records.filter_map(|record| record.seen()?.text("SessionId").map(str::to_owned)).collect();
    assert!(issued.len() > 50, "{} sessions", issued.len());
    let open: Vec<&String> = issued.iter().filter(|id| is_live(&server, id, &clock)).collect();
    assert_eq!((open, ended.leaked), (Vec::new(), Vec::new()));
}

/// Whether the server still ends it: then it was open.
fn is_live(server: &Server, id: &str, clock: &Clock) -> bool {
    [REGION_ID, OTHER_REGION_ID].into_iter().any(|region| {
        let target = format!("/?Action=EndTerminalSession&Version=2014-05-26&RegionId={region}&SessionId={id}");
        let request = Request { method: "GET".to_owned(), target, headers: Headers::new(), body: Vec::new() };
        server.handle(&request, clock.unix_seconds(), clock.now()).status == 200
    })
}
