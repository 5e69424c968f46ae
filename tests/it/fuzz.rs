//! `endspec fuzz`: its bounds and exit codes, and what it finds as files that `run` replays.

use std::fs;

use tempfile::tempdir;

use crate::endspec;
use crate::target::Target;

/// What a server lacks that knows no session and no signature.
const LITTLE: &str = "xml,websocket,describe,signatures,unsupported-region,other-region,sessions,start";

#[test]
fn the_reference_server_is_found_nothing_in_until_the_bound_is_reached() {
    let done = endspec(&["fuzz", "--cases", "40", "--seed", "7"]).ends(0);
    done.says(&["endspec 0.1.0 fuzzes reference server (built in)", "seed 0000000000000007", "40 of 40 judged"])
        .says(&["found:    0 MUST broken, 0 SHOULD broken", "verdict:  PASS"]);
}

#[test]
fn what_is_found_is_told_with_a_way_to_see_it_again_and_saved_as_a_case() {
    let (files, folder) = (Target::files(), tempdir().unwrap());
    let (url, save) = (files.url(), folder.path().join("found").display().to_string());
    let flags = ["--target", url.as_str(), "--without", LITTLE, "--seed", "3"];
    let fuzz =
        |more: &[&str]| endspec(&[&["fuzz", "--max-findings", "2", "--clients", "1"], &flags[..], more].concat());
    let again = format!("--cases 2 --clients 1 --target {url}/");
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
    done.says(&["0 of", "nothing was judged any more: ", "verdict:  INCONCLUSIVE"]);
    endspec(&["fuzz", "--time", "0s"]).ends(3).says(&["0 of 0 judged", "verdict:  INCONCLUSIVE"]);
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
    assert_eq!(target.asked(), 0);
}
