//! Rehearsals: runs against the reference server in memory, in a time that passes only when nothing else can happen.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use crate::case::Case;
use crate::check::CaseResult;
use crate::clock::Clock;
use crate::contract::{Contract, Readings};
use crate::reference::{self, Reference};
use crate::run::{self, Ended, Means, Plan, Progress, Target};
use crate::seed::Seed;
use crate::server::settings::Settings;
use crate::transport::{self, Transport};

/// Unix time at which every rehearsal begins: 2025-04-25T00:00:00Z.
const EPOCH: u64 = 1_745_539_200;
/// Longest time that a rehearsal may take, in its own time.
const LONGEST: Duration = Duration::from_secs(3600);

/// A rehearsal to come.
#[derive(Debug, Clone)]
pub struct Rehearsal {
    /// What is rehearsed.
    pub cases: Vec<Arc<Case>>,
    /// The documents to judge by.
    pub contract: Arc<Contract>,
    /// The readings in force.
    pub readings: Readings,
    /// The server.
    pub server: Settings,
    /// Where all entropy comes from, nonces included.
    pub seed: Seed,
    /// Cases at a time.
    pub jobs: usize,
}

impl Rehearsal {
    /// Runs it on this thread, whatever runs on others: the same rehearsal comes to the same end, to the byte. `adapt`
    /// says what else is known of the target.
    ///
    /// # Errors
    /// The machine gave no runtime.
    ///
    /// # Panics
    /// As [`run::run`].
    pub fn run(self, adapt: impl FnOnce(&mut Target)) -> io::Result<Ended> {
        let Rehearsal { cases, contract, readings, server, seed, jobs } = self;
        in_memory(server, readings, seed, async |stage| {
            let Stage { mut target, transport, clock } = stage;
            adapt(&mut target);
            let (_send, stop) = watch::channel(false);
            let plan = Plan { jobs, seed, requests_per_second: None, time_limit: Some(LONGEST) };
            let transport = transport(&target);
            let means =
                Means { transport, clock, stop, progress: Arc::new(Unheard), salt: seed, sessions: Arc::default() };
            run::run(cases, contract, target, plan, means).await
        })
    }
}

/// What is played on: the server in memory, and its time.
pub struct Stage {
    /// The server as a target.
    pub target: Target,
    /// Makes the lanes to it.
    pub transport: Box<dyn Fn(&Target) -> Transport + Send + Sync>,
    /// Its time.
    pub clock: Clock,
}

/// Plays on this thread, in a time that passes only when nothing else can happen.
///
/// # Errors
/// The machine gave no runtime.
pub fn in_memory<T>(
    server: Settings,
    readings: Readings,
    seed: Seed,
    play: impl AsyncFnOnce(Stage) -> T,
) -> io::Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build()?;
    runtime.block_on(async {
        let clock = Clock::of_runtime(EPOCH);
        let (endpoint, local, server) = Reference::in_memory(server, seed, &clock)?;
        let target = reference::target(endpoint, &server, readings);
        let own = clock.clone();
        let transport = move |target: &Target| {
            let settings =
                transport::Settings { local: Some(local.clone()), ..transport::Settings::new(target.timeout) };
            Transport::new(&target.endpoint, &settings, own.clone())
        };
        let played = play(Stage { target, transport: Box::new(transport), clock }).await;
        server.stop().await;
        Ok(played)
    })
}

struct Unheard;

impl Progress for Unheard {
    fn case(&self, _: &CaseResult) {}
}
