//! Connections for every lane: names, addresses, proxies and TLS. Whatever fails here was surely without effect.

use std::fmt;
use std::future::{Future, poll_fn};
use std::io::ErrorKind;
use std::mem::MaybeUninit;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Waker};
use std::time::Duration;

use hyper::Uri;
use hyper_util::client::proxy::matcher::Matcher;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, ReadBuf};
use tokio::net::TcpStream;
use tokio::task::unconstrained;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::answer::{End, Reader};
use super::local::Local;
use super::{Endpoint, Pins, Settings};
use crate::http::{Cause, CauseKind, Reply};

/// Proxies by scheme and host.
#[derive(Clone, Default)]
pub struct Proxies(Choice);

/// Which proxies there are: the matcher for our own connections, and whence it came, for clients that have their own.
#[derive(Clone, Default)]
pub(super) enum Choice {
    #[default]
    None,
    Environment(Arc<Matcher>),
    All(String, Arc<Matcher>),
}

impl Proxies {
    /// Every connection goes straight to its endpoint.
    pub fn none() -> Proxies {
        Proxies(Choice::None)
    }

    /// What `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY` say, or the system where they say nothing.
    pub fn from_environment() -> Proxies {
        Proxies(Choice::Environment(Arc::new(Matcher::from_system())))
    }

    /// One proxy for everything: a URL that may hold user and password.
    pub fn all(url: &str) -> Proxies {
        Proxies(Choice::All(url.to_owned(), Arc::new(Matcher::builder().all(url).build())))
    }

    /// What stands before an endpoint: nothing before this machine.
    pub(super) fn before(&self, endpoint: &Endpoint) -> &Choice {
        if endpoint.is_loopback() { &Choice::None } else { &self.0 }
    }
}

impl fmt::Debug for Proxies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if matches!(self.0, Choice::None) { "Proxies(none)" } else { "Proxies(..)" })
    }
}

/// A two-way stream of bytes.
pub(super) trait Io: AsyncRead + AsyncWrite + Send + Unpin {
    /// Whether nothing waits to be read, neither bytes nor the end. What it finds else may be lost by that.
    fn is_quiet(&mut self) -> bool;
}

pub(super) type Stream = Box<dyn Io>;

impl Io for TcpStream {
    /// Asks the system: what the runtime was last told may be many requests old.
    fn is_quiet(&mut self) -> bool {
        let peeked = SockRef::from(&*self).peek(&mut [MaybeUninit::uninit()]);
        peeked.is_err_and(|error| error.kind() == ErrorKind::WouldBlock)
    }
}

impl Io for DuplexStream {
    fn is_quiet(&mut self) -> bool {
        nothing_comes(self)
    }
}

impl Io for TlsStream<Stream> {
    /// Records without bytes for us, such as a ticket for the next connection, are taken in first.
    fn is_quiet(&mut self) -> bool {
        nothing_comes(self) && self.get_mut().0.is_quiet()
    }
}

fn nothing_comes(stream: &mut (impl AsyncRead + Unpin)) -> bool {
    let mut byte = [0];
    let mut byte = ReadBuf::new(&mut byte);
    let read = poll_fn(|cx| Pin::new(&mut *stream).poll_read(cx, &mut byte));
    // However much the task has read before: to look at one more is what tells.
    pin!(unconstrained(read)).poll(&mut Context::from_waker(Waker::noop())).is_pending()
}

/// The way to an endpoint.
#[derive(Clone)]
pub(super) struct Route {
    endpoint: Endpoint,
    proxy: Option<Proxy>,
    local: Option<Local>,
    pins: Pins,
    tls: Arc<ClientConfig>,
    /// Bound on connecting to one of several addresses.
    patience: Duration,
}

#[derive(Clone)]
struct Proxy {
    /// `Err` says why it cannot be used.
    endpoint: Result<Endpoint, String>,
    authorization: Option<Vec<u8>>,
}

impl Route {
    pub fn new(endpoint: &Endpoint, settings: &Settings, tls: Arc<ClientConfig>) -> Route {
        let matcher = match settings.before(endpoint) {
            Choice::None => None,
            Choice::Environment(matcher) | Choice::All(_, matcher) => Some(matcher),
        };
        let uri = format!("{}://{}/", endpoint.scheme(), endpoint.authority()).parse::<Uri>().ok();
        let proxy = matcher.zip(uri).and_then(|(matcher, uri)| matcher.intercept(&uri)).map(|intercept| {
            let scheme = intercept.uri().scheme_str().unwrap_or("http");
            let authority = intercept.uri().authority().map_or("", |authority| authority.as_str());
            Proxy {
                endpoint: Endpoint::parse(&format!("{scheme}://{authority}"))
                    .map_err(|error| format!("the proxy of the environment cannot be used: {error}")),
                authorization: intercept.basic_auth().map(|value| value.as_bytes().to_vec()),
            }
        });
        let local = settings.local.clone().filter(|local| local.is_at(&endpoint.authority()));
        let pins = settings.pins.clone();
        Route { endpoint: endpoint.clone(), proxy, local, pins, tls, patience: settings.timeout }
    }

