//! The server on a socket: HTTP/1.1 in front of [`Server::handle`].

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::header::{CONNECTION, HOST, HeaderName, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{StatusCode, Version};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, ToSocketAddrs};
use tokio::sync::{Semaphore, watch};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{sleep, timeout};

use super::answer::Problem;
use super::fault::{Fault, Note, Origin, Talking};
use super::session::Now;
use super::upgrade::{self, Upgraded};
use super::{Server, reply};
use crate::clock::Clock;
use crate::http::{Headers, Request, Response};

/// Most connections at a time; further ones wait to be accepted.
const CONNECTIONS: usize = 1024;
/// Most bytes of a request's body.
const BODY_BYTES: usize = 256 << 10;
/// Bytes of a body that is too long which are read, so that the client gets to read the refusal.
const DRAINED_BYTES: usize = 8 << 20;
/// Bytes of a request's head; a longer one is refused with 431.
const HEAD_BYTES: usize = 128 << 10;
/// How long a request's head may take, waiting for it included.
const HEAD_TIME: Duration = Duration::from_secs(30);
/// How long a request's body may take.
const BODY_TIME: Duration = Duration::from_secs(30);
/// How long connections are given to end when the server stops.
const STOP_TIME: Duration = Duration::from_secs(1);
/// Pause after a connection could not be accepted, for want of file descriptors mostly.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// A server that listens; dropping it closes the socket and every connection.
#[derive(Debug)]
pub struct Listening {
    /// The address that it listens on, with the port that was free.
    pub addr: SocketAddr,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Listening {
    /// `http://` and the address.
    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// Stops accepting, lets requests under way finish for a moment, and closes everything.
    pub async fn stop(mut self) {
        self.stop.send_replace(true);
        let _ = (&mut self.task).await;
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.stop.send_replace(true);
        self.task.abort();
    }
}

/// Listens on `addr` (port 0 for any that is free) and serves until the answer is stopped or dropped.
///
/// # Errors
/// When the address cannot be listened on.
pub async fn bind(addr: impl ToSocketAddrs, server: Server, clock: Clock) -> io::Result<Listening> {
    let listener = TcpListener::bind(addr).await?;
    let addr = listener.local_addr()?;
    let (stop, stopped) = watch::channel(false);
    let task = tokio::spawn(accept(listener, server, clock, stopped));
    Ok(Listening { addr, stop, task })
}

/// Waits until the server is to stop.
pub(super) async fn stop(stopped: &mut watch::Receiver<bool>) {
    // The sender is dropped only by a server that stops, so that failing means the same.
    let _ = stopped.wait_for(|stop| *stop).await;
}

/// A server that serves the connections that it is handed; dropping it closes them.
pub struct Hall {
    server: Server,
    clock: Clock,
    stop: watch::Sender<bool>,
    connections: JoinSet<()>,
}

impl Hall {
    /// Without connections.
    pub fn new(server: Server, clock: Clock) -> Hall {
        Hall { server, clock, stop: watch::Sender::new(false), connections: JoinSet::new() }
    }

    /// Serves a connection.
    pub fn take(&mut self, stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static) {
        while self.connections.try_join_next().is_some() {}
        self.connections.spawn(serve(stream, self.server.clone(), self.clock.clone(), self.stop.subscribe()));
    }

