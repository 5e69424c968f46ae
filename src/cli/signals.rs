//! Ctrl-C and TERM: heard from the moment they are listened for, each once.

#[cfg(unix)]
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Listens to both until it is dropped.
pub(super) struct Signals {
    #[cfg(unix)]
    both: Option<(Signal, Signal)>,
}

impl Signals {
    /// Begins to listen: from here on neither ends the process by itself.
    pub(super) fn listen() -> Signals {
        Signals {
            #[cfg(unix)]
            both: signal(SignalKind::interrupt()).ok().zip(signal(SignalKind::terminate()).ok()),
        }
    }

    /// Waits for the next one.
    pub(super) async fn next(&mut self) {
        #[cfg(unix)]
        if let Some((interrupt, terminate)) = &mut self.both {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            return;
        }
        let _ = tokio::signal::ctrl_c().await;
    }
}
