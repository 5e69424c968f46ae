//! Selection: which cases run.

use std::collections::BTreeSet;

use super::{Case, Suite};
use crate::contract::{Contract, Level};
use crate::diagnostic::{Diagnostic, did_you_mean};

/// A choice of cases: those that any term takes, but none that a term with `!` takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selection {
    takes: Vec<Term>,
    leaves: Vec<Term>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Term {
    /// Cases by a pattern of their ids.
    Id(String),
    /// Cases that prove a clause of this pattern.
    Clause(String),
    /// Cases with a tag of this pattern.
    Tag(String),
    /// Cases that prove one of these clauses: those of a level.
    Level(BTreeSet<String>),
}

impl Selection {
    /// Reads terms between commas or spaces: `end/request/*` (ids, `*` for any text), `clause:GLOB`, `tag:GLOB`,
    /// `level:MUST`; with `!` before it a term leaves out what it takes. With none but such terms the rest is taken.
    ///
    /// # Errors
    /// No term at all, a term of no kind, and a term that takes no case of the suite.
    pub fn parse(expression: &str, suite: &Suite, contract: &Contract) -> Result<Selection, Diagnostic> {
        let mut selection = Selection { takes: Vec::new(), leaves: Vec::new() };
        for written in expression.split(|c: char| c == ',' || c.is_whitespace()).filter(|word| !word.is_empty()) {
            let (list, word) = match written.strip_prefix('!') {
                Some(word) => (&mut selection.leaves, word),
                None => (&mut selection.takes, written),
            };
            let term = Term::parse(word, contract)?;
            if !suite.cases.iter().any(|case| term.takes(case)) {
                return Err(term.takes_nothing(written, suite, contract));
            }
            list.push(term);
        }
        if selection.takes.is_empty() && selection.leaves.is_empty() {
            let help = "leave it away to select every case; is a variable of your CI not set?";
            return Err(Diagnostic::new("bad-selection", "the selection is empty").help(help));
        }
        Ok(selection)
    }

    /// Whether the case is selected.
    pub fn takes(&self, case: &Case) -> bool {
        let taken = self.takes.is_empty() || self.takes.iter().any(|term| term.takes(case));
        taken && !self.leaves.iter().any(|term| term.takes(case))
    }
}

impl Term {
    fn parse(word: &str, contract: &Contract) -> Result<Term, Diagnostic> {
        let Some((kind, pattern)) = word.split_once(':') else { return Ok(Term::Id(word.to_owned())) };
        match kind {
            "clause" => Ok(Term::Clause(pattern.to_owned())),
            "tag" => Ok(Term::Tag(pattern.to_owned())),
            "level" => {
                let levels = [Level::Must, Level::Should, Level::May];
                let Some(level) = levels.into_iter().find(|level| level.name().eq_ignore_ascii_case(pattern)) else {
                    let message = format!("there is no level `{pattern}`");
                    return Err(Diagnostic::new("bad-selection", message).help("one of MUST, SHOULD, MAY"));
                };
                let clauses = contract.clauses.iter().filter(|clause| clause.level == level);
                Ok(Term::Level(clauses.map(|clause| clause.id.clone()).collect()))
            }
            _ => {
                let help = match did_you_mean(kind, ["clause", "tag", "level"]) {
                    Some(near) => format!("did you mean `{near}:{pattern}`?"),
                    None => "terms are id globs, `clause:GLOB`, `tag:GLOB` and `level:MUST`".to_owned(),
                };
                Err(Diagnostic::new("bad-selection", format!("`{word}` is no term of a selection")).help(help))
            }
        }
    }

    fn takes(&self, case: &Case) -> bool {
        match self {
            Term::Id(pattern) => glob(pattern, &case.id),
            Term::Clause(pattern) => case.clauses.iter().any(|clause| glob(pattern, &clause.value)),
            Term::Tag(pattern) => case.tags.iter().any(|tag| glob(pattern, tag)),
            Term::Level(clauses) => case.clauses.iter().any(|clause| clauses.contains(&clause.value)),
        }
    }

    /// The mistake of a term that takes nothing.
    fn takes_nothing(&self, written: &str, suite: &Suite, contract: &Contract) -> Diagnostic {
        let cases = || suite.cases.iter();
        let help = match self {
            Term::Id(pattern) => {
                let folder = format!("{}/*", pattern.trim_end_matches(['/', '*']));
                if cases().any(|case| glob(&folder, &case.id)) {
                    Some(format!("did you mean `{folder}`?"))
                } else if contract.clause(pattern).is_some() {
                    Some(format!("it is a clause: write `clause:{pattern}`"))
                } else {
                    near(pattern, cases().map(|case| case.id.as_str()), "")
                }
            }
            Term::Clause(pattern) if contract.clauses.iter().any(|clause| glob(pattern, &clause.id)) => {
                Some("the clause is there, but no case proves it".to_owned())
            }
            Term::Clause(pattern) => near(pattern, contract.clauses.iter().map(|clause| clause.id.as_str()), "clause:"),
            Term::Tag(pattern) => near(pattern, cases().flat_map(|case| case.tags.iter().map(String::as_str)), "tag:"),
            Term::Level(_) => Some("no case proves a clause of this level".to_owned()),
        };
        let mut diagnostic = Diagnostic::new("selects-nothing", format!("`{written}` takes no case"));
        diagnostic.help = help.or_else(|| Some("`endspec list cases` shows what there is".to_owned()));
        diagnostic
    }
}

