//! `endspec selftest`: the suite against every fault of the reference server.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::sync::Arc;
use std::time::Instant;

use super::args::SelftestArgs;
use super::progress::Bar;
use super::{ENVIRONMENT, Exit, outputs, suite, tell_people};
use crate::diagnostic::{Diagnostic, did_you_mean};
use crate::load;
use crate::seed::Seed;
use crate::selftest::{self, SelfTest, Trial};

/// Formats of its report.
const FORMATS: [&str; 1] = ["json"];

pub(super) fn selftest(args: &SelftestArgs) -> Result<Exit, Vec<Diagnostic>> {
    let contract = suite::contract(args.contract.as_deref())?;
    let cases = load::built_in::suite(&contract).cases;
    let trials = chosen(args, selftest::trials(&contract))?;
    let contract = Arc::new(contract);
    let seed = match &args.seed {
        None => Seed(0),
        Some(text) => text.parse().map_err(|words| vec![Diagnostic::new("flag", format!("--seed: {words}"))])?,
    };
    let mistakes = outputs::mistakes(&args.report, &FORMATS);
    if !mistakes.is_empty() {
        return Err(mistakes);
    }
    let outputs = outputs::open(&args.report, &FORMATS)?;
    let jobs = match args.jobs {
        Some(jobs) => usize::from(jobs.get()),
        None => std::thread::available_parallelism().map_or(2, usize::from),
    };
    let began = Instant::now();
    let bar = Bar::new(trials.len(), "servers");
    let test = SelfTest { cases, contract, trials, seed, jobs, whole: args.whole };
    let proofs = test.run(|_| bar.step());
    bar.finish();
    let proofs = proofs.map_err(|error| vec![Diagnostic::new(ENVIRONMENT, format!("no runtime: {error}"))])?;
    let text = selftest::table(&proofs, began.elapsed());
    tell_people(&text, outputs::takes_stdout(&outputs));
    let good = proofs.iter().all(|proof| proof.worth().is_good());
    let exit = if good { Exit::Pass } else { Exit::Fail };
    if let Err(words) = outputs::write(outputs, |_| selftest::json(&proofs, seed).into_bytes()) {
        let _ = writeln!(std::io::stderr(), "endspec: {words}");
        return Ok(if good { Exit::Inconclusive } else { exit });
    }
    Ok(exit)
}

/// The trials that the flags name; all of them where they name none.
fn chosen(args: &SelftestArgs, trials: Vec<Trial>) -> Result<Vec<Trial>, Vec<Diagnostic>> {
    let mut mistakes = Vec::new();
    let names: Vec<&str> = trials.iter().map(Trial::name).collect();
    for name in args.fault.iter().filter(|name| !names.contains(&name.as_str())) {
        let help = did_you_mean(name, names.iter().copied())
            .map_or_else(|| "`endspec list faults` lists them".to_owned(), |close| format!("did you mean `{close}`?"));
        mistakes.push(Diagnostic::new("flag", format!("--fault: there is no fault `{name}`")).help(help));
    }
    let clauses: BTreeSet<&str> = trials.iter().flat_map(|trial| trial.clauses()).copied().collect();
    for clause in args.clause.iter().filter(|clause| !clauses.contains(clause.as_str())) {
        let help = did_you_mean(clause, clauses.iter().copied())
            .map_or_else(|| "`endspec list clauses` lists them".to_owned(), |close| format!("did you mean `{close}`?"));
        mistakes.push(Diagnostic::new("flag", format!("--clause: no fault breaks a clause `{clause}`")).help(help));
    }
    if !mistakes.is_empty() {
        return Err(mistakes);
    }
    let all = args.fault.is_empty() && args.clause.is_empty();
    let named = |trial: &Trial| {
        args.fault.iter().any(|name| name == trial.name())
            || args.clause.iter().any(|clause| trial.clauses().contains(&clause.as_str()))
    };
    Ok(trials.into_iter().filter(|trial| all || named(trial)).collect())
}
