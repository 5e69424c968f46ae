//! Whose breach a wrong answer is: of the clause that its step names, or of one that other answers are held to.

use std::borrow::Cow;

use super::expectation::Found;
use super::same;
use super::{Context, Finding, Place, Record, Role, Seen};
use crate::contract::{Answer, OutcomeRef};
use crate::http::Exchange;

/// Outcomes by which a gateway refuses a call that it takes for wrongly signed.
const OF_SIGNATURES: [&str; 4] = ["signature-mismatch", "unknown-access-key", "expired", "nonce-used"];

/// Whether what is wrong with an answer is wholly what a rule for every answer finds: a refusal whose Code cannot be read, a
/// right Code under a wrong status, a success that does not say so. The clause of the step is then not put to the test.
pub(super) fn lies_in_the_answer(
    context: Context<'_>,
    place: Place<'_>,
    answers: &[Cow<'_, Answer>],
    seen: &Seen<'_>,
) -> bool {
    let (status, code) = (seen.response.status, seen.code());
    let operation = place.record.operation.as_deref().unwrap_or("");
    let clause = if status == 200 && answers.iter().any(|answer| answer.success) {
        super::answer::success_clause(operation)
    } else if seen.is_error()
        && (code.is_none() || twice(seen))
        && answers.iter().any(|answer| answer.status.contains(status))
    {
        Some("end/error/envelope")
    } else if code.is_some_and(|code| answers.iter().flat_map(|answer| &answer.codes).any(|fits| fits.fits(code))) {
        Some("end/error/status")
    } else {
        None
    };
    clause.is_some_and(|clause| {
        let of_all = super::answers(context, place.case, std::slice::from_ref(place.record), place.index);
        of_all.findings.iter().any(|finding| finding.clause == clause)
    })
}

/// Whether what the document says it says more than once.
fn twice(seen: &Seen<'_>) -> bool {
    seen.document().as_ref().is_ok_and(|document| !document.faults.is_empty())
}

/// Whether a wrong answer breaks a clause on how a call may be written: such a clause says that two ways mean the same, so
/// that another way must have got the right answer. A signature besides is refused for itself.
pub(super) fn lies_in_the_form(
    context: Context<'_>,
    clause: &str,
    exchange: &Exchange,
    record: &Record,
    before: &[Record],
    step: &[Found<'_>],
) -> bool {
    let signature = matches!(clause, "rpc/signature/v1" | "rpc/signature/v3");
    if !signature && !same::is_of_forms(clause) {
        return true;
    }
    if signature && is_refused_for_its_signature(context, exchange) {
        return true;
    }
    let written = |other: &Record| match (other.form, record.form) {
        (Some(a), Some(b)) if signature => a.placement == b.placement && a.format == b.format && a.scheme == b.scheme,
        (a, b) => same::axis(a, b, "") == Some(clause),
    };
    let value = |record: &Record| record.mutation.as_ref().map(|mutation| mutation.name);
    let is_peer = |other: &Record| other.is_attempt() && value(other) == value(record) && written(other);
    // A variant that broke anything would have been the last.
    let earlier = before.iter().filter(|other| other.step == record.step && other.variant != record.variant);
    earlier.chain(step.iter().filter(|found| found.held).map(|found| found.record)).any(is_peer)
}

/// Whether a finding blames how a call is written for an End that succeeded after another End of the session had: the
/// session may as well have lived again, whatever was written. The attempt that it is of begins at the record `first`.
pub fn may_be_a_second_life(history: &[Record], first: usize, finding: &Finding) -> bool {
    let Some((record, before)) = history.get(first..=finding.record).and_then(<[Record]>::split_last) else {
        return false;
    };
    let ends = |record: &Record| {
        let end = record.operation.as_deref() == Some("EndTerminalSession");
        end && record.seen().is_some_and(|seen| seen.took_effect())
    };
    let same = |other: &&Record| {
        (&other.session, &other.variant) == (&record.session, &record.variant) && other.role == Role::Judged
    };
    same::is_of_forms(&finding.clause)
        && record.session.is_some()
        && ends(record)
        && before.iter().filter(same).any(ends)
}

/// Such a finding, of a form that a second attempt was answered rightly in.
pub fn of_a_second_life(context: Context<'_>, finding: Finding) -> Finding {
    let (clause, form) = ("end/effect/stays-closed".to_owned(), finding.clause.clone());
    let words =
        format!("a second attempt did not show it again in this form, so that this is held to be no breach of {form}");
    Finding { level: context.level(&clause), clause, ..finding }.note("form", words)
}

fn is_refused_for_its_signature(context: Context<'_>, exchange: &Exchange) -> bool {
    let Some(response) = exchange.reply.answer() else { return false };
    let seen = Seen::of(response);
    let of = |name: &str| {
        let outcome = OutcomeRef::Named { name: name.to_owned(), argument: None };
        context.contract.permitted(&outcome, context.readings)
    };
    response.status == 401
        || OF_SIGNATURES.iter().flat_map(|name| of(name)).any(|answer| answer.permits(response.status, seen.code()))
}

#[cfg(test)]
mod tests {
    use super::super::sample::{self, broken, refusal};
    use super::super::{Record, Role, expectation};
    use crate::http::{Reply, Response};
    use crate::wire::{Order, Placement, Scheme, WireForm};

    fn judged(clause: &str, expect: &str, answers: &[(WireForm, Response)]) -> (Vec<String>, bool) {
        let case = sample::call(clause, expect);
        let sent = |(form, response): &(WireForm, Response)| Record {
            item: form.to_string(),
            ..sample::sent_in(*form, Role::Judged, Reply::Answered(response.clone()))
        };
        let records: Vec<_> = answers.iter().map(sent).collect();
        let judgement = expectation::judge(sample::context(), &case, 0, &records, 0);
        (broken(&judgement).into_iter().map(str::to_owned).collect(), !judgement.undecided.is_empty())
    }

    #[test]
    fn what_a_rule_for_every_answer_finds_is_no_breach_of_the_steps_clause() {
        const CLAUSE: &str = "end/session/unknown";
        let twice = r#"{"RequestId":"473469C7-AA6F-4DC5-B3DB-A3DC0DE3C83E","Code":"A","Code":"B","Message":"m"}"#;
        let rows = [
            ("a page in place of the refusal", sample::answer(404, "<html><br>"), "session-not-found", false),
            ("a page under another status", sample::answer(500, "<html><br>"), "session-not-found", true),
            ("two Codes", sample::answer(404, twice), "session-not-found", false),
            (
                "the Code under another status",
                refusal(400, "InvalidSessionId.NotFound", "m"),
                "session-not-found",
                false,
            ),
            ("the Code under success", refusal(200, "InvalidSessionId.NotFound", "m"), "session-not-found", false),
            ("another Code", refusal(404, "InvalidSessionID.NotFound", "m"), "session-not-found", true),
            ("a success that says error", sample::answer(200, r#"{"Code":0}"#), "ok", false),
            ("a refusal in place of success", sample::not_found(), "ok", true),
        ];
        for (name, response, expect, found) in rows {
            let (broken, _) = judged(CLAUSE, expect, &[(sample::form(), response)]);
            assert_eq!(!broken.is_empty(), found, "{name}: {broken:?}");
        }
    }

    #[test]
    fn a_clause_on_forms_is_broken_where_another_form_is_answered_rightly() {
        let base = sample::form();
        let descending = WireForm { order: Order::Descending, ..base };
        let elsewhere = WireForm { order: Order::Descending, placement: Placement::GetQuery, ..base };
        let (right, wrong) = (sample::not_found, || refusal(400, "X", "m"));
        let rows = [
            ("the other order alone", vec![(base, right()), (descending, wrong())], true),
            ("the ordinary order alone", vec![(base, wrong()), (descending, right())], true),
            ("both", vec![(base, wrong()), (descending, wrong())], false),
            ("one, and nothing to compare it with", vec![(descending, wrong())], false),
            ("one that differs in more", vec![(base, right()), (elsewhere, wrong())], false),
        ];
        for (name, answers, found) in rows {
            let (broken, undecided) = judged("rpc/parameter/order", "session-not-found", &answers);
            assert_eq!((!broken.is_empty(), undecided), (found, !found), "{name}: {broken:?}");
        }
    }

    #[test]
    fn a_signature_is_refused_for_itself_or_for_how_it_is_written() {
        let base = WireForm { scheme: Scheme::V1, ..sample::form() };
        let descending = WireForm { order: Order::Descending, ..base };
        let mismatch = || refusal(400, "SignatureDoesNotMatch", "server string to sign is: x");
        let (right, wrong) = (sample::not_found, || refusal(400, "X", "m"));
        let rows = [
            ("refused for itself", vec![(base, mismatch())], true),
            ("refused as unauthorized", vec![(base, sample::answer(401, "{}"))], true),
            ("refused for something else", vec![(base, wrong())], false),
            ("refused in one order", vec![(base, right()), (descending, wrong())], true),
        ];
        for (name, answers, found) in rows {
            let (broken, _) = judged("rpc/signature/v1", "session-not-found", &answers);
            assert_eq!(!broken.is_empty(), found, "{name}: {broken:?}");
        }
    }
}
