//! The polished lane over plain HTTP: well-formed requests on connections that are reused while they are surely alive.
//!
//! On the wire: the request's own fields as they are, and `content-length` where there is a body or the method expects
//! one. Nothing else: no `accept`, no `user-agent`, no `connection`.

use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::super::answer::{self, End, Reader};
use super::super::connect::{Progress, Route, Stream};
use super::super::raw::serialise;
use super::super::talk::{Next, Talked, talk};
use crate::clock::{Clock, Moment};
use crate::http::{Cause, CauseKind, FramingFault, Headers, Reply, Request, Response};
use crate::limits;

/// Bytes of a target that is carried: what is longer is refused by most servers, and ends the connection.
const TARGET: usize = 64 << 10;

/// The polished lane to an endpoint over plain HTTP, or to the proxy before it.
pub struct Plain {
    route: Route,
    timeout: Duration,
    clock: Clock,
    idle: Mutex<Vec<Idle>>,
    /// How often a connection was to be used again.
    reuses: AtomicUsize,
    /// How often one had ended then without a word.
    quiet_ends: AtomicUsize,
}

/// An open connection; dropping it closes it.
struct Idle {
    stream: Stream,
    since: Moment,
}

impl Plain {
    pub fn new(route: Route, timeout: Duration, clock: Clock) -> Plain {
        Plain {
            route,
            timeout,
            clock,
            idle: Mutex::default(),
            reuses: AtomicUsize::new(0),
            quiet_ends: AtomicUsize::new(0),
        }
    }

    /// Whether a connection can go on after the request: nothing in it may be read as the end of it, or say what
    /// becomes of the connection.
    pub fn carries(&self, request: &Request) -> bool {
        let is_visible = |byte: u8| byte.is_ascii_graphic() && byte != b'#';
        let target = request.target.as_bytes();
        target.starts_with(b"/")
            && target.len() <= TARGET
            && target.iter().fold(true, |all, byte| all & is_visible(*byte))
            && is_token(&request.method)
            && request.method != "CONNECT"
            && request.headers.iter().all(|(name, value)| is_carried(name, value))
    }

    /// Sends a request that the lane carries on any connection, or on a `fresh` one that is its own, and reads its answer.
    pub async fn send(&self, request: &Request, fresh: bool) -> Reply {
        let mut progress = Progress::default();
        let ended = {
            // Where it stays: it would be copied for whoever takes it.
            let exchange = pin!(self.exchange(request, fresh, &mut progress));
            tokio::time::timeout(self.timeout, exchange).await
        };
        match ended {
            Ok(Ok(response)) => Reply::Answered(response),
            Ok(Err(cause)) => progress.failed(cause),
            Err(_) => progress.late(self.timeout),
        }
    }

    async fn exchange(&self, request: &Request, fresh: bool, progress: &mut Progress) -> Result<Response, Cause> {
        debug_assert!(self.carries(request), "a request that the polished lane does not carry");
        let bytes = serialise(request, self.route.forwarded(), false);
        loop {
            let idle = if fresh { None } else { self.take_idle() };
            let reused = idle.is_some();
            let mut stream = match idle {
                Some(stream) => stream,
                None => Box::pin(self.route.open()).await?,
            };
            *progress = Progress { sent: true, status: None };
            let mut reader = Reader::new(&request.method);
            let take = |piece: &[u8]| {
                let next = if reader.push(piece) { Next::Read } else { Next::Stop };
                progress.status = reader.status();
                next
            };
            let Talked { end, written } = talk(&mut stream, &bytes, take).await;
            if reused && reader.is_untouched() {
                self.quiet_ends.fetch_add(1, Ordering::Relaxed);
            }
            // What a server says as it ends a connection that was idle for too long is no answer to what was sent meanwhile, and
            // to a request that may have been taken nothing else is said for sure (RFC 9110, 15.5.9).
            if reused && reader.status() == Some(408) && reader.closes() {
                self.quiet_ends.fetch_add(1, Ordering::Relaxed);
                let words = "the connection was closed as idle (408) when the request was sent on it";
                return Err(Cause::new(CauseKind::Closed, words));
            }
            // Not a byte of it was written: an idle connection ended as it was taken up, whatever came before its end.
            if reused && written == 0 && !self.route.is_sealed() {
                *progress = Progress::default();
                continue;
            }
            // What waits for the rest of a request would take the next one for it.
            let whole = written == bytes.len() && reader.is_framed() && reader.surplus().is_empty();
            let goes_on = whole && !fresh && reader.is_faultless() && !reader.is_old() && !reader.closes();
            let response = concluded(reader, end)?;
            if goes_on && response.status != 101 && !is_used_up(&response.headers) {
                self.keep(stream);
            }
            return Ok(response);
        }
    }