    /// For plain HTTP through a proxy: what stands before the target, and `proxy-authorization`.
    pub fn forwarded(&self) -> Option<(String, Option<&[u8]>)> {
        let proxy = self.proxy.as_ref().filter(|_| !self.endpoint.is_secure())?;
        Some((format!("http://{}", self.endpoint.host_header()), proxy.authorization.as_deref()))
    }

    /// Whether the endpoint is a server in this process.
    pub fn is_local(&self) -> bool {
        self.local.is_some()
    }

    /// Whether bytes are enciphered on the way: that a write failed does not tell then that nothing of it was sent.
    pub fn is_sealed(&self) -> bool {
        let of_proxy = self.proxy.as_ref().is_some_and(|proxy| proxy.endpoint.as_ref().is_ok_and(Endpoint::is_secure));
        of_proxy || self.endpoint.is_secure()
    }

    /// A connection for requests as HTTP clients send them: plain ones stop at the proxy.
    pub async fn open(&self) -> Result<Stream, Cause> {
        match &self.proxy {
            Some(proxy) if !self.endpoint.is_secure() => self.to_proxy(proxy).await,
            _ => self.open_through().await,
        }
    }

    /// A connection whose bytes reach the endpoint unchanged.
    pub async fn open_through(&self) -> Result<Stream, Cause> {
        let stream = match &self.proxy {
            None => self.tcp(&self.endpoint).await?,
            Some(proxy) => {
                let mut stream = self.to_proxy(proxy).await?;
                let tunneled = tunnel(&mut stream, &self.endpoint, proxy.authorization.as_deref()).await;
                tunneled.map_err(|cause| of_proxy(&self.proxy().unwrap_or_default(), cause))?;
                stream
            }
        };
        if self.endpoint.is_secure() { self.handshake(&self.endpoint, stream).await } else { Ok(stream) }
    }

    async fn to_proxy(&self, proxy: &Proxy) -> Result<Stream, Cause> {
        let endpoint = proxy.endpoint.as_ref().map_err(|words| Cause::new(CauseKind::Connect, words.clone()))?;
        let open = async {
            let stream = self.tcp(endpoint).await?;
            if endpoint.is_secure() { self.handshake(endpoint, stream).await } else { Ok(stream) }
        };
        open.await.map_err(|cause| of_proxy(&endpoint.authority(), cause))
    }

    async fn tcp(&self, endpoint: &Endpoint) -> Result<Stream, Cause> {
        if let Some(local) = &self.local {
            let refused = || Cause { unheard: true, ..Cause::new(CauseKind::Connect, "cannot connect") };
            return Ok(Box::new(local.connect().ok_or_else(refused)?));
        }
        // Told apart from what comes later: the whole exchange has no more time.
        let addresses = addresses(endpoint, &self.pins, self.patience * 3 / 4).await?;
        let patience = self.patience / u32::try_from(addresses.len()).unwrap_or(u32::MAX).max(1);
        let (mut words, mut unheard) = ("the name has no address".to_owned(), !addresses.is_empty());
        for address in addresses {
            match tokio::time::timeout(patience, TcpStream::connect(address)).await {
                Ok(Ok(stream)) => {
                    stream.set_nodelay(true).map_err(|error| Cause::new(CauseKind::Connect, chain(&error)))?;
                    return Ok(Box::new(stream));
                }
                Ok(Err(error)) => {
                    unheard &= error.kind() == ErrorKind::ConnectionRefused;
                    words = chain(&error);
                }
                Err(_) => {
                    unheard = false;
                    words = format!("no connection within {patience:?}");
                }
            }
        }
        Err(Cause { unheard, ..Cause::new(CauseKind::Connect, format!("cannot connect: {words}")) })
    }

