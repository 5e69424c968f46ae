//! Malformed HTTP: bytes that no client sends, each wrong in one thing, which an endpoint should refuse or hang up on.

use crate::case::{Expectation, Matchers, RawStep, StatusPattern, Template};

/// The clause that they prove.
pub(super) const CLAUSE: &str = "rpc/robust/malformed";
/// How long what is over-long is.
const LONG: usize = 100 << 10;

/// Where in a request something is wrong. What stands there is the other half.
const WRONG: [(&str, &[&str]); 6] = [
    (
        "GET {{path}}?Action=EndTerminalSession&Version=2014-05-26&RegionId={{region}}&SessionId=@ HTTP/1.1\r\n\
         Host: {{host}}\r\nConnection: close\r\n\r\n",
        &["%zz", "%2", "%", "%g0", "%0g", "a%%41b", "%-1"],
    ),
    (
        "GET {{path}}?Action=EndTerminalSession@\r\nHost: {{host}}\r\nConnection: close\r\n\r\n",
        &[" extra words", " HTTP/9.9", " HTTP/1.1x", " http/1.1", " HTTP/1"],
    ),
    (
        "GET {{path}}?Action=EndTerminalSession HTTP/1.1\r\nHost: {{host}}\r\n@\r\nConnection: close\r\n\r\n",
        &["no colon here", "X-Nul: a\0b", "X-Space : a", ": a", "X-Long: {{filler}}"],
    ),
    (
        "POST {{path}} HTTP/1.1\r\nHost: {{host}}\r\nContent-Type: application/x-www-form-urlencoded\r\n@\r\n\
         Connection: close\r\n\r\na=1&b=2",
        &[
            "Content-Length: -7",
            "Content-Length: ten",
            "Content-Length: 0x7",
            "Content-Length: 3\r\nContent-Length: 7",
            "Content-Length: 3, 7",
        ],
    ),
    (
        "POST {{path}} HTTP/1.1\r\nHost: {{host}}\r\nContent-Type: application/x-www-form-urlencoded\r\n\
         Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n@\r\na=1\r\n0\r\n\r\n",
        &["zz", "-3", "ffffffffffffffffff"],
    ),
    ("GET {{path}}?SessionId=@ HTTP/1.1\r\nHost: {{host}}\r\nConnection: close\r\n\r\n", &["{{filler}}"]),
];

/// One of them, by its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Malformed(usize);

impl Malformed {
    /// How many there are.
    pub fn count() -> usize {
        WRONG.iter().map(|(_, all)| all.len()).sum()
    }

    /// That of a number, which may be any.
    pub fn of(number: usize) -> Malformed {
        Malformed(number % Malformed::count())
    }

    /// Its bytes.
    pub(super) fn step(self) -> RawStep {
        let mut all =
            WRONG.iter().flat_map(|(request, all)| all.iter().map(move |wrong| request.replacen('@', wrong, 1)));
        let text = all.nth(self.0).unwrap_or_default();
        let bytes = Template::parse(&text).unwrap_or_else(|error| unreachable!("{}", error.message));
        RawStep { bytes, filler: text.contains("{{filler}}").then(|| ("a".to_owned(), LONG)) }
    }
}

/// What it may be answered.
pub(super) fn permitted() -> Expectation {
    let status = vec![StatusPattern::Class(4), StatusPattern::Exact(501), StatusPattern::Exact(505)];
    Expectation::Matchers(Box::new(Matchers { status, closed: true, ..Matchers::default() }))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::check::Verdict;
    use crate::contract::Readings;
    use crate::fuzz::program::{Op, Program};
    use crate::fuzz::{Abilities, lowered};
    use crate::load;
    use crate::reference;
    use crate::rehearsal::Rehearsal;
    use crate::seed::Seed;

    #[test]
    fn the_honest_server_refuses_each() {
        let contract = Arc::new(load::contract::built_in(None));
        let readings = Readings::defaults(&contract);
        let program = Program((0..Malformed::count()).map(|number| Op::Bytes(Malformed::of(number))).collect());
        let cases: Vec<_> = lowered("malformed", &program, &Abilities::everything(1)).into_iter().collect();
        let server = reference::settings(&readings);
        let ended = Rehearsal { cases, contract, readings, server, seed: Seed(1), jobs: 1 }.run(|_| ()).unwrap();
        let result = &ended.results[0];
        assert_eq!(result.verdict(true), Verdict::Pass, "{:?} {:?}", result.findings, result.undecided);
        assert!(result.tested.get(CLAUSE) >= Some(Malformed::count()));
    }

    #[test]
    fn each_is_other_bytes_and_has_what_stands_in_it() {
        let steps: Vec<RawStep> = (0..Malformed::count()).map(|number| Malformed::of(number).step()).collect();
        for (at, step) in steps.iter().enumerate() {
            assert!(!steps[..at].contains(step), "{step:?}");
            let filled = step.bytes.variables().any(|variable| variable.name == "filler");
            assert_eq!(step.filler.is_some(), filled, "{step:?}");
        }
        assert!(steps.len() > 25, "{}", steps.len());
    }
}
