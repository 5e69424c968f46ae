//! Sameness: one input gets one kind of answer, every time and in every wire form.

use std::cell::OnceCell;
use std::sync::Arc;

use super::permitted::Permitted;
use super::seen::printable;
use super::silence::is_silent;
use super::{Context, Finding, Judgement, Place, Record, Seen, asked};
use crate::case::{Action, Case, Expectation};
use crate::contract::OutcomeRef;
use crate::wire::{Placement, WireForm};

/// An answer that is compared.
struct Said<'a> {
    record: &'a Record,
    index: usize,
    status: u16,
    code: Option<String>,
    /// The outcome, or the value of a reading, that permits it, once somebody asked.
    origin: OnceCell<Option<String>>,
    /// An error whose Code cannot be read: its envelope is broken, and what it means is unknown.
    unread: bool,
}

/// Judges the requests of one step that carry the same input.
pub fn judge(context: Context<'_>, case: &Arc<Case>, index: usize, records: &[Record], first: usize) -> Judgement {
    let mut judgement = Judgement::default();
    let step = &case.steps[index];
    let (Action::Call(call), Some(expect)) = (&step.action, &step.expect) else { return judgement };
    if !leaves_open(&expect.value) && call.times < 2 {
        return judgement;
    }
    // Most steps send one request, which there is nothing to compare with.
    if records.iter().filter(|record| record.is_attempt()).nth(1).is_none() {
        return judgement;
    }
    let said = |(at, record)| said(first + at, record);
    let answers: Vec<Said<'_>> = records.iter().enumerate().filter_map(said).collect();
    for (at, answer) in answers.iter().enumerate() {
        let record = answer.record;
        let own = record.mutation.as_ref().map_or_else(|| case.clause_of(step), |mutation| mutation.clause);
        for earlier in answers[..at].iter().filter(|earlier| input(earlier.record) == input(record)) {
            let Some(clause) = axis(earlier.record.form, record.form, own) else { continue };
            if is_same(context, &expect.value, clause, earlier, answer) {
                judgement.tested(clause.to_owned());
                continue;
            }
            let place = Place { case, record, index: answer.index };
            let (before, now) = (words(earlier), words(answer));
            let expected = format!("{before} as for {}", form_words(earlier.record));
            let shape = format!("{before} / {now}");
            judgement.test(clause.to_owned(), Some(Finding::new(context, clause, place, expected, now).shape(shape)));
            return judgement;
        }
    }
    judgement
}

/// The answer of a record, where it can be compared: silence, throttling, failures and HTTP's own refusals are judged
/// elsewhere, and what stands in front may take a large request for too long or let it through.
fn said(index: usize, record: &Record) -> Option<Said<'_>> {
    let exchange = record.exchange().filter(|_| record.is_attempt() && record.is_rpc())?;
    let response = exchange.reply.answer().filter(|response| response.status < 500 && !is_silent(exchange))?;
    let seen = record.seen()?;
    let refused = Seen::is_http_refusal(response.status)
        || (asked::is_large(&exchange.request) && asked::is_too_long(response.status));
    // A success where refusals alone are permitted is the outcome's finding; what follows it is another state.
    if refused || !seen.says_error() || seen.is_throttled() || response.body_cut {
        return None;
    }
    let (status, code) = seen.kind();
    let unread = seen.is_error() && code.is_none();
    Some(Said { record, index, status, code, origin: OnceCell::new(), unread })
}

impl Said<'_> {
    fn origin(&self, context: Context<'_>, expectation: &Expectation) -> Option<&str> {
        let origin = || {
            let exchange = self.record.exchange()?;
            let permitted = Permitted::of(context, self.record, &exchange.request, expectation);
            permitted.kind(&self.record.seen()?).map(str::to_owned)
        };
        self.origin.get_or_init(origin).as_deref()
    }
}

/// Whether two answers are of one kind: permitted by the same outcome or value of a reading, or else the same to the
/// letter. JSON and XML are held to the letter.
fn is_same(context: Context<'_>, expectation: &Expectation, clause: &str, a: &Said<'_>, b: &Said<'_>) -> bool {
    if a.status == b.status && (a.code == b.code || a.unread || b.unread) {
        return true;
    }
    let origins = || (a.origin(context, expectation), b.origin(context, expectation));
    clause != "rpc/format/same" && matches!(origins(), (Some(one), Some(other)) if one == other)
}

