//! Seeds and dictionary of the fuzz targets: made from the contract and the cases, and kept in step with them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use arbitrary::Unstructured;
use endspec::case::mutation::{Base, PARAMETERS, generate};
use endspec::case::{Class, Mutation, Values};
use endspec::contract::Contract;
use endspec::fuzz::targets::{ALL, BETWEEN};
use endspec::load;
use endspec::seed::Seed;
use endspec::wire::{Encoding, parameters};

/// Renews what is out of step.
const RENEW: &str = "ENDSPEC_RENEW=1 cargo test --test fuzz_seeds";
/// Bytes of everything that is kept.
const MOST: usize = 300 << 10;
/// A session's id of the shape that the documents show.
const SESSION: &str = "s-hz023od0x9abcde";
/// Larger files are about their size.
const LARGE: usize = 6 << 10;
/// Longer values say nothing that shorter ones do not.
const LONG: usize = 300;

type Files = BTreeMap<String, Vec<u8>>;

/// Generated values of SessionId that are short, by class.
fn mutations() -> BTreeMap<Class, Vec<Mutation>> {
    let mut by_class: BTreeMap<Class, Vec<Mutation>> = BTreeMap::new();
    let values = Values { parameter: "SessionId".to_owned(), valid: false, classes: Vec::new(), only: Vec::new() };
    let base = Base { parameter: "SessionId", value: SESSION, issued: true, known: &[] };
    for mutation in generate(&values, base, &mut Unstructured::new(&[7; 4096])).mutations {
        if mutation.values.iter().all(|value| value.len() < LONG) {
            by_class.entry(mutation.class).or_default().push(mutation);
        }
    }
    by_class
}

/// A target's choices, drawn, and texts after them.
fn chosen(name: &str, choices: usize, texts: &[&[u8]]) -> Vec<u8> {
    let mut data = Seed(0).stream(name).bytes(choices);
    data.extend(texts.join(&BETWEEN));
    data
}

fn requests(files: &mut Files) {
    let all: Vec<(&str, String)> =
        mutations().into_values().flatten().flat_map(|m| m.values).map(|value| ("SessionId", value)).collect();
    let v3 = "ACS3-HMAC-SHA256 Credential=testid,SignedHeaders=host;x-acs-action,Signature=00ff";
    for encoding in Encoding::ALL {
        let common = [("Action", "EndTerminalSession"), ("RegionId", "cn-hangzhou"), ("Signature", "a+/=")];
        let pairs = common.into_iter().chain(all.iter().map(|(name, value)| (*name, value.as_str())));
        let written = parameters::write(pairs, encoding);
        files.insert(format!("request/{}-query", encoding.name()), format!("/?{written}\n{v3}\n").into());
        files.insert(format!("request/{}-form", encoding.name()), format!("/\n\n{written}").into());
    }
    for (name, text) in [("broken", "/?a=%zz&b=%\nACS3-HMAC-SHA256 x\n%4"), ("odd", "?&&=&a&a=&=b&a=b=c+d\n\n\u{e9}")] {
        files.insert(format!("request/{name}"), text.into());
    }
    for (class, mutations) in mutations() {
        let values = mutations.iter().flat_map(|mutation| &mutation.values);
        let texts: Vec<&[u8]> = values.flat_map(|value| [&b"SessionId"[..], value.as_bytes()]).collect();
        for target in ["wire", "signature"] {
            let name = format!("{target}/{}", class.name());
            let data = chosen(&name, 7, &texts);
            files.insert(name, data);
        }
    }
}

