//! The two-strikes rule: silence is a finding when the same input is met with it twice on fresh connections while plain
//! requests before, between and after are answered (CONTRACT.md, rules for judging).

use std::sync::Arc;

use super::seen::printable;
use super::{Context, Finding, Judgement, Place, Record, Role, asked, framing};
use crate::case::{Action, Case};
use crate::http::{Cause, CauseKind, Exchange, FramingFault, Reply, Response};

/// Judges the silences of one step.
pub fn judge(context: Context<'_>, case: &Arc<Case>, index: usize, records: &[Record], first: usize) -> Judgement {
    let mut judgement = Judgement::default();
    // What malformed HTTP may get is for its own case to say.
    if !matches!(case.steps[index].action, Action::Call(_)) {
        return judgement;
    }
    for (at, record) in records.iter().enumerate().filter(|(_, record)| record.is_rpc()) {
        let Some(exchange) = record.exchange() else { continue };
        match strikes(records, at) {
            Strikes::Fewer => {}
            Strikes::Unsure => {
                let words = "silent twice, but not all plain requests around were answered";
                judgement.undecided.insert(format!("{}: {words}", named(record)));
            }
            Strikes::Two => {
                let (clause, actual) = words(exchange);
                let place = Place { case, record, index: first + at };
                let finding = Finding::new(context, clause, place, "an answer", actual.clone())
                    .shape(clause)
                    .label(format!("the target gave {actual}"))
                    .note("strikes", again(records, at));
                judgement.test(clause, Some(finding));
            }
        }
    }
    judgement
}

/// How it was sent again.
fn again(records: &[Record], at: usize) -> String {
    let of_one =
        |record: &Record| record.item == records[at].item && record.role == Role::Judged && record.session.is_some();
    let others = records[at].session.is_none() && records[..at].iter().any(of_one);
    let whose = if others { ", of other sessions since the first attempt had ended its own" } else { "" };
    format!("twice on fresh connections{whose}; plain requests before, between and after were answered")
}

/// How often an input was met with silence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Strikes {
    /// Once or not at all, or not the last of its attempts.
    Fewer,
    /// Twice, while it is not sure that others were answered.
    Unsure,
    /// Twice, while plain requests around were answered.
    Two,
}

/// Whether the attempt at `at` is the second strike of its item.
pub(super) fn strikes(records: &[Record], at: usize) -> Strikes {
    let record = &records[at];
    let silent = |r: &Record| r.exchange().is_some_and(is_silent);
    let exact = record.exchange().is_some_and(|exchange| exchange.raw.is_some());
    // Of a call the two requests sent again count; exact bytes always go on a connection of their own.
    let counts = |r: &Record| r.item == record.item && (r.role == Role::Strike || (exact && r.role == Role::Judged));
    let earlier = records[..at].iter().rposition(counts);
    let (Role::Strike, Some(earlier)) = (record.role, earlier) else { return Strikes::Fewer };
    // Where much is lost on the way, more than two were sent, and one that was answered clears them all.
    let cleared = records[at + 1..].iter().any(|r| r.item == record.item && r.role == Role::Strike && !silent(r));
    if cleared || !silent(record) || !silent(&records[earlier]) {
        return Strikes::Fewer;
    }
    let nearest = |probe: Option<&Record>| probe.is_some_and(is_answered);
    let is_probe = |r: &&Record| r.role == Role::Probe;
    let before = exact || nearest(records[..earlier].iter().rev().find(is_probe));
    let between = nearest(records[earlier + 1..at].iter().find(is_probe));
    let after = nearest(records[at + 1..].iter().find(is_probe));
    if before && between && after { Strikes::Two } else { Strikes::Unsure }
}

/// Bytes that are no HTTP show as well as an answer does that the target is there.
fn is_answered(record: &Record) -> bool {
    let answered = |exchange: &Exchange| exchange.reply.answer().is_some() && !is_silent(exchange);
    record.exchange().is_some_and(|exchange| answered(exchange) || exchange.reply.is_no_http())
}

/// What to ask oneself where nobody answered.
pub fn question(cause: &Cause) -> &'static str {
    match cause.kind {
        _ if cause.of_proxy => "is the proxy of the environment the right one (HTTP_PROXY, HTTPS_PROXY, NO_PROXY)?",
        CauseKind::Resolve => "is the name right, and does this machine's name server know it?",
        _ if cause.status.is_some() => "does the target, or something before it, break its answers off?",
        CauseKind::Tls => "is this a port of plain `http://`, or its certificate one that this machine does not trust?",
        _ => "is the target running there, and the address right?",
    }
}

