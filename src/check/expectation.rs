//! The expectation of a step, for each of its requests: the last attempt counts, and nothing is judged on a guess.

use std::sync::Arc;

use super::permitted::Permitted;
use super::result::HOWEVER;
use super::seen::printable;
use super::silence::{self, Strikes, is_silent, named};
use super::{Context, Event, Finding, Judgement, Place, Record, Seen, blame, look};
use crate::case::mutation::Class;
use crate::case::template::Part;
use crate::case::{Action, Case, Step};
use crate::http::{Exchange, Reply};

pub use super::permitted::{lacks_success, permits_loss};

/// What an answer came to by what its step expects.
pub(super) struct Found<'a> {
    /// The request.
    pub(super) record: &'a Record,
    /// Whether it got what is expected.
    pub(super) held: bool,
    at: usize,
    clause: &'a str,
    exchange: &'a Exchange,
    finding: Option<Finding>,
}

/// Judges every request of a step by what the step expects; the step's records are those from `first` on.
pub fn judge(context: Context<'_>, case: &Arc<Case>, index: usize, history: &[Record], first: usize) -> Judgement {
    let mut judgement = Judgement::default();
    let (before, records) = history.split_at(first);
    let mut step = Vec::new();
    for (at, record) in records.iter().enumerate() {
        let own = step_of(case, index, record);
        let Some(expectation) = own.expect.as_ref().map(|expect| &expect.value) else { continue };
        let place = Place { case, record, index: first + at };
        let clause = clause_of(context, case, own, record, history);
        match &record.event {
            Event::Look(seen) => look::judge(context, place, clause, seen, expectation, &mut judgement),
            Event::Exchange(exchange) if is_last_attempt(records, at) => {
                let permitted = Permitted::of(context, record, &exchange.request, expectation);
                match &exchange.reply {
                    Reply::Answered(_) if !is_silent(exchange) => {
                        let Some(seen) = record.seen() else { continue };
                        let finding = permitted.judge(context, place, clause, &seen);
                        if finding.is_some() && permitted.is_judged_elsewhere(context, place, &seen) {
                            continue;
                        }
                        let held = finding.is_none();
                        step.push(Found { record, held, at, clause, exchange, finding });
                    }
                    _ if permitted.permits_end(exchange) => judgement.tested(clause.to_owned()),
                    _ => no_answer(context, place, clause, records, at, exchange, &mut judgement),
                }
            }
            Event::Exchange(_) => {}
        }
    }
    for found in &step {
        let Found { record, held, at, clause, exchange, finding } = found;
        // Read again: a step of large documents would be many times as large as its answers.
        let Some(seen) = record.seen() else { continue };
        if *held || blame::lies_in_the_form(context, clause, exchange, record, before, &step) {
            settle(records, *at, &seen, clause, finding.clone(), &mut judgement);
        } else {
            let words = format!("{}: {}{HOWEVER}", named(record), seen.words());
            judgement.undecided.insert(words);
        }
    }
    judgement
}

/// The clause that a request puts to the test: its step's, or its generated value's. What takes another letter case for the
/// id has no such session while it is open; once that was ended, it ends it a second time or one that never was.
fn clause_of<'a>(
    context: Context<'_>,
    case: &'a Case,
    step: &'a Step,
    record: &'a Record,
    history: &[Record],
) -> &'a str {
    let Some(mutation) = &record.mutation else { return case.clause_of(step) };
    let once = context.readings.of("repeat-end") == "not-found";
    let succeeds = || record.seen().is_some_and(|seen| seen.took_effect());
    if once && mutation.class == Class::Exact && succeeds() && names_ended(step, record, history) {
        return "end/effect/stays-closed";
    }
    mutation.clause
}

/// Whether the id that a generated value was made of is that of a session which the case had ended before.
fn names_ended(step: &Step, record: &Record, history: &[Record]) -> bool {
    let Action::Call(call) = &step.action else { return false };
    let values = call.values.as_ref().filter(|values| values.value.parameter == "SessionId");
    let given = values.and_then(|_| call.with.iter().find(|given| given.name.value == "SessionId"));
    let parts = given.and_then(|given| given.values.first()).map_or(&[][..], |value| &value.parts);
    let [Part::Variable(session)] = parts else { return false };
    let ends = |other: &Record| {
        other.session.as_ref() == Some(&session.name)
            && other.variant == record.variant
            && other.operation.as_deref() == Some("EndTerminalSession")
            && other.began() < record.began()
            && other.seen().is_some_and(|seen| seen.took_effect())
    };
    history.iter().any(ends)
}

/// The step that a record belongs to: one within the overlap, where it has an index there.
pub(super) fn step_of<'a>(case: &'a Case, index: usize, record: &Record) -> &'a Step {
    let step = &case.steps[index];
    match (&step.action, record.inner) {
        (Action::Overlap(overlap), Some(inner)) => overlap.steps().nth(inner).unwrap_or(step),
        _ => step,
    }
}

