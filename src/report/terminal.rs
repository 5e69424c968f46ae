//! The report for a terminal: quiet when green, complete when red, the worst first.

mod against;
mod finding;
mod layout;
mod summary;

pub(crate) use layout::entry_of;

use super::model::Report;
use super::telling;
pub(super) use summary::why;

/// How to write.
#[derive(Debug, Clone, Copy)]
pub struct Style {
    /// Colours and bold.
    pub color: bool,
    /// Columns.
    pub width: usize,
}

/// The report as text.
pub fn render(report: &Report, style: Style) -> String {
    let mut text = head(report);
    if let Some(hint) = &report.hint {
        // What explains everything below stands above it, and again at the end where that is a screen away.
        layout::entry("hint:", summary::COLUMN, hint, style, &mut text);
    }
    finding::write(report, style, &mut text);
    summary::undecided(report, style, &mut text);
    against::write(report, style, &mut text);
    summary::write(report, style, &mut text);
    text
}

/// Its findings alone.
pub fn findings(report: &Report, style: Style) -> String {
    let mut text = String::new();
    finding::write(report, style, &mut text);
    text
}

fn head(report: &Report) -> String {
    let target = if report.target.kind == "endpoint" {
        report.target.url.clone()
    } else {
        format!("{} at {}", report.target.kind, report.target.url)
    };
    let strict = if report.strict { ", SHOULD counts as MUST" } else { "" };
    let shard = telling::shard(report);
    let (contract, seed, warning) = (&report.contract, &report.seed, report.target.warning());
    format!("endspec {} tested {target}{warning}\ncontract {contract}, seed {seed}{strict}{shard}\n", report.endspec)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::model::{Case, Clause, Exchange, Finding, Message, Place, Reason, Target};

    const STYLE: Style = Style { color: false, width: 100 };

    fn finding(clause: &str, level: &str, actual: &str) -> Finding {
        let text = "    expect: { reading: repeat-end }".to_owned();
        let place = Place {
            file: "a.yaml".to_owned(),
            line: 12,
            column: 13,
            text,
            length: 23,
            label: format!("the target answered {actual}"),
        };
        let request = Message { start: "GET /?A=1".to_owned(), headers: Vec::new(), body: String::new() };
        let headers = [("date", "Mon"), ("content-type", "application/json")];
        let response = Message {
            start: "200".to_owned(),
            headers: headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
            body: "{}".to_owned(),
        };
        Finding {
            clause: clause.to_owned(),
            level: level.to_owned(),
            expected: "404 InvalidSessionId.NotFound".to_owned(),
            actual: actual.to_owned(),
            message: format!("permitted 404 InvalidSessionId.NotFound, got {actual}"),
            place,
            step: Some(3),
            steps: 4,
            item: "GET, JSON, v1".to_owned(),
            notes: vec![
                ("reading".to_owned(), "repeat-end = not-found".to_owned()),
                ("before".to_owned(), "step 2 ended this session with 200".to_owned()),
            ],
            times: 1,
            others: Vec::new(),
            exchange: Some(Exchange { sent_ms: 0, duration_ms: 1, request, response: Some(response), lost: None }),
            again: "endspec run --select a --seed 1".to_owned(),
            curl: Some("curl 'http://h/?A=1'".to_owned()),
            known: false,
        }
    }

    fn case(id: &str, clauses: &[&str], findings: Vec<Finding>) -> Case {
        Case {
            id: id.to_owned(),
            title: None,
            verdict: if findings.is_empty() { "pass" } else { "fail" }.to_owned(),
            clauses: clauses.iter().map(|clause| (*clause).to_owned()).collect(),
            duration_ms: 1,
            exchanges: 1,
            course: "whole".to_owned(),
            tested: Default::default(),
            findings,
            reasons: Vec::new(),
        }
    }

    fn clause(id: &str, level: &str, verdict: &str) -> Clause {
        Clause {
            id: id.to_owned(),
            level: level.to_owned(),
            sentence: "does what the documents say of it".to_owned(),
            verdict: verdict.to_owned(),
            cases: Vec::new(),
            judgements: 1,
        }
    }

    fn report(verdict: &str, cases: Vec<Case>, clauses: Vec<Clause>) -> Report {
        Report {
            format: 1,
            endspec: "0.1.0".to_owned(),
            suite: "d".to_owned(),
            target: Target { url: "http://h/".to_owned(), kind: "endpoint".to_owned(), insecure: false },
            shard: None,
            shards: None,
            selected: false,
            without: Vec::new(),
            elsewhere: Vec::new(),
            baseline: None,
            contract: "2025-04-25".to_owned(),
            readings: [("repeat-end".to_owned(), "not-found".to_owned())].into(),
            seed: "0000000000000001".to_owned(),
            strict: false,
            verdict: verdict.to_owned(),
            hint: None,
            interrupted: false,
            totals: Default::default(),
            clauses,
            cases,
            excluded: Vec::new(),
            not_tested: Vec::new(),
            not_covered: Vec::new(),
            leaked: Vec::new(),
            weather: None,
            against: None,
            exchanges: 7,
            started: "2026-01-31T12:00:00Z".to_owned(),
            duration_ms: 1_234,
        }
    }

    #[test]
    fn what_a_case_left_out_is_said_and_is_no_reason_for_its_verdict() {
        let left_out = format!("{} one-changed", crate::report::build::LEFT_OUT);
        for (verdict, shown) in [("pass", 1), ("fail", 1), ("inconclusive", 2)] {
            let reasons = vec!["nothing answered".to_owned(), left_out.clone()];
            let case = Case { verdict: verdict.to_owned(), reasons, ..case("end/session/near-miss", &[], Vec::new()) };
            let text = render(&report(verdict, vec![case], Vec::new()), STYLE);
            assert!(text.contains("left out: end/session/near-miss: not sent,"), "{verdict}: {text}");
            let told = text.matches("not sent,").count() + text.matches("inconclusive: nothing answered").count();
            assert_eq!(told, shown, "{verdict}: {text}");
        }
    }

    #[test]
    fn a_finding_shows_rule_place_history_and_how_to_see_it_again() {
        let cases =
            vec![case("a", &["end/effect/stays-closed"], vec![finding("end/effect/stays-closed", "MUST", "200")])];
        let report = report("fail", cases, vec![clause("end/effect/stays-closed", "MUST", "fail")]);
        insta::assert_snapshot!(render(&report, STYLE), @r"
        endspec 0.1.0 tested http://h/
        contract 2025-04-25, seed 0000000000000001

        FAIL  a  (step 3 of 4; GET, JSON, v1)
        error[end/effect/stays-closed]: permitted 404 InvalidSessionId.NotFound, got 200
          --> a.yaml:12:13
           |
        12 |     expect: { reading: repeat-end }
           |             ^^^^^^^^^^^^^^^^^^^^^^^ the target answered 200
           |
           = clause:  the endpoint does what the documents say of it (MUST; 2025-04-25)
           = reading: repeat-end = not-found
           = before:  step 2 ended this session with 200
           = again:   endspec run --select a --seed 1
           = sent:    curl 'http://h/?A=1'
           < 200
           < content-type: application/json
           < {}

        cases:    0 passed, 1 failed, 0 inconclusive, 0 skipped; 7 requests in 1.2s
        clauses:  0 of 1 held, 1 MUST broken, 0 SHOULD broken
        readings: repeat-end=not-found
        broken:   MUST end/effect/stays-closed
        verdict:  FAIL - 1 MUST clause broken
        ");
    }

    #[test]
    fn must_comes_before_should_and_one_clause_is_told_once() {
        let cases = vec![
            case("a", &["x"], vec![finding("s", "SHOULD", "200"), finding("m", "MUST", "200")]),
            case("b", &["m"], vec![finding("m", "MUST", "200"), finding("m", "MUST", "500")]),
            case("c", &["x"], vec![finding("m", "MUST", "200")]),
        ];
        let report = report("fail", cases, vec![clause("s", "SHOULD", "fail"), clause("m", "MUST", "fail")]);
        let text = render(&report, STYLE);
        let heads: Vec<&str> = text.lines().filter(|l| l.starts_with("FAIL") || l.starts_with("WARN")).collect();
        assert_eq!(heads, ["FAIL  b  (step 3 of 4; GET, JSON, v1)", "WARN  a  (step 3 of 4; GET, JSON, v1)"]);
        assert!(text.contains("= also:    200 in a, c\n"), "{text}");
        assert!(text.contains("500 in b\n"), "{text}");
    }

    #[test]
    fn a_flood_of_broken_clauses_ends_in_one_line_each() {
        let names: Vec<String> = (0..20).map(|n| format!("m{n:02}")).collect();
        let findings = names.iter().map(|name| finding(name, "MUST", "200")).collect();
        let clauses = names.iter().map(|name| clause(name, "MUST", "fail")).collect();
        let text = render(&report("fail", vec![case("a", &[], findings)], clauses), STYLE);
        assert_eq!(text.matches("\nerror[").count(), finding::SHOWN_IN_FULL);
        assert!(text.contains("FAIL  m19: permitted 404 InvalidSessionId.NotFound, got 200 (a; a.yaml:12)"), "{text}");
    }

    #[test]
    fn lines_end_at_the_width_and_go_on_under_their_words() {
        let mut undecided = case("end/effect/closes", &["m"], Vec::new());
        "inconclusive".clone_into(&mut undecided.verdict);
        undecided.reasons = vec!["StartTerminalSession needs an instance: name one with `--instance-id ID`".to_owned()];
        let mut report = report("inconclusive", vec![undecided], vec![clause("m", "MUST", "inconclusive")]);
        report.not_tested = vec![Reason { clause: "m".to_owned(), reason: "the target was silent".to_owned() }];
        let text = render(&report, Style { width: 40, ..STYLE });
        let from = text.find("inconclusive:").unwrap();
        insta::assert_snapshot!(&text[from..], @r"
        inconclusive: StartTerminalSession needs
                      an instance: name one with
                      `--instance-id ID`
          cases:      end/effect/closes

        inconclusive: the target was silent
          not tested: m

        cases:    0 passed, 0 failed, 1
                  inconclusive, 0 skipped; 7
                  requests in 1.2s
        clauses:  0 of 1 held, 0 MUST broken, 0
                  SHOULD broken, 1 not tested
        readings: repeat-end=not-found
        verdict:  INCONCLUSIVE - 1 clause in
                  scope was neither tested nor
                  excluded
        ");
    }

    #[test]
    fn one_reason_is_told_once_with_one_declaration_for_all_of_it() {
        let undecided = |id: &str, capability: &str| {
            let mut case = case(id, &["m"], Vec::new());
            "inconclusive".clone_into(&mut case.verdict);
            case.reasons = vec![format!("calls are not signed: give `--auth v3`, or declare `--without {capability}`")];
            case
        };
        let rows: [(&[&str], &str); 3] = [
            (&["signature-v1"], "signature-v1"),
            (&["signature-v1", "signature-v3"], "signature-v1,signature-v3"),
            (&["signature-v1", "signatures", "signature-v3"], "signatures"),
        ];
        for (lacking, declared) in rows {
            let cases = lacking.iter().map(|capability| undecided(capability, capability)).collect();
            let text = render(&report("inconclusive", cases, Vec::new()), STYLE);
            assert_eq!(text.matches("calls are not signed").count(), 1, "{text}");
            assert!(text.contains(&format!("`--without {declared}`\n  cases:      {}", lacking.join(", "))), "{text}");
        }
    }

    #[test]
    fn clauses_that_are_excluded_are_not_among_those_that_could_have_held() {
        let verdicts = ["pass", "pass", "fail", "inconclusive", "skipped", "skipped"];
        let clauses: Vec<Clause> =
            verdicts.iter().enumerate().map(|(n, verdict)| clause(&format!("c{n}"), "MUST", verdict)).collect();
        let mut report = report("fail", Vec::new(), clauses);
        report.not_tested = vec![Reason { clause: "c3".to_owned(), reason: "silence".to_owned() }];
        let text = render(&report, STYLE);
        let line = "clauses:  2 of 4 held, 1 MUST broken, 0 SHOULD broken, 1 not tested, 2 excluded\n";
        assert!(text.contains(line), "{text}");
    }

    #[test]
    fn a_green_report_fits_a_screen_and_names_what_was_not_tested_by_the_widest_reason() {
        let lacking =
            ["sessions", "signature-v1", "signature-v3", "signatures", "unsupported-region", "xml", "restart"];
        let mut green = report("pass", Vec::new(), vec![clause("m", "MUST", "pass")]);
        let excluded = |n: usize| Reason {
            clause: format!("end/effect/some-clause-{n}"),
            reason: format!("the target lacks {}", lacking[n % lacking.len()]),
        };
        green.excluded = (0..66).map(excluded).collect();
        let text = render(&green, Style { width: 80, ..STYLE });
        assert!(text.lines().count() <= 24, "{text}");
        assert_eq!(text.matches("the target lacks signature").count(), 1, "{text}");
        assert!(text.contains("the target lacks signatures: end/effect/some-clause-1,"), "{text}");
        assert!(text.contains(" and "), "what is not named is counted: {text}");
    }

    #[test]
    fn what_is_undecided_says_why_once_and_what_it_costs() {
        let mut cut = case("a", &["m"], Vec::new());
        "inconclusive".clone_into(&mut cut.verdict);
        cut.reasons = vec!["step 2: the target was silent".to_owned()];
        let mut report = report("inconclusive", vec![cut], vec![clause("m", "MUST", "inconclusive")]);
        report.not_tested = vec![Reason { clause: "m".to_owned(), reason: "step 1: the target was silent".to_owned() }];
        report.hint = Some("nothing answered at http://h/: refused".to_owned());
        insta::assert_snapshot!(render(&report, STYLE), @r"
        endspec 0.1.0 tested http://h/
        contract 2025-04-25, seed 0000000000000001
        hint:     nothing answered at http://h/: refused

        inconclusive: the target was silent
          cases:      a
          not tested: m

        cases:    0 passed, 0 failed, 1 inconclusive, 0 skipped; 7 requests in 1.2s
        clauses:  0 of 1 held, 0 MUST broken, 0 SHOULD broken, 1 not tested
        readings: repeat-end=not-found
        verdict:  INCONCLUSIVE - 1 clause in scope was neither tested nor excluded
        ");
    }
}
