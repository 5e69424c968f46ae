//! `endspec fuzz`: its bounds and exit codes, and what it finds as files that `run` replays.

use std::fs;

use endspec::case::{Case, write};
use endspec::fuzz::targets::scenario::Scenario;
use endspec::fuzz::{Abilities, lowered};
use endspec::load;
use endspec::report::{Report, json};
use endspec::server::settings::INSTANCE_ID;
use endspec::source::Source;
use tempfile::tempdir;

use crate::endspec;
use crate::serve::serve;
use crate::target::{Sessions, Target, error};

/// What a server lacks that knows no session and no signature.
const LITTLE: &str = "xml,websocket,describe,signatures,unsupported-region,other-region,sessions,start";

#[test]
fn the_reference_server_is_found_nothing_in_until_the_bound_is_reached() {
    let done = endspec(&["fuzz", "--cases", "40", "--seed", "7"])
        .ends(0)
        .says(&["endspec 0.1.0 fuzzes reference server (built in)", "seed 0000000000000007", "40 of 40 judged"])
        .says(&["found:    0 MUST broken, 0 SHOULD broken", "verdict:  PASS"]);
    let line = |label: &str| done.out.lines().find_map(|line| line.strip_prefix(label)).unwrap().trim();
    let [reached, all] = [0, 2].map(|at| line("reached:").split(' ').nth(at).unwrap().parse::<usize>().unwrap());
    let missed: Vec<&str> = line("missed:").split(", ").collect();
    assert_eq!(reached + missed.len(), all, "{}", done.out);
    endspec(&[&["explain"], &missed[..1]].concat()).ends(0).says(&[missed[0]]);
}

#[test]
fn a_target_that_is_still_starting_is_waited_for() {
    let unknown = || error(404, "InvalidSessionId.NotFound", "The specified SessionId does not exist.");
    let target = Target::after(3, move |_| unknown());
    let done =
        endspec(&["fuzz", "--target", &target.url(), "--wait-for-target", "60s", "--cases", "8", "--without", LITTLE]);
    assert!(target.asked() > 1, "{}", done.out);
    assert!(!done.out.contains("weather:"), "what was asked before it was there is none of the campaign: {}", done.out);
}

#[test]
fn a_target_that_is_not_there_is_told_with_what_to_ask_oneself_and_what_was_not_given() {
    let args = ["fuzz", "--target", "http://127.0.0.1:1", "--without", "denied-credential,restart,signatures"];
    let hint = "hint:     nothing answered at http://127.0.0.1:1/ (cannot connect";
    endspec(&args).ends(3).says(&[hint, "is the target running there, and the address right?"]).says(&[
        "excluded: end/effect/survives-restart, end/authorization/required, rpc/signature/required",
        "needs:    StartTerminalSession needs an instance: name one with `--instance-id ID`",
        "needs:    no second region is known",
    ]);
    let report = endspec(&[&args[..], &["--report", "json=-"]].concat()).ends(3).json();
    assert!(report["hint"].as_str().unwrap().starts_with("nothing answered at"), "{report}");
    let done = endspec(&[&args[..], &["--wait-for-target", "300ms"]].concat()).ends(3);
    let reason = "nothing answered at http://127.0.0.1:1/ within the 300ms of `--wait-for-target`";
    assert_eq!(done.out.matches(reason).count(), 1, "{}", done.out);
    assert!(!done.out.contains("hint:"), "{}", done.out);
}

#[test]
fn what_is_found_is_told_with_a_way_to_see_it_again_and_saved_as_a_case() {
    let (files, folder) = (Target::files(), tempdir().unwrap());
    let (url, save) = (files.url(), folder.path().join("found").display().to_string());
    let flags = ["--target", url.as_str(), "--without", LITTLE, "--seed", "3"];
    let fuzz =
        |more: &[&str]| endspec(&[&["fuzz", "--max-findings", "2", "--clients", "1"], &flags[..], more].concat());
    let again = format!("--cases 5 --clients 1 --target {url}/");
    fuzz(&[]).ends(1).says(&["FAIL", "= again:   endspec fuzz --seed 0000000000000003", &again, "case:\n    title:"]);
    fuzz(&["--save", &save]).ends(1).says(&["2 MUST broken", &format!("saved: {save}/"), "endspec run"]);
    assert_eq!(fs::read_dir(&save).unwrap().count(), 2);
    endspec(&["lint", &save]).ends(0);
    for entry in fs::read_dir(&save).unwrap() {
        let path = entry.unwrap().path().display().to_string();
        endspec(&[&["run", path.as_str()], &flags[..]].concat()).ends(1);
        endspec(&["run", &path]).ends(0);
    }
}