/// A step's own request counts, or the last one sent again after silence.
pub(super) fn is_last_attempt(records: &[Record], at: usize) -> bool {
    let record = &records[at];
    record.is_attempt() && !records[at + 1..].iter().any(|later| later.is_attempt() && later.item == record.item)
}

/// Notes what an answer came to, unless it decides nothing.
fn settle(
    records: &[Record],
    at: usize,
    seen: &Seen<'_>,
    clause: &str,
    found: Option<Finding>,
    judgement: &mut Judgement,
) {
    let record = &records[at];
    let exact = record.exchange().is_some_and(|exchange| exchange.raw.is_some());
    let why = if !exact && seen.is_throttled() {
        Some("throttled")
    } else if found.is_some() && record.operation.as_deref() == Some("StartTerminalSession") && seen.is_full() {
        Some("refused for the number of open sessions")
    } else if found.is_some() && seen.response.body_cut {
        Some("the answer was too long to be read whole")
    } else if found.is_some() && record.session.is_some() && was_lost(records, at) {
        Some("an earlier attempt was lost, and what it did to the session is unknown")
    } else {
        None
    };
    match why {
        Some(why) => {
            judgement.undecided.insert(format!("{}: {why}", named(record)));
        }
        None => judgement.test(clause.to_owned(), found),
    }
}

/// Whether an earlier attempt may have had its effect without an answer.
fn was_lost(records: &[Record], at: usize) -> bool {
    let same = |earlier: &&Record| earlier.is_attempt() && earlier.item == records[at].item;
    records[..at].iter().filter(same).any(|earlier| earlier.exchange().is_some_and(is_silent))
}

