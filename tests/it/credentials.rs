//! Keys: found where the official clients find them, in their order, shown by origin and never by value.

use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};

use tempfile::{TempDir, tempdir};

use crate::target::{Sessions, Target};
use crate::{Done, command, endspec_in, finish};

const CONFIG: &str = r#"{ "current": "plain", "profiles": [
    { "name": "plain", "mode": "AK", "access_key_id": "id-of-config", "access_key_secret": "hunter2-config" },
    { "name": "sts", "mode": "StsToken", "access_key_id": "id-of-sts", "access_key_secret": "hunter2-sts", "sts_token": "hunter2-token" },
    { "name": "sso", "mode": "CloudSSO", "access_token": "hunter2" } ] }"#;
const INI: &str = "[default]\ntype = access_key\naccess_key_id = id-of-ini\naccess_key_secret = hunter2-ini\n\n\
    [reader]\ntype = access_key\naccess_key_id = id-of-reader\naccess_key_secret = hunter2-reader\n\n\
    [role]\ntype = ram_role_arn\nrole_arn = hunter2\n";

/// A home with the files named.
fn home(files: &[(&str, &str)]) -> TempDir {
    let home = tempdir().unwrap();
    for (path, text) in files {
        let path = home.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    home
}

/// A call with a home and variables.
fn call(home: &Path, variables: &[(&str, &str)], args: &[&str]) -> Done {
    let mut command = command(&[&["call", "EndTerminalSession", "SessionId=s-1"], args].concat());
    command.env("HOME", home).envs(variables.iter().copied());
    let done = finish(command);
    assert!(!format!("{}{}", done.out, done.err).contains("hunter2"), "a secret in\n{}\n{}", done.out, done.err);
    done
}

#[test]
fn a_key_is_found_in_the_order_of_the_official_clients_and_shown_by_its_origin_alone() {
    const ENVIRONMENT: [(&str, &str); 3] = [
        ("ALIBABA_CLOUD_ACCESS_KEY_ID", "id-of-environment"),
        ("ALIBABA_CLOUD_ACCESS_KEY_SECRET", "hunter2-environment"),
        ("ALIBABA_CLOUD_SECURITY_TOKEN", "hunter2-token"),
    ];
    let both = [(".aliyun/config.json", CONFIG), (".alibabacloud/credentials", INI)];
    let with_ending = [(".alibabacloud/credentials.ini", INI)];
    let elsewhere = home(&[("keys", INI)]);
    let elsewhere = elsewhere.path().join("keys").display().to_string();
    let file = [("ALIBABA_CLOUD_CREDENTIALS_FILE", elsewhere.as_str())];
    type Row<'a> = (&'a str, &'a [(&'a str, &'a str)], &'a [(&'a str, &'a str)], &'a [&'a str], &'a str);
    let rows: [Row<'_>; 9] = [
        ("environment first", &both, &ENVIRONMENT, &[], "ALIBABA_CLOUD_SECURITY_TOKEN of the environment"),
        ("then the client's file", &both, &[], &[], "`access_key_id` of the profile `plain` in ~/.aliyun/config.json"),
        ("a profile of it", &both, &[("ALIBABA_CLOUD_PROFILE", "sts")], &[], "`sts_token` of the profile `sts`"),
        (
            "then the SDKs' file",
            &both[1..],
            &[],
            &[],
            "`access_key_secret` of [default] in ~/.alibabacloud/credentials",
        ),
        ("with its other ending", &with_ending, &[], &[], "[default] in ~/.alibabacloud/credentials.ini"),
        ("or where it is said to be", &[], &file, &[], "`access_key_id` of [default] in /"),
        ("a profile of either", &both, &[("ALIBABA_CLOUD_PROFILE", "reader")], &[], "of [reader] in"),
        ("a file passed over", &both, &[("ALIBABA_CLOUD_CLI_PROFILE_DISABLED", "true")], &[], "[default] in"),
        ("a flag goes first", &both, &ENVIRONMENT, &["--credential-profile", "reader"], "of [reader] in"),
    ];
    for (name, files, variables, flags, origin) in rows {
        let home = home(files);
        for auth in ["v1", "v3"] {
            let args = [&["--dry-run", "--target", "http://127.0.0.1:1", "--auth", auth], flags].concat();
            let done = call(home.path(), variables, &args).ends(0).says(&["nothing was sent", origin]);
            assert!(!done.out.contains("id-of-"), "{name}: {}", done.out);
        }
    }
}

