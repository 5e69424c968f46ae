//! What an expectation permits of one request: outcomes and readings, and `too-long` besides for large ones.

use std::borrow::Cow;

use super::seen::either;
use super::{Context, Finding, Place, Record, Seen, answer, asked, blame, matchers};
use crate::case::{Expectation, Matchers};
use crate::contract::{Answer, OutcomeRef, outcome};
use crate::http::{Cause, CauseKind, Exchange, Reply, Request};
use crate::wire::Scheme;

/// What an expectation permits of one request.
pub(super) struct Permitted<'a> {
    answers: Vec<Cow<'a, Answer>>,
    matchers: Option<&'a Matchers>,
    /// The case permits the end of the connection instead of an answer.
    closed: bool,
    /// The request is so large that outcome `too-long` is permitted besides.
    large: bool,
    refs: Cow<'a, [OutcomeRef]>,
    /// The reading `repeated-parameter` is asked.
    repeated: bool,
}

impl<'a> Permitted<'a> {
    pub(super) fn of(
        context: Context<'a>,
        record: &'a Record,
        request: &Request,
        expectation: &'a Expectation,
    ) -> Permitted<'a> {
        let (refs, matchers): (Cow<'a, [OutcomeRef]>, _) = match expectation {
            Expectation::Outcomes(refs) => (refs.into(), None),
            Expectation::Permitted => (record.mutation.as_ref().map_or(&[][..], |m| &m.permits).into(), None),
            Expectation::Repeated { first, last } => (repeated(context, first, last).into(), None),
            Expectation::Matchers(matchers) => ((&matchers.outcomes).into(), Some(&**matchers)),
            Expectation::Look(_) => (Cow::Borrowed(&[]), None),
        };
        let mut answers: Vec<Cow<'a, Answer>> =
            refs.iter().flat_map(|outcome| context.contract.permitted(outcome, context.readings)).collect();
        let large = !answers.is_empty() && asked::is_large(request);
        if large {
            let too_long = OutcomeRef::Named { name: "too-long".to_owned(), argument: None };
            answers.extend(context.contract.permitted(&too_long, context.readings));
        }
        let closed = matchers.is_some_and(|matchers| matchers.closed);
        let repeated = matches!(expectation, Expectation::Repeated { .. });
        Permitted { answers, matchers, closed, large, refs, repeated }
    }

    /// The finding, unless the answer is one of those permitted.
    pub(super) fn judge(
        &self,
        context: Context<'_>,
        place: Place<'_>,
        clause: &str,
        seen: &Seen<'_>,
    ) -> Option<Finding> {
        if !self.answers.is_empty() && !self.answers.iter().any(|answer| fits(answer, place.record, seen)) {
            let mut finding = Finding::new(context, clause, place, self.words(), actual(place.record, seen));
            finding = with_size(place, seen, finding.shape(seen.words()));
            return Some(self.with_readings(context, seen, finding));
        }
        let broken = self.matchers.and_then(|matchers| matchers::mismatch(context, matchers, seen));
        broken.map(|(expected, actual)| Finding::new(context, clause, place, expected, actual))
    }

    /// Whether a rule for every answer finds all that is wrong with this one.
    pub(super) fn is_judged_elsewhere(&self, context: Context<'_>, place: Place<'_>, seen: &Seen<'_>) -> bool {
        blame::lies_in_the_answer(context, place, &self.answers, seen)
    }

    /// The kind of an answer: the outcome, or the value of a reading, that permits it.
    pub(super) fn kind(&self, seen: &Seen<'_>) -> Option<&str> {
        let (status, code) = seen.kind();
        outcome::kind(&self.answers, status, code.as_deref())
    }

    /// Whether the Code of an answer is one that the contract names for it.
    pub(super) fn knows_code(&self, seen: &Seen<'_>) -> bool {
        let (status, code) = seen.kind();
        let named = |answer: &&Cow<'_, Answer>| !answer.codes.is_empty() || answer.success;
        self.answers.iter().filter(named).any(|answer| answer.permits(status, code.as_deref()))
    }

    /// Whether the end of the connection instead of a whole answer is permitted. Waiting in vain never is.
    pub(super) fn permits_end(&self, exchange: &Exchange) -> bool {
        match &exchange.reply {
            Reply::Lost(cause) if cause.kind == CauseKind::Timeout => false,
            Reply::Lost(cause) => self.closed || (self.large && closes_too_long(cause)),
            // To exact bytes, what stands in front says 502 where the endpoint behind it closed.
            Reply::Answered(_) => self.closed && exchange.raw.is_some(),
            Reply::Refused(_) => false,
        }
    }

    /// The permitted answers: `404 InvalidSessionId.NotFound or 400 MissingParameter`.
    fn words(&self) -> String {
        let mut words: Vec<String> = Vec::new();
        for answer in &self.answers {
            let word = answer_words(answer);
            if !words.contains(&word) {
                words.push(word);
            }
        }
        // Lists within a list are told apart by its commas.
        if words.iter().any(|word| word.contains(" or ")) { words.join(", or ") } else { either(&words) }
    }

    /// Says which readings are in force, and which other value would permit the answer.
    fn with_readings(&self, context: Context<'_>, seen: &Seen<'_>, mut finding: Finding) -> Finding {
        for outcome in self.refs.iter() {
            let OutcomeRef::Reading { name, .. } = outcome else { continue };
            let value = context.readings.of(name);
            let others =
                context.contract.also_permitted_by(outcome, context.readings, seen.response.status, seen.code());
            let flags: Vec<String> = others.iter().map(|(name, value)| format!("`--reading {name}={value}`")).collect();
            let hint =
                if flags.is_empty() { String::new() } else { format!("; {} would permit this answer", either(&flags)) };
            finding = finding.note("reading", format!("{name} = {value}{hint}"));
        }
        if self.repeated {
            let value = context.readings.of("repeated-parameter");
            finding = finding.note("reading", format!("repeated-parameter = {value}"));
        }
        finding
    }
}