/// Whether more than one kind of answer is permitted, so that sameness says more than the outcome does.
fn leaves_open(expectation: &Expectation) -> bool {
    let reading = |outcome: &OutcomeRef| matches!(outcome, OutcomeRef::Reading { .. });
    match expectation {
        Expectation::Outcomes(refs) => refs.iter().any(reading),
        Expectation::Permitted | Expectation::Repeated { .. } => true,
        Expectation::Matchers(matchers) => matchers.outcomes.iter().any(reading),
        Expectation::Look(_) => false,
    }
}

/// What makes two requests of a step the same input: the generated value, not the form it is written in.
fn input(record: &Record) -> (Option<&str>, Option<&str>) {
    (record.variant.as_deref(), record.mutation.as_ref().map(|mutation| mutation.name))
}

/// Whether a clause says that two forms mean the same.
pub(super) fn is_of_forms(clause: &str) -> bool {
    matches!(
        clause,
        "rpc/method/get-post"
            | "rpc/placement/form"
            | "rpc/format/same"
            | "rpc/parameter/order"
            | "rpc/parameter/encoding"
    )
}

/// The clause that says that two forms mean the same: the one of the single axis on which they differ. `None` where no
/// document says so (other signature scheme), or they differ on several.
pub(super) fn axis(a: Option<WireForm>, b: Option<WireForm>, own: &str) -> Option<&str> {
    let (Some(a), Some(b)) = (a, b) else { return Some(own) };
    if a.scheme != b.scheme || (a.format != b.format && (a.format.is_none() || b.format.is_none())) {
        return None;
    }
    let in_form = a.placement == Placement::PostForm || b.placement == Placement::PostForm;
    let axes = [
        (a.placement != b.placement, if in_form { "rpc/placement/form" } else { "rpc/method/get-post" }),
        (a.format != b.format, "rpc/format/same"),
        (a.order != b.order, "rpc/parameter/order"),
        (a.encoding != b.encoding, "rpc/parameter/encoding"),
    ];
    let mut differing = axes.into_iter().filter_map(|(differs, clause)| differs.then_some(clause));
    match (differing.next(), differing.next()) {
        (None, _) => Some(own),
        (one, None) => one,
        (Some(_), Some(_)) => None,
    }
}

fn words(said: &Said<'_>) -> String {
    match &said.code {
        Some(code) => format!("{} {}", said.status, printable(code, 80)),
        None => said.status.to_string(),
    }
}

fn form_words(record: &Record) -> String {
    record.form.map_or_else(|| "the earlier request".to_owned(), |form| form.to_string())
}

#[cfg(test)]
mod tests {
    use super::super::Role;
    use super::super::sample::{self, broken, refusal};
    use super::*;
    use crate::http::{Reply, Response};
    use crate::wire::{Encoding, Format, Order, Scheme};

    const OWN: &str = "end/session/malformed";

    fn judged(expect: &str, times: u32, records: &[Record]) -> Judgement {
        let case = sample::case(&format!(
            "clauses: [{OWN}]\nsteps:\n  - call: EndTerminalSession\n    with: {{ RegionId: r, SessionId: s }}\n    \
             times: {times}\n    expect: {expect}\n"
        ));
        judge(sample::context(), &case, 0, records, 0)
    }

    fn twice(first: Response, second: Response) -> [Record; 2] {
        [first, second].map(|response| sample::sent(Role::Judged, Reply::Answered(response)))
    }