fn answers(files: &mut Files, contract: &Contract) {
    let id = "473469C7-AA6F-4DC5-B3DB-A3DC0DE3C83E";
    let mut bodies: Vec<(String, u16, String)> = vec![
        ("success".to_owned(), 200, format!("{{\"RequestId\":\"{id}\"}}")),
        (
            "success-xml".to_owned(),
            200,
            format!("<EndTerminalSessionResponse><RequestId>{id}</RequestId></EndTerminalSessionResponse>"),
        ),
        (
            "sessions".to_owned(),
            200,
            format!(
                "{{\"RequestId\":\"{id}\",\"Sessions\":{{\"Session\":[{{\"SessionId\":\"{SESSION}\",\"Connections\":\
                 {{\"Connection\":[{{\"Status\":\"Connected\"}}]}}}}]}}}}"
            ),
        ),
    ];
    for row in contract.error_rows("InvalidSessionId.NotFound", "EndTerminalSession") {
        let (status, message) = (row.status.first().copied().unwrap_or(400), row.message.as_deref().unwrap_or("m"));
        let members =
            [("RequestId", id), ("HostId", "ecs.test"), ("Code", "InvalidSessionId.NotFound"), ("Message", message)];
        let json: Vec<String> = members.iter().map(|(name, text)| format!("\"{name}\":\"{text}\"")).collect();
        let xml: Vec<String> = members.iter().map(|(name, text)| format!("<{name}>{text}</{name}>")).collect();
        bodies.push(("refusal".to_owned(), status, format!("{{{}}}", json.join(","))));
        bodies.push(("refusal-xml".to_owned(), status, format!("<Error>{}</Error>", xml.concat())));
    }
    let odd = [
        ("odd", r#" {"a":[null,true,1,-1,1.5],"a":1,"b~/":{"c":1,"c":2},"d":[{"e":1,"e":"\u0031"}]} x"#.to_owned()),
        ("odd-xml", "<A b='1' c=\"2\"><!-- x --><B/>text<B>1</B><B>2</B><C> </C></A> x".to_owned()),
        ("text-xml", "<A>text</A>".to_owned()),
        ("space-xml", "<A> </A>".to_owned()),
        ("deep", "[".repeat(300)),
        ("deep-xml", "<a>".repeat(300)),
    ];
    bodies.extend(odd.map(|(name, body)| (name.to_owned(), 200, body)));
    for (name, status, body) in bodies {
        let length = body.len();
        let chunked =
            format!("HTTP/1.1 {status} x\r\nTransfer-Encoding: chunked\r\n\r\n{length:x}\r\n{body}\r\n0\r\n\r\n");
        let whole = format!("HTTP/1.1 {status} x\r\nContent-Length: {length}\r\nx-acs-request-id: {id}\r\n\r\n{body}");
        let report = chosen(&format!("report/{name}"), 4, &[b"x-acs-request-id", id.as_bytes(), body.as_bytes()]);
        files.insert(format!("response/{name}"), whole.into());
        files.insert(format!("response/{name}-chunked"), chunked.into());
        files.insert(format!("report/{name}"), report);
        files.insert(format!("response/{name}-body"), body.into());
    }
    for mutation in mutations().remove(&Class::Malformed).into_iter().flatten() {
        let value = mutation.values.concat();
        let body =
            format!("{{\"RequestId\":{0},\"Code\":{0},\"Message\":{0}}}", serde_json::Value::from(value.as_str()));
        let name = format!("report/{}", mutation.name);
        let data = chosen(&name, 4, &[value.as_bytes(), value.as_bytes(), body.as_bytes()]);
        files.insert(name, data);
    }
}

/// Cases until the next says no word that was not said before.
fn cases(files: &mut Files) {
    let mut said: BTreeSet<String> = BTreeSet::new();
    for (id, source) in load::built_in::sources() {
        let words = words(&source.text).map(str::to_owned);
        let new: Vec<String> = words.filter(|word| said.insert(word.clone())).collect();
        if !new.is_empty() {
            files.insert(format!("case/{}", id.replace('/', "-")), source.text.clone().into());
        }
    }
    for (kind, folder) in [
        ("", "cases/valid"),
        ("wrong-", "cases/invalid"),
        ("profile-", "profiles/valid"),
        ("wrong-profile-", "profiles/invalid"),
    ] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(folder);
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            let text = fs::read(&path).unwrap();
            if path.is_file() && text.len() < LARGE {
                files.insert(format!("case/{kind}{name}"), text);
            }
        }
    }
}

/// Words of a case that mean something: what stands before a comment and outside quotes.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let lines =
        text.lines().filter(|line| !line.starts_with("title:")).map(|line| line.split(" #").next().unwrap_or(""));
    let outside = lines.flat_map(|line| line.split('"').step_by(2));
    let words = outside.flat_map(|text| text.split(|c: char| !(c.is_ascii_alphanumeric() || "-/".contains(c))));
    words.filter(|word| word.len() > 2 && word.starts_with(|c: char| c.is_ascii_alphabetic()))
}

fn drawn(files: &mut Files) {
    let ids = [SESSION, "cn-hangzhou", "cn-north-1", "473469C7-AA6F-4DC5-B3DB-A3DC0DE3C83E", "s-12345", "aA", "f", "-"];
    for (index, id) in ids.into_iter().enumerate() {
        let name = format!("values/{index}");
        let data = chosen(&name, 26, &[id.as_bytes()]);
        files.insert(name, data);
    }
    for index in 0..16 {
        let name = format!("scenario/{index}");
        let data = chosen(&name, 400, &[]);
        files.insert(name, data);
    }
}

