//! The target of a run: where it is, what it has, how calls to it are signed.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;

use super::SessionSource;
use crate::contract::{Contract, Readings};
use crate::http::Headers;
use crate::limits;
use crate::transport::Endpoint;
use crate::wire::{Credential, Format, Scheme};

/// Everything that a run knows about its target beforehand.
#[derive(Debug)]
pub struct Target {
    /// Where it is.
    pub endpoint: Endpoint,
    /// Whether it is the reference server in this process.
    pub built_in: bool,
    /// How ordinary calls are signed.
    pub auth: Scheme,
    /// The key; `None` where nothing is signed.
    pub credential: Option<Credential>,
    /// A key without permission to end sessions.
    pub denied: Option<Credential>,
    /// How the target is restarted.
    pub restart: Option<Restart>,
    /// A region that has the API.
    pub region: String,
    /// Another region that has it.
    pub other_region: Option<String>,
    /// A known region that does not have it.
    pub unsupported_region: Option<String>,
    /// The instance that sessions are started on.
    pub instance_id: Option<String>,
    /// Capabilities that the target is declared to lack.
    pub lacking: BTreeSet<String>,
    /// The readings in force.
    pub readings: Readings,
    /// Where sessions come from.
    pub sessions: SessionSource,
    /// Longest wait for an answer.
    pub timeout: Duration,
    /// How late looks may be.
    pub settle: Duration,
    /// Header that carries an id of each request, for the target's logs.
    pub id_header: Option<String>,
    /// Fields of every request, for gateways that stand before it. They are not signed.
    pub headers: Headers,
    /// Whether it is somebody else's, and is spared what is strange or much.
    pub careful: bool,
}

/// How a target is restarted.
#[derive(Clone)]
pub enum Restart {
    /// A command of the user's, run by `sh -c`, that returns when the target is back.
    Command(String),
    /// The server in this process ends and begins again.
    Within(Arc<dyn Fn() -> BoxFuture<'static, Result<(), String>> + Send + Sync>),
}

impl fmt::Debug for Restart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Restart::Command(command) => f.debug_tuple("Command").field(command).finish(),
            Restart::Within(_) => f.write_str("Within"),
        }
    }
}

/// Whether a target has a capability.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Availability {
    /// It has.
    Has,
    /// It is declared to lack it.
    Lacks,
    /// Not declared, and something to test it with is missing: what, and how to mend it.
    Unknown(String),
}

impl Target {
    /// Whether the target has `capability`.
    pub fn has(&self, capability: &str, contract: &Contract) -> Availability {
        let all_of = contract.capabilities.iter().find(|c| c.name == capability).map_or(&[][..], |c| &c.all_of[..]);
        let lacks = |name: &str| self.lacking.contains(name);
        if lacks(capability) || (!all_of.is_empty() && all_of.iter().all(|name| lacks(name))) {
            return Availability::Lacks;
        }
        let missing = |given: bool, what: &str| {
            if given {
                Availability::Has
            } else {
                Availability::Unknown(format!("{what}, or declare `--without {capability}`"))
            }
        };
        match capability {
            "signature-v1" | "signature-v3" | "signatures" => missing(
                self.credential.is_some(),
                "calls are not signed: give `--auth v3` (or v1) and a key in the environment",
            ),
            "unsupported-region" => missing(
                self.unsupported_region.is_some(),
                "no region without the API is known: name one with `--unsupported-region ID`",
            ),
            "other-region" => {
                missing(self.other_region.is_some(), "no second region is known: name one with `--other-region ID`")
            }
            "denied-credential" => missing(
                self.denied.is_some() && self.credential.is_some(),
                "no key without permission is known: set ENDSPEC_DENIED_ACCESS_KEY_ID and ENDSPEC_DENIED_ACCESS_KEY_SECRET",
            ),
            "restart" => missing(
                self.restart.is_some(),
                "how to restart the target is not known: give `--restart-command CMD`, which returns when it is back",
            ),
            "start" => missing(
                self.instance_id.is_some(),
                "StartTerminalSession needs an instance: name one with `--instance-id ID`",
            ),
            "sessions" => self.sessions.available(self.instance_id.is_some(), lacks("start")),
            _ => Availability::Has,
        }
    }

    /// The signature schemes that calls can be made with.
    pub fn schemes(&self) -> Vec<Scheme> {
        if self.credential.is_none() {
            return vec![Scheme::None];
        }
        let both = [(Scheme::V1, "signature-v1"), (Scheme::V3, "signature-v3")];
        let usable = |name: &str| !self.lacking.contains(name) && !self.lacking.contains("signatures");
        let schemes: Vec<Scheme> =
            both.into_iter().filter(|(_, name)| usable(name)).map(|(scheme, _)| scheme).collect();
        if schemes.is_empty() { vec![self.auth] } else { schemes }
    }

    /// What `wait: long` waits: up to ten times as long as it may be late, and at least two seconds.
    pub fn long_wait(&self) -> Duration {
        (self.settle * 10).clamp(limits::LONG_WAIT, limits::LONG_WAIT_MOST).max(self.settle)
    }

    /// The formats that it answers in.
    pub fn formats(&self) -> &'static [Format] {
        if self.lacking.contains("xml") { &[Format::Json] } else { &Format::ALL }
    }
}