#[test]
fn what_cannot_be_signed_with_is_refused_where_it_stands_and_nothing_is_sent() {
    let target = Target::untouched();
    let url = target.url();
    let config = |text: &'static str| vec![(".aliyun/config.json", text)];
    let ini = |text: &'static str| vec![(".alibabacloud/credentials", text)];
    type Row<'a> = (Vec<(&'a str, &'a str)>, &'a [(&'a str, &'a str)], &'a [&'a str], &'a [&'a str]);
    let rows: Vec<Row<'_>> = vec![
        (vec![], &[], &[], &["there is no key to sign with", "--ecs-ram-role"]),
        (
            vec![],
            &[("ALIBABA_CLOUD_CREDENTIALS_URI", "http://hunter2")],
            &[],
            &["ALIBABA_CLOUD_CREDENTIALS_URI is not read"],
        ),
        (vec![], &[("ALIBABA_CLOUD_ACCESS_KEY_ID", "x")], &[], &["and no ALIBABA_CLOUD_ACCESS_KEY_SECRET"]),
        (config(CONFIG), &[("ALIBABA_CLOUD_PROFILE", "sso")], &[], &["the mode CloudSSO", "AK and StsToken"]),
        (
            config(CONFIG),
            &[("ALIBABA_CLOUD_PROFILE", "plian")],
            &[],
            &["names a profile that no file", "plain, sso, sts"],
        ),
        (config("{ hunter2"), &[], &[], &["~/.aliyun/config.json:1:", "ALIBABA_CLOUD_CLI_PROFILE_DISABLED"]),
        (
            ini(INI),
            &[("ALIBABA_CLOUD_PROFILE", "role")],
            &[],
            &["[role] in ~/.alibabacloud/credentials", "`ram_role_arn`"],
        ),
        (ini("[default]\nhunter2\n"), &[], &[], &["~/.alibabacloud/credentials:2"]),
        (vec![], &[("ALIBABA_CLOUD_CREDENTIALS_FILE", "/nonexistent/x")], &[], &["ALIBABA_CLOUD_CREDENTIALS_FILE"]),
        (ini(INI), &[], &["--credential-profile", "raeder"], &["no file of keys has a profile", "reader"]),
        (ini(INI), &[], &["--denied-profile", "default"], &["the key without permission is the one with it"]),
        (ini(INI), &[], &["--ecs-ram-role", "a/b"], &["cannot be the name of a role"]),
        (ini(INI), &[], &["--ecs-ram-role", "a", "--credential-profile", "reader"], &["each name the key"]),
        (
            ini("[default]\naccess_key_id = a b\naccess_key_secret = hunter2\n"),
            &[],
            &[],
            &["`access_key_id` of [default]"],
        ),
    ];
    for (files, variables, flags, words) in rows {
        let home = home(&files);
        let args = [&["--target", url.as_str(), "--auth", "v3"], flags].concat();
        call(home.path(), variables, &args).ends(2).complains(words);
    }
    target.is_untouched();
}

