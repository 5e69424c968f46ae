//! Laws of the wire: what is encoded is read back, what is signed is accepted, and nothing else is.

use arbitrary::{Result, Unstructured};
use arbtest::arbtest;
use endspec::http::{Headers, Request};
use endspec::wire::{
    Call, Credential, Document, DocumentFault, Encoding, Format, Incoming, Order, Parameters, Placement, Scheme, Stamp,
    WireForm, encode, parameters, v1, v3,
};
use serde_json::Value;

const SECRET: &str = "testsecret";
/// What `encode` adds itself, unsigned and under V1.
const COMMON: [&str; 10] = [
    "Action",
    "Version",
    "Format",
    "AccessKeyId",
    "SignatureMethod",
    "SignatureVersion",
    "SignatureNonce",
    "Timestamp",
    "SecurityToken",
    "Signature",
];

fn any_text(u: &mut Unstructured<'_>) -> Result<String> {
    const PIECES: [&str; 16] =
        ["a", "Z", "0", "-_.~", " ", "+", "%", "%41", "&", "=", "*!'():@/,;$", "?#[]", "é", "😀", "\0", "\r\n"];
    if u.ratio(1, 4)? {
        return u.arbitrary();
    }
    let mut text = String::new();
    for _ in 0..u.int_in_range(0..=6)? {
        text.push_str(u.choose(&PIECES)?);
    }
    Ok(text)
}

fn any_parameters(u: &mut Unstructured<'_>) -> Result<Parameters> {
    let mut parameters = Parameters::new();
    for _ in 0..u.int_in_range(0..=8)? {
        let name = match u.int_in_range(0..=2)? {
            0 => (*u.choose(&["RegionId", "SessionId", "InstanceId.10", "InstanceId.2", "a", "A"])?).to_owned(),
            _ => any_text(u)?,
        };
        if !COMMON.contains(&name.as_str()) {
            parameters.push((name, any_text(u)?));
        }
    }
    Ok(parameters)
}

fn any_form(u: &mut Unstructured<'_>) -> Result<WireForm> {
    Ok(WireForm {
        placement: *u.choose(&Placement::ALL)?,
        format: *u.choose(&[None, Some(Format::Json), Some(Format::Xml)])?,
        scheme: *u.choose(&[Scheme::None, Scheme::V1, Scheme::V3])?,
        order: *u.choose(&Order::ALL)?,
        encoding: *u.choose(&Encoding::ALL)?,
    })
}

fn any_call(u: &mut Unstructured<'_>) -> Result<Call> {
    let mut headers = Headers::new();
    for _ in 0..u.int_in_range(0..=2)? {
        let value = u.int_in_range(b' '..=b'~')?;
        headers.push(*u.choose(&["x-acs-more", "X-Acs-Other", "user-agent"])?, vec![b'v', value]);
    }
    let parameters = any_parameters(u)?;
    let action = u.arbitrary::<bool>()?.then(|| "EndTerminalSession".to_owned());
    Ok(Call { action, version: Some("2014-05-26".to_owned()), parameters, headers })
}

fn any_key(u: &mut Unstructured<'_>) -> Result<Credential> {
    let mut key = Credential::new("testid", SECRET);
    if u.arbitrary()? {
        key.token = Some(zeroize::Zeroizing::new("tok/+=".to_owned()));
    }
    Ok(key)
}

fn sent(call: &Call, form: WireForm, key: &Credential) -> Request {
    let stamp = Stamp { timestamp: "2026-01-02T03:04:05Z".to_owned(), nonce: "nonce".to_owned() };
    encode(call, form, "ecs.test:8080", "/", Some(key), &stamp)
}

/// Judges a request the way a server does; unsigned counts as refused.
fn accepted(request: &Request, secret: &str) -> bool {
    let Ok(incoming) = Incoming::parse(request) else { return false };
    match incoming.scheme() {
        Scheme::None => false,
        Scheme::V1 => incoming
            .parameter("Signature")
            .is_some_and(|signature| v1::verify(secret, &incoming.v1_string_to_sign(), signature)),
        Scheme::V3 => incoming.authorization().is_some_and(|authorization| {
            let to_sign = incoming.v3_string_to_sign(&authorization, &request.body);
            v3::verify(secret, &to_sign, &authorization.signature)
        }),
    }
}

