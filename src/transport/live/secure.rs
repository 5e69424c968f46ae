//! The polished lane over HTTPS: reqwest, over HTTP/2 or HTTP/1.1 as the endpoint chooses, by any proxy.
//!
//! On the wire: the request's own fields in their order (those of one name together), names in lower case,
//! `content-length` where there is a body or the method expects one, and at last `host`, which HTTP/2 calls
//! `:authority`. Nothing else.

use std::convert::Infallible;
use std::fmt;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::{Body, Frame, SizeHint};
use hyper::header::{CONTENT_LENGTH, HeaderMap, HeaderName, HeaderValue};
use hyper::{Method, Uri};
use reqwest::dns::{Name, Resolve, Resolving};
use reqwest::{Client, Proxy, Url, redirect, retry};
use rustls::ClientConfig;

use super::super::connect::{Choice, Progress, certificate, chain, find, of_proxy};
use super::super::raw::expects_length;
use super::super::{Endpoint, Pins, Settings, Versions};
use crate::http::{Cause, CauseKind, FramingFault, Headers, Reply, Request, Response};
use crate::limits;

/// The polished lane to an endpoint over HTTPS.
pub struct Secure {
    endpoint: Endpoint,
    before: Choice,
    /// The proxy that this comes to, `host:port`.
    proxy: Option<String>,
    versions: Versions,
    pins: Pins,
    tls: Arc<ClientConfig>,
    timeout: Duration,
    // Made when they are first needed; `Err` says why they cannot be.
    pooled: OnceLock<Result<Client, String>>,
    fresh: OnceLock<Result<Client, String>>,
}

/// One sending of a request, which tells when it is over, given up or not, whether a byte of it may have gone out.
struct Attempt<'a> {
    taken: Arc<AtomicBool>,
    sent: &'a mut bool,
}

impl Attempt<'_> {
    /// The endpoint said itself that it did nothing with the request.
    fn unprocessed(&mut self, is: bool) {
        if is {
            self.taken = Arc::default();
        }
    }
}

impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        // Whoever still holds the body may yet send the request.
        *self.sent = Arc::into_inner(std::mem::take(&mut self.taken)).is_none_or(AtomicBool::into_inner);
    }
}

/// Why there is no answer.
struct Failed {
    cause: Cause,
    /// The endpoint is done with the connection, or refuses the stream, and has surely not looked at the request: RFC 9113,
    /// 6.8 and 8.7. nginx ends each connection so after a thousand requests.
    unprocessed: bool,
}

/// A request in reqwest's terms, without its body.
struct Built {
    method: Method,
    url: Url,
    headers: HeaderMap,
}

impl Secure {
    pub fn new(endpoint: &Endpoint, settings: &Settings, proxy: Option<String>, tls: Arc<ClientConfig>) -> Secure {
        Secure {
            endpoint: endpoint.clone(),
            before: settings.before(endpoint).clone(),
            proxy,
            versions: settings.versions,
            pins: settings.pins.clone(),
            tls,
            timeout: settings.timeout,
            pooled: OnceLock::new(),
            fresh: OnceLock::new(),
        }
    }

    pub fn carries(&self, request: &Request) -> bool {
        self.build(request).is_some()
    }

    pub async fn send(&self, request: &Request) -> Reply {
        self.by(self.pooled.get_or_init(|| self.client(usize::MAX)), request).await
    }

    pub async fn send_fresh(&self, request: &Request) -> Reply {
        self.by(self.fresh.get_or_init(|| self.client(0)), request).await
    }

    async fn by(&self, client: &Result<Client, String>, request: &Request) -> Reply {
        let Built { method, url, headers } = self.build(request).expect("a request that the polished lane carries");
        let client = match client {
            Ok(client) => client,
            Err(words) => return Reply::Refused(Cause::new(CauseKind::Connect, words.clone())),
        };
        let (mut sent, mut status) = (false, None);
        let talk = async {
            let mut turned_away = 0;
            loop {
                let taken = Arc::new(AtomicBool::new(false));
                let body = Watched { bytes: Bytes::from(request.body.clone()), taken: taken.clone() };
                let mut built = reqwest::Request::new(method.clone(), url.clone());
                *built.headers_mut() = headers.clone();
                *built.body_mut() = Some(reqwest::Body::wrap(body));
                let mut attempt = Attempt { taken, sent: &mut sent };
                let failed = match exchange(client, built, &mut status).await {
                    Ok(response) => return Ok(response),
                    Err(failed) => failed,
                };
                attempt.unprocessed(failed.unprocessed);
                turned_away += 1;
                if !failed.unprocessed || turned_away > limits::TURNED_AWAY {
                    return Err(failed.cause);
                }
            }
        };
        let cause = match tokio::time::timeout(self.timeout, talk).await {
            Ok(Ok(response)) => return Reply::Answered(response),
            Ok(Err(cause)) => cause,
            Err(_) => return Progress { sent, status }.late(self.timeout),
        };
        // Behind a proxy nothing is connected to but that.
        let cause = match &self.proxy {
            Some(proxy) if cause.kind == CauseKind::Connect => of_proxy(proxy, cause),
            _ => cause,
        };
        Progress { sent, status }.failed(cause)
    }

