//! What a case knows while it runs, and what its templates are filled from.

use std::collections::{BTreeMap, BTreeSet};

use super::send::Bed;
use super::sessions::Session;
use crate::case::{Template, Variable};
use crate::check::Context;
use crate::clock::Moment;
use crate::seed::Stream;
use crate::transport::Held;
use crate::wire::WireForm;

/// What a case knows while it runs.
pub(super) struct State {
    /// Entropy of this case.
    pub stream: Stream,
    /// Captured values.
    pub captured: BTreeMap<String, String>,
    /// Sessions by name.
    pub sessions: BTreeMap<String, Session>,
    /// When the sessions were opened, by name.
    pub opened: BTreeMap<String, Moment>,
    /// Connections held on sessions, by the session's name.
    pub held: BTreeMap<String, Held>,
    /// Sessions that a look by End has ended, by name.
    pub consumed: BTreeSet<String>,
    /// A session id that was never issued.
    pub unknown: String,
    /// The wire form of the variant, and its label.
    pub base: WireForm,
    /// Its label, where the case runs in several.
    pub variant: Option<String>,
}

/// What checks may know.
pub(super) fn context(bed: &Bed) -> Context<'_> {
    Context { contract: &bed.contract, readings: &bed.target.readings }
}

/// Fills a template from what the case and the target know.
pub(super) fn fill(bed: &Bed, state: &State, template: &Template) -> Result<String, String> {
    template
        .fill(|variable| value(bed, state, variable))
        .map_err(|variable| format!("`{{{{{variable}}}}}` has no value"))
}

fn value(bed: &Bed, state: &State, variable: &Variable) -> Option<String> {
    let target = &bed.target;
    match (variable.name.as_str(), variable.member.as_deref()) {
        ("region", None) => Some(target.region.clone()),
        ("other-region", None) => target.other_region.clone(),
        ("unsupported-region", None) => target.unsupported_region.clone(),
        ("instance-id", None) => target.instance_id.clone(),
        ("host", None) => Some(target.endpoint.host_header()),
        ("path", None) => Some(target.endpoint.path().to_owned()),
        ("unknown", Some("SessionId")) => Some(state.unknown.clone()),
        (name, None) => state.captured.get(name).cloned(),
        (name, Some(member)) => {
            let session = state.sessions.get(name)?;
            match member {
                "SessionId" => Some(session.id.clone()),
                "SecurityToken" => session.token.clone(),
                "WebSocketUrl" => session.url.clone(),
                _ => None,
            }
        }
    }
}