/// Whether this request may get what it got instead of an answer: the end of the connection, when it is permitted to the
/// request or the request is large (outcome `too-long`). Waiting in vain is never permitted.
pub fn permits_loss(
    context: Context<'_>,
    record: &Record,
    exchange: &Exchange,
    expectation: Option<&Expectation>,
) -> bool {
    let Reply::Lost(cause) = &exchange.reply else { return false };
    let permitted = |expect| Permitted::of(context, record, &exchange.request, expect).permits_end(exchange);
    (asked::is_large(&exchange.request) && closes_too_long(cause)) || expectation.is_some_and(permitted)
}

/// Whether a request is expected to succeed, and what it got is not permitted to it.
pub fn lacks_success(context: Context<'_>, record: &Record, expectation: Option<&Expectation>) -> bool {
    let (Some(exchange), Some(seen), Some(expectation)) = (record.exchange(), record.seen(), expectation) else {
        return false;
    };
    let Permitted { answers, matchers, .. } = Permitted::of(context, record, &exchange.request, expectation);
    if answers.is_empty() {
        let due = |matchers: &&Matchers| matchers.status.iter().any(|status| status.fits(200));
        return matchers.filter(due).is_some_and(|matchers| matchers::mismatch(context, matchers, &seen).is_some());
    }
    answers.iter().any(|answer| answer.success) && !answers.iter().any(|answer| fits(answer, record, &seen))
}

/// Whether the connection ended before any status line or after one of `too-long`.
fn closes_too_long(cause: &Cause) -> bool {
    cause.kind != CauseKind::Timeout && cause.status.is_none_or(asked::is_too_long)
}

fn repeated(context: Context<'_>, first: &[OutcomeRef], last: &[OutcomeRef]) -> Vec<OutcomeRef> {
    let refused = [OutcomeRef::Named { name: "refused".to_owned(), argument: None }];
    match context.readings.of("repeated-parameter") {
        "first" => first.to_vec(),
        "last" => last.to_vec(),
        "refused" => refused.to_vec(),
        _ => [first, last, &refused].concat(),
    }
}