    /// A connection on which nothing has come since the last answer, neither its end nor bytes that nobody asked for.
    fn take_idle(&self) -> Option<Stream> {
        let now = self.clock.now();
        let mut idle = self.idle();
        idle.retain(|idle| now.since(idle.since) < limits::CONNECTION_IDLE);
        if idle.is_empty() {
            return None;
        }
        self.reuses.fetch_add(1, Ordering::Relaxed);
        let count = idle.len();
        let quiet = loop {
            let Some(Idle { mut stream, .. }) = idle.pop() else { break None };
            if stream.is_quiet() {
                break Some(stream);
            }
        };
        // All that ended at once did so for one reason, as where the other side was restarted.
        let ended = idle.len() + usize::from(quiet.is_some()) < count;
        // What waits on one that is enciphered may be no more than a ticket.
        if ended && !self.route.is_sealed() {
            self.quiet_ends.fetch_add(1, Ordering::Relaxed);
        }
        quiet
    }

    /// Whether the other side has ended a connection without a word.
    pub fn has_quiet_ends(&self) -> bool {
        self.quiet_ends.load(Ordering::Relaxed) > 0
    }

    /// Whether the other side tends to end connections without a word: one that ends just when it is taken up loses a request.
    fn ends_quietly(&self) -> bool {
        let (ends, reuses) = (self.quiet_ends.load(Ordering::Relaxed), self.reuses.load(Ordering::Relaxed));
        ends >= limits::QUIET_ENDS && ends * limits::QUIET_ENDS_IN >= reuses
    }