fn ordered(mut parameters: Parameters, order: Order) -> Parameters {
    match order {
        Order::AsGiven => {}
        Order::Ascending => parameters.sort_by(|left, right| left.0.cmp(&right.0)),
        Order::Descending => parameters.sort_by(|left, right| right.0.cmp(&left.0)),
    }
    parameters
}

#[test]
fn a_call_in_any_wire_form_is_read_back() {
    arbtest(|u| {
        let (call, form, key) = (any_call(u)?, any_form(u)?, any_key(u)?);
        let request = sent(&call, form, &key);
        let incoming = Incoming::parse(&request).expect("what is encoded can be decoded");
        let read = |parameters: &Parameters| -> Parameters {
            parameters.iter().filter(|(name, _)| !COMMON.contains(&name.as_str())).cloned().collect()
        };
        let (here, elsewhere) = match form.placement {
            Placement::PostForm => (&incoming.form, &incoming.query),
            Placement::GetQuery | Placement::PostQuery => (&incoming.query, &incoming.form),
        };
        assert_eq!(read(here), ordered(call.parameters.clone(), form.order), "{form}");
        assert!(elsewhere.is_empty(), "{form}");
        assert_eq!(incoming.method, form.placement.method());
        assert_eq!(incoming.scheme(), form.scheme);
        assert_eq!(incoming.action(), call.action.as_deref(), "{form}");
        assert_eq!(incoming.version(), call.version.as_deref(), "{form}");
        if form.scheme != Scheme::None {
            assert_eq!(incoming.security_token(), key.token.as_ref().map(|token| token.as_str()), "{form}");
        }
        assert!(request.target.bytes().all(|byte| byte.is_ascii_graphic()), "{}", request.target);
        Ok(())
    })
    .budget_ms(400);
}

#[test]
fn what_is_signed_is_accepted_with_its_own_secret_alone() {
    arbtest(|u| {
        let (call, form, key) = (any_call(u)?, any_form(u)?, any_key(u)?);
        let request = sent(&call, form, &key);
        assert_eq!(accepted(&request, SECRET), form.scheme != Scheme::None, "{form}");
        assert!(!accepted(&request, "testsecreT"), "{form}");
        Ok(())
    })
    .budget_ms(400);
}

#[test]
fn order_and_encoding_never_change_the_signature_of_a_query() {
    arbtest(|u| {
        let (call, form, key) = (any_call(u)?, any_form(u)?, any_key(u)?);
        // A V3 form body is signed as the bytes it is.
        if form.scheme == Scheme::None || (form.scheme == Scheme::V3 && form.placement == Placement::PostForm) {
            return Ok(());
        }
        let plain = WireForm { order: Order::AsGiven, encoding: Encoding::Strict, ..form };
        let (request, plain) = (sent(&call, form, &key), sent(&call, plain, &key));
        let signature = |request: &Request| match Incoming::parse(request).expect("decodes") {
            incoming if form.scheme == Scheme::V1 => incoming.parameter("Signature").map(str::to_owned),
            incoming => incoming.authorization().map(|authorization| authorization.signature),
        };
        assert!(signature(&plain).is_some());
        assert_eq!(signature(&request), signature(&plain), "{form}");

        let mut shuffled = call.parameters.clone();
        for at in (1..shuffled.len()).rev() {
            shuffled.swap(at, u.int_in_range(0..=at)?);
        }
        let shuffled = sent(&Call { parameters: shuffled, ..call }, form, &key);
        assert_eq!(signature(&shuffled), signature(&plain), "{form}");
        Ok(())
    })
    .budget_ms(400);
}

fn with_field(request: &Request, at: usize, change: impl Fn(&mut Vec<u8>)) -> Request {
    let fields = request.headers.iter().enumerate().map(|(index, (name, value))| {
        let mut value = value.to_vec();
        if index == at {
            change(&mut value);
        }
        (name.to_owned(), value)
    });
    Request { headers: fields.collect(), ..request.clone() }
}

fn with_parameters(request: &Request, form: WireForm, parameters: &Parameters) -> Request {
    let written =
        parameters::write(parameters.iter().map(|(name, value)| (name.as_str(), value.as_str())), form.encoding);
    match form.placement {
        Placement::PostForm => Request { body: written.into_bytes(), ..request.clone() },
        _ => Request { target: format!("/?{written}"), ..request.clone() },
    }
}

