//! The polished lane over plain HTTP: hyper's client, with connections that are reused while they are surely alive.
//!
//! On the wire: the request's own fields in their order (those of one name together), names in lower case, and
//! `content-length` where there is a body or the method expects one. Nothing else: no `accept`, no `user-agent`, no
//! `connection`.

use std::sync::Mutex;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::{HeaderMap, HeaderName, HeaderValue};
use hyper::{Method, Uri, Version};
use hyper_util::rt::TokioIo;
use tokio::task::JoinHandle;

use super::super::connect::{Peek, Progress, Route, chain};
use super::super::raw::expects_length;
use super::{collect, is_wrong};
use crate::clock::{Clock, Moment};
use crate::http::{Cause, CauseKind, Headers, Reply, Request, Response};
use crate::limits;

/// The polished lane to an endpoint over plain HTTP, or to the proxy before it.
pub struct Plain {
    route: Route,
    timeout: Duration,
    clock: Clock,
    idle: Mutex<Vec<Idle>>,
}

struct Idle {
    connection: Connection,
    since: Moment,
}

/// An open connection; dropping it closes it.
struct Connection {
    sender: SendRequest<Full<Bytes>>,
    peek: Option<Peek>,
    task: JoinHandle<()>,
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Connection {
    /// Whether nothing has come since the last answer, neither its end nor bytes that nobody asked for.
    fn is_quiet(&self) -> bool {
        !self.sender.is_closed() && self.peek.as_ref().is_some_and(Peek::is_quiet)
    }
}

impl Plain {
    pub fn new(route: Route, timeout: Duration, clock: Clock) -> Plain {
        Plain { route, timeout, clock, idle: Mutex::default() }
    }

    /// Whether this lane puts the request on the wire exactly as it is, but for the case of field names.
    pub fn carries(&self, request: &Request) -> bool {
        self.build(request).is_some()
    }

    /// Sends a request on any connection and reads its answer.
    ///
    /// # Panics
    /// When the lane does not carry the request.
    pub async fn send(&self, request: &Request) -> Reply {
        self.bounded(request, false).await
    }

    /// Sends a request on a connection of its own and reads its answer.
    ///
    /// # Panics
    /// When the lane does not carry the request.
    pub async fn send_fresh(&self, request: &Request) -> Reply {
        self.bounded(request, true).await
    }

    async fn bounded(&self, request: &Request, fresh: bool) -> Reply {
        let request = self.build(request).expect("a request that the polished lane carries");
        let mut progress = Progress::default();
        match tokio::time::timeout(self.timeout, self.exchange(request, fresh, &mut progress)).await {
            Ok(Ok(response)) => Reply::Answered(response),
            Ok(Err(cause)) => progress.failed(cause),
            Err(_) => progress.late(self.timeout),
        }
    }

    async fn exchange(
        &self,
        mut request: hyper::Request<Full<Bytes>>,
        fresh: bool,
        progress: &mut Progress,
    ) -> Result<Response, Cause> {
        loop {
            let idle = if fresh { None } else { self.take_idle().await };
            let reused = idle.is_some();
            let mut connection = match idle {
                Some(connection) => connection,
                None => self.connect().await?,
            };
            progress.sent = true;
            match connection.sender.try_send_request(request).await {
                Ok(answer) => {
                    progress.status = Some(answer.status().as_u16());
                    return self.receive(connection, answer, fresh).await;
                }
                // Given back, so not a byte of it was written: an idle connection ended as it was taken up.
                Err(mut error) => match error.take_message() {
                    Some(unsent) if reused => {
                        progress.sent = false;
                        request = unsent;
                    }
                    _ => return Err(cause_of(error.error())),
                },
            }
        }
    }

    async fn connect(&self) -> Result<Connection, Cause> {
        let link = self.route.open().await?;
        let (sender, connection) = http1::Builder::new()
            .max_headers(limits::HEADER_FIELDS)
            .max_header_size(limits::HEAD_BYTES)
            // It reads ahead as far as it may, on each of many connections.
            .max_buf_size(2 * limits::HEAD_BYTES)
            .handshake(TokioIo::new(link.stream))
            .await
            .map_err(|error| Cause::new(CauseKind::Connect, chain(&error)))?;
        // What ends the connection is told to whoever waits for an answer on it.
        let task = tokio::spawn(async { drop(connection.await) });
        Ok(Connection { sender, peek: link.peek, task })
    }

