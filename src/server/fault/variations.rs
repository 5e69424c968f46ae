//! Variations: servers that differ from the reference and break nothing, so that a tester must stay silent.

use super::{Fault, HONEST, Hooks, Scene};
use crate::http::Response;

pub(super) const VARIATIONS: &[Fault] = &[Fault {
    name: "connection-closed-each-time",
    clauses: &[],
    how: "a proxy in front allows one request a connection",
    hooks: Hooks { after: Some(connection_closed_each_time), ..HONEST },
}];

fn connection_closed_each_time(_: &mut Scene<'_>, response: &mut Response) {
    response.headers.push("connection", "close");
}
