//! What runs of this process have opened, for whoever has to say how to end by hand what is left of it.

use std::sync::{Arc, Mutex, PoisonError};

use super::tell_people;
use crate::check::seen::printable;
use crate::report::exchange::quoted_where_needed;
use crate::run::sessions::Sessions;

/// The sessions of each run.
#[derive(Clone, Default)]
pub(super) struct Left(Arc<Mutex<Vec<Opened>>>);

/// Those of one run, with the flags of `endspec call` for its target.
struct Opened {
    sessions: Arc<Sessions>,
    calling: String,
}

impl Left {
    /// Those of a run to come.
    pub fn of(&self, calling: &str) -> Arc<Sessions> {
        let sessions: Arc<Sessions> = Arc::default();
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(Opened { sessions: sessions.clone(), calling: calling.to_owned() });
        sessions
    }

    /// Lists what is open, where no report will.
    pub fn tell(&self) {
        for Opened { sessions, calling } in self.0.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            let left: Vec<String> = sessions.left().into_iter().map(|session| session.id).collect();
            tell(&left, calling);
        }
    }
}

/// How to end sessions by hand.
pub(super) fn tell(left: &[String], calling: &str) {
    for id in left {
        let session = quoted_where_needed(&format!("SessionId={}", printable(id, 200)));
        let words = format!("endspec: left open; end it with: endspec call EndTerminalSession {session} {calling}");
        tell_people(&format!("{}\n", words.trim_end()), true);
    }
}
