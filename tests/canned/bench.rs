//! Runs a small case against an endpoint, as the program does, and tells what it found.

use std::collections::{BTreeSet, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use endspec::check::{CaseResult, Verdict};
use endspec::clock::Clock;
use endspec::contract::Readings;
use endspec::load;
use endspec::run::{self, Means, Plan, Progress, SessionSource, Target};
use endspec::seed::Seed;
use endspec::source::Source;
use endspec::transport::{Endpoint, Settings, Transport};
use endspec::wire::{Credential, Scheme};
use tokio::sync::watch;
use wiremock::{Mock, MockServer, matchers};

use crate::answers::{Canned, Script};

/// The rule of every case here: no answer comes later than this.
const PATIENCE: Duration = Duration::from_secs(30);

/// A case that asks in JSON and expects that the session is not found.
pub const REFUSAL: &str = r#"
clauses: [end/session/unknown]
steps:
  - call: EndTerminalSession
    with: { RegionId: "{{region}}", SessionId: "{{unknown.SessionId}}" }
    expect: session-not-found
"#;

/// The same in XML.
pub const REFUSAL_IN_XML: &str = r#"
clauses: [end/session/unknown]
steps:
  - for-each: { format: [XML] }
    call: EndTerminalSession
    with: { RegionId: "{{region}}", SessionId: "{{unknown.SessionId}}" }
    expect: session-not-found
"#;

/// A case that ends an open session; the status has a clause of its own, apart from the body.
pub const SUCCESS: &str = r#"
clauses: [end/success/status]
needs: [sessions]
steps:
  - open: victim
  - call: EndTerminalSession
    with: { RegionId: "{{region}}", SessionId: "{{victim.SessionId}}" }
    expect: { status: 200 }
"#;

/// The same in XML.
pub const SUCCESS_IN_XML: &str = r#"
clauses: [end/success/status]
needs: [sessions]
steps:
  - open: victim
  - for-each: { format: [XML] }
    call: EndTerminalSession
    with: { RegionId: "{{region}}", SessionId: "{{victim.SessionId}}" }
    expect: { status: 200 }
"#;

/// A case that proves something else by ending a session.
pub const MEANING: &str = r#"
clauses: [rpc/method/get-post]
needs: [sessions]
steps:
  - open: victim
  - call: EndTerminalSession
    with: { RegionId: "{{region}}", SessionId: "{{victim.SessionId}}" }
    expect: ok
"#;

/// What a run of one case came to.
#[derive(Debug, PartialEq, Eq)]
pub struct Came {
    /// Clauses broken, each once, in order.
    pub broken: Vec<String>,
    /// Whether something could not be decided.
    pub undecided: bool,
}

impl Came {
    pub fn to(broken: &[&str]) -> Came {
        let mut broken: Vec<String> = broken.iter().map(|clause| (*clause).to_owned()).collect();
        broken.sort();
        Came { broken, undecided: false }
    }

    pub fn nothing_sure() -> Came {
        Came { broken: Vec::new(), undecided: true }
    }
}

struct Quiet;

impl Progress for Quiet {
    fn case(&self, _: &CaseResult) {}
}

/// Runs a case against a server of canned answers.
pub async fn canned(case: &str, script: Script) -> Came {
    let server = MockServer::start().await;
    Mock::given(matchers::any()).respond_with(Canned::new(script)).mount(&server).await;
    against(case, &server.uri()).await
}

/// Runs a case against an endpoint. The clock is simulated: pauses take no time.
pub async fn against(case: &str, url: &str) -> Came {
    let contract = load::contract::built_in(None);
    let source = Source::new("canned.yaml", case);
    let case =
        load::case::case(&source, "canned", &contract).unwrap_or_else(|mistakes| panic!("{case}: {mistakes:#?}"));
    let endpoint = Endpoint::parse(url).unwrap();
    let clock = Clock::simulated(1_770_000_000);
    let settings = Settings::new(PATIENCE);
    let transport = Transport::new(&endpoint, &settings, clock.clone());
    let plan = Plan { jobs: 1, seed: Seed(7), requests_per_second: None, time_limit: None };
    let readings = Readings::defaults(&contract);
    let (_go, stop) = watch::channel(false);
    let target = target(endpoint, readings);
    let means = Means { transport, clock, stop, progress: Arc::new(Quiet), salt: Seed(0), sessions: Arc::default() };
    let ended = run::run(vec![Arc::new(case)], Arc::new(contract), target, plan, means).await;
    let result = &ended.results[0];
    assert_eq!(result.skip, None);
    let must = result.findings.iter().any(|finding| endspec::check::result::fails(finding.level, false));
    assert_eq!(result.verdict(false) == Verdict::Fail, must, "{result:#?}");
    let broken: BTreeSet<String> = result.findings.iter().map(|finding| finding.clause.clone()).collect();
    Came { broken: broken.into_iter().collect(), undecided: !result.undecided.is_empty() }
}

fn target(endpoint: Endpoint, readings: Readings) -> Target {
    let ids = ["s-hz023od0x9abcd", "s-hz023od0x9abce"].map(str::to_owned);
    Target {
        endpoint,
        built_in: false,
        auth: Scheme::V1,
        denied: None,
        restart: None,
        credential: Some(Credential::new("testid", "testsecret")),
        region: "cn-hangzhou".to_owned(),
        other_region: None,
        unsupported_region: None,
        instance_id: None,
        lacking: BTreeSet::from(["start", "describe", "websocket"].map(str::to_owned)),
        readings,
        sessions: SessionSource::Pool(Mutex::new(VecDeque::from(ids))),
        timeout: PATIENCE,
        settle: Duration::ZERO,
        id_header: None,
        headers: endspec::http::Headers::new(),
        careful: false,
    }
}