    fn client(&self, idle: usize) -> Result<Client, String> {
        let mut tls = ClientConfig::clone(&self.tls);
        let protocols: &[&[u8]] = match self.versions {
            Versions::Both => &[b"h2", b"http/1.1"],
            Versions::One => &[b"http/1.1"],
            Versions::Two => &[b"h2"],
        };
        tls.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
        let head = u32::try_from(limits::HEAD_BYTES).unwrap_or(u32::MAX);
        let builder = Client::builder()
            .tls_backend_preconfigured(tls)
            .https_only(true)
            .redirect(redirect::Policy::none())
            .referer(false)
            .retry(retry::never())
            .connect_timeout(self.timeout)
            .pool_idle_timeout(limits::CONNECTION_IDLE)
            .pool_max_idle_per_host(idle)
            .http1_max_headers(limits::HEADER_FIELDS)
            .http2_max_header_list_size(head)
            .dns_resolver(Arc::new(Names(self.pins.clone())));
        let builder = match self.versions {
            Versions::Both => builder,
            Versions::One => builder.http1_only(),
            Versions::Two => builder.http2_prior_knowledge(),
        };
        let builder = match &self.before {
            Choice::None => Ok(builder.no_proxy()),
            Choice::Environment(_) => Ok(builder),
            Choice::All(url, _) => Proxy::all(url).map(|proxy| builder.proxy(proxy)),
        };
        // The URL may hold a password.
        let words = |error: reqwest::Error| format!("HTTPS cannot be spoken: {}", chain(&error.without_url()));
        builder.map_err(words)?.build().map_err(words)
    }

    /// The request in reqwest's terms; `None` when anything of it would change on the way.
    fn build(&self, request: &Request) -> Option<Built> {
        let method = Method::from_bytes(request.method.as_bytes()).ok()?;
        let host = self.endpoint.host_header();
        let whole = format!("https://{host}{}", request.target);
        if !request.target.starts_with('/') || request.target.contains('#') || method == Method::CONNECT {
            return None;
        }
        // Both, since reqwest turns the one into the other.
        let (url, uri) = (Url::parse(&whole).ok()?, whole.parse::<Uri>().ok()?);
        if url.as_str() != whole || uri.path_and_query()?.as_str() != request.target {
            return None;
        }
        // Reqwest adds `accept: */*` to requests without any, which the exact lane leaves alone.
        request.headers.all("accept").next()?;
        // The client itself writes the URL's host, as `host` or as `:authority`.
        let mut hosts = request.headers.all("host");
        if hosts.next()? != host.as_bytes() || hosts.next().is_some() {
            return None;
        }
        let mut headers = HeaderMap::with_capacity(request.headers.len());
        for (name, value) in request.headers.iter() {
            let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
            match name.as_str() {
                "host" => continue,
                // Fields that the client answers for itself, and such as HTTP/2 does not have.
                "connection" | "content-length" | "expect" | "keep-alive" | "proxy-connection" | "te"
                | "transfer-encoding" | "upgrade" => return None,
                _ => {}
            }
            // HTTP/2 forbids white space around a value.
            if value.trim_ascii() != value {
                return None;
            }
            headers.append(name, HeaderValue::from_bytes(value).ok()?);
        }
        if expects_length(request) {
            headers.insert(CONTENT_LENGTH, HeaderValue::from(request.body.len()));
        }
        Some(Built { method, url, headers })
    }
}

async fn exchange(client: &Client, request: reqwest::Request, status: &mut Option<u16>) -> Result<Response, Failed> {
    let sure = |cause| Failed { cause, unprocessed: false };
    let answer = client.execute(request).await.map_err(|error| {
        // The URL holds keys and signatures.
        let error = error.without_url();
        Failed { unprocessed: is_unprocessed(&error), cause: failure(&error) }
    })?;
    *status = Some(answer.status().as_u16());
    let fields = answer.headers().iter();
    let head: usize = fields.map(|(name, value)| name.as_str().len() + value.len() + ": \r\n".len()).sum();
    if head > limits::HEAD_BYTES || answer.headers().len() > limits::HEADER_FIELDS {
        return Err(sure(Cause::new(CauseKind::NotHttp, "the head of the answer is longer than is read")));
    }
    collect(hyper::Response::from(answer)).await.map_err(sure)
}

