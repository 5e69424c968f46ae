//! Words of case files, profiles, reports and baselines that are no names of the contract's.

use super::mend;

/// A word, where it stands, and what it means; of those that call for something, what causes it and what to do about it.
struct Word {
    name: &'static str,
    of: &'static str,
    means: &'static str,
    mend: Option<(&'static str, &'static str)>,
}

const CASES: &str = "case files";
const BASELINES: &str = "baselines";
const CAMPAIGNS: &str = "the summary of `fuzz`";
const REPORTS: &str = "reports";
const FINDINGS: &str = "findings";

const WORDS: [Word; 24] = [
    Word {
        name: "permitted",
        of: CASES,
        means: "the expectation of a step with `values`: each generated value is held to what it is permitted itself.\n\
                `endspec explain CLASS`, such as `near-miss`, tells which clauses its values prove.",
        mend: None,
    },
    Word {
        name: "any",
        of: "readings",
        means: "permits what each other value permits; the same input must get the same kind of answer every time.\n\
                `--reading NAME=VALUE` declares one of them (`endspec list readings`).",
        mend: None,
    },
    Word {
        name: "every",
        of: CASES,
        means: "all values of an axis of `for-each`: `placement: every`. What the target is declared to lack, and the scheme\n\
                without a key, is left out.",
        mend: None,
    },
    Word {
        name: "known",
        of: BASELINES,
        means: "a finding that an entry names by its clause and case: told, and fails no run.",
        mend: Some((
            "somebody accepted it, for the entry's `reason`",
            "nothing until its day, `expires`; once the endpoint is mended, the entry is *fixed*",
        )),
    },
    Word {
        name: "new",
        of: BASELINES,
        means: "a finding that no entry names: it fails the run.",
        mend: Some((
            "the endpoint broke a clause, in a case, that nobody has accepted",
            "mend the endpoint; or accept it for a while: `endspec report REPORT.json --write-baseline FILE --reason TEXT`",
        )),
    },
    Word {
        name: "fixed",
        of: BASELINES,
        means: "an entry whose case put the clause to the test to its end, and found nothing: it fails the run.",
        mend: Some((
            "the endpoint was mended, or shows the fault only now and then",
            "take the entry out: `endspec report REPORT.json --prune FILE`; if the finding comes back with \
             the report's `--seed`, it flickers: keep the entry and say so in its `reason`",
        )),
    },
    Word {
        name: "expired",
        of: BASELINES,
        means: "an entry whose last day, `expires`, is over: it fails the run where its case is in it.",
        mend: Some((
            "what was accepted for a time was not mended in that time, or nobody took the entry out",
            "mend the endpoint and prune the entry, or write a later day into `expires`, with a reason",
        )),
    },
    Word {
        name: "not observed",
        of: BASELINES,
        means: "an entry of which this run tells nothing: it fails no run, and pruning keeps it.",
        mend: Some((
            "its case was not selected, is another shard's, was skipped, ended early or could not be decided; or no case has \
             that name any more",
            "run the whole suite, or merge all shards with `endspec report`, before an entry is judged or pruned",
        )),
    },
    Word {
        name: "pass",
        of: REPORTS,
        means: "the verdict of a case, a clause or a run of which everything that was put to the test held, and something was.",
        mend: None,
    },
    Word {
        name: "fail",
        of: REPORTS,
        means: "the verdict of a case, a clause or a run with a finding: the endpoint did what a clause forbids.",
        mend: Some((
            "each finding names the clause that was broken, and the line of the case that says so",
            "`endspec explain CLAUSE`, and `again:` of the finding, which runs its one case again",
        )),
    },
    Word {
        name: "inconclusive",
        of: REPORTS,
        means: "the verdict of what could not be decided: never a pass, and never held against the endpoint.",
        mend: Some((
            "set-up failed, an answer was lost, or what the case is about was never seen; the reason stands beside it",
            "give what the reason asks for and run it again: `endspec run --select CASE`",
        )),
    },
    Word {
        name: "excluded",
        of: REPORTS,
        means: "clauses, cases or requests that were left out for a declared reason, which stands beside them: not tested, and \
                not passed.",
        mend: Some((
            "a capability was declared to be lacking (`--without`), or a public host is met with care",
            "take the declaration back; `--thorough` allows what care leaves out",
        )),
    },
    Word {
        name: "again",
        of: FINDINGS,
        means: "the command that runs the finding's case once more, with the seed and the flags of the run. What is written in \
                capitals stands for what the report does not repeat: CMD for your own command, ID for ids of open sessions.",
        mend: Some((
            "where it passes, the fault needs what else the run did: other sessions, other connections, or time",
            "run the whole suite with the `--seed` of the report's second line",
        )),
    },
    Word {
        name: "strikes",
        of: FINDINGS,
        means: "how often an input that got no answer was sent again, and what plain requests around it came to: one silence alone \
                is weather.",
        mend: None,
    },
    Word {
        name: "before",
        of: FINDINGS,
        means: "what ended the session that the finding is about, and the last of what came to it since: calls, looks, waits and \
                restarts of the same case.",
        mend: None,
    },
    Word {
        name: "timeline",
        of: FINDINGS,
        means: "the shortest history that no single life of a session explains: a row a client, a bar from before the first byte \
                to after the last, with what was asked and answered; below it milliseconds.",
        mend: None,
    },
    Word {
        name: "clients",
        of: FINDINGS,
        means: "who the numbers of a timeline are that do not belong to the workload's own clients.",
        mend: None,
    },
    Word {
        name: "size",
        of: FINDINGS,
        means: "how large the request was that got 413, 414 or 431, and from which size on a request may be refused for that.",
        mend: None,
    },
    Word {
        name: "weather",
        of: REPORTS,
        means: "what a run met that is no verdict: throttling that was waited out, requests without a whole answer, a clock that is \
                apart from this machine's.",
        mend: None,
    },
    Word {
        name: "reached",
        of: CAMPAIGNS,
        means: "what the cases of a campaign came by: clauses put to the test, values of the catalogue sent, forms that calls were \
                sent in.",
        mend: None,
    },
    Word {
        name: "missed",
        of: CAMPAIGNS,
        means: "clauses that no case of a campaign put to the test: not tested, and not passed.",
        mend: Some((
            "generated cases never meet them, what they need was not given (`needs:`), or the campaign was too short",
            "`endspec run` goes further: `endspec explain CLAUSE` names its cases",
        )),
    },
    Word {
        name: "needs",
        of: CAMPAIGNS,
        means: "what a campaign was not given and could have made use of: it passes without, and says less.",
        mend: Some((
            "a flag or a key that names it is missing",
            "give it, or declare that the target lacks it: what was declared is `excluded:` and no more `missed:`",
        )),
    },
    Word {
        name: "partly",
        of: CAMPAIGNS,
        means: "cases of which something could not be decided, and the reason that most of them give.",
        mend: Some((
            "answers were lost, or a set-up failed",
            "give what the reason asks for: a campaign that could decide little has shown little",
        )),
    },
    Word {
        name: "leaked",
        of: REPORTS,
        means: "sessions that the run opened, or was given, and could not end; a pass with leaks exits with 3.",
        mend: Some((
            "the request that ends it was lost or refused each time",
            "run the command that stands beside each: it ends that session",
        )),
    },
];

/// What a word means; with a hyphen for a space, too.
pub(super) fn explain(id: &str) -> Option<String> {
    let word = WORDS.iter().find(|word| word.name == id || word.name.replace(' ', "-") == id)?;
    let mend = word.mend.map(|(cause, mend)| mend::lines(cause, mend)).unwrap_or_default();
    Some(format!("word {}, of {}: {}\n{mend}", word.name, word.of, word.means))
}

/// Every word that is explained.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    WORDS.iter().map(|word| word.name)
}
