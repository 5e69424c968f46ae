//! Named histories of one session, right ones, wrong ones and ones that decide nothing, and what is said of each.

use std::time::Duration;

use super::{Answer, Judged, Kind, Operation, RepeatEnd, Rules, judge};
use crate::check::{Observer, Sight};
use crate::clock::Moment;

const OK: Kind = Kind::End(Answer::Ok);
const NOT_FOUND: Kind = Kind::End(Answer::NotFound);
const THROTTLED: Kind = Kind::End(Answer::Refused);
const BROKEN: Kind = Kind::End(Answer::Unknown);
const OPEN: Kind = Kind::Look(Observer::WebSocket, Sight::Open);
const CLOSED: Kind = Kind::Look(Observer::WebSocket, Sight::Closed);
const LISTED: Kind = Kind::Look(Observer::Describe, Sight::Listed);
const START: Kind = Kind::Start;
/// Returns never.
const LOST: u64 = u64::MAX;

/// Begin, end, what: a client each.
type Row = (u64, u64, Kind);

fn judged(rows: &[Row], repeat_end: RepeatEnd, settle: u64) -> String {
    let operation = |(client, &(from, to, kind)): (usize, &Row)| {
        let returned = (to != LOST).then_some(Moment(to));
        Operation { client, kind, invoked: Moment(from), returned }
    };
    let history: Vec<Operation> = rows.iter().enumerate().map(operation).collect();
    match judge(&history, Rules { repeat_end, settle: Duration::from_micros(settle) }) {
        Judged::Linearizable => "fits".to_owned(),
        Judged::Undecided(doubt) => format!("{doubt:?}"),
        Judged::Violation(found) => format!("{:?} {:?} {}", found.breach, found.indices, found.clause()),
    }
}

fn holds(repeat_end: RepeatEnd, table: &[(&str, u64, &[Row], &str)]) {
    for (name, settle, rows, expected) in table {
        assert_eq!(judged(rows, repeat_end, *settle), *expected, "{name}");
    }
}

#[test]
fn histories_that_a_life_explains_fit() {
    holds(
        RepeatEnd::NotFound,
        &[
            ("end, then refused", 0, &[(0, 1, START), (2, 3, OK), (4, 5, NOT_FOUND)], "fits"),
            ("end, then closed", 0, &[(0, 1, START), (2, 3, OPEN), (4, 5, OK), (6, 7, CLOSED)], "fits"),
            ("open while it is being ended", 0, &[(2, 9, OK), (3, 8, OPEN), (10, 11, CLOSED)], "fits"),
            (
                "closed, then open stamps of one instant",
                0,
                &[(2, 5, OK), (3, 5, CLOSED), (5, 8, OPEN), (9, 9, CLOSED)],
                "fits",
            ),
            (
                "one of eight succeeds",
                0,
                &[(0, 9, NOT_FOUND), (0, 9, OK), (1, 8, NOT_FOUND), (10, 11, NOT_FOUND)],
                "fits",
            ),
            ("a refusal in an instant of the success", 0, &[(0, 5, OK), (5, 5, NOT_FOUND), (6, 7, CLOSED)], "fits"),
            ("open look within settle", 10, &[(2, 3, OK), (13, 14, OPEN), (15, 16, CLOSED)], "fits"),
            ("closed, then open within settle", 10, &[(2, 3, OK), (4, 5, CLOSED), (13, 14, OPEN)], "fits"),
            (
                "not yet seen within settle",
                10,
                &[(0, 1, START), (11, 12, CLOSED), (20, 21, OK), (22, 23, CLOSED)],
                "fits",
            ),
            ("stamps in the wrong order are one instant", 0, &[(5, 2, OK), (3, 4, OPEN), (6, 7, CLOSED)], "fits"),
            ("throttled says nothing", 0, &[(0, 1, THROTTLED), (2, 3, OK), (4, 5, THROTTLED), (6, 7, CLOSED)], "fits"),
            ("lost End without effect", 0, &[(0, LOST, BROKEN), (5, 6, OPEN), (7, 8, OK), (9, 10, CLOSED)], "fits"),
        ],
    );
}