/// The request with one signed thing changed, and the name of that thing.
fn tampered(u: &mut Unstructured<'_>, request: &Request, form: WireForm) -> Result<(&'static str, Request)> {
    let incoming = Incoming::parse(request).expect("decodes");
    let given = if form.placement == Placement::PostForm { &incoming.form } else { &incoming.query };
    let signed: Vec<usize> = (0..given.len()).filter(|index| given[*index].0 != "Signature").collect();
    let mut parameters = given.clone();
    let headers: Vec<usize> = match incoming.authorization() {
        Some(authorization) => {
            let fields = request.headers.iter().enumerate();
            let is_signed = |name: &str| authorization.signed_headers.iter().any(|s| s.eq_ignore_ascii_case(name));
            fields.filter(|(_, (name, _))| is_signed(name)).map(|(at, _)| at).collect()
        }
        None => Vec::new(),
    };
    let put_parameters = |parameters: &Parameters| with_parameters(request, form, parameters);
    Ok(match u.int_in_range(0..=8)? {
        0 if !signed.is_empty() => {
            parameters[*u.choose(&signed)?].1.push_str(u.choose(&["x", " ", "\0", "é", "&", "="])?);
            ("value", put_parameters(&parameters))
        }
        1 if !signed.is_empty() => {
            parameters[*u.choose(&signed)?].0.push_str(u.choose(&["x", " ", "\0", "é", "&", "="])?);
            ("name", put_parameters(&parameters))
        }
        2 if !signed.is_empty() => {
            parameters.remove(*u.choose(&signed)?);
            ("parameter removed", put_parameters(&parameters))
        }
        3 if !signed.is_empty() => {
            let again = parameters[*u.choose(&signed)?].clone();
            parameters.push(again);
            ("parameter repeated", put_parameters(&parameters))
        }
        4 if !headers.is_empty() => {
            let (at, byte) = (*u.choose(&headers)?, *u.choose(b"x,\x80")?);
            ("signed header", with_field(request, at, |value| value.push(byte)))
        }
        5 if form.scheme == Scheme::V3 => {
            let mut body = request.body.clone();
            body.push(b'&');
            ("body", Request { body, ..request.clone() })
        }
        6 => {
            let (at, digit) = (u.int_in_range(0..=25)?, *u.choose(b"0123456789abcdef")?);
            let change = |signature: &str| {
                let mut bytes = signature.as_bytes().to_vec();
                bytes[at] = if bytes[at] == digit { b'9' - (digit & 7) } else { digit };
                String::from_utf8(bytes).expect("ASCII")
            };
            if form.scheme == Scheme::V1 {
                let signature = parameters.iter_mut().find(|(name, _)| name == "Signature").expect("signed");
                signature.1 = change(&signature.1);
                ("signature", put_parameters(&parameters))
            } else {
                let mut authorization = incoming.authorization().expect("signed");
                authorization.signature = change(&authorization.signature);
                let last = request.headers.len() - 1;
                let authorization = authorization.to_string().into_bytes();
                ("signature", with_field(request, last, |value| value.clone_from(&authorization)))
            }
        }
        7 if form.scheme == Scheme::V3 => {
            ("path", Request { target: request.target.replacen('/', "/x", 1), ..request.clone() })
        }
        _ => {
            let method = *u.choose(&["PUT", "get", ""])?;
            ("method", Request { method: method.to_owned(), ..request.clone() })
        }
    })
}

#[test]
fn a_change_of_any_signed_part_is_refused() {
    arbtest(|u| {
        let (call, form, key) = (any_call(u)?, any_form(u)?, any_key(u)?);
        if form.scheme == Scheme::None {
            return Ok(());
        }
        let request = sent(&call, form, &key);
        let (part, changed) = tampered(u, &request, form)?;
        assert_ne!(changed, request, "{part}, {form}");
        assert!(!accepted(&changed, SECRET), "{part}, {form}: {changed:?}");
        Ok(())
    })
    .budget_ms(800);
}

#[test]
fn any_bytes_are_read_or_refused_but_never_panicked_at() {
    arbtest(|u| {
        let bytes: Vec<u8> = u.arbitrary()?;
        if let Ok(read) = parameters::parse(&bytes) {
            let pairs = read.iter().map(|(name, value)| (name.as_str(), value.as_str()));
            assert_eq!(parameters::parse(parameters::write(pairs, Encoding::Strict).as_bytes()).as_ref(), Ok(&read));
        }
        let text = String::from_utf8_lossy(&bytes);
        let _ = v3::Authorization::parse(&format!("{} {text}", v3::ALGORITHM));
        assert!(!v1::verify(SECRET, "", &text) && !v3::verify(SECRET, "", &text));
        for format in Format::ALL {
            if let Err(faults) = Document::parse(&bytes, format) {
                assert!(!faults.is_empty());
            }
        }
        Ok(())
    })
    .budget_ms(400);
}

