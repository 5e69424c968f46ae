//! Reports to render: of runs that passed, failed or were cut short, large ones, and some that hold anything.

use endspec::report::against::{Against, Compared, Difference, Values};
use endspec::report::model::{
    Baseline, Case, Clause, Entry, Exchange, FORMAT, Finding, Message, Place, Reason, Report, Target, Totals,
};
use serde_json::Value;

/// What a target might say to whoever reads it: name and text.
pub const HOSTILE: [(&str, &str); 14] = [
    ("the end of a script", "</script><script>alert(1)</script>"),
    ("markup", "<img src=x onerror=alert(1)> <b>bold</b> &amp; \"quoted\" 'too'"),
    ("the end of a section", "]]><![CDATA["),
    ("a comment", "--> <!-- <?xml version=\"1.0\"?> <!DOCTYPE x [<!ENTITY e \"e\">]> &e;"),
    ("colours", "\u{1b}[31mred\u{1b}[0m\u{1b}]8;;http://evil.test\u{7}link\u{1b}]8;;\u{7}\u{9b}2J"),
    ("lines", "one\ntwo\r\nthree\rfour\u{2028}five\u{85}six"),
    ("commands", "\n::error::owned\n::set-env name=A::b\n##[add-mask]a\n::stop-commands::x"),
    ("from right to left", "\u{202e}evil\u{2066}\u{feff}\u{200b}\u{61c}"),
    ("the end of a text in C", "a\0b\u{7f}"),
    ("no characters", "\u{fffe}\u{ffff}\u{1fffe}"),
    ("TAP", "\nok 99 - forged # SKIP # TODO\nBail out!\n  ---\n  ...\n\\"),
    (
        "Markdown",
        "| a | `code` ``` ~~~ **b** [l](http://evil.test) ![i](http://evil.test/i.png) # h @you www.evil.test",
    ),
    ("JSON", "{\"a\":[\"\\u0000\"]}"),
    ("a path", "../../etc/passwd C:\\x file:///x %2e%2e %00 ?a#b"),
];

fn texts(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
}

fn clause(id: &str, level: &str, verdict: &str, cases: &[&str]) -> Clause {
    Clause {
        id: id.to_owned(),
        level: level.to_owned(),
        sentence: "lets at most one of overlapping calls for one open session succeed".to_owned(),
        verdict: verdict.to_owned(),
        cases: texts(cases),
        judgements: 12,
    }
}

fn case(id: &str, verdict: &str, clause: &str, reasons: &[&str], findings: Vec<Finding>) -> Case {
    Case {
        id: id.to_owned(),
        title: Some("a session is ended once".to_owned()),
        verdict: verdict.to_owned(),
        clauses: texts(&[clause]),
        duration_ms: 1_234,
        exchanges: 17,
        course: match verdict {
            "inconclusive" | "skipped" => "not run",
            "fail" => "cut short",
            _ => "whole",
        }
        .to_owned(),
        tested: [(clause.to_owned(), 12)].into(),
        findings,
        reasons: texts(reasons),
    }
}

fn exchange(number: u64) -> Exchange {
    let request = Message {
        start: "POST /?Action=EndTerminalSession&SessionId=s%2D1".to_owned(),
        headers: pairs(&[("host", "127.0.0.1:8080"), ("accept", "application/json")]),
        body: "RegionId=cn-hangzhou".to_owned(),
    };
    let response = Message {
        start: "200".to_owned(),
        headers: pairs(&[("content-type", "application/json;charset=utf-8")]),
        body: "{\"RequestId\":\"10F71A9D-530B-481C-BEC1-FDECEEC4FE52\"}".to_owned(),
    };
    Exchange { sent_ms: 1_500 + number, duration_ms: 12, request, response: Some(response), lost: None }
}