/// Reads an answer to its end, or to the bound on its body.
async fn collect(answer: hyper::Response<reqwest::Body>) -> Result<Response, Cause> {
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
        let Ok(data) = frame.map_err(|error| failure(&error))?.into_data() else { continue };
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

fn is_unprocessed(error: &reqwest::Error) -> bool {
    let told = find::<h2::Error>(error).filter(|error| error.is_remote());
    told.is_some_and(|error| match error.reason() {
        Some(h2::Reason::NO_ERROR) => error.is_go_away(),
        Some(h2::Reason::REFUSED_STREAM) => error.is_reset(),
        _ => false,
    })
}

fn failure(error: &reqwest::Error) -> Cause {
    use std::error::Error;
    // The first two say no more than that there is an error, and at which stage.
    let stage = error.source().unwrap_or(error);
    let source = stage.source().unwrap_or(stage);
    if let Some(unresolved) = find::<Unresolved>(error) {
        return Cause::new(CauseKind::Resolve, chain(unresolved));
    }
    if error.is_timeout() {
        let words = if error.is_connect() { "no connection in time" } else { "no whole answer in time" };
        return Cause::new(CauseKind::Timeout, format!("{words}: {}", chain(source)));
    }
    if error.is_connect() {
        // Connecting has errors of its own; TLS alone fails with one of I/O, whatever it wraps.
        return if source.is::<std::io::Error>() || find::<rustls::Error>(source).is_some() {
            Cause::new(CauseKind::Tls, format!("TLS failed: {}", certificate(chain(source))))
        } else {
            let of_system = find::<std::io::Error>(source);
            let unheard = of_system.is_some_and(|error| error.kind() == std::io::ErrorKind::ConnectionRefused);
            Cause { unheard, ..Cause::new(CauseKind::Connect, format!("cannot connect: {}", chain(source))) }
        };
    }
    let kind = match find::<rustls::Error>(error) {
        Some(_) => CauseKind::Tls,
        None if is_wrong(error) => CauseKind::NotHttp,
        None => CauseKind::Closed,
    };
    Cause::new(kind, chain(source))
}

/// A body that remembers whether a connection has taken it up: each asks how long it is before it writes a byte of
/// the request, and nobody asks earlier.
struct Watched {
    bytes: Bytes,
    taken: Arc<AtomicBool>,
}

impl Body for Watched {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.taken.store(true, Ordering::Relaxed);
        let bytes = std::mem::take(&mut self.bytes);
        Poll::Ready((!bytes.is_empty()).then(|| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.taken.store(true, Ordering::Relaxed);
        self.bytes.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.bytes.len() as u64)
    }
}

/// The system's resolver, whose failures can be told from those to connect.
struct Names(Pins);

impl Resolve for Names {
    fn resolve(&self, name: Name) -> Resolving {
        if let Some(address) = self.0.address(name.as_str()) {
            let addresses: reqwest::dns::Addrs = Box::new(std::iter::once(SocketAddr::new(address, 0)));
            return Box::pin(std::future::ready(Ok(addresses)));
        }
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await.map_err(Unresolved)?;
            let addresses: Vec<_> = found.collect();
            if addresses.is_empty() {
                return Err(Unresolved(std::io::Error::other("it has no address")).into());
            }
            Ok(Box::new(addresses.into_iter()) as reqwest::dns::Addrs)
        })
    }
}

#[derive(Debug)]
struct Unresolved(std::io::Error);

impl fmt::Display for Unresolved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot resolve the name: {}", self.0)
    }
}

impl std::error::Error for Unresolved {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transport::{Proxies, Roots, tls};

    fn lane(url: &str, proxies: Proxies) -> Secure {
        let settings = Settings { proxies, ..Settings::new(Duration::from_secs(1)) };
        Secure::new(&Endpoint::parse(url).expect(url), &settings, None, tls::config(Roots::Platform, None))
    }

    fn request(method: &str, target: &str, headers: &[(&str, &[u8])]) -> Request {
        let (method, target) = (method.to_owned(), target.to_owned());
        Request { method, target, headers: headers.iter().copied().collect(), body: Vec::new() }
    }

