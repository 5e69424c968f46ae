//! Secrets of the user's and of the target's: in no output, no report, no error.

use std::path::Path;
use std::sync::{Arc, Mutex};

use base64::Engine;
use base64::engine::general_purpose;
use endspec::report::FORMATS;
use endspec::wire::Encoding;
use tempfile::tempdir;

use crate::endspec_in;
use crate::target::{Sessions, Target};

const SECRET: &str = "sEcReT0fTheUser";
const TOKEN: &str = "sToken0f+/TheUser==";
const GATEWAY: &str = "gAtEwAyKey0fTheUser";
const SESSION: &str = "tok3n0fTheSession";

/// A target with findings, that repeats what it was sent and gives a token of its own.
fn gossip(signatures: &Arc<Mutex<Vec<String>>>) -> Target {
    let (sessions, signatures) = (Sessions::default(), Arc::clone(signatures));
    Target::new(move |asked| {
        signatures.lock().unwrap().extend(signature(&asked.rest));
        let (status, media, body) = sessions.answer(asked);
        let body = body.replace(":\"t\"", &format!(":\"{SESSION}\"")).replace("token=t", &format!("token={SESSION}"));
        let told = asked.target.replace('"', "");
        let fields: Vec<String> = HEARD.iter().filter_map(|name| heard(&asked.rest, name)).collect();
        // As nobody would expect them: without their names, and in another alphabet.
        let encoded = fields.iter().flat_map(|field| shapes(field)).collect::<Vec<_>>();
        let signature = signature(&asked.rest).unwrap_or_default();
        let told = format!(
            "{{\"You\":\"{told}\",\"Heard\":\"{} {} {signature}\",",
            fields.join(" "),
            encoded.join(" ").replace('\\', "\\\\")
        );
        (status, media, body.replacen('{', &told, 1).replace("\"HostId\"", "\"Host\""))
    })
}

/// A secret as others write it.
fn shapes(secret: &str) -> Vec<String> {
    let base64 = [general_purpose::STANDARD, general_purpose::URL_SAFE_NO_PAD].map(|engine| engine.encode(secret));
    let encoded = [Encoding::Strict, Encoding::LowerHex, Encoding::Everything].map(|encoding| encoding.encode(secret));
    base64.into_iter().chain(encoded).chain([secret.replace('/', "\\/")]).collect()
}

/// Header fields whose values are secret.
const HEARD: [&str; 2] = ["x-acs-security-token", "x-gateway-key"];

/// The value of a header field of a request.
fn heard(request: &str, name: &str) -> Option<String> {
    request.lines().find_map(|line| {
        let (field, value) = line.split_once(':')?;
        field.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
    })
}

/// Every file below a folder, as text.
fn written(folder: &Path, texts: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            written(&path, texts);
        } else {
            texts.push(String::from_utf8_lossy(&std::fs::read(path).unwrap()).into_owned());
        }
    }
}

/// The signature of a request, V1's as it is encoded.
fn signature(request: &str) -> Option<String> {
    let at = request.rfind("Signature=")? + "Signature=".len();
    let end = request[at..].find(['&', ' ', '\r']).map_or(request.len(), |end| at + end);
    Some(request[at..end].to_owned())
}

#[test]
fn secrets_signatures_and_tokens_are_nowhere_to_be_read() {
    let signatures = Arc::new(Mutex::new(Vec::new()));
    let target = gossip(&signatures);
    let folder = tempdir().unwrap();
    let variables = [
        ("ALIBABA_CLOUD_ACCESS_KEY_ID", "id-of-the-user"),
        ("ALIBABA_CLOUD_ACCESS_KEY_SECRET", SECRET),
        ("ALIBABA_CLOUD_SECURITY_TOKEN", TOKEN),
        ("GATEWAY_KEY", GATEWAY),
    ];
    let mut texts = Vec::new();
    for auth in ["v1", "v3"] {
        let url = target.url();
        let header = "--header=x-gateway-key=env:GATEWAY_KEY";
        let shared = ["--target", &url, "--auth", auth, "--instance-id", "i-1", header];
        let select =
            ["--select", "end/request/* end/session/near-miss end/error/* rpc/format/* rpc/parameter/*", "--strict"];
        let reports = FORMATS.map(|(format, _)| format!("--report={format}={format}"));
        let reports: Vec<&str> = reports.iter().map(String::as_str).collect();
        let args = [&["run"], &reports[..], &shared[..], &select].concat();
        let done = endspec_in(folder.path(), &variables, &args).ends(1);
        texts.extend([done.out, done.err]);
        texts.extend(FORMATS.map(|(format, _)| std::fs::read_to_string(folder.path().join(format)).unwrap()));
        let lacking = "--without=websocket,describe,restart,denied-credential,unsupported-region,other-region";
        let fuzz = [
            &["fuzz", "--cases=30", "--time=20s", "--save=found", "--corpus=corpus", "--max-findings=3", lacking],
            &shared[..],
        ]
        .concat();
        let done = endspec_in(folder.path(), &variables, &fuzz);
        texts.extend([done.out, done.err]);
        for call in [&["StartTerminalSession", "InstanceId.1=i-1"], &["EndTerminalSession", "SessionId=s-1"]] {
            for placement in ["GET", "POST-query", "POST-form"] {
                let args = [&["call", "--placement", placement], &shared[..], call].concat();
                let done = endspec_in(folder.path(), &variables, &args);
                texts.extend([done.out, done.err]);
            }
        }
    }
    written(folder.path(), &mut texts);
    let signatures = signatures.lock().unwrap();
    assert!(signatures.len() > 20 && texts.iter().any(|text| text.contains("Signature=***")), "{signatures:?}");
    for text in &texts {
        for secret in [SECRET, TOKEN, SESSION, GATEWAY] {
            for secret in shapes(secret).iter().map(String::as_str).chain([secret]) {
                assert!(!text.contains(secret), "{secret} in\n{text}");
            }
        }
        for signature in signatures.iter() {
            assert!(!text.contains(signature.as_str()), "{signature} in\n{text}");
        }
    }
}
