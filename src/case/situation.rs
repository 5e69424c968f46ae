//! Situations: what must have occurred at least once for the pass of a case to mean anything.

/// Something that a case's history shows, or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Situation {
    /// A call had its effect.
    Success,
    /// A call was refused.
    Refusal,
    /// An answer came in JSON.
    Json,
    /// An answer came in XML.
    Xml,
    /// A GET was answered.
    Get,
    /// A POST was answered.
    Post,
    /// A form body was answered.
    Form,
    /// Exact bytes were answered, or the connection ended after them.
    Bytes,
    /// A session of the case was ended by a call.
    Ended,
    /// Something asked about a session after it was ended.
    Probed,
    /// A session was seen closed after it was ended.
    SeenClosed,
    /// Another session was seen open after one was ended.
    Neighbour,
    /// Two sessions were started.
    Started,
    /// A session was started after another was ended.
    StartedAfter,
    /// A connection was open on a session that was then ended.
    Connected,
    /// Two Ends of one session were under way at once.
    Overlapped,
    /// A session was seen open.
    SeenOpen,
}

impl Situation {
    /// All of them, each with its name and what it is.
    pub const ALL: [(Situation, &'static str, &'static str); 17] = [
        (Situation::Success, "success", "a call was answered with success"),
        (Situation::Refusal, "refusal", "a call was refused with a Code"),
        (Situation::Json, "json", "an answer came in JSON"),
        (Situation::Xml, "xml", "an answer came in XML"),
        (Situation::Get, "get", "a GET was answered"),
        (Situation::Post, "post", "a POST with its parameters in the query was answered"),
        (Situation::Form, "form", "a POST with its parameters in the body was answered"),
        (Situation::Bytes, "bytes", "exact bytes were answered, or the connection ended after them"),
        (Situation::Ended, "ended", "an open session of the case was ended by a call"),
        (Situation::Probed, "probed", "a call or a look asked about a session after it was ended, and was answered"),
        (Situation::SeenClosed, "seen-closed", "an observer saw a session closed after it was ended"),
        (Situation::Neighbour, "neighbour", "an observer saw a session open after another one was ended"),
        (Situation::Started, "started", "two sessions were started"),
        (Situation::StartedAfter, "started-after", "a session was started after another one was ended"),
        (Situation::Connected, "connected", "a connection was open on a session that was then ended"),
        (Situation::Overlapped, "overlapped", "two Ends of one session were under way at once, and both were answered"),
        (Situation::SeenOpen, "seen-open", "an observer saw a session open"),
    ];

    /// Its name in case files.
    pub fn name(self) -> &'static str {
        self.row().1
    }

    /// What it is.
    pub fn sentence(self) -> &'static str {
        self.row().2
    }

    /// The situation of that name.
    pub fn named(name: &str) -> Option<Situation> {
        Situation::ALL.iter().find(|row| row.1 == name).map(|row| row.0)
    }

    /// The capability without which it cannot occur, and is then not asked for.
    pub fn capability(self) -> Option<&'static str> {
        match self {
            Situation::Xml => Some("xml"),
            Situation::Connected => Some("websocket"),
            _ => None,
        }
    }

    fn row(self) -> &'static (Situation, &'static str, &'static str) {
        Situation::ALL.iter().find(|row| row.0 == self).unwrap_or(&Situation::ALL[0])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_situation_is_found_by_its_own_name() {
        for (situation, name, sentence) in Situation::ALL {
            assert_eq!(
                (Situation::named(name), situation.name(), situation.sentence()),
                (Some(situation), name, sentence)
            );
        }
    }
}
