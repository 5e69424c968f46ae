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
        let mut opened = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // A campaign makes a run of every batch.
        opened.retain(|opened| Arc::strong_count(&opened.sessions) > 1 || !opened.sessions.left().is_empty());
        opened.push(Opened { sessions: sessions.clone(), calling: calling.to_owned() });
        sessions
    }

    /// Lists what is open, where no report will.
    pub fn tell(&self) {
        for Opened { sessions, calling } in self.0.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            sessions.left().iter().for_each(|session| tell_one(&session.id, Some(&session.region), calling));
        }
    }

    /// How to end by hand the sessions that a run says are left of it.
    pub fn tell_of(&self, ids: &[String], calling: &str) {
        let opened = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let left: Vec<_> = opened.iter().flat_map(|opened| opened.sessions.left()).collect();
        for id in ids {
            let region = left.iter().find(|session| session.id == *id).map(|session| session.region.as_str());
            tell_one(id, region, calling);
        }
    }
}

fn tell_one(id: &str, region: Option<&str>, calling: &str) {
    tell_people(&format!("endspec: left open; end it with: {}\n", command(id, region, calling)), true);
}

/// A session is ended in its own region, which need not be that of ordinary calls.
fn command(id: &str, region: Option<&str>, calling: &str) -> String {
    let mut given = quoted_where_needed(&format!("SessionId={}", printable(id, 200)));
    if let Some(region) = region.filter(|region| !calling.split(' ').any(|word| word == *region)) {
        given = format!("{} {given}", quoted_where_needed(&format!("RegionId={region}")));
    }
    format!("endspec call EndTerminalSession {given} {calling}").trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_of_another_region_is_ended_there() {
        let calling = "--target http://h/ --region cn-hangzhou";
        let rows = [
            (Some("cn-hangzhou"), "SessionId=s-1"),
            (Some("cn-hangzhou-2"), "RegionId=cn-hangzhou-2 SessionId=s-1"),
            (Some("cn-shanghai"), "RegionId=cn-shanghai SessionId=s-1"),
            (None, "SessionId=s-1"),
        ];
        for (region, given) in rows {
            let words = format!("endspec call EndTerminalSession {given} {calling}");
            assert_eq!(command("s-1", region, calling), words, "{region:?}");
        }
        assert_eq!(command("s-1", None, ""), "endspec call EndTerminalSession SessionId=s-1");
    }
}