/// A finding.
pub fn finding(clause: &str, level: &str, number: u64) -> Finding {
    Finding {
        clause: clause.to_owned(),
        level: level.to_owned(),
        expected: "one life: issued, open, closed".to_owned(),
        actual: "two overlapping Ends succeeded".to_owned(),
        message: "permitted one life: issued, open, closed, got two overlapping Ends succeeded".to_owned(),
        place: Place {
            file: "cases/end/effect/once/ends.yaml".to_owned(),
            line: 8,
            column: 5,
            text: "  - overlap:".to_owned(),
            length: 8,
            label: "of `victim`, two overlapping Ends succeeded".to_owned(),
        },
        step: Some(2),
        steps: 4,
        item: "GET, JSON, v1; client 2".to_owned(),
        notes: pairs(&[
            (
                "timeline",
                "client 1  |--------------End ok---------------|\nclient 2     |-----------------End ok----------------|\n\
                 ms        0  0.1                              31.5  57.066\n",
            ),
            ("before", "an earlier request of this step ended this session with 200"),
        ]),
        times: 3,
        others: texts(&["POST-form, XML, v3", "POST-query, JSON, v3"]),
        exchange: Some(exchange(number)),
        again: "endspec run --select end/effect/once/ends --seed dc936f49089d6b82 --target http://127.0.0.1:8080/"
            .to_owned(),
        curl: Some("curl -X POST 'http://127.0.0.1:8080/?Action=EndTerminalSession&Signature=***'".to_owned()),
        known: false,
    }
}

/// A run in which everything held.
pub fn passed() -> Report {
    let readings = [("repeat-end", "not-found"), ("unknown-region", "any"), ("empty-parameter", "any")];
    let (once, missing) = ("end/effect/once", "end/request/region-required");
    Report {
        format: FORMAT,
        endspec: "0.1.0".to_owned(),
        suite: "5e1f".to_owned(),
        target: Target::new("http://127.0.0.1:8080/", false),
        shard: None,
        shards: None,
        selected: false,
        without: Vec::new(),
        elsewhere: Vec::new(),
        baseline: None,
        contract: "2025-04-25".to_owned(),
        readings: readings.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
        seed: "dc936f49089d6b82".to_owned(),
        strict: false,
        verdict: "pass".to_owned(),
        hint: None,
        interrupted: false,
        totals: Totals { pass: 2, ..Totals::default() },
        clauses: vec![
            clause(once, "MUST", "pass", &["end/effect/once/ends"]),
            clause(missing, "MUST", "pass", &[missing]),
        ],
        cases: vec![
            case("end/effect/once/ends", "pass", once, &[], Vec::new()),
            case(missing, "pass", missing, &[], Vec::new()),
        ],
        excluded: Vec::new(),
        not_tested: Vec::new(),
        not_covered: Vec::new(),
        leaked: Vec::new(),
        weather: None,
        against: None,
        exchanges: 34,
        started: "2026-01-31T12:00:00Z".to_owned(),
        duration_ms: 4_321,
    }
}

fn reason(clause: &str, reason: &str) -> Reason {
    Reason { clause: clause.to_owned(), reason: reason.to_owned() }
}

