//! `endspec call`: one request, its answer, what the contract says of it.

use crate::endspec;
use crate::target::{Target, error, json};

#[test]
fn ending_a_session_that_does_not_exist_is_answered_as_documented() {
    endspec(&["call", "EndTerminalSession", "SessionId=s-1"]).ends(0).says(&[
        "called reference server (built in) at http://127.0.0.1:",
        "POST /?RegionId=cn-hangzhou&SessionId=s-1",
        "\n404\n",
        "InvalidSessionId.NotFound",
        "outcome: session-not-found\n",
        "0 MUST broken",
    ]);
}

#[test]
fn start_prints_the_session_and_none_of_its_secrets() {
    let done = endspec(&["call", "StartTerminalSession", "InstanceId.1=i-1"]).ends(0);
    let done = done.says(&["\"SessionId\":\"s-", "outcome: ok"]);
    assert!(done.out.contains("\"SecurityToken\":\"***\"") && done.out.contains("token=***"), "{}", done.out);
}

#[test]
fn form_and_format_are_as_asked() {
    let args = ["call", "EndTerminalSession", "SessionId=s-1", "--auth", "v1", "--format", "xml", "--placement", "get"];
    endspec(&args).ends(0).says(&["GET /?", "Signature=***", "<Code>InvalidSessionId.NotFound</Code>"]);
    let done = endspec(&["call", "EndTerminalSession", "SessionId=s-1", "--bare"]).ends(0);
    done.says(&["POST /?SessionId=s-1", "outcome: missing(RegionId), missing(SessionId)"]);
}

#[test]
fn mistakes_are_told_together_and_nothing_is_sent() {
    let target = Target::untouched();
    let url = target.url();
    let rows: [(&[&str], &[&str]); 4] = [
        (&["EndTerminalSesion"], &["error[unknown-operation]", "did you mean `EndTerminalSession`?"]),
        (&["EndTerminalSession", "SessionId", "=x"], &["`SessionId`", "`=x`", "NAME=VALUE"]),
        (&["EndTerminalSession", "--placement", "PUT"], &["--placement", "`PUT`", "POST-form"]),
        (
            &["End", "a", "--format", "yaml", "--placement", "x", "--auth", "v9"],
            &["`End`", "`a`", "--format", "--placement", "--auth"],
        ),
    ];
    for (args, words) in rows {
        endspec(&[&["call", "--target", &url], args].concat()).ends(2).complains(words);
    }
    endspec(&["call"]).ends(2).complains(&["<OPERATION>"]);
    target.is_untouched();
}

#[test]
fn where_nothing_listens_the_end_is_inconclusive_and_says_what_to_look_at() {
    let done = endspec(&["call", "EndTerminalSession", "SessionId=a", "--target", "http://127.0.0.1:1"]).ends(3);
    done.says(&["called http://127.0.0.1:1/", "no answer: cannot connect", "is the target running there"]);
}

#[test]
fn an_answer_that_breaks_a_must_ends_1_and_one_that_breaks_a_should_0() {
    let target = Target::new(|_| json(404, "\"code\":\"InvalidSessionId.NotFound\""));
    let done = endspec(&["call", "EndTerminalSession", "SessionId=a", "--target", &target.url()]).ends(1);
    done.says(&["FAIL  end/error/envelope (MUST): permitted"]);
    let target = Target::new(|_| error(404, "InvalidSessionId.NotFound", "No such session."));
    let done = endspec(&["call", "EndTerminalSession", "SessionId=a", "--target", &target.url()]).ends(0);
    done.says(&["WARN  end/error/message (SHOULD): permitted", "0 MUST broken, 1 SHOULD broken"]);
}