fn fits(answer: &Answer, record: &Record, seen: &Seen<'_>) -> bool {
    if answer.success {
        let operation = record.operation.as_deref();
        // Of the documented operations the body has a clause of its own.
        let known = operation.is_some_and(|name| answer::success_clause(name).is_some());
        return if known { seen.took_effect() } else { seen.is_ok(operation) };
    }
    if !answer.permits(seen.response.status, seen.code()) {
        return false;
    }
    match &answer.message_contains_v1 {
        Some(text) if record.form.is_some_and(|form| form.scheme == Scheme::V1) => {
            seen.text("Message").is_some_and(|message| message.contains(text.as_str()))
        }
        _ => true,
    }
}

/// Says from which size on a request may be refused for it, where an answer says that it was.
fn with_size(place: Place<'_>, seen: &Seen<'_>, finding: Finding) -> Finding {
    let whole = place.record.exchange().filter(|exchange| exchange.raw.is_none());
    let Some(request) = whole.map(|exchange| &exchange.request) else { return finding };
    // A 400 has a Code for why.
    if !matches!(seen.response.status, 413 | 414 | 431) || asked::is_large(request) {
        return finding;
    }
    let (target, fields, body) = (request.target.len(), request.headers.written(), request.body.len());
    let words = format!(
        "it has {target} bytes of target, {fields} of header fields and {body} of body; a request may be refused for its \
         size from {} of either of the first two or {} of body on",
        asked::HEAD_BYTES + 1,
        asked::BODY_BYTES + 1
    );
    finding.note("size", words)
}

fn answer_words(answer: &Answer) -> String {
    let codes: Vec<String> = answer.codes.iter().map(ToString::to_string).collect();
    let mut words = answer.status.to_string();
    if answer.success {
        words.push_str(" with RequestId and no error Code");
    } else if !codes.is_empty() {
        words = format!("{words} {}", either(&codes));
    } else if answer.envelope {
        words.push_str(" with the error envelope");
    }
    if answer.closed {
        words.push_str(", or the connection closed");
    }
    words
}