    async fn take_idle(&self) -> Option<Connection> {
        loop {
            let mut connection = {
                let now = self.clock.now();
                let mut idle = self.idle.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                idle.retain(|idle| now.since(idle.since) < limits::CONNECTION_IDLE);
                idle.pop()?.connection
            };
            if connection.is_quiet() && connection.sender.ready().await.is_ok() {
                return Some(connection);
            }
        }
    }

    async fn receive(
        &self,
        connection: Connection,
        answer: hyper::Response<hyper::body::Incoming>,
        fresh: bool,
    ) -> Result<Response, Cause> {
        let version = answer.version();
        let response = collect(answer, cause_of).await?;
        let switched = response.status == 101;
        if !fresh && !switched && !response.body_cut && version == Version::HTTP_11 && goes_on(&response.headers) {
            let idle = Idle { connection, since: self.clock.now() };
            self.idle.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(idle);
        }
        Ok(response)
    }

    /// The request in hyper's terms; `None` when anything of it would change on the way.
    fn build(&self, request: &Request) -> Option<hyper::Request<Full<Bytes>>> {
        let method = Method::from_bytes(request.method.as_bytes()).ok()?;
        let forwarded = self.route.forwarded();
        let target = match &forwarded {
            Some((before, _)) => format!("{before}{}", request.target),
            None => request.target.clone(),
        };
        let uri: Uri = target.parse().ok()?;
        if !request.target.starts_with('/') || uri.to_string() != target || method == Method::CONNECT {
            return None;
        }
        let mut headers = HeaderMap::with_capacity(request.headers.len() + 1);
        for (name, value) in request.headers.iter() {
            let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
            // Fields that hyper answers for itself, and `upgrade`, whose answer it would not read.
            if matches!(name.as_str(), "connection" | "content-length" | "expect" | "transfer-encoding" | "upgrade") {
                return None;
            }
            headers.append(name, HeaderValue::from_bytes(value).ok()?);
        }
        if let Some((_, Some(authorization))) = &forwarded {
            headers.insert(hyper::header::PROXY_AUTHORIZATION, HeaderValue::from_bytes(authorization).ok()?);
        }
        if expects_length(request) {
            headers.insert(hyper::header::CONTENT_LENGTH, HeaderValue::from(request.body.len()));
        }
        let mut built = hyper::Request::new(Full::new(Bytes::from(request.body.clone())));
        *built.method_mut() = method;
        *built.uri_mut() = uri;
        *built.headers_mut() = headers;
        Some(built)
    }
}

/// Whether the answer leaves the connection open for another request.
fn goes_on(headers: &Headers) -> bool {
    let members = |name| {
        headers.all(name).flat_map(|value| value.split(|byte| *byte == b',')).map(|member| {
            let member = String::from_utf8_lossy(member.trim_ascii()).to_ascii_lowercase();
            member.split_once('=').map_or((member.clone(), None), |(key, number)| {
                (key.trim_end().to_owned(), number.trim_start().parse::<u64>().ok())
            })
        })
    };
    !members("connection").any(|(option, _)| option == "close")
        && !members("keep-alive").any(|(key, number)| matches!(key.as_str(), "timeout" | "max") && number == Some(0))
}

fn cause_of(error: &hyper::Error) -> Cause {
    Cause::new(if is_wrong(error) { CauseKind::NotHttp } else { CauseKind::Closed }, chain(error))
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
        let built = lane.build(&request("GET", "/?a=%2a'", &[("host", b"ecs.example.com")])).expect("carried");
        assert_eq!(built.uri().to_string(), "http://ecs.example.com/?a=%2a'");
        assert!(built.headers().contains_key("proxy-authorization"));
    }

    #[test]
    fn limits_of_keep_alive_are_honoured() {
        let rows: [(&[(&str, &str)], bool); 8] = [
            (&[], true),
            (&[("connection", "keep-alive"), ("keep-alive", "timeout=25")], true),
            (&[("keep-alive", "timeout=5, max=1")], true),
            (&[("keep-alive", "timeout=5, max=0")], false),
            (&[("keep-alive", "timeout = 0")], false),
            (&[("connection", "Close")], false),
            (&[("connection", "x, close")], false),
            (&[("connection", "x"), ("connection", "close")], false),
        ];
        for (fields, kept) in rows {
            let headers: Headers = fields.iter().copied().collect();
            assert_eq!(goes_on(&headers), kept, "{fields:?}");
        }
    }
}