/// A run with a finding of every level, and with everything that narrows or voids a verdict.
pub fn failed() -> Report {
    let mut report = passed();
    let (once, exact, extra, restart, xml) =
        ("end/effect/once", "end/session/exact", "end/success/extra", "end/effect/survives-restart", "rpc/format/xml");
    let no_restart = "there is no restart command: give `--restart-command CMD`";
    report.verdict = "fail".to_owned();
    report.hint = Some("the clock of this machine may be wrong".to_owned());
    report.clauses = vec![
        clause(once, "MUST", "fail", &["end/effect/once/ends"]),
        clause(exact, "SHOULD", "fail", &["end/session/exact"]),
        clause(extra, "MAY", "pass", &["end/session/exact"]),
        clause(restart, "MUST", "inconclusive", &["end/effect/survives-restart"]),
        clause(xml, "MUST", "skipped", &["rpc/format/xml"]),
    ];
    let mut lost = finding(once, "MUST", 2);
    lost.exchange =
        lost.exchange.map(|shown| Exchange { response: None, lost: Some("lost: reset".to_owned()), ..shown });
    lost.curl = None;
    let raw = Message { start: String::new(), headers: Vec::new(), body: "GET / HTTP/1.1\\r\\n".to_owned() };
    let mut exactly = finding(exact, "SHOULD", 1);
    exactly.exchange = exactly.exchange.map(|shown| Exchange { request: raw, ..shown });
    let left_out = "not sent, since they may be the ids of sessions that are not the case's own: one-changed";
    report.cases = vec![
        case("end/effect/once/ends", "fail", once, &[], vec![finding(once, "MUST", 0), lost]),
        case("end/effect/survives-restart", "inconclusive", restart, &[no_restart], Vec::new()),
        case("end/session/exact", "pass", exact, &[left_out], vec![exactly, finding(extra, "MAY", 3)]),
        case("rpc/format/xml", "skipped", xml, &["excluded: the target lacks xml"], Vec::new()),
    ];
    report.totals = Totals { pass: 1, fail: 1, inconclusive: 1, skipped: 1, known: 0 };
    report.excluded = vec![reason(xml, "the target lacks xml")];
    report.not_tested = vec![reason(restart, no_restart)];
    report.not_covered = texts(&["rpc/parameter/name-case"]);
    report.leaked = texts(&["s-hz-left-open"]);
    report.against = Some(against(once, exact, restart));
    report
}

/// An entry of a baseline.
fn entry(clause: &str, case: &str, state: &str, why: &str) -> Entry {
    Entry {
        clause: clause.to_owned(),
        case: case.to_owned(),
        reason: "the cache is replaced in spring".to_owned(),
        ticket: Some("GATE-17".to_owned()),
        expires: Some("2026-03-31".to_owned()),
        line: 3,
        state: state.to_owned(),
        why: why.to_owned(),
    }
}

/// The failed run, held to a baseline: a finding known and one new, and an entry of every state.
pub fn held() -> Report {
    let mut report = failed();
    report.cases[2].findings[0].known = true;
    let entries = [
        entry("end/session/exact", "end/session/exact", "known", ""),
        entry("rpc/format/same", "end/session/exact", "fixed", "it no longer fails"),
        entry("end/success/body", "end/session/exact", "expired", "accepted until 2026-01-30, and it still fails"),
        entry("end/effect/closes", "rpc/format/xml", "not observed", "the case did not run"),
    ];
    report.baseline = Some(Baseline { file: "endspec-baseline.yaml".to_owned(), entries: entries.to_vec() });
    report.totals.known = 1;
    report
}

/// A run that passed but for one finding that is known.
pub fn accepted() -> Report {
    let mut report = passed();
    let once = "end/effect/once";
    let known = Finding { known: true, ..finding(once, "MUST", 0) };
    report.clauses[0] = clause(once, "MUST", "fail", &["end/effect/once/ends"]);
    report.cases[0] = case("end/effect/once/ends", "fail", once, &[], vec![known]);
    report.totals = Totals { pass: 1, fail: 1, known: 1, ..Totals::default() };
    let entries = vec![entry(once, "end/effect/once/ends", "known", "")];
    report.baseline = Some(Baseline { file: "endspec-baseline.yaml".to_owned(), entries });
    report
}

