//! Servers in this process: connections to them are pairs of streams in memory, and no socket is opened.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf};

/// Bytes that either side of a connection may have written before the other reads them: taken at once for each connection,
/// of which a run makes thousands.
const BUFFER: usize = 8 << 10;

/// A server in this process, which takes the connections to one authority.
#[derive(Clone)]
pub struct Local {
    authority: String,
    serve: Arc<dyn Fn(Far) -> bool + Send + Sync>,
}

impl Local {
    /// `serve` is given the far end of every connection to `authority` (`host:port`); it says whether it takes it.
    pub fn new(authority: &str, serve: impl Fn(Far) -> bool + Send + Sync + 'static) -> Local {
        Local { authority: authority.to_owned(), serve: Arc::new(serve) }
    }

    /// Whether connections to that authority are its own.
    pub(super) fn is_at(&self, authority: &str) -> bool {
        self.authority == authority
    }

    /// The near end of a new connection; `None` when it is refused.
    pub(super) fn connect(&self) -> Option<(Near, Arc<Traffic>)> {
        let traffic = Arc::new(Traffic::default());
        let (near, far) = tokio::io::duplex(BUFFER);
        let taken = (self.serve)(Far { stream: far, traffic: traffic.clone() });
        taken.then(|| (Near { stream: near, traffic: traffic.clone() }, traffic))
    }
}

impl fmt::Debug for Local {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Local").field("authority", &self.authority).finish_non_exhaustive()
    }
}

/// What the far end did and the near end has not yet seen.
#[derive(Debug, Default)]
pub(super) struct Traffic {
    written: AtomicU64,
    read: AtomicU64,
    ended: AtomicBool,
}

impl Traffic {
    /// Whether nothing waits to be read, neither bytes nor the end.
    pub fn is_quiet(&self) -> bool {
        !self.ended.load(Ordering::SeqCst) && self.written.load(Ordering::SeqCst) == self.read.load(Ordering::SeqCst)
    }
}

/// The client's end of a connection.
pub(super) struct Near {
    stream: DuplexStream,
    traffic: Arc<Traffic>,
}

/// The server's end of a connection.
#[derive(Debug)]
pub struct Far {
    stream: DuplexStream,
    traffic: Arc<Traffic>,
}

impl Drop for Far {
    fn drop(&mut self) {
        self.traffic.ended.store(true, Ordering::SeqCst);
    }
}

fn count(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

impl AsyncRead for Near {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let done = Pin::new(&mut self.stream).poll_read(cx, buffer);
        self.traffic.read.fetch_add(count(buffer.filled().len() - before), Ordering::SeqCst);
        done
    }
}

impl AsyncWrite for Near {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

impl AsyncRead for Far {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Far {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let done = Pin::new(&mut self.stream).poll_write(cx, bytes);
        if let Poll::Ready(Ok(length)) = done {
            self.traffic.written.fetch_add(count(length), Ordering::SeqCst);
        }
        done
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.traffic.ended.store(true, Ordering::SeqCst);
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
