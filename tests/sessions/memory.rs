//! The reference server in memory and in simulated time, and a run of one case against it that a test may stop.

use std::sync::Arc;
use std::time::Duration;

use endspec::check::CaseResult;
use endspec::clock::Clock;
use endspec::contract::Readings;
use endspec::load;
use endspec::reference::{self, Reference};
use endspec::run::{self, Ended, Means, Plan, Progress, Target};
use endspec::seed::Seed;
use endspec::server::fault;
use endspec::server::settings::Settings as ServerSettings;
use endspec::source::Source;
use endspec::transport::{Settings, Transport};
use tokio::sync::watch;

struct Quiet;

impl Progress for Quiet {
    fn case(&self, _: &CaseResult) {}
}

/// How a run differs from an ordinary one.
#[derive(Debug, Clone, Copy, Default)]
pub struct Run {
    /// What the server gets wrong.
    pub fault: Option<&'static str>,
    pub settle: Duration,
    pub requests_per_second: Option<f64>,
    pub time_limit: Option<Duration>,
    /// When the run is interrupted.
    pub interrupted: Option<Duration>,
}

impl Run {
    /// Runs a case. The runtime's clock must be paused.
    pub async fn of(self, case: &str) -> Ended {
        let contract = load::contract::built_in(None);
        let case = load::case::case(&Source::new("memory.yaml", case), "memory", &contract).unwrap();
        let fault = self.fault.map(|name| fault::all().find(|fault| fault.name == name).unwrap());
        let clock = Clock::of_runtime(1_770_000_000);
        let settings = ServerSettings { fault, ..ServerSettings::default() };
        let (endpoint, local, server) = Reference::in_memory(settings, Seed(7), &clock).unwrap();
        let target = reference::target(endpoint, &server, Readings::defaults(&contract));
        let target = Target { settle: self.settle, ..target };
        let settings = Settings { local: Some(local), ..Settings::new(target.timeout) };
        let transport = Transport::new(&target.endpoint, &settings, clock.clone());
        let (send, stop) = watch::channel(false);
        if let Some(after) = self.interrupted {
            tokio::spawn(async move {
                tokio::time::sleep(after).await;
                send.send_replace(true);
            });
        }
        let Run { requests_per_second, time_limit, .. } = self;
        let plan = Plan { jobs: 1, seed: Seed(7), requests_per_second, time_limit };
        let means =
            Means { transport, clock, stop, progress: Arc::new(Quiet), salt: Seed(7), sessions: Arc::default() };
        let ended = run::run(vec![Arc::new(case)], Arc::new(contract), target, plan, means).await;
        server.stop().await;
        ended
    }
}
