//! Whether a situation occurred in a history.

use super::history::{Event, Look, Record, Sight};
use super::{Observer, Role};
use crate::case::Situation;
use crate::clock::Moment;
use crate::http::{Exchange, Reply};
use crate::wire::{Format, Placement};

/// Whether it occurred, in any of the forms that the case ran in.
pub fn occurred(situation: Situation, records: &[Record]) -> bool {
    let variants: Vec<Option<&str>> = records.iter().map(|record| record.variant.as_deref()).collect();
    let mut seen: Vec<Option<&str>> = Vec::new();
    for variant in variants {
        if !seen.contains(&variant) {
            seen.push(variant);
        }
    }
    seen.into_iter().any(|variant| {
        let of: Vec<&Record> = records.iter().filter(|record| record.variant.as_deref() == variant).collect();
        in_one(situation, &of)
    })
}

fn in_one(situation: Situation, records: &[&Record]) -> bool {
    let answered = |fits: fn(&Record) -> bool| records.iter().any(|record| is_answered(record) && fits(record));
    match situation {
        Situation::Success => answered(|record| record.seen().is_some_and(|seen| seen.took_effect())),
        Situation::Refusal => answered(is_refused),
        Situation::Json => answered(|record| is_in(record, Format::Json)),
        Situation::Xml => answered(|record| is_in(record, Format::Xml)),
        Situation::Get => answered(|record| method(record) == Some("GET")),
        Situation::Post => answered(|record| is_placed(record, Placement::PostQuery)),
        Situation::Form => answered(|record| is_placed(record, Placement::PostForm)),
        Situation::Bytes => records.iter().any(|record| is_raw_and_over(record)),
        Situation::Ended => first_end(records).is_some(),
        Situation::Probed => after_end(records, |record, session, _| asks_about(record, session)),
        Situation::SeenClosed => after_end(records, |record, session, _| {
            saw(record, session, Sight::Closed) || is_not_found(record, session)
        }),
        Situation::Neighbour => after_end(records, |record, session, _| {
            looked(record).is_some_and(|look| look.session != session && sights(look, Sight::Open))
        }),
        Situation::Started => records.iter().filter(|record| is_start(record)).nth(1).is_some(),
        Situation::StartedAfter => after_end(records, |record, _, _| is_start(record)),
        Situation::Connected => records.iter().any(|record| {
            let connected = looked(record).filter(|look| used(look));
            connected.is_some_and(|look| ends(records).any(|(session, at)| session == look.session && at >= look.done))
        }),
        Situation::Overlapped => overlapped(records),
        Situation::SeenOpen => {
            records.iter().any(|record| looked(record).is_some_and(|look| sights(look, Sight::Open)))
        }
    }
}

/// A request of a step that was answered, and not with a call to wait.
fn is_answered(record: &Record) -> bool {
    record.is_attempt() && record.seen().is_some_and(|seen| !seen.is_throttled())
}

fn is_refused(record: &Record) -> bool {
    record.seen().is_some_and(|seen| seen.response.status >= 400 && seen.code().is_some())
}

fn is_in(record: &Record, format: Format) -> bool {
    record.seen().and_then(|seen| seen.document().as_ref().ok().map(|document| document.format)) == Some(format)
}

fn method(record: &Record) -> Option<&str> {
    record.exchange().map(|exchange| exchange.request.method.as_str())
}

fn is_placed(record: &Record, placement: Placement) -> bool {
    record.form.is_some_and(|form| form.placement == placement)
}

fn is_raw_and_over(record: &Record) -> bool {
    let over = |exchange: &Exchange| exchange.raw.is_some() && !matches!(exchange.reply, Reply::Refused(_));
    record.is_attempt() && record.exchange().is_some_and(over)
}

fn looked(record: &Record) -> Option<&Look> {
    match &record.event {
        Event::Look(look) => Some(look),
        Event::Exchange(_) => None,
    }
}

fn sights(look: &Look, sight: Sight) -> bool {
    look.observations.iter().any(|seen| seen.sight == sight)
}

fn used(look: &Look) -> bool {
    let connects = |observer| matches!(observer, Observer::WebSocket | Observer::Connection);
    look.observations.iter().any(|seen| seen.sight == Sight::Open && connects(seen.observer))
}

fn saw(record: &Record, session: &str, sight: Sight) -> bool {
    looked(record).is_some_and(|look| look.session == session && sights(look, sight))
}

/// The Ends of sessions of the case that had their effect: which session, and when the answer was there.
fn ends<'a>(records: &'a [&Record]) -> impl Iterator<Item = (&'a str, Moment)> {
    records.iter().filter_map(|record| {
        let exchange = record.exchange().filter(|_| is_end(record) && record.role != Role::CleanUp)?;
        let took_effect = record.seen().is_some_and(|seen| seen.took_effect());
        Some((record.session.as_deref().filter(|_| took_effect)?, exchange.done))
    })
}

fn first_end<'a>(records: &'a [&Record]) -> Option<(&'a str, Moment)> {
    ends(records).next()
}