/// Silence teaches nothing about the clause, and what is no HTTP neither. To a call it breaks one of its own (`silence`);
/// exact bytes and other methods are held to the step's.
fn no_answer(
    context: Context<'_>,
    place: Place<'_>,
    clause: &str,
    records: &[Record],
    at: usize,
    exchange: &Exchange,
    judgement: &mut Judgement,
) {
    let silent = !place.record.is_rpc() && !exchange.reply.is_no_http();
    if silent && silence::strikes(records, at) == Strikes::Two {
        let expected = "an answer, or the end of the connection where that is permitted";
        let actual = "neither, twice, while others were answered";
        let label = format!("the target gave {}", silence::said(exchange));
        let finding = Finding::new(context, clause, place, expected, actual).label(label);
        judgement.test(clause.to_owned(), Some(finding));
    } else {
        let words = printable(&silence::said(exchange), 200);
        judgement.undecided.insert(format!("{}: {words}", named(place.record)));
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample::{self, broken};
    use super::super::{Record, Role};
    use super::*;
    use crate::http::{Cause, CauseKind, Response};

    const CLAUSE: &str = "end/success/status";

    fn answered(role: Role, response: Response) -> Record {
        sample::sent(role, Reply::Answered(response))
    }

    fn named_session(record: Record) -> Record {
        Record { session: Some("victim".to_owned()), ..record }
    }

    /// `held`, `broken` or `undecided`: what a step that expects `ok` comes to.
    fn verdict(records: &[Record]) -> &'static str {
        let judgement = judge(sample::context(), &sample::call(CLAUSE, "ok"), 0, records, 0);
        match (broken(&judgement).as_slice(), judgement.undecided.is_empty(), judgement.tested.contains(CLAUSE)) {
            ([CLAUSE], true, true) => "broken",
            ([], false, false) => "undecided",
            ([], true, true) => "held",
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_last_attempt_counts_and_what_was_lost_may_have_ended_the_session() {
        let lost = || sample::sent(Role::Judged, sample::lost(CauseKind::Closed));
        let refused = || sample::sent(Role::Judged, Reply::Refused(Cause::new(CauseKind::Connect, "x")));
        let bad_gateway = || answered(Role::Judged, sample::answer(502, "<html>"));
        let strike = |response| answered(Role::Strike, response);
        let probe = || answered(Role::Probe, sample::not_found());
        let throttled = || sample::refusal(400, "Throttling.User", "m");
        let full = || answered(Role::Judged, sample::refusal(403, "SessionCount.ExceedLimit", "m"));
        let start = |record| Record { operation: Some("StartTerminalSession".to_owned()), ..record };
        let cut = || Response { body_cut: true, ..sample::answer(404, "{") };
        let rows: [(&str, Vec<Record>, &str); 18] = [
            ("answered right", vec![answered(Role::Judged, sample::success())], "held"),
            ("answered wrong", vec![answered(Role::Judged, sample::not_found())], "broken"),
            ("throttled", vec![answered(Role::Judged, throttled())], "undecided"),
            ("a Start refused for the number of open sessions", vec![start(full())], "undecided"),
            ("an End refused for it", vec![full()], "broken"),
            ("a success, cut", vec![answered(Role::Judged, Response { body_cut: true, ..sample::success() })], "held"),
            ("a refusal, cut", vec![answered(Role::Judged, cut())], "undecided"),
            ("lost alone", vec![lost()], "undecided"),
            ("never sent", vec![refused()], "undecided"),
            ("502 alone", vec![bad_gateway()], "undecided"),
            ("lost, then right", vec![lost(), probe(), strike(sample::success()), probe()], "held"),
            ("lost, then wrong", vec![lost(), probe(), strike(sample::not_found()), probe()], "broken"),
            ("lost, then throttled", vec![lost(), probe(), strike(throttled()), probe()], "undecided"),
            (
                "lost with a session, then right",
                vec![named_session(lost()), named_session(strike(sample::success()))],
                "held",
            ),
            (
                "lost with a session, then not found",
                vec![named_session(lost()), named_session(strike(sample::not_found()))],
                "undecided",
            ),
            (
                "502 with a session, then not found",
                vec![named_session(bad_gateway()), named_session(strike(sample::not_found()))],
                "undecided",
            ),
            (
                "never sent with a session, then not found",
                vec![named_session(refused()), named_session(strike(sample::not_found()))],
                "broken",
            ),
            (
                "what was throttled before had no effect",
                vec![
                    answered(Role::Throttled, throttled()),
                    named_session(answered(Role::Judged, sample::not_found())),
                ],
                "broken",
            ),
        ];
        for (name, records, expected) in rows {
            assert_eq!(verdict(&records), expected, "{name}");
        }
    }

    #[test]
    fn only_a_steps_own_requests_are_judged() {
        for role in [Role::SetUp, Role::Throttled, Role::Probe, Role::CleanUp] {
            let judgement =
                judge(sample::context(), &sample::call(CLAUSE, "ok"), 0, &[answered(role, sample::not_found())], 0);
            assert!(judgement.findings.is_empty() && judgement.tested.is_empty(), "{role:?}");
        }
    }

    #[test]
    fn a_generated_value_is_held_to_its_own_clause_and_permission() {
        let case = sample::case(
            "clauses: [end/session/malformed]\nsteps:\n  - call: EndTerminalSession\n    \
             with: { RegionId: r, SessionId: s }\n    values: invalid(SessionId)\n    expect: permitted\n",
        );
        let mutation = sample::mutation("empty", "end/request/empty", "", &["malformed-session"]);
        let judged = |response| {
            let record = Record { mutation: mutation.clone().map(Arc::new), ..answered(Role::Judged, response) };
            judge(sample::context(), &case, 0, &[record], 0)
        };
        assert!(judged(sample::not_found()).findings.is_empty());
        assert_eq!(broken(&judged(sample::success())), ["end/request/empty"]);
    }

    #[test]
    fn exact_bytes_may_be_met_with_waiting_once() {
        let case = sample::case(
            "clauses: [rpc/robust/malformed]\nsteps:\n  - raw: \"GET\"\n    expect: { status: 4xx, closed: permitted }\n",
        );
        let bytes = |role, reply| {
            let record = Record { operation: None, form: None, ..sample::sent(role, reply) };
            sample::with(record, |exchange| exchange.raw = Some(b"GET".to_vec()))
        };
        let waits = |role| bytes(role, sample::lost(CauseKind::Timeout));
        let probe = || answered(Role::Probe, sample::not_found());
        let mute = || sample::sent(Role::Probe, sample::lost(CauseKind::Timeout));
        let html = |status| Reply::Answered(sample::answer(status, "<html><br>"));
        let rows: [(&str, Vec<Record>, &[&str], bool); 9] = [
            ("refused", vec![bytes(Role::Judged, html(400)), probe()], &[], false),
            ("closed", vec![bytes(Role::Judged, sample::lost(CauseKind::Closed)), probe()], &[], false),
            ("closed behind a gateway", vec![bytes(Role::Judged, html(502)), probe()], &[], false),
            ("taken", vec![bytes(Role::Judged, html(200)), probe()], &["rpc/robust/malformed"], false),
            (
                "waiting, then refused",
                vec![waits(Role::Judged), probe(), bytes(Role::Strike, html(400)), probe()],
                &[],
                false,
            ),
            (
                "waiting, then closed",
                vec![waits(Role::Judged), probe(), bytes(Role::Strike, sample::lost(CauseKind::Closed)), probe()],
                &[],
                false,
            ),
            (
                "waiting twice",
                vec![waits(Role::Judged), probe(), waits(Role::Strike), probe()],
                &["rpc/robust/malformed"],
                false,
            ),
            ("waiting with everybody", vec![waits(Role::Judged), mute(), waits(Role::Strike), mute()], &[], true),
            ("waiting, others at times", vec![waits(Role::Judged), probe(), waits(Role::Strike), mute()], &[], true),
        ];
        for (name, records, expected, undecided) in rows {
            let judgement = judge(sample::context(), &case, 0, &records, 0);
            assert_eq!(broken(&judgement), expected, "{name}");
            assert_eq!(!judgement.undecided.is_empty(), undecided, "{name}");
        }
    }
}
