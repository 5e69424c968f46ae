//! Ctrl-C, TERM and the loss of the terminal: heard from the moment they are listened for, each once.

use std::io::Write as _;
use std::time::{Duration, Instant};

#[cfg(unix)]
use tokio::signal::unix::{Signal, SignalKind, signal};

use tokio::sync::watch;

use super::Exit;
use super::left::Left;

/// How long after a signal another one is the same: a supervisor tells the process, and then its group.
const SAME: Duration = Duration::from_secs(1);

/// Becomes true with the first; a second one ends the process at once, and what it leaves open is listed.
pub(super) fn stop(left: Left) -> watch::Receiver<bool> {
    let (send, receive) = watch::channel(false);
    let mut signals = Signals::listen();
    tokio::spawn(async move {
        signals.next().await;
        let _ = writeln!(
            std::io::stderr(),
            "endspec: stopping; open sessions are ended first (a second signal ends at once)"
        );
        let _ = send.send(true);
        let first = Instant::now();
        signals.next().await;
        while first.elapsed() < SAME {
            signals.next().await;
        }
        left.tell();
        std::process::exit(i32::from(Exit::Interrupted.code()));
    });
    receive
}

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