/// Silence: no whole answer, or a 502 or 504 of something in front.
pub fn is_silent(exchange: &Exchange) -> bool {
    match &exchange.reply {
        Reply::Answered(response) => response.is_of_gateway() || cut_short(response).is_some(),
        Reply::Lost(_) => true,
        Reply::Refused(_) => false,
    }
}

/// Whether a connection ended within the body.
pub fn is_cut_short(response: &Response) -> bool {
    cut_short(response).is_some()
}

/// Whether a connection was perhaps ended because the request was too long to be read (outcome `too-long`): that says nothing
/// of whether the target is there.
pub fn may_be_unread(exchange: &Exchange) -> bool {
    match &exchange.reply {
        Reply::Lost(cause) => {
            cause.kind != CauseKind::Timeout
                && cause.status.is_none_or(asked::is_too_long)
                && asked::is_large(&exchange.request)
        }
        Reply::Answered(_) | Reply::Refused(_) => false,
    }
}

/// A connection that ended within the body: a broken one.
fn cut_short(response: &Response) -> Option<&FramingFault> {
    response.framing.iter().find(|fault| matches!(fault, FramingFault::Short { .. }))
}

/// Which request of a case it is: `step 2 (GET)`.
pub(super) fn named(record: &Record) -> String {
    let step = record.step.map_or_else(String::new, |step| format!("step {}", step + 1));
    if record.item.is_empty() { step } else { format!("{step} ({})", record.item) }
}

/// The clause that silence breaks, and what came instead of an answer.
fn words(exchange: &Exchange) -> (&'static str, String) {
    match &exchange.reply {
        Reply::Answered(response) => match cut_short(response) {
            Some(fault) => ("rpc/robust/framing", framing::words(fault)),
            None => ("rpc/robust/no-5xx", response.status.to_string()),
        },
        Reply::Lost(cause) | Reply::Refused(cause) => {
            let words = printable(&cause.words, 200);
            match cause.status {
                None if exchange.reply.is_no_http() => ("rpc/robust/framing", format!("no HTTP: {words}")),
                Some(status) => ("rpc/robust/framing", format!("a status line {status}, and then {words}")),
                None => ("rpc/robust/no-5xx", format!("no answer: {words}")),
            }
        }
    }
}

/// What came instead of an answer, for a request that nothing was learned from.
pub fn said(exchange: &Exchange) -> String {
    words(exchange).1
}

#[cfg(test)]
mod tests {
    use super::super::sample::{self, broken};
    use super::*;

    #[test]
    fn only_what_was_too_long_to_be_read_may_have_been_cut_for_that() {
        let lost = |status, kind| Reply::Lost(Cause { status, ..Cause::new(kind, "x") });
        let rows = [
            ("a head of 64 KiB, cut", 1 << 16, lost(None, CauseKind::Closed), true),
            ("after 431", 1 << 16, lost(Some(431), CauseKind::Closed), true),
            ("after 200", 1 << 16, lost(Some(200), CauseKind::Closed), false),
            ("never answered", 1 << 16, lost(None, CauseKind::Timeout), false),
            ("a short head after 431", 10, lost(Some(431), CauseKind::Closed), false),
            ("never sent", 1 << 16, Reply::Refused(Cause::new(CauseKind::Connect, "x")), false),
            ("answered", 1 << 16, reply('a'), false),
        ];
        for (name, length, reply, expected) in rows {
            let record = sample::with(sample::sent(Role::Judged, reply), |exchange| {
                exchange.request.target = format!("/?{}", "a".repeat(length));
            });
            assert_eq!(may_be_unread(record.exchange().expect("one")), expected, "{name}");
        }
    }

    fn reply(letter: char) -> Reply {
        let gateway = |status| Reply::Answered(sample::answer(status, "<html>"));
        match letter {
            'a' | 'p' => Reply::Answered(sample::not_found()),
            't' => Reply::Answered(sample::refusal(429, "Throttling.User", "m")),
            'b' => gateway(502),
            'g' => gateway(504),
            'h' => Reply::Lost(Cause { status: Some(200), ..Cause::new(CauseKind::Closed, "x") }),
            'n' => sample::lost(CauseKind::NotHttp),
            'r' => Reply::Refused(Cause::new(CauseKind::Connect, "x")),
            _ => sample::lost(CauseKind::Timeout),
        }
    }

    /// A history of one input: a letter each, in brackets strikes, else probes, after the step's own request.
    fn history(text: &str) -> Vec<Record> {
        let mut records = vec![sample::sent(Role::Judged, reply('l'))];
        let mut strike = false;
        for letter in text.chars() {
            match letter {
                '[' => strike = true,
                ']' => strike = false,
                letter => {
                    let role = if strike { Role::Strike } else { Role::Probe };
                    records.push(sample::sent(role, reply(letter)));
                }
            }
        }
        records
    }