    #[test]
    fn what_would_change_on_the_way_is_not_carried() {
        let lane = lane("https://ECS.example.com:443", Proxies::none());
        let host: (&str, &[u8]) = ("Host", b"ecs.example.com");
        let json: (&str, &[u8]) = ("Accept", b"application/json");
        let plain = |target: &str| request("GET", target, &[host, json]);
        let with = |name: &'static str, value: &'static [u8]| request("GET", "/", &[host, json, (name, value)]);
        let rows = [
            ("a signed query", plain("/?A=%2a*%2F%7e~+&b=&c&&=%E4"), true),
            ("an empty query", plain("/?"), true),
            ("question marks", plain("/??a=?"), true),
            ("bare percent signs", plain("/?a=%&b=%zz"), true),
            ("bytes that reqwest leaves alone", plain("/?a=|{}[]`^\\"), true),
            ("another method", request("QUERY", "/", &[host, json]), true),
            ("a method in lower case", request("get", "/", &[host, json]), true),
            ("bytes above ASCII in a field", with("x", b"\xff\tz"), true),
            ("a field twice", with("accept", b"*/*"), true),
            ("a quote", plain("/?a='"), false),
            ("dot segments", plain("/a/../b/./c"), false),
            ("encoded dot segments", plain("/a/%2e%2E/b"), false),
            ("a backslash in the path", plain("/a\\b"), false),
            ("a second host", plain("//other.example/"), true),
            ("no path", plain("?a=b"), false),
            ("nothing", plain(""), false),
            ("a user before the host", plain("@other.example/"), false),
            ("a port behind the host", plain(":1/"), false),
            ("a whole URL", plain("https://ecs.example.com/"), false),
            ("a fragment", plain("/?a=b#c"), false),
            ("a space", plain("/?a=b c"), false),
            ("a tab", plain("/?a=b\tc"), false),
            ("a line feed", plain("/?a=b\nc"), false),
            ("characters above ASCII", plain("/?a=\u{e9}"), false),
            ("a long target", plain(&format!("/?{}", "a".repeat(70_000))), false),
            ("CONNECT", request("CONNECT", "/", &[host, json]), false),
            ("no method", request("", "/", &[host, json]), false),
            ("no accept", request("GET", "/", &[host]), false),
            ("no host", request("GET", "/", &[json]), false),
            ("another host", request("GET", "/", &[("host", b"other.example"), json]), false),
            ("the host in upper case", request("GET", "/", &[("host", b"ECS.example.com"), json]), false),
            ("the host with its port", request("GET", "/", &[("host", b"ecs.example.com:443"), json]), false),
            ("two hosts", with("host", b"ecs.example.com"), false),
            ("a length of its own", with("Content-Length", b"0"), false),
            ("connection options", with("connection", b"close"), false),
            ("an upgrade", with("upgrade", b"websocket"), false),
            ("what HTTP/2 does not have", with("Keep-Alive", b"1"), false),
            ("trailers", with("te", b"trailers"), false),
            ("space before a value", with("a", b" b"), false),
            ("space after a value", with("a", b"b\t"), false),
            ("a space in a name", with("a b", b""), false),
            ("a line feed in a value", with("a", b"b\nc"), false),
        ];
        for (name, request, carried) in rows {
            assert_eq!(lane.carries(&request), carried, "{name}");
        }
        assert!(lane.pooled.get().is_none() && lane.fresh.get().is_none(), "no client is made for a look");
    }

    #[test]
    fn every_kind_of_host_is_carried() {
        for host in ["[2001:db8::1]:8443", "127.0.0.1", "a_b.example."] {
            let request = request("GET", "/", &[("host", host.as_bytes()), ("accept", b"*/*")]);
            assert!(lane(&format!("https://{host}"), Proxies::none()).carries(&request), "{host}");
        }
    }

    #[tokio::test]
    async fn a_proxy_that_cannot_be_used_refuses_every_request() {
        let lane = lane("https://ecs.example.com", Proxies::all("http://user:word@:x"));
        let request = request("GET", "/", &[("host", b"ecs.example.com"), ("accept", b"*/*")]);
        for reply in [lane.send(&request).await, lane.send_fresh(&request).await] {
            let Reply::Refused(cause) = reply else { panic!("{reply:?}") };
            assert!(cause.kind == CauseKind::Connect && !cause.words.contains("word"), "{}", cause.words);
        }
    }

    #[test]
    fn a_body_knows_when_it_is_taken_up_and_not_when_it_is_measured() {
        for bytes in ["", "a=b"] {
            let body = Watched { bytes: bytes.into(), taken: Arc::default() };
            assert_eq!(body.size_hint().exact(), Some(bytes.len() as u64));
            assert!(!body.taken.load(Ordering::Relaxed));
            assert_eq!(body.is_end_stream(), bytes.is_empty());
            assert!(body.taken.load(Ordering::Relaxed));
        }
    }
}