/// Every word of the contract, of the catalogue and of the cases, as libFuzzer reads them.
fn dictionary(contract: &Contract) -> Vec<u8> {
    let mut all: BTreeSet<String> = BTreeSet::new();
    for (_, source) in load::built_in::sources() {
        all.extend(words(&source.text).map(str::to_owned));
    }
    all.extend(contract.clauses.iter().map(|clause| clause.id.clone()));
    all.extend(contract.readings.keys().cloned());
    all.extend(contract.outcomes.keys().cloned());
    all.extend(contract.capabilities.iter().map(|capability| capability.name.clone()));
    for operation in ["EndTerminalSession", "StartTerminalSession", "DescribeTerminalSessions"] {
        all.extend(contract.parameters(operation).map(str::to_owned));
    }
    all.extend(PARAMETERS.iter().map(ToString::to_string));
    all.extend(Class::ALL.iter().map(|class| class.name().to_owned()));
    let marks = [
        "%zz",
        "%",
        "%25",
        "%2541",
        "%C3%A9",
        "+",
        "&",
        "=",
        "\r\n",
        "HTTP/1.1 200 OK\r\n",
        "Content-Length: ",
        "Transfer-Encoding: chunked\r\n",
        "0\r\n\r\n",
        "ACS3-HMAC-SHA256 ",
        "Credential=",
        "SignedHeaders=",
        "Signature=",
        "SecurityToken=",
        "<![CDATA[",
        "<!--",
        "-->",
        "<?xml version=\"1.0\"?>",
        "</Error>",
        "&#x1b;",
        "\\u001b",
        "{\"",
        "\":\"",
        "{{",
        "}}",
        "  - ",
        ": ",
        "&a ",
        "*a",
        "\u{1b}[2J",
        "\u{202e}",
        "\u{feff}",
        "\u{9b}",
    ];
    all.extend(marks.map(str::to_owned));
    let mut written = format!("# Words of the contract and the cases; renewed by `{RENEW}`.\n");
    for word in all {
        written.push('"');
        for byte in word.bytes() {
            match byte {
                b'"' | b'\\' => written.extend(['\\', char::from(byte)]),
                b' '..=b'~' => written.push(char::from(byte)),
                _ => written.push_str(&format!("\\x{byte:02X}")),
            }
        }
        written.push_str("\"\n");
    }
    written.into()
}

fn wanted() -> Files {
    let contract = load::contract::built_in(None);
    let mut seeds = Files::new();
    requests(&mut seeds);
    answers(&mut seeds, &contract);
    cases(&mut seeds);
    drawn(&mut seeds);
    let mut files: Files = seeds.into_iter().map(|(name, data)| (format!("seeds/{name}"), data)).collect();
    files.insert("dictionary".to_owned(), dictionary(&contract));
    files
}

fn fuzz() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz")
}

/// What is there.
fn there() -> Files {
    let mut files = Files::new();
    files.extend(fs::read(fuzz().join("dictionary")).ok().map(|data| ("dictionary".to_owned(), data)));
    for (target, _) in ALL {
        for entry in fs::read_dir(fuzz().join("seeds").join(target)).into_iter().flatten() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            files.insert(format!("seeds/{target}/{name}"), fs::read(path).unwrap());
        }
    }
    files
}

fn renew(wanted: &Files, there: &Files) {
    for name in there.keys().filter(|name| !wanted.contains_key(*name)) {
        fs::remove_file(fuzz().join(name)).unwrap();
    }
    for (name, data) in wanted {
        let path = fuzz().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, data).unwrap();
    }
}

#[test]
fn seeds_and_dictionary_are_those_of_the_contract_and_the_cases() {
    let (wanted, mut there) = (wanted(), there());
    if std::env::var_os("ENDSPEC_RENEW").is_some() {
        renew(&wanted, &there);
        there = self::there();
    }
    let names: BTreeSet<&String> = wanted.keys().chain(there.keys()).collect();
    let wrong: Vec<&String> = names.into_iter().filter(|name| wanted.get(*name) != there.get(*name)).collect();
    assert!(wrong.is_empty(), "out of step in fuzz/: {wrong:?}; renew them with `{RENEW}`");
    let size: usize = wanted.values().map(Vec::len).sum();
    assert!(size < MOST, "{size} bytes are kept, {MOST} at most");
}
