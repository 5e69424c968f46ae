//! What a run is about to do to a target that is somebody else's: shown, and agreed to, before anything is sent.

use std::fmt::Write as _;
use std::io::{BufRead, IsTerminal, Write};
use std::time::Duration;

use super::settings::Care;
use crate::check::seen::printable;
use crate::diagnostic::Diagnostic;
use crate::limits;
use crate::run::{Estimate, Target};

/// How much is about to be done.
pub(super) enum Extent {
    /// These cases.
    Cases(Estimate),
    /// None: a few plain calls that ask what there is.
    Asked,
    /// Generated ones, for as long, with so many clients at most.
    Generated(Duration, u32),
}

/// Shows what is about to be done, and asks on a terminal whether to go on.
///
/// # Errors
/// The user does not want it, or nobody is there to be asked: nothing was sent.
pub(super) fn agree(
    care: Option<&Care>,
    target: &Target,
    extent: &Extent,
    rate: Option<f64>,
    origins: &[String],
) -> Result<(), Vec<Diagnostic>> {
    let Some(care) = care else { return Ok(()) };
    let mut err = std::io::stderr();
    // Who does not see it is not there to agree.
    let _ = err.write_all(told(care, target, extent, rate, origins).as_bytes());
    if care.yes {
        return Ok(());
    }
    let stdin = std::io::stdin();
    if !stdin.is_terminal() || !err.is_terminal() {
        let message = format!("{} is {}, and there is no terminal to ask on", target.endpoint, care.why);
        return Err(vec![Diagnostic::new("flag", message).help("give `--yes` to agree to what is said above")]);
    }
    let _ = err.write_all(b"go on? [y/N] ");
    let mut answer = String::new();
    let _ = stdin.lock().read_line(&mut answer);
    if matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes") {
        return Ok(());
    }
    Err(vec![Diagnostic::new("flag", "not agreed to: nothing was sent")])
}

/// The shortest time that so many requests take at a rate.
pub(super) fn shortest(requests: usize, rate: Option<f64>) -> Duration {
    let rate = rate.filter(|rate| *rate > 0.0);
    let seconds = rate.map_or(0.0, |rate| f64::from(u32::try_from(requests).unwrap_or(u32::MAX)) / rate);
    Duration::from_secs_f64(seconds)
}

/// The time for a run where the user names none: ten minutes, or longer where care makes it slow.
pub(super) fn time_limit(care: Option<&Care>, estimate: &Estimate, rate: Option<f64>) -> Duration {
    let usual = limits::RUN;
    if care.is_none() { usual } else { usual + shortest(estimate.requests, rate) * 2 }
}

fn told(care: &Care, target: &Target, extent: &Extent, rate: Option<f64>, origins: &[String]) -> String {
    let how = if care.thorough { "thoroughly" } else { "with care" };
    let mut text = format!("endspec is about to test {} {how}: it is {}\n", target.endpoint, care.why);
    let mut line = |name: &str, words: String| _ = writeln!(text, "  {name:<10}{}", printable(&words, 600));
    let lacks = |name: &str| target.lacking.contains(name);
    let operations =
        [("StartTerminalSession", "start"), ("EndTerminalSession", ""), ("DescribeTerminalSessions", "describe")];
    let called: Vec<&str> = operations.iter().filter(|(_, name)| !lacks(name)).map(|(name, _)| *name).collect();
    let others = [("other-region", &target.other_region), ("unsupported-region", &target.unsupported_region)];
    let others = others.into_iter().filter(|(name, _)| !lacks(name)).filter_map(|(_, region)| region.as_deref());
    let regions: Vec<&str> = std::iter::once(target.region.as_str()).chain(others).collect();
    line("calls", format!("{} in {}", called.join(", "), regions.join(", ")));
    let per_second = rate.map_or_else(String::new, |rate| format!(", at most {rate} a second"));
    let instance = target.instance_id.as_deref().unwrap_or("none");
    let sessions = |number: String| {
        format!("{number}, opened on the instance {instance} or given, and ended; no others are touched")
    };
    match extent {
        Extent::Cases(estimate) => {
            let minutes = shortest(estimate.requests, rate).as_secs().div_ceil(60);
            let time = if minutes == 0 { String::new() } else { format!(": {minutes} minutes or more") };
            line("cases", format!("{}", estimate.cases));
            line("requests", format!("about {}{per_second}{time}", estimate.requests));
            line("sessions", sessions(format!("about {}", estimate.sessions)));
            if estimate.spared > 0 {
                let words = "cases of raw or malformed HTTP, or of more than 4 clients (`--thorough` runs them)";
                line("spared", format!("{} {words}", estimate.spared));
            }
        }
        Extent::Asked => {
            line("requests", "a few dozen at most, one after the other".to_owned());
            let one = if target.instance_id.is_some() { "one" } else { "none" };
            line("sessions", sessions(one.to_owned()));
        }
        Extent::Generated(time, clients) => {
            let seconds = time.as_secs();
            line("cases", format!("generated for {seconds} s, of at most {clients} clients"));
            let most = rate.map_or_else(
                || "as many as it answers".to_owned(),
                |rate| {
                    let most = Duration::as_secs_f64(time) * rate;
                    format!("at most {most:.0}")
                },
            );
            line("requests", format!("{most}{per_second}"));
            line("sessions", sessions("several in each case".to_owned()));
        }
    }
    for origin in origins {
        line("key", origin.clone());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_is_counted_from_the_pace() {
        assert_eq!(shortest(3_000, Some(5.0)), Duration::from_secs(600));
        assert_eq!(shortest(3_000, None), Duration::ZERO);
        let estimate = Estimate { requests: 3_000, ..Estimate::default() };
        assert_eq!(time_limit(None, &estimate, Some(5.0)), limits::RUN);
        let care = Care { thorough: false, yes: true, why: "a public address" };
        assert_eq!(time_limit(Some(&care), &estimate, Some(5.0)), limits::RUN + Duration::from_secs(1_200));
    }
}