fn is_end(record: &Record) -> bool {
    record.operation.as_deref() == Some("EndTerminalSession")
}

fn is_start(record: &Record) -> bool {
    let start = record.operation.as_deref() == Some("StartTerminalSession");
    start && record.seen().is_some_and(|seen| seen.took_effect())
}

/// Whether some record that began after an End of a session had its effect is as asked.
fn after_end(records: &[&Record], fits: impl Fn(&Record, &str, Moment) -> bool) -> bool {
    ends(records).any(|(session, at)| {
        let mut later = records.iter().filter(|record| record.role != Role::CleanUp && record.began() >= at);
        later.any(|record| fits(record, session, at))
    })
}

fn asks_about(record: &Record, session: &str) -> bool {
    let known = looked(record).is_some_and(|look| look.observations.iter().any(|seen| seen.sight != Sight::Unknown));
    record.session.as_deref() == Some(session) && (known || is_answered(record))
}

fn is_not_found(record: &Record, session: &str) -> bool {
    let not_found = record.seen().is_some_and(|seen| seen.says_not_found());
    record.session.as_deref() == Some(session) && is_end(record) && not_found
}

fn overlapped(records: &[&Record]) -> bool {
    let ends: Vec<(&Record, &Exchange)> = records
        .iter()
        .filter(|record| is_end(record) && is_answered(record) && record.session.is_some())
        .filter_map(|record| Some((*record, record.exchange()?)))
        .collect();
    ends.iter().enumerate().any(|(at, (one, first))| {
        ends[..at]
            .iter()
            .any(|(other, second)| one.session == other.session && first.sent < second.done && second.sent < first.done)
    })
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    fn end(status: u16, code: &str, sent: u64, done: u64) -> Record {
        let reply = if status == 200 {
            Reply::Answered(sample::success())
        } else {
            Reply::Answered(sample::refusal(status, code, "m"))
        };
        let record = sample::with(sample::sent(Role::Judged, reply), |exchange| {
            (exchange.sent, exchange.done) = (Moment(sent), Moment(done));
        });
        Record { operation: Some("EndTerminalSession".to_owned()), session: Some("victim".to_owned()), ..record }
    }

    fn look(session: &str, observer: Observer, sight: Sight, at: u64) -> Record {
        let mut look = sample::look(&[(observer, sight)]);
        (look.session, look.at, look.done) = (session.to_owned(), Moment(at), Moment(at + 1));
        let record = sample::sent(Role::Judged, Reply::Answered(sample::success()));
        Record { event: Event::Look(look), session: Some(session.to_owned()), operation: None, ..record }
    }

    const NOT_FOUND: &str = "InvalidSessionId.NotFound";

    #[test]
    fn a_situation_occurs_where_its_history_is_there_and_nowhere_else() {
        use Observer::WebSocket;
        use Situation::*;
        let ended = || end(200, "", 1, 2);
        let again = |sent, done| end(404, NOT_FOUND, sent, done);
        let rows: [(&str, Vec<Record>, Situation, bool); 14] = [
            ("ended", vec![ended()], Ended, true),
            ("only refused", vec![again(1, 2)], Ended, false),
            ("nothing after the End", vec![ended()], Probed, false),
            ("another End after it", vec![ended(), again(3, 4)], Probed, true),
            ("an End before it", vec![again(0, 1), end(200, "", 2, 3)], Probed, false),
            ("seen closed by an End", vec![ended(), again(3, 4)], SeenClosed, true),
            ("seen closed by a look", vec![ended(), look("victim", WebSocket, Sight::Closed, 3)], SeenClosed, true),
            (
                "closed before it was ended",
                vec![look("victim", WebSocket, Sight::Closed, 0), ended()],
                SeenClosed,
                false,
            ),
            ("a neighbour", vec![ended(), look("other", WebSocket, Sight::Open, 3)], Neighbour, true),
            ("the session itself", vec![ended(), look("victim", WebSocket, Sight::Open, 3)], Neighbour, false),
            ("connected, then ended", vec![look("victim", WebSocket, Sight::Open, 0), ended()], Connected, true),
            ("ended, then connected", vec![ended(), look("victim", WebSocket, Sight::Open, 3)], Connected, false),
            ("at once", vec![end(200, "", 1, 4), again(2, 3)], Overlapped, true),
            ("one after the other", vec![ended(), again(2, 3)], Overlapped, false),
        ];
        for (name, records, situation, expected) in rows {
            assert_eq!(occurred(situation, &records), expected, "{name}");
        }
    }

    #[test]
    fn what_happened_in_two_forms_of_a_case_is_two_histories() {
        let of = |variant: &str, record: Record| Record { variant: Some(variant.to_owned()), ..record };
        let ended = of("GET", end(200, "", 1, 2));
        let probed = of("POST", end(404, NOT_FOUND, 3, 4));
        assert!(!occurred(Situation::Probed, &[ended, probed]));
    }
}
