//! Results of a campaign: itself as one case, and one for each thing that it found, as reports are built from.

use std::time::Duration;

use super::campaign::Done;
use super::corpus::Past;
use super::lower::spanned;
use crate::case::Case;
use crate::check::{CaseResult, Finding};
use crate::contract::Contract;
use crate::source::{Place, Source, Span};

/// What a campaign with this id came to: what it put to the test, what it found, and what it told when it was run before.
pub fn results(id: &str, done: &Done, before: &Past, contract: &Contract, took: Duration) -> Vec<CaseResult> {
    let mut results = vec![whole(id, done, before, contract, took)];
    results.extend(done.found.iter().map(|found| found.result.clone()));
    results.sort_by(|one, other| one.case.id.cmp(&other.case.id));
    results
}

/// All generated cases as one: a campaign is too many to list.
fn whole(id: &str, done: &Done, before: &Past, contract: &Contract, took: Duration) -> CaseResult {
    let tally = &done.tally;
    let (judged, cases, undecided) = (tally.judged, tally.cases, tally.undecided);
    let source = Source::new(format!("<generated>/{id}"), "");
    let case = Case {
        id: id.to_owned(),
        source: source.clone(),
        title: Some(format!("{judged} of {cases} generated cases judged, {undecided} in part undecided")),
        clauses: done.tested.sorted().keys().map(|clause| spanned(clause)).collect(),
        needs: Vec::new(),
        occurs: Vec::new(),
        tags: Vec::new(),
        for_each: None,
        steps: Vec::new(),
    };
    let nothing = (judged == 0).then(|| "no generated case was judged".to_owned());
    let place = Place { source, span: Span::default() };
    let known = |clause: &str| contract.clause(clause).map(|clause| clause.level);
    let findings = before.told.iter().filter_map(|(clause, shapes)| {
        let shape = shapes.iter().map(String::as_str).collect::<Vec<_>>().join(" or ");
        let shape = if shape.is_empty() { "in a way that was seen once".to_owned() } else { shape };
        Some(Finding {
            clause: clause.clone(),
            level: known(clause)?,
            expected: "what the clause says".to_owned(),
            actual: shape.clone(),
            label: format!("the target answered {shape}"),
            shape,
            place: place.clone(),
            notes: vec![("seen", "by an earlier run of this campaign, which told it in full".to_owned())],
            step: None,
            item: String::new(),
            record: usize::MAX,
        })
    });
    CaseResult {
        case: case.into(),
        skip: None,
        history: Vec::new(),
        cut_short: false,
        findings: findings.collect(),
        tested: done.tested.clone(),
        undecided: done.silent.iter().map(|mute| mute.reason.clone()).chain(nothing).collect(),
        absent: false,
        leaked: Vec::new(),
        left_out: Default::default(),
        spared: Default::default(),
        took,
    }
}