#[test]
fn a_target_that_tells_nothing_is_no_pass() {
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let done = endspec(&["fuzz", "--target", &format!("http://{closed}"), "--instance-id", "i-1"]).ends(3);
    done.says(&["0 of", "nothing was judged: ", "verdict:  INCONCLUSIVE"]);
    endspec(&["fuzz", "--time", "0s"]).ends(3).says(&["0 of 0 judged", "verdict:  INCONCLUSIVE"]);
}

#[test]
fn a_campaign_that_could_judge_most_of_its_cases_in_part_alone_says_why() {
    let sessions = Sessions::default();
    let target = Target::new(move |asked| match asked.parameter("Action").as_deref() {
        Some("StartTerminalSession") => error(400, "SessionCount.ExceedLimit", "m"),
        _ => sessions.answer(asked),
    });
    let lacks = ["--without", "xml,websocket,signatures,unsupported-region,other-region"];
    let args = ["fuzz", "--target", &target.url(), "--instance-id", "i-1", "--time", "2s", "--max-findings", "9"];
    let done = endspec(&[&args[..], &lacks].concat());
    assert!(done.out.contains("partly:   most cases") || done.out.contains("nothing was judged"), "{}", done.out);
}

#[test]
fn mistakes_in_flags_are_told_at_once_and_nothing_is_sent() {
    let target = Target::untouched();
    let file = tempfile::NamedTempFile::new().unwrap();
    let flags = ["--cases", "0", "--clients", "65", "--max-findings", "x", "--time", "5", "--auth", "v2"];
    let done = endspec(&[&["fuzz", "--target", &target.url()], &flags[..]].concat()).ends(2);
    done.complains(&[
        "--cases: `0`",
        "--clients: `65`",
        "--max-findings: `x`",
        "--time: the unit of `5`",
        "--auth: `v2`",
    ]);
    let path = file.path().display().to_string();
    endspec(&["fuzz", "--target", &target.url(), "--save", &path])
        .ends(2)
        .complains(&["--save: ", "cannot be made a folder"]);
    endspec(&["fuzz", "--target", &target.url(), "--restart-command", "true"])
        .ends(2)
        .complains(&["--restart-command: a campaign never restarts its target"]);
    assert_eq!(target.asked(), 0);
}

#[test]
fn a_should_fails_a_strict_campaign_alone() {
    let served = serve(&["--auth", "open", "--fault", "request-id-lower-case"], 1);
    let flags =
        ["--instance-id", INSTANCE_ID, "--without", "signatures,unsupported-region,other-region", "--seed", "7"];
    let fuzz =
        |more: &[&str]| endspec(&[&["fuzz", "--target", &served.url, "--cases", "8"], &flags[..], more].concat());
    fuzz(&[]).ends(0).says(&["found:    0 MUST broken, 1 SHOULD broken", "verdict:  PASS"]);
    fuzz(&["--strict"]).ends(1).says(&["found:    0 MUST broken, 1 SHOULD broken", "verdict:  FAIL"]);
    // What fails nothing ends no campaign early, either.
    let bounded = ["--cases", "40", "--max-findings", "1"];
    let campaign = |more: &[&str]| endspec(&[&["fuzz", "--target", &served.url], &flags[..], &bounded, more].concat());
    campaign(&[]).ends(0).says(&["cases:    40 of 40 judged"]);
    assert!(!campaign(&["--strict"]).ends(1).out.contains("of 40 judged"), "one finding that fails it is enough");
}