    fn keep(&self, stream: Stream) {
        if self.ends_quietly() {
            return;
        }
        let since = self.clock.now();
        self.idle().push(Idle { stream, since });
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Idle>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The answer as HTTP clients take it: what is cut short is lost, what cannot be read is none, and how the head is written
/// is passed over, as it may begin with what another answer left. The exact lane tells what is wrong.
fn concluded(reader: Reader, end: End) -> Result<Response, Cause> {
    let (result, _) = reader.finish(end);
    let mut response = result?;
    response.framing.retain(|fault| !matches!(fault, FramingFault::BadHead(_)));
    let of = |kind, words: String| Cause { status: Some(response.status), ..Cause::new(kind, words) };
    for fault in &response.framing {
        match fault {
            FramingFault::Short { .. } => {
                return Err(of(CauseKind::Closed, "the connection was closed within the body".to_owned()));
            }
            FramingFault::BadLength(words) => {
                return Err(of(CauseKind::NotHttp, format!("content-length is {words}")));
            }
            FramingFault::BadChunk(words) => return Err(of(CauseKind::NotHttp, words.clone())),
            FramingFault::Trailing(_)
            | FramingFault::SecondAnswer
            | FramingFault::LengthAndChunked
            | FramingFault::BadHead(_) => {}
        }
    }
    Ok(response)
}

fn is_carried(name: &str, value: &[u8]) -> bool {
    // What lanes say for themselves, and `upgrade`, after which HTTP may not go on.
    const OTHERS: [&str; 5] = ["connection", "content-length", "expect", "transfer-encoding", "upgrade"];
    is_token(name)
        // Without a way out in the middle, many bytes at a time.
        && value.iter().fold(0, |found, byte| found | is_control(*byte)) == 0
        && !OTHERS.iter().any(|other| name.eq_ignore_ascii_case(other))
}

/// One for a control character but the tabulator.
fn is_control(byte: u8) -> u8 {
    (u8::from(byte < b' ') & u8::from(byte != b'\t')) | u8::from(byte == 0x7f)
}

fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(answer::is_token)
}

/// Whether the answer says that no other request is taken on the connection.
fn is_used_up(headers: &Headers) -> bool {
    let members = headers.all("keep-alive").flat_map(|value| value.split(|byte| *byte == b','));
    members.map(|member| String::from_utf8_lossy(member)).any(|member| {
        member.split_once('=').is_some_and(|(key, number)| {
            let key = key.trim();
            (key.eq_ignore_ascii_case("timeout") || key.eq_ignore_ascii_case("max"))
                && number.trim().parse() == Ok(0u64)
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transport::{Endpoint, Proxies, Roots, Settings, tls};

    fn lane(proxies: &Proxies) -> Plain {
        let endpoint = Endpoint::parse("http://ecs.example.com").expect("an endpoint");
        let timeout = Duration::from_secs(1);
        let settings = Settings { proxies: proxies.clone(), ..Settings::new(timeout) };
        let route = Route::new(&endpoint, &settings, tls::config(Roots::Platform, None));
        Plain::new(route, timeout, Clock::system())
    }

    fn request(method: &str, target: &str, headers: &[(&str, &[u8])]) -> Request {
        let (method, target) = (method.to_owned(), target.to_owned());
        Request { method, target, headers: headers.iter().copied().collect(), body: Vec::new() }
    }

    #[test]
    fn what_would_change_on_the_way_is_not_carried() {
        let lane = lane(&Proxies::none());
        let host: (&str, &[u8]) = ("host", b"a");
        let rows = [
            ("a signed query", request("GET", "/?A=%2a*'%2F%7e~+&b=&c", &[host]), true),
            ("an empty query", request("GET", "/?", &[host]), true),
            ("question marks", request("GET", "/??a=?", &[host]), true),
            ("dot segments", request("GET", "/a/../b/./c", &[host]), true),
            ("bytes that should be encoded", request("GET", "/?a=|'{}[]`^\\", &[host]), true),
            ("bare percent signs", request("GET", "/?a=%&b=%zz", &[host]), true),
            ("another method", request("QUERY", "/", &[host]), true),
            ("a method in lower case", request("get", "/", &[host]), true),
            ("bytes above ASCII in a field", request("GET", "/", &[host, ("x", b"\xff\tz")]), true),
            ("no host", request("GET", "/", &[]), true),
            ("no path", request("GET", "?a=b", &[host]), false),
            ("nothing", request("GET", "", &[host]), false),
            ("a whole URL", request("GET", "http://a/", &[host]), false),
            ("an asterisk", request("OPTIONS", "*", &[host]), false),
            ("a fragment", request("GET", "/?a=b#c", &[host]), false),
            ("a space", request("GET", "/?a=b c", &[host]), false),
            ("a tab", request("GET", "/?a=b\tc", &[host]), false),
            ("a line feed", request("GET", "/?a=b\nc", &[host]), false),
            ("CONNECT", request("CONNECT", "/", &[host]), false),
            ("no method", request("", "/", &[host]), false),
            ("a space in the method", request("G T", "/", &[host]), false),
            ("a space in a name", request("GET", "/", &[host, ("a b", b"")]), false),
            ("a line feed in a value", request("GET", "/", &[host, ("a", b"b\nc")]), false),
            ("a length of its own", request("GET", "/", &[host, ("Content-Length", b"0")]), false),
            ("connection options", request("GET", "/", &[host, ("connection", b"close")]), false),
            ("an upgrade", request("GET", "/", &[host, ("upgrade", b"websocket")]), false),
            ("a long target", request("GET", &format!("/?{}", "a".repeat(70_000)), &[host]), false),
        ];
        for (name, request, carried) in rows {
            assert_eq!(lane.carries(&request), carried, "{name}");
        }
    }

    #[test]
    fn through_a_proxy_the_target_names_the_endpoint() {
        let lane = lane(&Proxies::all("http://u:p@proxy.example:3128"));
        let request = request("GET", "/?a=%2a'", &[("host", b"ecs.example.com")]);
        let bytes = String::from_utf8(serialise(&request, lane.route.forwarded(), false)).expect("text");
        let wanted = "GET http://ecs.example.com/?a=%2a' HTTP/1.1\r\nhost: ecs.example.com\r\n";
        assert!(lane.carries(&request) && bytes.starts_with(&format!("{wanted}proxy-authorization: ")), "{bytes}");
    }

    #[test]
    fn limits_of_keep_alive_are_honoured() {
        let rows: [(&[(&str, &str)], bool); 6] = [
            (&[], false),
            (&[("connection", "keep-alive"), ("keep-alive", "timeout=25")], false),
            (&[("keep-alive", "timeout=5, max=1")], false),
            (&[("keep-alive", "timeout=5, max=0")], true),
            (&[("keep-alive", "Timeout = 0")], true),
            (&[("keep-alive", "timeout=5"), ("keep-alive", "max=0")], true),
        ];
        for (fields, used_up) in rows {
            let headers: Headers = fields.iter().copied().collect();
            assert_eq!(is_used_up(&headers), used_up, "{fields:?}");
        }
    }
}