fn any_pieces(u: &mut Unstructured<'_>, pieces: &[&str]) -> Result<String> {
    let mut text = String::new();
    for _ in 0..u.int_in_range(0..=24)? {
        text.push_str(u.choose(pieces)?);
    }
    Ok(text)
}

#[test]
fn json_is_read_as_serde_json_reads_it_but_for_what_is_told() {
    const PIECES: [&str; 18] = [
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "\"a\"",
        "\"a\":",
        "{\"a\":",
        "\"b\":1,",
        "1",
        "-0.5e1",
        "true",
        "null",
        " ",
        "\n",
        "\"\\u0061\":",
        "é",
    ];
    fn any_json(u: &mut Unstructured<'_>, depth: usize) -> Result<String> {
        Ok(match u.int_in_range(0..=if depth == 0 { 2 } else { 6 })? {
            0 => "\"v\"".to_owned(),
            1 => "1".to_owned(),
            2 => "null".to_owned(),
            3 | 4 => {
                let mut items = Vec::new();
                for _ in 0..u.int_in_range(0..=3)? {
                    items.push(any_json(u, depth - 1)?);
                }
                format!("[{}]", items.join(","))
            }
            _ => {
                let mut members = Vec::new();
                for _ in 0..u.int_in_range(0..=3)? {
                    members.push(format!("{}:{}", u.choose(&["\"a\"", "\"b\"", "\"/\""])?, any_json(u, depth - 1)?));
                }
                format!("{{{}}}", members.join(", "))
            }
        })
    }
    arbtest(|u| {
        let text = if u.arbitrary()? { any_json(u, 4)? } else { any_pieces(u, &PIECES)? };
        let theirs: std::result::Result<Value, _> = serde_json::from_str(&text);
        match Document::parse(text.as_bytes(), Format::Json) {
            Ok(document) => {
                if document.faults.is_empty() {
                    assert_eq!(theirs.ok(), Some(document.value().to_value()), "{text}");
                } else if let Some(DocumentFault::Trailing(at)) = document.faults.last() {
                    assert!(theirs.is_err(), "{text}");
                    let alone = Document::parse(&text.as_bytes()[..*at], Format::Json).expect("the first document");
                    assert_eq!(alone.tree, document.tree, "{text}");
                } else {
                    let theirs = theirs.expect("only repeated members, which serde_json does not mind");
                    for fault in &document.faults {
                        let DocumentFault::Duplicate(pointer) = fault else { panic!("{fault:?}: {text}") };
                        let (parent, _) = pointer.rsplit_once('/').expect("a pointer to a member");
                        assert!(theirs.pointer(parent).is_some() || document.faults.len() > 1, "{text}");
                    }
                }
            }
            Err(_) => assert!(theirs.is_err(), "{text}"),
        }
        Ok(())
    })
    .budget_ms(400);
}

#[test]
fn xml_is_read_exactly_when_it_is_well_formed_and_nothing_follows() {
    const PIECES: [&str; 20] = [
        "<a>",
        "</a>",
        "<a>",
        "</a>",
        "<b/>",
        "<b c='>' d=\"/\"/>",
        "text",
        " ",
        "\n",
        "<!-- > -->",
        "<![CDATA[</a>]]>",
        "<?p > ?>",
        "&amp;",
        "<",
        ">",
        "<?xml version='1.0'?>",
        "<!DOCTYPE a>",
        "'",
        "/",
        "-->",
    ];
    arbtest(|u| {
        let inner = any_pieces(u, &PIECES)?;
        let text = if u.arbitrary()? { format!("<a>{inner}</a>") } else { inner };
        let theirs = roxmltree::Document::parse(&text);
        match Document::parse(text.as_bytes(), Format::Xml) {
            Ok(document) => match &document.faults[..] {
                [] => assert!(theirs.is_ok(), "{text}"),
                [DocumentFault::Trailing(at)] => {
                    assert!(theirs.is_err(), "{text}");
                    assert!(roxmltree::Document::parse(&text[..*at]).is_ok(), "{text}");
                }
                faults => panic!("{faults:?}: {text}"),
            },
            Err(_) => assert!(theirs.is_err(), "{text}"),
        }
        Ok(())
    })
    .budget_ms(400);
}
