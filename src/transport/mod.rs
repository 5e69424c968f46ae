//! Requests out, replies in: the polished lane, the exact one, and WebSockets.
//!
//! Whatever the other side does costs bounded time and memory: every exchange ends within the timeout, and everything
//! that is read is cut at its number in `limits`.

pub mod answer;
mod connect;
pub mod endpoint;
pub mod held;
pub mod live;
pub mod local;
mod pins;
pub mod raw;
mod surplus;
mod talk;
mod tls;
pub mod websocket;

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::clock::Clock;
use crate::http::{Exchange, Headers, Lane, Reply, Request};

pub use connect::Proxies;
use connect::{Choice, Route};
pub use endpoint::{Endpoint, EndpointError};
pub use held::{Ended, Ending, Held, Sight, Standing};
pub use live::Live;
pub use local::Local;
pub use pins::Pins;
pub use raw::Raw;
pub use tls::{Identity, Roots, certificates};
pub use websocket::{WebSockets, WsOutcome};

/// How to reach endpoints.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Bound on a whole exchange, from connecting to the last byte.
    pub timeout: Duration,
    /// Proxies; never used for this machine.
    pub proxies: Proxies,
    /// Whom to trust for HTTPS.
    pub roots: Roots,
    /// What endpoints with such a wish are shown as whose certificate.
    pub identity: Option<Identity>,
    /// Versions of HTTP that are spoken over TLS.
    pub versions: Versions,
    /// Names whose address is given.
    pub pins: Pins,
    /// A server in this process, which is reached without a socket.
    pub local: Option<Local>,
}

/// Versions of HTTP that are spoken over TLS; what goes byte by byte is always HTTP/1.1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Versions {
    /// As the endpoint chooses.
    #[default]
    Both,
    /// HTTP/1.1 alone.
    One,
    /// HTTP/2 alone.
    Two,
}

impl Settings {
    /// Straight to every endpoint, with the roots that the platform trusts.
    pub fn new(timeout: Duration) -> Settings {
        Settings {
            timeout,
            proxies: Proxies::none(),
            roots: Roots::Platform,
            identity: None,
            versions: Versions::Both,
            pins: Pins::default(),
            local: None,
        }
    }

    /// What stands before an endpoint: nothing before this machine, nor before one whose address is given.
    fn before(&self, endpoint: &Endpoint) -> &Choice {
        if self.pins.address(&endpoint.host()).is_some() { &Choice::None } else { self.proxies.before(endpoint) }
    }
}

/// Both lanes to one endpoint, and WebSockets to any.
pub struct Transport {
    live: Live,
    raw: Raw,
    websockets: WebSockets,
    proxy: Option<String>,
    in_memory: bool,
    /// Whether the other side has answered anything.
    answered: AtomicBool,
    clock: Clock,
}

impl fmt::Debug for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transport").finish_non_exhaustive()
    }
}

impl Transport {
    /// Lanes to an endpoint; nothing is opened or read yet.
    pub fn new(endpoint: &Endpoint, settings: &Settings, clock: Clock) -> Transport {
        let tls = tls::config(settings.roots.clone(), settings.identity.as_ref());
        let route = Route::new(endpoint, settings, tls.clone());
        let live = Live::new(endpoint, settings, route.clone(), tls.clone(), clock.clone());
        let websockets = WebSockets::new(settings, tls, clock.clone());
        let (proxy, in_memory) = (route.proxy(), route.is_local());
        Transport {
            live,
            raw: Raw::new(route, settings.timeout),
            websockets,
            clock,
            proxy,
            in_memory,
            answered: AtomicBool::new(false),
        }
    }

    /// The proxy before the endpoint, `host:port`, if any.
    pub fn proxy(&self) -> Option<String> {
        self.proxy.clone()
    }

    /// The client for WebSocket URLs.
    pub fn websockets(&self) -> &WebSockets {
        &self.websockets
    }

    /// Whether the other side was seen to end connections without a word, so that what goes on one that is used again may be
    /// lost. Not known over HTTPS.
    pub fn has_quiet_ends(&self) -> bool {
        self.live.has_quiet_ends()
    }

    /// Takes over that the other side has answered a request before, on other lanes.
    pub fn answered_before(&self) {
        self.answered.store(true, Ordering::Relaxed);
    }

    /// Whether the other side has answered a request, with anything but the 502 or 504 of what stands in front of it.
    pub fn has_answered(&self) -> bool {
        self.answered.load(Ordering::Relaxed)
    }

    /// Sends a request, by the exact lane when it is asked for or when the polished one would change the request.
    pub fn exchange(&self, request: Request, lane: Lane) -> impl Future<Output = Exchange> {
        self.by(request, lane, false)
    }

    /// Sends a request on a connection of its own.
    pub fn exchange_fresh(&self, request: Request, lane: Lane) -> impl Future<Output = Exchange> {
        self.by(request, lane, true)
    }

    /// Sends exact bytes on a connection of their own. The exchange's request tells what their first line says.
    pub async fn exchange_bytes(&self, bytes: Vec<u8>) -> Exchange {
        let sent = self.clock.now();
        let reply = self.raw.send_bytes(&bytes).await;
        let done = self.clock.now();
        Exchange { request: first_line(&bytes), raw: Some(bytes), reply, lane: Lane::Raw, sent, done }
    }

    /// Sends two requests one after the other on one connection of their own, which shows bytes too many.
    pub async fn exchange_pair(&self, first: Request, second: Request) -> [Exchange; 2] {
        self.raw.send_pair(first, second, &self.clock).await
    }

    async fn by(&self, request: Request, lane: Lane, fresh: bool) -> Exchange {
        let lane = if lane == Lane::Live && self.live.carries(&request) { Lane::Live } else { Lane::Raw };
        // Whoever is ready to send does so one right after the other: to wake the other side once for all of them takes less
        // than once for each. Nothing else rests on it, and nobody sleeps in memory.
        if !self.in_memory {
            tokio::task::yield_now().await;
        }
        let sent = self.clock.now();
        let reply: Reply = match lane {
            Lane::Live => self.live.send(&request, fresh).await,
            Lane::Raw => Box::pin(self.raw.send(&request)).await,
        };
        if matches!(&reply, Reply::Answered(response) if !response.is_of_gateway()) {
            self.answered.store(true, Ordering::Relaxed);
        }
        Exchange { request, raw: None, reply, lane, sent, done: self.clock.now() }
    }
}

/// Method and target of a request line, as far as there is one.
fn first_line(bytes: &[u8]) -> Request {
    let line = bytes.split(|byte| matches!(byte, b'\r' | b'\n')).next().unwrap_or(&[]);
    let mut words = line.split(|byte| *byte == b' ').map(|word| String::from_utf8_lossy(word).into_owned());
    let method = words.next().unwrap_or_default();
    Request { method, target: words.next().unwrap_or_default(), headers: Headers::new(), body: Vec::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exchanges_and_looks_may_run_on_any_thread() {
        fn sendable<T: Send>(_: &T) {}
        fn shareable<T: Send + Sync>() {}
        shareable::<Transport>();
        shareable::<Held>();
        let settings = Settings::new(Duration::ZERO);
        let endpoint = Endpoint::parse("http://127.0.0.1").expect("an endpoint");
        let transport = Transport::new(&endpoint, &settings, Clock::simulated(0));
        sendable(&transport.exchange(first_line(b"GET /"), Lane::Live));
        sendable(&transport.exchange_pair(first_line(b"GET /"), first_line(b"GET /")));
        sendable(&transport.websockets().connect("ws://127.0.0.1", &Headers::new()));
    }
}