fn near<'a>(pattern: &str, words: impl Iterator<Item = &'a str>, prefix: &str) -> Option<String> {
    let Some((folder, _)) = pattern.split_once('*').map(|(start, rest)| (start.trim_end_matches('/'), rest)) else {
        return did_you_mean(pattern, words).map(|near| format!("did you mean `{prefix}{near}`?"));
    };
    let folders = words.flat_map(|word| word.match_indices('/').map(|(at, _)| &word[..at]));
    did_you_mean(folder, folders).map(|near| format!("did you mean `{prefix}{near}/*`?"))
}

/// Whether `text` is `pattern`, where each `*` stands for any text.
fn glob(pattern: &str, text: &str) -> bool {
    let mut pieces = pattern.split('*');
    let Some(mut rest) = pieces.next().and_then(|first| text.strip_prefix(first)) else { return false };
    let mut pieces = pieces.peekable();
    if pieces.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(piece) = pieces.next() {
        if pieces.peek().is_none() {
            return rest.ends_with(piece);
        }
        match rest.find(piece) {
            Some(at) => rest = &rest[at + piece.len()..],
            None => return false,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::load;
    use crate::source::{Source, Span, Spanned};

    fn suite() -> Suite {
        let case = |id: &str, clause: &str, tag: &str| {
            Arc::new(Case {
                id: id.to_owned(),
                source: Source::new(id, ""),
                title: None,
                clauses: vec![Spanned::new(clause.to_owned(), Span::default())],
                needs: Vec::new(),
                occurs: Vec::new(),
                tags: vec![tag.to_owned()],
                for_each: None,
                steps: Vec::new(),
            })
        };
        let cases = vec![
            case("end/request/empty", "end/request/empty", "quick"),
            case("end/request/region", "end/request/region-required", "quick"),
            case("end/session/exact", "end/session/exact", "slow"),
            case("rpc/extra", "end/success/extra", "slow"),
        ];
        Suite { cases, digest: String::new() }
    }

    #[test]
    fn terms_take_what_they_say_and_leave_out_the_rest() {
        let (suite, contract) = (suite(), load::contract::built_in(None));
        let table: [(&str, &[usize]); 14] = [
            ("*", &[0, 1, 2, 3]),
            ("end/request/*", &[0, 1]),
            ("end/request/empty", &[0]),
            ("*e*t/e*", &[0]),
            ("end/request/empty, rpc/*", &[0, 3]),
            (" end/request/empty\trpc/* ,", &[0, 3]),
            ("clause:end/request/*", &[0, 1]),
            ("clause:end/success/extra", &[3]),
            ("tag:slow", &[2, 3]),
            ("level:MUST", &[0, 1]),
            ("level:should", &[2]),
            ("level:MAY", &[3]),
            ("!tag:slow", &[0, 1]),
            ("end/*,!level:SHOULD,!end/request/empty", &[1]),
        ];
        for (expression, expected) in table {
            let selection = Selection::parse(expression, &suite, &contract).expect(expression);
            let taken: Vec<usize> = (0..4).filter(|at| selection.takes(&suite.cases[*at])).collect();
            assert_eq!(taken, expected, "{expression}");
        }
    }

    #[test]
    fn a_term_that_takes_nothing_is_a_mistake_with_a_way_out() {
        let (suite, contract) = (suite(), load::contract::built_in(None));
        let table = [
            ("end/request", "selects-nothing", "did you mean `end/request/*`?"),
            ("end/reqest/*", "selects-nothing", "did you mean `end/request/*`?"),
            ("clause:end/sucess/*", "selects-nothing", "did you mean `clause:end/success/*`?"),
            ("end/request/emty", "selects-nothing", "did you mean `end/request/empty`?"),
            ("end/success/extra", "selects-nothing", "it is a clause: write `clause:end/success/extra`"),
            ("clause:end/sucess/extra", "selects-nothing", "did you mean `clause:end/success/extra`?"),
            ("clause:end/effect/once", "selects-nothing", "the clause is there, but no case proves it"),
            ("tag:slw", "selects-nothing", "did you mean `tag:slow`?"),
            ("!nothing-like-it", "selects-nothing", "`endspec list cases` shows what there is"),
            ("level:MIGHT", "bad-selection", "one of MUST, SHOULD, MAY"),
            ("clauses:x", "bad-selection", "did you mean `clause:x`?"),
            ("x:y", "bad-selection", "terms are id globs, `clause:GLOB`, `tag:GLOB` and `level:MUST`"),
            (" , ", "bad-selection", "leave it away to select every case; is a variable of your CI not set?"),
        ];
        for (expression, code, help) in table {
            let mistake = Selection::parse(expression, &suite, &contract).expect_err(expression);
            assert_eq!((mistake.code, mistake.help.as_deref()), (code, Some(help)), "{expression}");
        }
    }

    #[test]
    fn globs_match_as_shells_do_across_folders() {
        let yes = [("*", ""), ("a*", "a"), ("*b", "ab"), ("a*c", "abbc"), ("a**c", "ac"), ("*a*a*", "xaya"), ("", "")];
        let no = [("a", "ab"), ("a*b*b", "ab"), ("*a*a*", "xa"), ("aa*aa", "aaa"), ("", "a"), ("b*", "ab")];
        for (pattern, text) in yes {
            assert!(glob(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in no {
            assert!(!glob(pattern, text), "{pattern} {text}");
        }
    }
}