#[test]
fn an_interrupted_campaign_goes_on_where_it_was_and_runs_no_case_twice() {
    let folder = tempdir().unwrap();
    let corpus = folder.path().join("corpus").display().to_string();
    let fuzz = |cases: &str, more: &[&str]| endspec(&[&["fuzz", "--cases", cases, "--corpus", &corpus], more].concat());
    fuzz("20", &["--seed", "7"]).ends(0).says(&["seed 0000000000000007\n", "20 of 20 judged"]);
    fuzz("50", &[]).ends(0).says(&["seed 0000000000000007; 20 cases were run before", "30 of 30 judged"]);
    fuzz("50", &[]).ends(3).says(&["0 of 0 judged", "reason:   every case up to --cases was run before"]);
    let path = folder.path().join("corpus/shard-1-of-1.json");
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.len() < 600, "{text}");
    let refused: &[&str] = &["--corpus: `", "shard-1-of-1.json", "name another folder, or remove the file"];
    fuzz("60", &["--seed", "8"]).ends(2).complains(refused).complains(&["the seed was 0000000000000007"]);
    fuzz("60", &["--clients", "2"]).ends(2).complains(&["number of clients was"]);
    fuzz("60", &["--target", "http://127.0.0.1:9", "--instance-id", "i-1"]).ends(2).complains(&["the target was"]);
    let version = format!("\"{}\"", env!("CARGO_PKG_VERSION"));
    fs::write(&path, text.replace(&version, "\"0.0.9\"")).unwrap();
    fuzz("60", &[]).ends(2).complains(refused).complains(&["endspec 0.0.9 wrote it"]);
}

#[test]
fn what_an_earlier_run_of_a_campaign_found_is_told_once_and_still_counts() {
    let (files, folder) = (Target::files(), tempdir().unwrap());
    let (url, corpus) = (files.url(), folder.path().display().to_string());
    let flags = ["--target", url.as_str(), "--without", LITTLE, "--seed", "3", "--corpus", corpus.as_str()];
    let fuzz = |cases: &str| {
        endspec(&[&["fuzz", "--clients", "1", "--max-findings", "1000"], &flags[..], &["--cases", cases]].concat())
    };
    let first = fuzz("40").ends(1);
    let told = first.out.matches("\nFAIL ").count();
    assert!(told > 1, "{}", first.out);
    let again = fuzz("42").ends(1);
    let again = again.says(&[
        "before:   earlier runs of this campaign found broken: ",
        "begin in another --corpus",
        "2 judged",
    ]);
    assert!(again.out.matches("\nFAIL ").count() < told, "{}", again.out);
}

#[test]
fn shards_run_cases_of_their_own_and_need_a_seed() {
    let done = |shard: &str| endspec(&["fuzz", "--cases", "21", "--seed", "7", "--shard", shard]).ends(0);
    done("1/2").says(&["shard 1/2", "11 of 11 judged"]);
    done("2/2").says(&["shard 2/2", "10 of 10 judged"]);
    endspec(&["fuzz", "--shard", "1/2"]).ends(2).complains(&["--shard 1/2: without a seed", "the same `--seed`"]);
    endspec(&["fuzz", "--shard", "3/2", "--replay", "gone"]).ends(2);
    endspec(&["fuzz", "--shard", "3/2"]).ends(2).complains(&["--shard: `3/2` is no shard"]);
}

#[test]
fn an_input_of_the_fuzz_target_is_replayed_as_the_case_that_it_stands_for() {
    let folder = tempdir().unwrap();
    let (save, input) = (folder.path().join("saved"), concat!(env!("CARGO_MANIFEST_DIR"), "/fuzz/seeds/scenario/3"));
    let saved = save.display().to_string();
    endspec(&["fuzz", "--replay", input]).ends(0).says(&["1 of 1 judged", "case:\n    title: \"replayed from 3"]);
    endspec(&["fuzz", "--replay", input, "--save", &saved]).ends(0).says(&["saved: "]);
    let path = fs::read_dir(&save).unwrap().next().unwrap().unwrap().path();
    let id = path.file_stem().unwrap().to_string_lossy().into_owned();
    let text = fs::read_to_string(&path).unwrap();
    let program = Scenario::read(&fs::read(input).unwrap()).program;
    let case = lowered(&id, &program, &Abilities::everything(8)).unwrap();
    let titled = Case { title: read(&text, &id).title, ..(*case).clone() };
    assert_eq!(write::without_places(&read(&text, &id)), write::without_places(&titled));
    endspec(&["run", &path.display().to_string()]).ends(0);

    let served = serve(&["--auth", "open", "--fault", "ended-as-204"], 1);
    let lacks = ["--without", "signatures,other-region,unsupported-region,denied-credential"];
    let target = [&["--target", served.url.as_str(), "--instance-id", INSTANCE_ID], &lacks[..]].concat();
    let found = folder.path().join("found").display().to_string();
    let flags = ["fuzz", "--replay", input, "--save", found.as_str()];
    endspec(&[&flags[..], &target].concat()).ends(1).says(&["end/success/status", "saved: "]);
    endspec(&["lint", &found]).ends(0);
    endspec(&["fuzz", "--replay", "gone"]).ends(2).complains(&["--replay: `gone` does not exist"]);
    endspec(&["fuzz", "--replay", input, "--cases", "4"]).ends(2).complains(&["cannot be used with"]);
}