#[test]
fn a_key_that_is_at_home_goes_to_no_host_that_was_not_to_be_signed_for() {
    let asked: Arc<Mutex<Vec<String>>> = Arc::default();
    let (sessions, seen) = (Sessions::default(), asked.clone());
    let target = Target::new(move |asked| {
        seen.lock().unwrap().push(format!("{} {}", asked.target, asked.rest));
        sessions.answer(asked)
    });
    let home = home(&[(".aliyun/config.json", CONFIG)]);
    call(home.path(), &[], &["--target", &target.url()]).ends(0);
    let asked = asked.lock().unwrap();
    assert!(asked.len() == 1 && !asked[0].contains("id-of-config") && !asked[0].contains("Signature"), "{asked:?}");
}

/// A metadata service that knows one role; with or without tokens of its own.
fn metadata(tokens: bool, asked: &Arc<Mutex<Vec<String>>>) -> Target {
    let asked = asked.clone();
    Target::new(move |request| {
        let method = request.rest.split(' ').next().unwrap_or("").to_owned();
        asked.lock().unwrap().push(format!("{method} {}", request.target));
        let holds_token = request.rest.to_ascii_lowercase().contains("x-aliyun-ecs-metadata-token: t0ken");
        match (method.as_str(), request.target.as_str()) {
            ("PUT", "/latest/api/token") if tokens => (200, "text/plain", "t0ken".to_owned()),
            (
                "GET",
                path @ ("/latest/meta-data/ram/security-credentials/harness"
                | "/latest/meta-data/ram/security-credentials/outdated"),
            ) if holds_token || !tokens => {
                let body = r#"{"AccessKeyId":"STS.id-of-role","AccessKeySecret":"hunter2-role","SecurityToken":"hunter2+token/=","Expiration":"YEAR-01-01T00:00:00Z","Code":"Success"}"#;
                let year = if path.ends_with("harness") { "2099" } else { "2020" };
                (200, "application/json", body.replace("YEAR", year))
            }
            _ => (404, "text/plain", "hunter2".to_owned()),
        }
    })
}

#[test]
fn a_role_is_asked_of_the_metadata_service_only_where_it_is_named() {
    for tokens in [true, false] {
        let asked = Arc::default();
        let service = metadata(tokens, &asked);
        let url = service.url();
        let shared = ["--dry-run", "--target", "http://127.0.0.1:1", "--auth", "v3", "--ecs-metadata", &url];
        let home = home(&[(".alibabacloud/credentials", INI)]);
        call(home.path(), &[], &shared).ends(0).says(&["[default]"]);
        assert!(asked.lock().unwrap().is_empty(), "nobody named a role");
        let role = [&shared[..], &["--ecs-ram-role", "harness"]].concat();
        // A proxy of the environment is not for this.
        let proxy = [("http_proxy", "http://127.0.0.1:1")];
        call(home.path(), &proxy, &role).ends(0).says(&["SecurityToken of the role harness, from http://127.0.0.1"]);
        assert_eq!(asked.lock().unwrap().len(), 2, "{asked:?}");
        let none = tempdir().unwrap();
        let named = [("ALIBABA_CLOUD_ECS_METADATA", "harness")];
        call(none.path(), &named, &shared).ends(0).says(&["SecurityToken of the role harness"]);
        call(home.path(), &named, &shared).ends(0).says(&["[default]"]);
        let other = [&shared[..], &["--ecs-ram-role", "other"]].concat();
        call(home.path(), &[], &other).ends(3).complains(&["gives no key of the role other", "answers 404"]);
    }
}

#[test]
fn a_roles_key_that_has_expired_is_told_before_anything_is_sent() {
    let (asked, target) = (Arc::default(), Target::untouched());
    let (service, home) = (metadata(true, &asked), tempdir().unwrap());
    let (url, service) = (target.url(), service.url());
    for command in ["run", "fuzz"] {
        let key = ["--auth", "v3", "--ecs-metadata", &service, "--ecs-ram-role", "outdated"];
        let args = [&[command, "--target", &url][..], &key].concat();
        let done = endspec_in(home.path(), &[], &args).ends(3);
        done.complains(&["the key of the role is good for 0 seconds more", "when the metadata service has the next"]);
    }
    target.is_untouched();
}