    fn judged(records: &[Record]) -> Judgement {
        let case = sample::call("end/session/unknown", "session-not-found");
        super::super::step(sample::context(), &case, 0, records, 0)
    }

    #[test]
    fn silence_counts_twice_between_answered_probes_in_every_order() {
        let robust: &[&str] = &["rpc/robust/no-5xx"];
        let framing: &[&str] = &["rpc/robust/framing"];
        let rows: [(&str, &str, &[&str], bool); 20] = [
            ("silent twice", "p[l]p[l]p", robust, true),
            ("502 twice", "p[b]p[b]p", robust, true),
            ("504, then silence", "p[g]p[l]p", robust, true),
            ("a status line and no answer, twice", "p[h]p[h]p", framing, true),
            ("bytes before the status line, twice", "p[n]p[n]p", framing, true),
            ("before every status line", "n[n]n[n]n", framing, true),
            ("silence while others have bytes before theirs", "n[l]n[l]n", robust, true),
            ("a throttled probe is an answer", "t[l]p[l]t", robust, true),
            ("no probe before", "[l]p[l]p", &[], true),
            ("no probe between", "p[l][l]p", &[], true),
            ("no probe after", "p[l]p[l]", &[], true),
            ("silent probe before", "l[l]p[l]p", &[], true),
            ("silent probe between", "p[l]l[l]p", &[], true),
            ("silent probe after", "p[l]p[l]l", &[], true),
            ("a probe met with 502", "p[l]b[l]p", &[], true),
            ("a probe not sent", "p[l]r[l]p", &[], true),
            ("answered at the first strike", "p[a]p", &[], false),
            ("answered at the second", "p[l]p[a]p", &[], false),
            ("not sent the second time", "p[l]p[r]p", &[], true),
            ("once", "p", &[], true),
        ];
        for (name, text, expected, undecided) in rows {
            let judgement = judged(&history(text));
            assert_eq!(broken(&judgement), expected, "{name}");
            assert_eq!(!judgement.undecided.is_empty(), undecided, "{name}: {:?}", judgement.undecided);
            assert_eq!(judgement.tested.contains("end/session/unknown"), !undecided, "{name}");
        }
    }

    #[test]
    fn strikes_of_two_inputs_do_not_add_up() {
        let mut records = history("p[l]p[l]p");
        for record in &mut records[..3] {
            record.item = "another".to_owned();
        }
        assert!(judged(&records).findings.is_empty());
    }

    #[test]
    fn other_methods_are_held_to_their_own_clause() {
        let case = sample::case(
            "clauses: [rpc/method/other]\nsteps:\n  - call: EndTerminalSession\n    method: PUT\n    \
             with: { RegionId: r, SessionId: s }\n    expect: { status: 4xx }\n",
        );
        let records: Vec<Record> = history("p[l]p[l]p")
            .into_iter()
            .map(|record| if record.role == Role::Probe { record } else { Record { operation: None, ..record } })
            .collect();
        let judgement = super::super::step(sample::context(), &case, 0, &records, 0);
        assert_eq!(broken(&judgement), ["rpc/method/other"]);
        // What is no HTTP says nothing of the method.
        let records: Vec<Record> = records
            .into_iter()
            .map(|record| match record.role {
                Role::Probe => record,
                _ => sample::with(record, |exchange| exchange.reply = reply('n')),
            })
            .collect();
        let judgement = super::super::step(sample::context(), &case, 0, &records, 0);
        assert!(judgement.findings.is_empty() && !judgement.undecided.is_empty(), "{judgement:?}");
    }

    #[test]
    fn an_answer_cut_off_is_a_broken_connection() {
        let mut response = sample::not_found();
        response.framing.push(FramingFault::Short { announced: Some(9), received: 1 });
        let short = |role| sample::sent(role, Reply::Answered(response.clone()));
        let probe = || sample::sent(Role::Probe, reply('p'));
        let once = [short(Role::Judged), probe(), sample::sent(Role::Strike, reply('a')), probe()];
        assert!(judged(&once).findings.is_empty() && judged(&once).undecided.is_empty());
        let answers =
            super::super::answers(sample::context(), &sample::call("rpc/robust/framing", "refused"), &once, 0);
        assert!(answers.findings.is_empty());
        let twice = [short(Role::Judged), probe(), short(Role::Strike), probe(), short(Role::Strike), probe()];
        assert_eq!(broken(&judged(&twice)), ["rpc/robust/framing"]);
    }
}