    #[test]
    fn one_input_gets_one_kind_of_answer() {
        let found = || sample::not_found();
        let invalid = |code| refusal(400, code, "m");
        let refused = |status| refusal(status, "X", "m");
        let unread = || sample::answer(404, r#"{"code":"x"}"#);
        let cut = || Response { body_cut: true, ..refused(400) };
        let rows: [(&str, Response, Response, bool); 15] = [
            ("the same", found(), found(), true),
            ("two readings' values", found(), invalid("InvalidSessionId.Malformed"), false),
            ("two codes of one value", invalid("InvalidParameter"), invalid("InvalidSessionId.Malformed"), true),
            ("status alone", invalid("Y"), refusal(403, "Y", "m"), false),
            ("Code alone", refused(400), invalid("Y"), false),
            ("throttled once", found(), refusal(429, "Throttling.User", "m"), true),
            ("failed once", found(), refused(500), true),
            ("a gateway failed once", found(), sample::answer(502, "<html>"), true),
            ("refused by HTTP once", found(), sample::answer(413, "<html>"), true),
            ("an envelope that cannot be read", found(), unread(), true),
            ("and another status", invalid("Y"), unread(), false),
            ("read in part", found(), cut(), true),
            ("a success that says so", sample::success(), sample::answer(200, r#"{"Code":"OK"}"#), true),
            ("a success is another state, and the outcome's finding", sample::success(), found(), true),
            ("an error under 200", found(), sample::answer(200, r#"{"Code":"X"}"#), false),
        ];
        for (name, first, second, same) in rows {
            let judgement = judged("{ reading: malformed-session }", 2, &twice(first.clone(), second.clone()));
            assert_eq!(broken(&judgement).is_empty(), same, "{name}");
            let judgement = judged("{ reading: malformed-session }", 2, &twice(second, first));
            assert_eq!(broken(&judgement).is_empty(), same, "{name}, the other way round");
        }
    }

    #[test]
    fn what_permits_one_answer_alone_is_compared_only_when_it_is_sent_again() {
        let records = twice(sample::not_found(), refusal(400, "X", "m"));
        assert!(judged("session-not-found", 1, &records).tested.is_empty());
        assert_eq!(broken(&judged("session-not-found", 2, &records)), [OWN]);
        assert_eq!(broken(&judged("{ reading: malformed-session }", 1, &records)), [OWN]);
    }

    #[test]
    fn a_difference_breaks_the_clause_of_the_one_axis_that_differs() {
        let base = sample::form();
        let rows: [(&str, WireForm, Option<&str>); 9] = [
            ("nothing", base, Some(OWN)),
            ("method", WireForm { placement: Placement::GetQuery, ..base }, Some("rpc/method/get-post")),
            ("form", WireForm { placement: Placement::PostForm, ..base }, Some("rpc/placement/form")),
            ("format", WireForm { format: Some(Format::Xml), ..base }, Some("rpc/format/same")),
            ("no format", WireForm { format: None, ..base }, None),
            ("order", WireForm { order: Order::Descending, ..base }, Some("rpc/parameter/order")),
            ("encoding", WireForm { encoding: Encoding::Plus, ..base }, Some("rpc/parameter/encoding")),
            ("scheme", WireForm { scheme: Scheme::V1, ..base }, None),
            ("two", WireForm { placement: Placement::GetQuery, order: Order::Descending, ..base }, None),
        ];
        for (name, form, clause) in rows {
            let answer = |response| Reply::Answered(response);
            let records = [
                sample::sent_in(base, Role::Judged, answer(sample::not_found())),
                sample::sent_in(form, Role::Judged, answer(refusal(400, "X", "m"))),
            ];
            let judgement = judged("{ reading: malformed-session }", 1, &records);
            assert_eq!(broken(&judgement), Vec::from_iter(clause), "{name}");
        }
    }

    #[test]
    fn json_and_xml_are_held_to_the_letter() {
        let xml = WireForm { format: Some(Format::Xml), ..sample::form() };
        let answer = |code| Reply::Answered(refusal(400, code, "m"));
        let records = [
            sample::sent(Role::Judged, answer("InvalidParameter")),
            sample::sent_in(xml, Role::Judged, answer("InvalidSessionId.Malformed")),
        ];
        assert_eq!(broken(&judged("{ reading: malformed-session }", 1, &records)), ["rpc/format/same"]);
    }

    #[test]
    fn two_inputs_may_differ_and_large_ones_may_be_too_long_at_times() {
        let mutated = |name| sample::mutation(name, OWN, "v", &["malformed-session"]);
        let [first, second] = twice(sample::not_found(), refusal(400, "InvalidParameter", "m"));
        let records = [
            Record { mutation: mutated("a").map(Arc::new), ..first.clone() },
            Record { mutation: mutated("b").map(Arc::new), ..second.clone() },
        ];
        assert!(judged("{ reading: malformed-session }", 1, &records).findings.is_empty(), "two inputs");
        let large = [first, second]
            .map(|record| sample::with(record, |exchange| exchange.request.target.push_str(&"a".repeat(2048))));
        assert!(judged("{ reading: malformed-session }", 1, &large).findings.is_empty(), "large");
    }
}
