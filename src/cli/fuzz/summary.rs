//! What a campaign came to, in words.

use std::collections::BTreeSet;
use std::sync::PoisonError;
use std::time::Duration;

use super::teller::Teller;
use crate::check::Verdict;
use crate::check::seen::counted;
use crate::cli::Exit;
use crate::cli::run::weather;
use crate::contract::Level;
use crate::fuzz::{Done, Tally};
use crate::load;
use crate::report::hint::hint;
use crate::run::{Availability, Target};

/// Capabilities of which something else says what a campaign lacks, or that none has.
const IMPLIED: [&str; 4] = ["start", "signature-v1", "signature-v3", "restart"];

impl Teller {
    /// All of it, a line for each thing.
    pub(super) fn summary(&self, done: &Done, exit: Exit, took: Duration) -> String {
        let Tally { cases, judged, undecided, exchanges, .. } = done.tally;
        let (requests, seconds) = (counted(exchanges, "request"), took.as_secs_f64());
        let head = format!(
            "\ncases:    {judged} of {cases} judged, {undecided} in part undecided; {requests} in {seconds:.1} s"
        );
        let mut lines = vec![head, format!("reached:  {}", self.coverage(&done.tally))];
        self.missed(done, &mut lines);
        self.found_by_now(done, &mut lines);
        lines.extend(weather(done.weather).map(|weather| format!("weather:  {}", weather.words())));
        self.reasons(done, &mut lines);
        let lost = self.lost.lock().unwrap_or_else(PoisonError::into_inner);
        lines.extend(lost.iter().map(|mistake| format!("lost:     {}", mistake.message)));
        let is_said = |hint: &String| done.silent.as_ref().is_some_and(|mute| mute.reason == *hint);
        lines.extend(self.hint(done).filter(|hint| !is_said(hint)).map(|hint| format!("hint:     {hint}")));
        lines.push(format!("verdict:  {}", verdict(exit)));
        self.secrets.masked(&lines.join("\n")) + "\n"
    }

    /// What is most likely wrong with the set-up, where the target told nothing.
    pub(super) fn hint(&self, done: &Done) -> Option<String> {
        let mute = done.silent.as_ref()?;
        hint(&mute.results, &self.url, self.through.as_deref()).map(|hint| self.secrets.masked(&hint))
    }

    /// Clauses that were put to no test, and what would have it do so.
    fn missed(&self, done: &Done, lines: &mut Vec<String>) {
        let all = self.contract.clauses.iter().map(|clause| clause.id.as_str());
        let missed: Vec<&str> = all.filter(|id| !done.tested.contains(id)).collect();
        let suite = load::built_in::suite(&self.contract);
        let is_excluded = |target: &Target, clause: &str| {
            let lacks = |need: &str| target.has(need, &self.contract) == Availability::Lacks;
            let mut cases = suite.cases.iter().filter(|case| case.clauses.iter().any(|listed| listed.value == clause));
            cases.all(|case| case.needs.iter().any(|need| lacks(&need.value)))
        };
        // Nothing that proves those can be done with what the target is declared to lack.
        let (excluded, missed): (Vec<&str>, Vec<&str>) = missed
            .into_iter()
            .partition(|clause| done.target.as_ref().is_some_and(|target| is_excluded(target, clause)));
        let named =
            |label: &str, clauses: &[&str]| (!clauses.is_empty()).then(|| format!("{label} {}", clauses.join(", ")));
        lines.extend(named("missed:  ", &missed));
        lines.extend(named("excluded:", &excluded));
        lines
            .extend(done.target.iter().flat_map(|target| self.wants(target)).map(|words| format!("needs:    {words}")));
    }

    /// What the campaign was not given and could have made use of.
    fn wants(&self, target: &Target) -> BTreeSet<String> {
        // Where nobody signs, a key is of no use.
        let unsigned = target.has("signatures", &self.contract) == Availability::Lacks;
        let names = self.contract.capabilities.iter().map(|capability| capability.name.as_str());
        let names = names.filter(|name| !unsigned || *name != "denied-credential");
        let wanted =
            names.filter(|name| !IMPLIED.contains(name)).filter_map(|name| match target.has(name, &self.contract) {
                Availability::Unknown(words) => Some(words),
                Availability::Has | Availability::Lacks => None,
            });
        wanted.collect()
    }

    /// What was found, by this run of the campaign and by earlier ones, and what is left open.
    fn found_by_now(&self, done: &Done, lines: &mut Vec<String>) {
        let of = |level| done.found.iter().filter(|found| found.level == level).count();
        lines.push(format!("found:    {} MUST broken, {} SHOULD broken", of(Level::Must), of(Level::Should)));
        let before = self.all_told_before().join(", ");
        if !before.is_empty() {
            lines.push(format!(
                "before:   earlier runs of this campaign found broken: {before}; once they are mended, begin in another --corpus"
            ));
        }
        if !done.leaked.is_empty() {
            let sessions = counted(done.leaked.len(), "session");
            lines.push(format!("left:     {sessions} could not be ended: {}", done.leaked.join(", ")));
        }
    }

    /// Why less was judged than there was to judge.
    fn reasons(&self, done: &Done, lines: &mut Vec<String>) {
        let Tally { cases, judged, undecided, .. } = done.tally;
        if let Some(mute) = &done.silent {
            let more = if judged > 0 { " any more" } else { "" };
            lines.push(format!("reason:   nothing was judged{more}: {}", mute.reason));
        }
        if self.ends_again_and_again(done) {
            lines.push("reason:   the target ended again and again, and no case alone showed why".to_owned());
        }
        if let Some(reason) = &done.doubt {
            let many = if undecided * 2 > cases { "most cases" } else { "some cases" };
            lines.push(format!("partly:   {many} could not be judged whole, mostly because of: {reason}"));
        }
        if cases == 0 && self.remembered.as_ref().is_some_and(|remembered| remembered.past.turns > 0) {
            let words = "every case up to --cases was run before; raise it, or begin anew in another --corpus";
            lines.push(format!("reason:   {words}"));
        }
    }
}

fn verdict(exit: Exit) -> String {
    match exit {
        Exit::Pass => Verdict::Pass.name().to_uppercase(),
        Exit::Fail => Verdict::Fail.name().to_uppercase(),
        Exit::Interrupted => "INCONCLUSIVE - interrupted".to_owned(),
        Exit::Mistake | Exit::Inconclusive => Verdict::Inconclusive.name().to_uppercase(),
    }
}