fn read(text: &str, id: &str) -> Case {
    let contract = load::contract::built_in(None);
    load::case::case(&Source::new("saved.yaml", text), id, &contract).unwrap()
}

/// A report that a campaign wrote, as it is read again.
fn reported(path: &std::path::Path) -> Report {
    json::read(&fs::read(path).unwrap()).unwrap()
}

#[test]
fn a_campaign_is_reported_in_every_format_and_its_verdict_is_how_it_ended() {
    let folder = tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let to = |format: &str, name: &str| format!("{format}={}", at(name).display());
    let (one, two) = (to("json", "1.json"), to("json", "2.json"));
    let flags = ["fuzz", "--cases", "12", "--seed", "7"];
    endspec(&[&flags[..], &["--shard", "1/2", "--report", &one, "--report", &to("junit", "1.xml")]].concat()).ends(0);
    endspec(&[&flags[..], &["--shard", "2/2", "--report", &two]].concat()).ends(0);
    let (one, two) = (reported(&at("1.json")), reported(&at("2.json")));
    assert_eq!([one.shard.as_deref(), two.shard.as_deref()], [Some("1/2"), Some("2/2")]);
    assert_eq!((&one.suite, &one.seed, &one.contract), (&two.suite, &two.seed, &two.contract));
    for (report, number) in [(&one, 1), (&two, 2)] {
        assert_eq!((report.verdict.as_str(), report.totals.pass, report.cases.len()), ("pass", 1, 1));
        assert_eq!(report.cases[0].id, format!("fuzz-0000000000000007-{number}-of-2"));
        assert_eq!(report.cases[0].title.as_deref(), Some("6 of 6 generated cases judged, 0 in part undecided"));
        assert!(report.exchanges > 20 && report.cases[0].exchanges == report.exchanges, "{}", report.exchanges);
        assert!(report.clauses.iter().all(|clause| clause.judgements > 0 && clause.verdict == "pass"));
    }
    assert!(fs::read_to_string(at("1.xml")).unwrap().contains("fuzz-0000000000000007-1-of-2"));
    let [one, two] = ["1.json", "2.json"].map(|name| at(name).display().to_string());
    endspec(&["report", &one, &two]).ends(0).says(&["2 shards", "cases:    2 passed"]);
    endspec(&["report", &one]).ends(3).says(&["there is no report of shard 2/2"]);
}

#[test]
fn what_a_campaign_found_is_in_its_report_and_so_is_what_an_earlier_run_of_it_did() {
    let (files, folder) = (Target::files(), tempdir().unwrap());
    let (url, path) = (files.url(), folder.path().join("report.json"));
    let corpus = folder.path().join("corpus").display().to_string();
    let flags = ["--target", url.as_str(), "--without", LITTLE, "--seed", "3", "--corpus", corpus.as_str()];
    let fuzz = |cases: &str, report: &str| {
        let own = ["fuzz", "--clients", "1", "--max-findings", "1000", "--cases", cases, "--report", report];
        endspec(&[&own[..], &flags[..]].concat())
    };
    let first = fuzz("40", &format!("json={}", path.display())).ends(1);
    let report = reported(&path);
    let findings: Vec<_> = report.cases.iter().flat_map(|case| &case.findings).collect();
    let of = |level: &str| findings.iter().filter(|finding| finding.level == level).count();
    first.says(&[&format!("found:    {} MUST broken, {} SHOULD broken", of("MUST"), of("SHOULD"))]);
    assert_eq!((report.verdict.as_str(), report.cases.len()), ("fail", findings.len() + 1));
    // Standard output is the report's, and people are told on standard error.
    let second = fuzz("42", "json=-").ends(1).complains(&["verdict:  FAIL"]);
    let again = json::read(second.out.as_bytes()).unwrap();
    let whole = again.cases.iter().find(|case| case.id == "fuzz-0000000000000003").unwrap();
    let notes = whole.findings.iter().flat_map(|finding| &finding.notes);
    assert!(
        notes.filter(|(name, text)| name == "seen" && text.contains("an earlier run of this campaign")).count() > 1
    );
    assert_eq!(again.verdict, "fail");
    endspec(&["fuzz", "--report", "xml=a", "--cases", "1"]).ends(2).complains(&["`xml` is no report format"]);
}
