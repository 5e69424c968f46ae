//! The polished lane: well-formed requests on connections that are reused, one client a scheme.

mod plain;
mod secure;

use std::sync::Arc;

use rustls::ClientConfig;

use super::connect::Route;
use super::{Endpoint, Settings};
use crate::clock::Clock;
use crate::http::{Reply, Request};
use plain::Plain;
use secure::Secure;

/// The polished lane to one endpoint.
///
/// Plain HTTP stands on connections of our own: that nothing was sent is known to the byte, and nothing is added to a
/// request. HTTPS stands on reqwest, which brings HTTP/2 and every kind of proxy.
pub struct Live(Client);

enum Client {
    Plain(Plain),
    Secure(Secure),
}

impl Live {
    pub(super) fn new(
        endpoint: &Endpoint,
        settings: &Settings,
        route: Route,
        tls: Arc<ClientConfig>,
        clock: Clock,
    ) -> Live {
        Live(if endpoint.is_secure() {
            Client::Secure(Secure::new(endpoint, settings, route.proxy(), tls))
        } else {
            Client::Plain(Plain::new(route, settings.timeout, clock))
        })
    }

    /// Whether this lane puts the request on the wire exactly as it is, but over HTTPS for the case of field names and
    /// the place of `host`.
    pub fn carries(&self, request: &Request) -> bool {
        match &self.0 {
            Client::Plain(plain) => plain.carries(request),
            Client::Secure(secure) => secure.carries(request),
        }
    }

    /// Whether connections were seen to end without a word; not known over HTTPS.
    pub fn has_quiet_ends(&self) -> bool {
        matches!(&self.0, Client::Plain(plain) if plain.has_quiet_ends())
    }

    /// Sends a request on any connection, or on a `fresh` one that is its own, and reads its answer.
    ///
    /// # Panics
    /// When the lane does not carry the request, over plain HTTP where debug assertions are on.
    pub async fn send(&self, request: &Request, fresh: bool) -> Reply {
        match &self.0 {
            Client::Plain(plain) => plain.send(request, fresh).await,
            Client::Secure(secure) if fresh => Box::pin(secure.send_fresh(request)).await,
            Client::Secure(secure) => Box::pin(secure.send(request)).await,
        }
    }
}
