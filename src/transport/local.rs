//! Servers in this process: connections to them are pairs of streams in memory, and no socket is opened.

use std::fmt;
use std::sync::Arc;

use tokio::io::DuplexStream;

/// Bytes that either side of a connection may have written before the other reads them: taken at once for each connection,
/// of which a run makes thousands.
const BUFFER: usize = 8 << 10;

/// A server in this process, which takes the connections to one authority.
#[derive(Clone)]
pub struct Local {
    authority: String,
    serve: Arc<dyn Fn(DuplexStream) -> bool + Send + Sync>,
}

impl Local {
    /// `serve` is given the far end of every connection to `authority` (`host:port`); it says whether it takes it.
    pub fn new(authority: &str, serve: impl Fn(DuplexStream) -> bool + Send + Sync + 'static) -> Local {
        Local { authority: authority.to_owned(), serve: Arc::new(serve) }
    }

    /// Whether connections to that authority are its own.
    pub(super) fn is_at(&self, authority: &str) -> bool {
        self.authority == authority
    }

    /// The near end of a new connection; `None` when it is refused.
    pub(super) fn connect(&self) -> Option<DuplexStream> {
        let (near, far) = tokio::io::duplex(BUFFER);
        (self.serve)(far).then_some(near)
    }
}

impl fmt::Debug for Local {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Local").field("authority", &self.authority).finish_non_exhaustive()
    }
}