fn actual(record: &Record, seen: &Seen<'_>) -> String {
    match seen.not_ok(record.operation.as_deref()) {
        Some(why) if seen.response.status == 200 => seen.words_with(why),
        _ => seen.words(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Role;
    use super::super::sample::{self, answer, refusal};
    use super::*;
    use crate::http::Response;
    use crate::wire::WireForm;

    /// The finding of an answer to a call that expects this, under readings, signed by a scheme.
    fn judged(expect: &str, declared: &[&str], scheme: Scheme, response: &Response) -> Option<Finding> {
        let readings = sample::readings(declared);
        let context = Context { readings: &readings, ..sample::context() };
        let case = sample::call("end/session/unknown", expect);
        let form = WireForm { scheme, ..sample::form() };
        let record = sample::sent_in(form, Role::Judged, Reply::Answered(response.clone()));
        let exchange = record.exchange().expect("an exchange");
        let expectation = &case.steps[0].expect.as_ref().expect("an expectation").value;
        let place = Place { case: &case, record: &record, index: 0 };
        let permitted = Permitted::of(context, &record, &exchange.request, expectation);
        permitted.judge(context, place, "end/session/unknown", &Seen::of(response))
    }

    fn permits(expect: &str, declared: &[&str], status: u16, code: &str) -> bool {
        judged(expect, declared, Scheme::None, &refusal(status, code, "m")).is_none()
    }

    #[test]
    fn outcomes_permit_their_answers_and_no_others() {
        type Answers<'a> = &'a [(u16, &'a str)];
        let rows: [(&str, Answers<'_>, Answers<'_>); 12] = [
            (
                "session-not-found",
                &[(404, "InvalidSessionId.NotFound")],
                &[
                    (400, "InvalidSessionId.NotFound"),
                    (404, "InvalidSessionID.NotFound"),
                    (404, "InvalidSessionId.NotFound "),
                ],
            ),
            ("region-not-supported", &[(400, "RegionId.ApiNotSupported")], &[(403, "RegionId.ApiNotSupported")]),
            (
                "missing(SessionId)",
                &[(400, "MissingParameter"), (400, "MissingParameter.SessionId"), (400, "MissingSessionId")],
                &[
                    (400, "MissingRegionId"),
                    (400, "MissingParameter.RegionId"),
                    (404, "MissingSessionId"),
                    (400, "Missing"),
                ],
            ),
            ("refused", &[(400, "Anything"), (499, "X")], &[(500, "InternalError"), (302, "X"), (200, "X")]),
            ("unknown-action", &[(404, "InvalidAction.NotFound")], &[(400, "InvalidAction.NotFound")]),
            (
                "unknown-version",
                &[(400, "InvalidVersion"), (404, "NoSuchVersion"), (404, "InvalidAction.NotFound")],
                &[(403, "InvalidVersion")],
            ),
            (
                "unknown-access-key",
                &[(404, "InvalidAccessKeyId.NotFound"), (400, "InvalidAccessKeyId")],
                &[(403, "InvalidAccessKeyId")],
            ),
            ("expired", &[(400, "InvalidTimeStamp.Expired")], &[(400, "InvalidTimeStamp.Format")]),
            ("nonce-used", &[(400, "SignatureNonceUsed")], &[(403, "SignatureNonceUsed")]),
            (
                "denied",
                &[(403, "Forbidden.RAM"), (403, "NoPermission"), (403, "Forbidden")],
                &[(403, "Forbidden.Ram"), (400, "Forbidden")],
            ),
            (
                "[unknown-action, missing(Action)]",
                &[(404, "InvalidAction.NotFound"), (400, "MissingAction")],
                &[(404, "MissingAction")],
            ),
            ("ok", &[(200, "OK"), (200, "200")], &[(200, "Oops"), (404, "InvalidSessionId.NotFound"), (201, "OK")]),
        ];
        for (expect, right, wrong) in rows {
            for (status, code) in right {
                assert!(permits(expect, &[], *status, code), "{expect}: {status} {code}");
            }
            for (status, code) in wrong {
                assert!(!permits(expect, &[], *status, code), "{expect}: {status} {code}");
            }
        }
        assert!(judged("session-not-found", &[], Scheme::None, &answer(404, "<html>")).is_some());
        assert!(judged("refused", &[], Scheme::None, &answer(404, "")).is_some());
    }

    #[test]
    fn of_a_success_the_body_has_a_clause_of_its_own() {
        let permitted = |body: &str, status| judged("ok", &[], Scheme::None, &answer(status, body)).is_none();
        for body in ["{}", "", "<html><br>", r#"{"RequestId":1}"#, "[]"] {
            assert!(permitted(body, 200), "{body}");
        }
        assert!(!permitted("{}", 202) && !permitted(r#"{"Code":"X"}"#, 200));
    }

    #[test]
    fn under_v1_a_signature_mismatch_says_what_was_signed() {
        let bare = refusal(400, "SignatureDoesNotMatch", "Specified signature is not matched with our calculation");
        let told = refusal(403, "IncompleteSignature", "x server string to sign is:POST&%2F&");
        let rows = [
            ("bare, V1", Scheme::V1, &bare, false),
            ("told, V1", Scheme::V1, &told, true),
            ("bare, V3", Scheme::V3, &bare, true),
        ];
        for (name, scheme, response, permitted) in rows {
            assert_eq!(judged("signature-mismatch", &[], scheme, response).is_none(), permitted, "{name}");
        }
    }

    #[test]
    fn readings_permit_what_is_in_force_and_findings_name_what_would_permit_the_answer() {
        let repeat = "{ reading: repeat-end }";
        let region = "{ reading: unknown-region }";
        let empty = "{ reading: empty-parameter, of: SessionId }";
        type Row<'a> = (&'a str, &'a str, &'a str, u16, &'a str, Option<&'a str>);
        let rows: [Row<'_>; 14] = [
            ("again, not found", repeat, "", 404, "InvalidSessionId.NotFound", None),
            (
                "again, ok",
                repeat,
                "",
                200,
                "OK",
                Some("repeat-end = not-found; `--reading repeat-end=idempotent` would permit this answer"),
            ),
            ("again, ok as declared", repeat, "repeat-end=idempotent", 200, "OK", None),
            (
                "again, not found against it",
                repeat,
                "repeat-end=idempotent",
                404,
                "InvalidSessionId.NotFound",
                Some("repeat-end = idempotent; `--reading repeat-end=not-found` would permit this answer"),
            ),
            ("again, by no reading", repeat, "", 400, "X", Some("repeat-end = not-found")),
            ("region, first", region, "", 400, "RegionId.ApiNotSupported", None),
            ("region, second", region, "", 404, "InvalidRegionId.NotFound", None),
            ("region, third", region, "", 400, "InvalidParameter.RegionId", None),
            ("region, none", region, "", 404, "RegionId.ApiNotSupported", Some("unknown-region = any")),
            (
                "region, declared",
                region,
                "unknown-region=not-found",
                400,
                "InvalidRegionId",
                Some("unknown-region = not-found; `--reading unknown-region=invalid` would permit this answer"),
            ),
            ("empty, missing", empty, "", 400, "MissingSessionId", None),
            ("empty, not found", empty, "", 404, "InvalidSessionId.NotFound", None),
            ("empty, malformed", empty, "", 400, "InvalidSessionId.Malformed", None),
            (
                "empty, declared",
                empty,
                "empty-parameter=missing",
                404,
                "InvalidSessionId.NotFound",
                Some("empty-parameter = missing; `--reading empty-parameter=not-found` would permit this answer"),
            ),
        ];
        for (name, expect, declared, status, code, note) in rows {
            let declared: Vec<&str> = Some(declared).into_iter().filter(|text| !text.is_empty()).collect();
            let finding = judged(expect, &declared, Scheme::None, &refusal(status, code, "m"));
            let told = finding
                .map(|finding| finding.notes.iter().map(|(_, text)| text.clone()).collect::<Vec<_>>().join(" | "));
            assert_eq!(told.as_deref(), note, "{name}");
        }
    }

    #[test]
    fn a_repeated_parameter_follows_its_reading() {
        let expect = "{ reading: repeated-parameter, first: session-not-found, last: region-not-supported }";
        let (first, last, other) = ((404, "InvalidSessionId.NotFound"), (400, "RegionId.ApiNotSupported"), (403, "X"));
        let rows = [
            ("any", [true, true, true]),
            ("first", [true, false, false]),
            ("last", [false, true, false]),
            ("refused", [true, true, true]),
        ];
        for (value, permitted) in rows {
            let declared = format!("repeated-parameter={value}");
            let found = [first, last, other].map(|(status, code)| permits(expect, &[&declared], status, code));
            assert_eq!(found, permitted, "{value}");
        }
        assert!(!permits(expect, &[], 200, "OK"));
    }

    #[test]
    fn too_long_is_permitted_to_large_requests_alone() {
        let context = sample::context();
        let case = sample::call("end/session/malformed", "session-not-found");
        let expectation = &case.steps[0].expect.as_ref().expect("an expectation").value;
        let of = |target: usize, reply: Reply| {
            sample::with(sample::sent(Role::Judged, reply), |exchange| exchange.request.target = "a".repeat(target))
        };
        let html = |status| Reply::Answered(answer(status, "<html><br>"));
        let after = |status| Reply::Lost(Cause { status: Some(status), ..Cause::new(CauseKind::Closed, "x") });
        let rows = [
            ("400", html(400), true),
            ("413", html(413), true),
            ("414", html(414), true),
            ("431", html(431), true),
            ("404 without envelope", html(404), false),
            ("500", html(500), false),
            ("its own outcome", Reply::Answered(sample::not_found()), true),
            ("closed", sample::lost(CauseKind::Closed), true),
            ("closed after 431", after(431), true),
            ("closed after 200", after(200), false),
            ("waiting", sample::lost(CauseKind::Timeout), false),
            ("never sent", Reply::Refused(Cause::new(CauseKind::Connect, "x")), false),
        ];
        for (name, reply, permitted) in rows {
            for (target, large) in [(2048, false), (2049, true)] {
                let record = of(target, reply.clone());
                let exchange = record.exchange().expect("an exchange");
                let place = Place { case: &case, record: &record, index: 0 };
                let of = Permitted::of(context, &record, &exchange.request, expectation);
                let found = match &exchange.reply {
                    Reply::Answered(response) => {
                        of.judge(context, place, "end/session/malformed", &Seen::of(response)).is_none()
                    }
                    _ => of.permits_end(exchange),
                };
                assert_eq!(found, permitted && (large || name == "its own outcome"), "{name}, {target}");
                let lost = matches!(exchange.reply, Reply::Lost(_));
                assert_eq!(
                    permits_loss(context, &record, exchange, Some(expectation)),
                    lost && permitted && large,
                    "{name}"
                );
            }
        }
    }

    #[test]
    fn a_success_is_lacked_where_one_is_due_and_what_came_is_not_permitted() {
        let rows = [
            ("ok", sample::not_found(), true),
            ("ok", sample::success(), false),
            ("[ok, session-not-found]", sample::not_found(), false),
            ("session-not-found", sample::not_found(), false),
            ("[session-not-found, { reading: repeat-end }]", sample::not_found(), false),
            ("{ reading: repeat-end }", sample::not_found(), false),
            ("{ status: 200 }", sample::not_found(), true),
            ("{ status: [200, 404] }", sample::not_found(), false),
            ("{ status: 4xx }", sample::success(), false),
        ];
        for (expected, response, lacks) in rows {
            let case = sample::call("end/success/status", expected);
            let expectation = case.steps[0].expect.as_ref().map(|expect| &expect.value);
            let record = sample::sent(Role::Strike, Reply::Answered(response));
            assert_eq!(lacks_success(sample::context(), &record, expectation), lacks, "{expected}");
            assert!(!lacks_success(sample::context(), &record, None));
        }
        let record = sample::sent(Role::Strike, sample::lost(CauseKind::Closed));
        let case = sample::call("end/success/status", "ok");
        let expectation = case.steps[0].expect.as_ref().map(|expect| &expect.value);
        assert!(!lacks_success(sample::context(), &record, expectation));
    }

    #[test]
    fn a_refusal_for_the_size_says_what_size_may_be_refused() {
        for (status, said) in [(413, true), (414, true), (431, true), (400, false), (404, false)] {
            let finding = judged("ok", &[], Scheme::None, &refusal(status, "X", "m")).expect("no success");
            let notes: Vec<&String> =
                finding.notes.iter().filter(|(name, _)| *name == "size").map(|(_, n)| n).collect();
            assert_eq!(!notes.is_empty(), said, "{status}");
            assert!(notes.iter().all(|note| note.contains("from 2049 ") && note.contains("65537 ")), "{notes:?}");
        }
    }

    #[test]
    fn a_case_may_permit_the_end_of_the_connection() {
        let case = sample::call("rpc/robust/malformed", "{ status: 4xx, closed: permitted }");
        let expectation = &case.steps[0].expect.as_ref().expect("an expectation").value;
        let after = Reply::Lost(Cause { status: Some(505), ..Cause::new(CauseKind::Closed, "x") });
        let rows = [
            ("closed", sample::lost(CauseKind::Closed), true),
            ("closed after any status", after, true),
            ("no HTTP", sample::lost(CauseKind::NotHttp), true),
            ("waiting", sample::lost(CauseKind::Timeout), false),
        ];
        for (name, reply, permitted) in rows {
            let record = sample::sent(Role::Judged, reply);
            let exchange = record.exchange().expect("an exchange");
            assert_eq!(permits_loss(sample::context(), &record, exchange, Some(expectation)), permitted, "{name}");
        }
        let record = sample::sent(Role::Judged, sample::lost(CauseKind::Closed));
        assert!(!permits_loss(sample::context(), &record, record.exchange().expect("an exchange"), None));
    }
}