/// Another target that breaks less, differs, and was not tested in all.
fn against(once: &str, exact: &str, restart: &str) -> Against {
    let compared = |id: &str, level: &str, result: &str, [target, other]: [&str; 2]| Compared {
        id: id.to_owned(),
        level: level.to_owned(),
        result: result.to_owned(),
        target: target.to_owned(),
        other: other.to_owned(),
        why: None,
        again: None,
        differences: Vec::new(),
    };
    let breaks = Compared {
        why: Some(
            "the target in end/effect/once/ends: permitted one life, got two overlapping Ends succeeded".to_owned(),
        ),
        again: Some("endspec run --select end/effect/once/ends --seed dc936f49089d6b82".to_owned()),
        ..compared(once, "MUST", "target-breaks", ["fail", "pass"])
    };
    let difference = Difference {
        case: exact.to_owned(),
        request: "step 2; GET, JSON, v1".to_owned(),
        target: "404 InvalidSessionId.NotFound (malformed-session=not-found)".to_owned(),
        other: "400 InvalidParameter (malformed-session=invalid)".to_owned(),
        times: 3,
    };
    let differ = Compared { differences: vec![difference], ..compared(exact, "SHOULD", "differ", ["pass", "pass"]) };
    let reason = "the target: there is no restart command".to_owned();
    let gap = Compared { why: Some(reason), ..compared(restart, "MUST", "not-compared", ["inconclusive", ""]) };
    Against {
        target: Target::new("http://127.0.0.1:8081/", false),
        verdict: "pass".to_owned(),
        totals: Totals { pass: 4, ..Totals::default() },
        exchanges: 34,
        leaked: Vec::new(),
        clauses: vec![breaks, differ, compared("end/success/body", "MUST", "both-hold", ["pass", "pass"]), gap],
        followed: vec![Values {
            reading: "malformed-session".to_owned(),
            target: texts(&["not-found"]),
            other: texts(&["invalid"]),
        }],
    }
}

/// A run that could not decide anything.
pub fn inconclusive() -> Report {
    let mut report = passed();
    report.verdict = "inconclusive".to_owned();
    report.interrupted = true;
    report.cases.clear();
    report.clauses.clear();
    report.totals = Totals::default();
    report
}

/// So many findings, in a case for every five.
pub fn many(findings: usize) -> Report {
    let mut report = failed();
    let clauses = ["end/effect/once", "end/session/exact", "end/success/extra"];
    let levels = ["MUST", "SHOULD", "MAY"];
    let numbers: Vec<usize> = (0..findings).collect();
    report.cases = numbers
        .chunks(5)
        .map(|numbers| {
            let one = |number: &usize| finding(clauses[number % 3], levels[number % 3], *number as u64);
            let id = format!("end/effect/generated/case-{:03}", numbers[0] / 5);
            case(&id, "fail", clauses[0], &[], numbers.iter().map(one).collect())
        })
        .collect();
    report.totals = Totals { fail: report.cases.len(), ..Totals::default() };
    report
}

/// The failed run with `said` in every member that takes any text.
pub fn hostile(said: &str) -> Report {
    let mut document = serde_json::to_value(held()).unwrap();
    replace(&mut document, said);
    serde_json::from_value(document).unwrap()
}

/// Members whose words are of a list.
const LISTED: [&str; 7] = ["verdict", "level", "kind", "started", "course", "state", "result"];

fn replace(value: &mut Value, said: &str) {
    match value {
        Value::String(text) => said.clone_into(text),
        Value::Array(values) => values.iter_mut().for_each(|value| replace(value, said)),
        Value::Object(members) => {
            let names: Vec<String> = members.keys().cloned().collect();
            for name in names.iter().filter(|name| !LISTED.contains(&name.as_str())) {
                if name == "readings" {
                    members.insert(name.clone(), serde_json::json!({ said: said }));
                } else if let Some(value) = members.get_mut(name) {
                    replace(value, said);
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// All of them, each with a name.
pub fn all() -> Vec<(String, Report)> {
    let long = "long ".repeat(20_000);
    let own = [("passed", passed()), ("failed", failed()), ("inconclusive", inconclusive()), ("many", many(50))];
    let own = own.into_iter().chain([("held", held()), ("accepted", accepted())]);
    let own = own.into_iter().map(|(name, report)| (name.to_owned(), report));
    let said = HOSTILE.iter().copied().chain([("100 kB", long.as_str())]);
    let hostile = said.map(|(name, said)| (format!("hostile: {name}"), hostile(said)));
    own.chain(hostile).collect()
}