#[test]
fn histories_that_no_life_explains_are_violations_of_the_right_clause() {
    holds(
        RepeatEnd::NotFound,
        &[
            ("two overlapping", 0, &[(0, 1, START), (2, 6, OK), (3, 5, OK)], "EndedTwice [1, 2] end/effect/once"),
            ("one after the other", 0, &[(2, 3, OK), (4, 5, OK)], "EndedAgain [0, 1] end/effect/stays-closed"),
            ("listed in another order", 0, &[(4, 5, OK), (2, 3, OK)], "EndedAgain [1, 0] end/effect/stays-closed"),
            ("touching", 0, &[(2, 4, OK), (4, 5, OK)], "EndedTwice [0, 1] end/effect/once"),
            ("a second within settle", 100, &[(2, 3, OK), (4, 5, OK)], "EndedAgain [0, 1] end/effect/stays-closed"),
            (
                "two and a lost one",
                0,
                &[(0, LOST, BROKEN), (2, 6, OK), (3, 5, OK)],
                "EndedTwice [1, 2] end/effect/once",
            ),
            ("still open", 0, &[(0, 1, START), (2, 3, OK), (4, 5, OPEN)], "StillOpen [1, 2] end/effect/closes"),
            ("open after settle", 10, &[(2, 3, OK), (14, 15, OPEN)], "StillOpen [0, 1] end/effect/closes"),
            (
                "open again",
                0,
                &[(2, 3, OK), (4, 5, CLOSED), (6, 7, OPEN)],
                "OpenAgain [0, 1, 2] end/effect/stays-closed",
            ),
            (
                "closed, then open, by a lost End",
                0,
                &[(0, LOST, BROKEN), (2, 3, CLOSED), (4, 5, OPEN)],
                "Flickered [1, 2] end/effect/stays-closed",
            ),
            (
                "refused, then open, all while ending",
                0,
                &[(0, 9, OK), (2, 3, NOT_FOUND), (4, 5, OPEN)],
                "Flickered [1, 2] end/effect/once",
            ),
            (
                "refused by a lost End, then ended",
                0,
                &[(0, LOST, OK), (2, 3, NOT_FOUND), (4, 5, OK)],
                "Flickered [1, 2] end/effect/once",
            ),
            (
                "none succeeded",
                0,
                &[(0, 1, START), (2, 6, NOT_FOUND), (3, 5, NOT_FOUND)],
                "NoneSucceeded [0, 1] end/effect/once",
            ),
            (
                "none succeeded, and closed",
                0,
                &[(0, 1, START), (2, 3, CLOSED), (4, 5, NOT_FOUND)],
                "NoneSucceeded [0, 2] end/effect/once",
            ),
            (
                "refused before the first success",
                0,
                &[(2, 3, NOT_FOUND), (4, 5, OK)],
                "ClosedUnasked [0] end/effect/once",
            ),
            (
                "closed by nobody",
                0,
                &[(0, 1, OPEN), (2, 3, THROTTLED), (4, 5, CLOSED)],
                "ClosedUnasked [2] end/effect/once",
            ),
            ("not seen after settle", 10, &[(0, 1, START), (12, 13, CLOSED)], "ClosedUnasked [0, 1] end/effect/once"),
            (
                "seen, then not seen within settle",
                10,
                &[(0, 5, START), (1, 2, OPEN), (13, 14, CLOSED)],
                "ClosedUnasked [1, 2] end/effect/once",
            ),
            ("one id twice", 0, &[(0, 1, START), (2, 3, START)], "IssuedTwice [0, 1] start/unique"),
            (
                "a closed id again",
                0,
                &[(0, 1, START), (2, 3, OK), (4, 5, START)],
                "IssuedAfterEnd [0, 1, 2] end/effect/id-not-reused",
            ),
            ("open before Start", 0, &[(0, 1, OPEN), (2, 3, START)], "OpenBeforeStart [0, 1] start/unique"),
        ],
    );
}

#[test]
fn histories_that_fit_any_endpoint_decide_nothing() {
    holds(
        RepeatEnd::NotFound,
        &[
            ("empty", 0, &[], "NoSuccess"),
            ("throttled", 0, &[(0, 1, START), (2, 3, THROTTLED), (4, 5, OPEN)], "NoSuccess"),
            ("none succeeded, and one was lost", 0, &[(0, LOST, BROKEN), (2, 6, NOT_FOUND)], "Lost"),
            ("502 is lost too", 0, &[(0, 1, BROKEN), (2, 6, NOT_FOUND)], "Lost"),
            ("a lost End explains closed", 0, &[(0, LOST, OK), (2, 6, CLOSED)], "Lost"),
            ("no look", 0, &[(0, 1, START), (2, 3, OK)], "NoLaterLook"),
            ("no look but a late one", 10, &[(2, 3, OK), (4, 5, OPEN)], "NoLaterLook"),
            ("a look sent before the answer", 0, &[(2, 5, OK), (4, 6, CLOSED)], "NoLaterLook"),
            ("a look sent in the instant of the answer", 0, &[(2, 5, OK), (5, 6, CLOSED)], "NoLaterLook"),
            (
                "looks without a verdict",
                0,
                &[(2, 3, OK), (4, 5, LISTED), (6, LOST, CLOSED), (7, 8, THROTTLED)],
                "NoLaterLook",
            ),
        ],
    );
}

#[test]
fn an_idempotent_end_may_succeed_again_and_is_never_refused() {
    holds(
        RepeatEnd::Idempotent,
        &[
            ("twice", 0, &[(0, 1, START), (2, 3, OK), (4, 5, OK), (6, 7, CLOSED)], "fits"),
            ("success is no look", 0, &[(2, 3, OK), (4, 5, OK)], "NoLaterLook"),
            ("closed between two successes", 0, &[(2, 3, OK), (4, 5, CLOSED), (6, 7, OK)], "fits"),
            (
                "open between two successes",
                0,
                &[(2, 3, OK), (4, 5, OPEN), (6, 7, OK)],
                "StillOpen [0, 1] end/effect/closes",
            ),
            (
                "refused after a success",
                0,
                &[(2, 3, OK), (4, 5, NOT_FOUND)],
                "RepeatRefused [1] end/effect/stays-closed",
            ),
            (
                "refused after Start",
                9,
                &[(0, 1, START), (11, 12, NOT_FOUND)],
                "RepeatRefused [0, 1] end/effect/stays-closed",
            ),
            (
                "refused after a success within Start",
                0,
                &[(0, 9, START), (2, 3, OK), (4, 5, NOT_FOUND)],
                "RepeatRefused [1, 2] end/effect/stays-closed",
            ),
            ("not yet known within settle", 10, &[(0, 1, START), (11, 12, NOT_FOUND)], "NoSuccess"),
            (
                "a lost End explains closed, then a success",
                0,
                &[(0, LOST, OK), (2, 3, CLOSED), (4, 5, OK), (6, 7, CLOSED)],
                "fits",
            ),
            ("closed by nobody, then a success", 0, &[(2, 3, CLOSED), (4, 5, OK)], "ClosedUnasked [0] end/effect/once"),
        ],
    );
}
