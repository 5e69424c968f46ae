//! Ctrl-C, TERM and the loss of the terminal: heard from the moment they are listened for, each once.

#[cfg(unix)]
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Listens to all of them until it is dropped.
pub(super) struct Signals {
    #[cfg(unix)]
    all: Vec<Signal>,
}

impl Signals {
    /// Begins to listen: from here on none ends the process by itself.
    pub(super) fn listen() -> Signals {
        Signals {
            #[cfg(unix)]
            all: [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()]
                .into_iter()
                .filter_map(|kind| signal(kind).ok())
                .collect(),
        }
    }

    /// Waits for the next one.
    pub(super) async fn next(&mut self) {
        #[cfg(unix)]
        if !self.all.is_empty() {
            let heard = self.all.iter_mut().map(|signal| Box::pin(signal.recv()));
            futures_util::future::select_all(heard).await;
            return;
        }
        let _ = tokio::signal::ctrl_c().await;
    }
}