    async fn handshake(&self, endpoint: &Endpoint, stream: Stream) -> Result<Stream, Cause> {
        let tls = |words: String| Cause::new(CauseKind::Tls, format!("TLS failed: {words}"));
        let host = endpoint.host();
        let name = match endpoint.address() {
            Some(address) => ServerName::IpAddress(address.into()),
            // A certificate never names the final dot.
            None => ServerName::try_from(host.strip_suffix('.').unwrap_or(&host).to_owned())
                .map_err(|error| tls(chain(&error)))?,
        };
        let stream = TlsConnector::from(self.tls.clone()).connect(name, stream).await;
        Ok(Box::new(stream.map_err(|error| tls(certificate(chain(&error))))?))
    }

    /// The proxy before the endpoint, `host:port`, if any.
    pub fn proxy(&self) -> Option<String> {
        self.proxy.as_ref().and_then(|proxy| proxy.endpoint.as_ref().ok()).map(Endpoint::authority)
    }
}

/// A failure of the proxy at `host:port`, and not of the endpoint behind it.
pub(super) fn of_proxy(proxy: &str, cause: Cause) -> Cause {
    Cause { words: format!("the proxy {proxy}: {}", cause.words), of_proxy: true, ..cause }
}

/// What TLS failed for, with the way out where the words alone have none.
pub(super) fn certificate(words: String) -> String {
    if words.contains("CaUsedAsEndEntity") {
        return format!(
            "{words}; the certificate is an authority's own, which no server may show: make one without CA:TRUE, \
             `openssl req -x509 -addext basicConstraints=critical,CA:FALSE`"
        );
    }
    words
}

async fn addresses(endpoint: &Endpoint, pins: &Pins, patience: Duration) -> Result<Vec<SocketAddr>, Cause> {
    if let Some(address) = endpoint.address().or_else(|| pins.address(&endpoint.host())) {
        return Ok(vec![SocketAddr::new(address, endpoint.port())]);
    }
    let resolve = |words: String| Cause::new(CauseKind::Resolve, format!("cannot resolve the name: {words}"));
    let found = tokio::time::timeout(patience, tokio::net::lookup_host((endpoint.host(), endpoint.port()))).await;
    let found = found.map_err(|_| resolve(format!("no name server answered within {patience:?}")))?;
    let mut addresses: Vec<SocketAddr> = found.map_err(|error| resolve(chain(&error)))?.collect();
    addresses.dedup();
    if addresses.is_empty() {
        return Err(resolve("it has no address".to_owned()));
    }
    Ok(addresses)
}

/// Asks a proxy for a connection to the endpoint.
async fn tunnel(stream: &mut Stream, endpoint: &Endpoint, authorization: Option<&[u8]>) -> Result<(), Cause> {
    let refused = |words: String| Cause::new(CauseKind::Connect, format!("it opens no connection: {words}"));
    let authority = endpoint.authority();
    let mut head = format!("CONNECT {authority} HTTP/1.1\r\nhost: {authority}\r\n").into_bytes();
    if let Some(authorization) = authorization {
        head.extend([&b"proxy-authorization: "[..], authorization, b"\r\n"].concat());
    }
    head.extend(b"\r\n");
    stream.write_all(&head).await.map_err(|error| refused(chain(&error)))?;
    // An answer to CONNECT has no body where it grants the connection, and is not read where it does not.
    let mut reader = Reader::new("HEAD");
    let mut bytes = [0; 1024];
    while !reader.is_done() {
        match stream.read(&mut bytes).await.map_err(|error| refused(chain(&error)))? {
            0 => break,
            count => reader.push(&bytes[..count]),
        };
    }
    match reader.finish(End::Closed) {
        (Ok(answer), surplus) if (200..300).contains(&answer.status) && surplus.is_empty() => Ok(()),
        (Ok(answer), _) => Err(refused(format!("it answers {}", answer.status))),
        (Err(cause), _) => Err(refused(cause.words)),
    }
}

/// An error and its causes, joined with `: `.
pub(super) fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut words = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let more = cause.to_string();
        // Some errors already say what their cause says.
        if !words.ends_with(&more) {
            words = format!("{words}: {more}");
        }
        next = cause.source();
    }
    words
}

/// The first cause of a type, in what I/O errors wrap too, which they leave out of their sources.
pub(super) fn find<'a, T: std::error::Error + 'static>(error: &'a (dyn std::error::Error + 'static)) -> Option<&'a T> {
    let mut next = Some(error);
    while let Some(cause) = next {
        if let Some(found) = cause.downcast_ref() {
            return Some(found);
        }
        next = match cause.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref) {
            Some(wrapped) => Some(wrapped),
            None => cause.source(),
        };
    }
    None
}

