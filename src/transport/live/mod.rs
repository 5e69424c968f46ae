//! The polished lane: well-formed requests by HTTP clients that reuse their connections, one client a scheme.

mod plain;
mod secure;

use std::sync::Arc;

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::Body;
use rustls::ClientConfig;

use super::connect::{Route, find};
use super::{Endpoint, Settings};
use crate::clock::Clock;
use crate::http::{Cause, FramingFault, Headers, Reply, Request, Response};
use crate::limits;
use plain::Plain;
use secure::Secure;

/// The polished lane to one endpoint.
///
/// Plain HTTP stands on hyper's connections alone, whose every step is in our hands: that nothing was sent is known to
/// the byte, and nothing is added to a request. HTTPS stands on reqwest, which brings HTTP/2 and every kind of proxy.
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

    /// Whether this lane puts the request on the wire exactly as it is, but for the case of field names and, over
    /// HTTPS, the place of `host`.
    pub fn carries(&self, request: &Request) -> bool {
        match &self.0 {
            Client::Plain(plain) => plain.carries(request),
            Client::Secure(secure) => secure.carries(request),
        }
    }

    /// Sends a request on any connection and reads its answer.
    ///
    /// # Panics
    /// When the lane does not carry the request.
    pub async fn send(&self, request: &Request) -> Reply {
        match &self.0 {
            Client::Plain(plain) => plain.send(request).await,
            Client::Secure(secure) => secure.send(request).await,
        }
    }

    /// Sends a request on a connection of its own and reads its answer.
    ///
    /// # Panics
    /// When the lane does not carry the request.
    pub async fn send_fresh(&self, request: &Request) -> Reply {
        match &self.0 {
            Client::Plain(plain) => plain.send_fresh(request).await,
            Client::Secure(secure) => secure.send_fresh(request).await,
        }
    }
}

/// Reads an answer to its end, or to the bound on its body.
async fn collect<B: Body<Data = Bytes> + Unpin>(
    answer: hyper::Response<B>,
    cause_of: impl Fn(&B::Error) -> Cause,
) -> Result<Response, Cause> {
    let (head, mut body) = answer.into_parts();
    let headers: Headers =
        head.headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes().to_vec())).collect();
    let mut response = Response::new(head.status.as_u16(), headers, Vec::new());
    if response.headers.all("content-length").next().is_some()
        && response.headers.all("transfer-encoding").next().is_some()
    {
        response.framing.push(FramingFault::LengthAndChunked);
    }
    // What is announced and never comes is only reserved.
    let announced = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    response.body.reserve_exact(announced.min(limits::BODY_BYTES));
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|error| cause_of(&error))?.into_data() else { continue };
        let room = limits::BODY_BYTES - response.body.len();
        response.body.extend_from_slice(&data[..data.len().min(room)]);
        if data.len() > room {
            response.body_cut = true;
            break;
        }
    }
    response.body.shrink_to_fit();
    Ok(response)
}

/// Whether what came is no HTTP, rather than nothing or too little.
fn is_wrong(error: &(dyn std::error::Error + 'static)) -> bool {
    use std::io::ErrorKind::{InvalidData, InvalidInput};
    find::<hyper::Error>(error).is_some_and(hyper::Error::is_parse)
        || find::<std::io::Error>(error).is_some_and(|io| matches!(io.kind(), InvalidData | InvalidInput))
}