    /// Lets requests under way finish for a moment, and closes everything.
    pub async fn stop(mut self) {
        self.stop.send_replace(true);
        end(&mut self.connections).await;
    }
}

async fn end(connections: &mut JoinSet<()>) {
    let _ = timeout(STOP_TIME * 2, async { while connections.join_next().await.is_some() {} }).await;
}

async fn accept(listener: TcpListener, server: Server, clock: Clock, mut stopped: watch::Receiver<bool>) {
    let room = Arc::new(Semaphore::new(CONNECTIONS));
    let mut connections = JoinSet::new();
    loop {
        let next = async {
            let permit = Arc::clone(&room).acquire_owned().await;
            (permit, listener.accept().await)
        };
        tokio::select! {
            () = stop(&mut stopped) => break,
            Some(_) = connections.join_next() => {}
            (permit, accepted) = next => match accepted {
                Ok((stream, _)) => {
                    // Without this a frame may wait for the acknowledgement of the last one; serving goes on either way.
                    let _ = stream.set_nodelay(true);
                    let serving = serve(stream, server.clone(), clock.clone(), stopped.clone());
                    connections.spawn(async move {
                        serving.await;
                        drop(permit);
                    });
                }
                Err(_) => sleep(ACCEPT_PAUSE).await,
            },
        }
    }
    drop(listener);
    end(&mut connections).await;
}

/// What a connection left behind for the WebSocket that follows it.
type Slot = Arc<Mutex<Option<Upgraded>>>;

async fn serve(
    stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    server: Server,
    clock: Clock,
    stopped: watch::Receiver<bool>,
) {
    let note = Note::default();
    match server.settings.fault.and_then(Fault::talks) {
        None => speak(stream, server, clock, note, stopped).await,
        Some(talks) => speak(Talking::new(stream, talks, note.clone()), server, clock, note, stopped).await,
    }
}

async fn speak(
    stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    server: Server,
    clock: Clock,
    note: Note,
    mut stopped: watch::Receiver<bool>,
) {
    let slot = Slot::default();
    let (connection, requests) = (server.connections.fetch_add(1, Ordering::Relaxed) + 1, AtomicU64::new(0));
    let service = service_fn(|request| {
        let origin = Origin { connection, request: requests.fetch_add(1, Ordering::Relaxed) + 1 };
        answer(request, origin, &server, &clock, &slot, &note)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIME)
        .max_buf_size(HEAD_BYTES)
        .half_close(true)
        // It would be the machine's; answers carry that of the server's clock.
        .auto_date_header(false)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    let mut connection = pin!(connection);
    tokio::select! {
        biased;
        _ = connection.as_mut() => {}
        () = stop(&mut stopped) => {
            connection.as_mut().graceful_shutdown();
            let _ = timeout(STOP_TIME, connection.as_mut()).await;
        }
    }
    let upgraded = slot.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Some(upgraded) = upgraded {
        upgrade::converse(upgraded, &clock, stopped).await;
    }
}

async fn answer(
    mut request: hyper::Request<Incoming>,
    origin: Origin,
    server: &Server,
    clock: &Clock,
    slot: &Slot,
    note: &Note,
) -> Result<hyper::Response<Full<Bytes>>, Infallible> {
    let hosts = request.headers().get_all(HOST).iter().count();
    if hosts > 1 || (hosts == 0 && request.version() >= Version::HTTP_11) {
        return Ok(refusal(server, clock, 400, "The Host header is missing or repeated."));
    }
    let body = match timeout(BODY_TIME, read(request.body_mut())).await {
        Ok(Ok(body)) => body,
        Ok(Err(BodyFault::TooLong)) => return Ok(refusal(server, clock, 413, "The request body is too long.")),
        Ok(Err(BodyFault::Broken)) => return Ok(refusal(server, clock, 400, "The request body is broken.")),
        Err(_) => return Ok(refusal(server, clock, 408, "The request body took too long.")),
    };
    let plain = Request {
        method: request.method().as_str().to_owned(),
        target: request.uri().path_and_query().map_or_else(|| request.uri().to_string(), |target| target.to_string()),
        headers: headers(request.headers()),
        body,
    };
    if upgrade::is_asked(&plain) {
        let (response, upgraded) = upgrade::accept(&plain, &mut request, server, clock);
        *slot.lock().unwrap_or_else(PoisonError::into_inner) = upgraded;
        return Ok(written(response));
    }
    let (response, asked) = server.answer(&plain, origin, Now { unix: clock.unix_seconds(), moment: clock.now() });
    if let Some(pauses) = server.settings.fault.and_then(Fault::pauses) {
        sleep(pauses(&asked)).await;
    }
    *note.lock().unwrap_or_else(PoisonError::into_inner) = Some(asked);
    Ok(written(response))
}

enum BodyFault {
    TooLong,
    Broken,
}

async fn read(body: &mut Incoming) -> Result<Vec<u8>, BodyFault> {
    let (mut bytes, mut total) = (Vec::new(), 0_usize);
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else { return Err(BodyFault::Broken) };
        let Some(data) = frame.data_ref() else { continue };
        total += data.len();
        if total > DRAINED_BYTES {
            break;
        }
        if total <= BODY_BYTES {
            bytes.extend_from_slice(data);
        }
    }
    if total > BODY_BYTES { Err(BodyFault::TooLong) } else { Ok(bytes) }
}

fn headers(headers: &hyper::HeaderMap) -> Headers {
    headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect()
}

/// A refusal of HTTP's own; the connection ends with it, since what follows on it may be no request.
fn refusal(server: &Server, clock: &Clock, status: u16, message: &'static str) -> hyper::Response<Full<Bytes>> {
    let problem = Problem::new(status, "InvalidParameter", message);
    let mut response = written(reply::refuse(server, &problem, clock.unix_seconds(), clock.now()));
    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    response
}

/// Our own answers hold nothing that HTTP cannot carry; a field that did would be left out.
fn written(response: Response) -> hyper::Response<Full<Bytes>> {
    let mut out = hyper::Response::new(Full::new(Bytes::from(response.body)));
    *out.status_mut() = StatusCode::from_u16(response.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in response.headers.iter() {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::from_bytes(value)) {
            out.headers_mut().append(name, value);
        }
    }
    out
}