/// How far an exchange has come, kept outside of what a timeout cuts off.
#[derive(Debug, Default)]
pub(super) struct Progress {
    /// The first byte may have been sent.
    pub sent: bool,
    /// The status line that arrived.
    pub status: Option<u16>,
}

impl Progress {
    /// Refused or lost, by how far it came.
    pub fn failed(&self, cause: Cause) -> Reply {
        let cause = Cause { status: cause.status.or(self.status), ..cause };
        if self.sent { Reply::Lost(cause) } else { Reply::Refused(cause) }
    }

    /// Refused or lost, for its time was over.
    pub fn late(&self, timeout: Duration) -> Reply {
        let words = match (self.sent, self.status) {
            (false, _) => format!("no connection within {timeout:?}"),
            (true, None) => format!("no answer within {timeout:?}"),
            (true, Some(status)) => format!("{status} began, and the rest did not come within {timeout:?}"),
        };
        self.failed(Cause::new(CauseKind::Timeout, words))
    }
}

pub(super) fn late(timeout: Duration) -> Cause {
    Cause::new(CauseKind::Timeout, format!("no whole answer within {timeout:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn route(url: &str, proxies: &Proxies) -> Route {
        let tls = super::super::tls::config(super::super::Roots::Platform, None);
        let settings = Settings { proxies: proxies.clone(), ..Settings::new(Duration::from_secs(1)) };
        Route::new(&Endpoint::parse(url).expect(url), &settings, tls)
    }

    #[test]
    fn a_proxy_stands_before_every_endpoint_but_this_machine() {
        let proxies = Proxies::all("http://user:word@proxy.example:3128");
        for (url, proxied) in [
            ("http://ecs.example.com", true),
            ("https://ecs.example.com", true),
            ("http://127.0.0.1:8080", false),
            ("http://[::1]:8080", false),
            ("https://localhost", false),
        ] {
            assert_eq!(route(url, &proxies).proxy.is_some(), proxied, "{url}");
            assert!(route(url, &Proxies::none()).proxy.is_none(), "{url}");
        }
        let route = route("http://ecs.example.com", &proxies);
        let proxy = route.proxy.as_ref().expect("a proxy");
        assert_eq!(proxy.endpoint.as_ref().map(Endpoint::authority), Ok("proxy.example:3128".to_owned()));
        let (before, authorization) = route.forwarded().expect("plain HTTP is forwarded");
        assert_eq!((before.as_str(), authorization), ("http://ecs.example.com", Some(&b"Basic dXNlcjp3b3Jk"[..])));
    }

    #[test]
    fn a_proxy_of_another_kind_is_refused_in_words_without_its_password() {
        let route = route("http://ecs.example.com", &Proxies::all("socks5://user:word@proxy.example:1080"));
        let words = route.proxy.expect("a proxy").endpoint.expect_err("socks is not spoken");
        assert!(words.contains("socks5") && !words.contains("word@"), "{words}");
    }

    /// All without a wait: whatever the runtime was told is from before.
    #[tokio::test]
    async fn a_connection_is_quiet_until_something_comes() {
        use std::io::Write;
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let near = TcpStream::connect(listener.local_addr().expect("an address")).await.expect("a connection");
        let (mut near, (mut far, _)) = (near, listener.accept().expect("a connection"));
        assert!(near.is_quiet());
        far.write_all(b"x").expect("written");
        assert!(!near.is_quiet());
        let mut near = TcpStream::connect(listener.local_addr().expect("an address")).await.expect("a connection");
        let (far, _) = listener.accept().expect("a connection");
        assert!(near.is_quiet());
        drop(far);
        assert!(!near.is_quiet());
    }

    #[tokio::test]
    async fn an_end_in_memory_is_seen_however_much_the_task_has_done() {
        let (mut near, mut other) = (tokio::io::duplex(8), tokio::io::duplex(8));
        assert!(near.0.is_quiet() && other.0.is_quiet());
        let mut cx = Context::from_waker(Waker::noop());
        while pin!(tokio::task::consume_budget()).poll(&mut cx).is_ready() {}
        drop(near.1);
        assert!(!near.0.is_quiet() && other.0.is_quiet());
        assert!(pin!(other.1.write_all(b"x")).poll(&mut cx).is_pending(), "the budget is used up");
    }

    #[test]
    fn a_cause_is_found_inside_of_errors_of_io() {
        use std::io::Error;
        let inner = Error::other(Error::other(rustls::Error::DecryptError));
        assert!(matches!(find(&inner), Some(rustls::Error::DecryptError)));
        assert!(find::<rustls::Error>(&Error::other("words")).is_none());
    }
}
