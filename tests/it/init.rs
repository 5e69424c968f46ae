//! `endspec init`: the profile that it writes loads, and a right target passes with it.

use std::fs;

use endspec::server::settings::{
    ACCESS_KEY_ID, ACCESS_KEY_SECRET, DENIED_ACCESS_KEY_ID, DENIED_ACCESS_KEY_SECRET, INSTANCE_ID,
};
use tempfile::tempdir;

use crate::serve::serve;
use crate::target::{Target, error};
use crate::{endspec, endspec_in};

const KEYS: [(&str, &str); 4] = [
    ("ALIBABA_CLOUD_ACCESS_KEY_ID", ACCESS_KEY_ID),
    ("ALIBABA_CLOUD_ACCESS_KEY_SECRET", ACCESS_KEY_SECRET),
    ("ENDSPEC_DENIED_ACCESS_KEY_ID", DENIED_ACCESS_KEY_ID),
    ("ENDSPEC_DENIED_ACCESS_KEY_SECRET", DENIED_ACCESS_KEY_SECRET),
];

#[test]
fn what_is_written_loads_and_an_honest_target_passes_with_it() {
    let signed: &[&str] = &["--auth", "v3", "--restart-command", "sleep 0 # \"quoted\": it's none"];
    let idempotent: &[&str] = &["--auth", "open", "--reading", "repeat-end=idempotent"];
    type Row<'a> = (&'a [&'a str], &'a [&'a str], &'a [&'a str], &'a [&'a str]);
    let rows: [Row<'_>; 3] = [
        (
            &[],
            signed,
            &[
                "auth: v3 ",
                "other-region: cn-",
                "unsupported-region: cn-fuzhou",
                "restart-command: \"sleep 0",
                "it was seen to have everything",
            ],
            &["- signatures", "- sessions"],
        ),
        (
            idempotent,
            &["--auth", "none"],
            &["auth: none ", "- signatures", "- restart", "  repeat-end: idempotent"],
            &["- sessions"],
        ),
        (&["--auth", "open"], &[], &["- sessions", "# instance-id: ID"], &["\nreading:"]),
    ];
    for (index, (server, flags, says, never)) in rows.into_iter().enumerate() {
        let served = serve(server, 1);
        let folder = tempdir().unwrap();
        let instance: &[&str] = if index == 2 { &[] } else { &["--instance-id", INSTANCE_ID] };
        let args = [&["init", "--target", &served.url], flags, instance].concat();
        endspec_in(folder.path(), &KEYS, &args).ends(0).says(&["wrote endspec.yaml"]);
        let text = fs::read_to_string(folder.path().join("endspec.yaml")).unwrap();
        says.iter().for_each(|words| assert!(text.contains(words), "`{words}` is not in\n{text}"));
        never.iter().for_each(|words| assert!(!text.contains(words), "`{words}` is in\n{text}"));
        assert!(!text.contains(ACCESS_KEY_SECRET) && text.is_ascii(), "{text}");
        endspec_in(folder.path(), &[], &["lint", "endspec.yaml"]).ends(0);
        // Of the honest server the suite is run whole once, where everything is declared.
        let select = [
            "--select",
            "end/request/*,end/session/*,end/region/*,end/success/*,end/effect/once/ends,start/*,describe/*",
        ];
        let more: &[&str] = if index == 0 { &select } else { &[] };
        let done = endspec_in(folder.path(), &KEYS, &[&["run"], more].concat()).ends(0);
        done.says(&[&format!("tested {}", served.url), "verdict:  PASS"]);
    }
}

#[test]
fn what_is_there_is_written_over_only_by_force_and_before_that_nobody_is_asked() {
    let folder = tempdir().unwrap();
    let target = Target::untouched();
    fs::write(folder.path().join("endspec.yaml"), "region: mine\n").unwrap();
    let args = ["init", "--target", &target.url()];
    endspec_in(folder.path(), &[], &args).ends(2).complains(&["endspec.yaml is there already", "--force"]);
    target.is_untouched();
    assert_eq!(fs::read_to_string(folder.path().join("endspec.yaml")).unwrap(), "region: mine\n");
    let served = serve(&["--auth", "open"], 1);
    let args = ["init", "--target", &served.url, "--force", "--workflow"];
    endspec_in(folder.path(), &[], &args).ends(0).says(&["wrote .github/workflows/endspec.yml"]);
    let workflow = fs::read_to_string(folder.path().join(".github/workflows/endspec.yml")).unwrap();
    assert!(workflow.contains(&format!("target: \"{}/\"", served.url)), "{workflow}");
    endspec_in(folder.path(), &[], &args[..4]).ends(0);
    endspec_in(folder.path(), &[], &["init", "other.yaml", "--target", &served.url, "--workflow"])
        .ends(2)
        .complains(&["endspec.yml is there already"]);
}

#[test]
fn of_a_target_that_tells_nothing_no_profile_is_written() {
    let folder = tempdir().unwrap();
    let refusing = Target::new(|_| error(400, "MissingAccessKeyId", "\\u001b[31mAccessKeyId is mandatory"));
    for (url, words) in
        [("http://127.0.0.1:1".to_owned(), "does not answer"), (refusing.url(), "400 MissingAccessKeyId")]
    {
        let done = endspec_in(folder.path(), &[], &["init", "--target", &url]).ends(3);
        assert!(done.out.starts_with("nothing was written: ") && done.out.contains(words), "{}", done.out);
        assert!(!folder.path().join("endspec.yaml").exists());
    }
    endspec(&["init"]).ends(2).complains(&["there is no target to ask"]);
    endspec(&["init", "--target", ""]).ends(2).complains(&["the target is empty"]);
}
