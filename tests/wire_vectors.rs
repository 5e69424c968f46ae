//! Both signature schemes against vectors of the official SDKs and against requests that those SDKs really sent.

use endspec::http::{Headers, Request};
use endspec::wire::v3::Authorization;
use endspec::wire::{
    Call, Credential, Encoding, Incoming, Order, Parameters, Placement, Scheme, Stamp, WireForm, encode, parameters,
    v1, v3,
};
use serde_json::Value;

const V1: &str = include_str!("fixtures/vectors/v1_rpc_hmac_sha1.json");
const V3: &str = include_str!("fixtures/vectors/v3_acs3_hmac_sha256.json");
const CAPTURES: &str = include_str!("fixtures/vectors/sdk_wire_captures.jsonl");
const CAPTURES_VERIFIED: &str = include_str!("fixtures/vectors/sdk_wire_captures_verified.json");

/// The secret of every capture.
const SECRET: &str = "testsecret";

fn vectors(file: &str) -> Vec<Value> {
    let file: Value = serde_json::from_str(file).expect("a vector file is JSON");
    file["vectors"].as_array().expect("it lists vectors").clone()
}

fn text<'a>(value: &'a Value, member: &str) -> &'a str {
    value[member].as_str().unwrap_or_else(|| panic!("{member} is text in {value}"))
}

fn pairs(object: &Value) -> Vec<(String, String)> {
    let object = object.as_object().expect("an object of texts");
    object.iter().map(|(name, value)| (name.clone(), value.as_str().expect("a text").to_owned())).collect()
}

fn query_and_body(vector: &Value) -> Parameters {
    let mut all = pairs(&vector["query_params"]);
    all.extend(pairs(&vector["body_params"]));
    all
}

/// `text` with the character at `at` replaced by another one.
fn changed(text: &str, at: usize) -> String {
    let replace = |c| if c == 'A' { 'B' } else { 'A' };
    text.chars().enumerate().map(|(index, c)| if index == at { replace(c) } else { c }).collect()
}

fn call(parameters: Parameters, headers: Headers) -> Call {
    Call { action: None, version: None, parameters, headers }
}

/// Encodes a call that gives every common parameter or header itself, so that only the signature is added.
fn encoded(call: &Call, scheme: Scheme, placement: Placement, id: &str, secret: &str) -> Request {
    let form = WireForm { placement, format: None, scheme, order: Order::AsGiven, encoding: Encoding::Strict };
    let stamp = Stamp { timestamp: "unused".to_owned(), nonce: "unused".to_owned() };
    encode(call, form, "unused", "/", Some(&Credential::new(id, secret)), &stamp)
}

fn placement(method: &str, body: &str) -> Placement {
    match (method, body) {
        ("GET", _) => Placement::GetQuery,
        (_, "") => Placement::PostQuery,
        _ => Placement::PostForm,
    }
}

#[test]
fn every_v1_vector_is_signed_as_the_sdks_sign_it() {
    let vectors = vectors(V1);
    for vector in &vectors {
        let name = text(vector, "name");
        let to_sign = v1::string_to_sign(text(vector, "method"), &query_and_body(vector));
        assert_eq!(to_sign, text(vector, "string_to_sign"), "{name}");
        let signature = v1::sign(text(vector, "access_key_secret"), &to_sign);
        assert_eq!(signature, text(vector, "signature"), "{name}");
        assert_eq!(Encoding::Strict.encode(&signature), text(vector, "signature_url_encoded"), "{name}");
        if let Some(documented) = vector.get("documented_signature") {
            assert_eq!(documented, &signature, "{name}");
        }
    }
    assert_eq!(vectors.len(), 20);
}

#[test]
fn every_v1_vector_is_encoded_with_its_signature() {
    let vectors = vectors(V1);
    for vector in &vectors {
        let call = call(query_and_body(vector), Headers::new());
        for placement in Placement::ALL.into_iter().filter(|place| place.method() == text(vector, "method")) {
            let request = encoded(&call, Scheme::V1, placement, "testid", text(vector, "access_key_secret"));
            let incoming = Incoming::parse(&request).expect("what was encoded can be decoded");
            assert_eq!(incoming.parameter("Signature"), vector["signature"].as_str(), "{}", text(vector, "name"));
        }
    }
    assert_eq!(vectors.len(), 20);
}

#[test]
fn every_v1_vector_is_verified_and_refused_with_one_character_changed() {
    let vectors = vectors(V1);
    for vector in &vectors {
        let (name, secret) = (text(vector, "name"), text(vector, "access_key_secret"));
        let (to_sign, signature) = (text(vector, "string_to_sign"), text(vector, "signature"));
        assert!(v1::verify(secret, to_sign, signature), "{name}");
        assert!(!v1::verify(&format!("{secret}x"), to_sign, signature), "{name}: another secret");
        for at in 0..to_sign.len() {
            assert!(!v1::verify(secret, &changed(to_sign, at), signature), "{name}: string to sign at {at}");
        }
        for at in (0..26).chain([27]) {
            assert!(!v1::verify(secret, to_sign, &changed(signature, at)), "{name}: signature at {at}");
        }
        let alphabet = (b'A'..=b'Z').chain(b'a'..=b'z').chain(b'0'..=b'9').chain(*b"+/").map(char::from);
        let alike =
            alphabet.filter(|last| v1::verify(secret, to_sign, &format!("{}{last}=", &signature[..26]))).count();
        assert_eq!(alike, 4, "{name}: the last character has two unused bits");
    }
    assert_eq!(vectors.len(), 20);
}

/// The vector whose algorithm is another one; all else of it is judged like the rest.
fn is_other_algorithm(vector: &Value) -> bool {
    text(vector, "algorithm") != v3::ALGORITHM
}

fn canonical(vector: &Value, method: &str, body_hash: &str) -> String {
    let headers: Headers = pairs(&vector["headers"]).into_iter().collect();
    let signed: Vec<String> = text(vector, "signed_headers").split(';').map(str::to_owned).collect();
    v3::canonical_request(method, text(vector, "path"), &pairs(&vector["query_params"]), &headers, &signed, body_hash)
}

#[test]
fn every_v3_vector_is_signed_as_the_sdks_sign_it() {
    let vectors = vectors(V3);
    let mut others = 0;
    for vector in &vectors {
        let name = text(vector, "name");
        let authorization = text(vector, "authorization");
        if is_other_algorithm(vector) {
            others += 1;
            let hash = text(&vector["headers"], "x-acs-content-sha256");
            assert_eq!(canonical(vector, text(vector, "method"), hash), text(vector, "canonical_request"), "{name}");
            assert_eq!(Authorization::parse(authorization), None, "{name}");
            continue;
        }
        let canonical = canonical(vector, text(vector, "method"), &v3::hash(text(vector, "body").as_bytes()));
        assert_eq!(canonical, text(vector, "canonical_request"), "{name}");
        let to_sign = v3::string_to_sign(&canonical);
        assert_eq!(to_sign, text(vector, "string_to_sign"), "{name}");
        let signature = v3::sign(text(vector, "access_key_secret"), &to_sign);
        assert_eq!(signature, text(vector, "signature"), "{name}");
        if let Some(documented) = vector.get("documented_signature") {
            assert_eq!(documented, &signature, "{name}");
        }

        let parsed = Authorization::parse(authorization).unwrap_or_else(|| panic!("{name}: {authorization}"));
        assert_eq!(parsed.to_string(), authorization, "{name}");
        assert_eq!(parsed.credential, text(vector, "access_key_id"), "{name}");
        assert_eq!(parsed.signature, signature, "{name}");
        assert_eq!(parsed.signed_headers.join(";"), text(vector, "signed_headers"), "{name}");
    }
    assert_eq!((vectors.len(), others), (19, 1));
}

#[test]
fn v3_vectors_are_encoded_with_their_authorization() {
    let mut same = 0;
    for vector in &vectors(V3) {
        let name = text(vector, "name");
        let (method, body) = (text(vector, "method"), text(vector, "body"));
        let headers: Headers = pairs(&vector["headers"]).into_iter().collect();
        // What no wire form says: SM3, a JSON body, and signed headers beyond host, content-type and x-acs-*.
        if is_other_algorithm(vector) || body.starts_with('{') || headers.get("user-agent").is_some() {
            continue;
        }
        let parameters = match body {
            "" => pairs(&vector["query_params"]),
            _ => parameters::parse(body.as_bytes()).expect("a form"),
        };
        let (id, secret) = (text(vector, "access_key_id"), text(vector, "access_key_secret"));
        let request = encoded(&call(parameters, headers), Scheme::V3, placement(method, body), id, secret);
        assert_eq!(request.headers.get("authorization"), vector["authorization"].as_str(), "{name}");
        assert_eq!(request.body, body.as_bytes(), "{name}");
        same += 1;
    }
    assert_eq!(same, 16);
}

#[test]
fn every_v3_vector_is_verified_and_refused_with_one_character_changed() {
    let vectors = vectors(V3);
    let mut others = 0;
    for vector in &vectors {
        let (name, secret) = (text(vector, "name"), text(vector, "access_key_secret"));
        let (to_sign, signature) = (text(vector, "string_to_sign"), text(vector, "signature"));
        if is_other_algorithm(vector) {
            others += 1;
            assert!(!v3::verify(secret, to_sign, signature), "{name}: signed with another algorithm");
            continue;
        }
        assert!(v3::verify(secret, to_sign, signature), "{name}");
        assert!(v3::verify(secret, to_sign, &signature.to_ascii_uppercase()), "{name}: in upper case");
        assert!(!v3::verify(&format!("{secret}x"), to_sign, signature), "{name}: another secret");
        for at in 0..to_sign.len() {
            assert!(!v3::verify(secret, &changed(to_sign, at), signature), "{name}: string to sign at {at}");
        }
        for at in 0..signature.len() {
            let digit = if signature.as_bytes()[at] == b'0' { "1" } else { "0" };
            let other = format!("{}{digit}{}", &signature[..at], &signature[at + 1..]);
            assert!(!v3::verify(secret, to_sign, &other), "{name}: signature at {at}");
        }
        let canonical = text(vector, "canonical_request");
        for at in 0..canonical.chars().count() {
            let to_sign = v3::string_to_sign(&changed(canonical, at));
            assert!(!v3::verify(secret, &to_sign, signature), "{name}: canonical request at {at}");
        }
        let put = v3::string_to_sign(&self::canonical(vector, "PUT", &v3::hash(text(vector, "body").as_bytes())));
        assert!(!v3::verify(secret, &put, signature), "{name}: another method");
    }
    assert_eq!((vectors.len(), others), (19, 1));
}

/// Name, scheme as an independent verifier told it, request.
fn captures() -> Vec<(String, Scheme, Request)> {
    let verified: Value = serde_json::from_str(CAPTURES_VERIFIED).expect("JSON");
    let mut lines = CAPTURES.lines().filter(|line| !line.is_empty()).map(|line| {
        let value: Value = serde_json::from_str(line).expect("every line is JSON");
        value
    });
    let mut captures = Vec::new();
    while let (Some(mark), Some(sent)) = (lines.next(), lines.next()) {
        let row = &verified[captures.len()];
        assert_eq!(text(row, "capture"), text(&mark, "mark"));
        let scheme = match text(row, "scheme") {
            "V1" => Scheme::V1,
            "V3" => Scheme::V3,
            other => panic!("{other} is no scheme"),
        };
        let fields = sent["headers"].as_array().expect("a list of fields");
        let headers = fields.iter().map(|field| {
            let [Value::String(name), Value::String(value)] = field.as_array().expect("a field").as_slice() else {
                panic!("{field} is no name and value")
            };
            (name.clone(), value.clone())
        });
        let request = Request {
            method: text(&sent, "method").to_owned(),
            target: text(&sent, "target").to_owned(),
            headers: headers.collect(),
            body: text(&sent, "body").as_bytes().to_vec(),
        };
        captures.push((text(&mark, "mark").to_owned(), scheme, request));
    }
    captures
}

/// Judges a request the way a server does.
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

fn with_field(request: &Request, changed: &str, change: impl Fn(&str) -> String) -> Request {
    let fields = request.headers.iter().map(|(name, value)| {
        let value = std::str::from_utf8(value).expect("captured fields are text");
        (name.to_owned(), if name.eq_ignore_ascii_case(changed) { change(value) } else { value.to_owned() })
    });
    Request { headers: fields.collect(), ..request.clone() }
}

#[test]
fn every_captured_sdk_request_is_accepted_and_told_apart() {
    let captures = captures();
    let mut v3 = 0;
    for (name, scheme, request) in &captures {
        let incoming = Incoming::parse(request).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(incoming.scheme(), *scheme, "{name}");
        assert!(accepted(request, SECRET), "{name}");
        assert!(!accepted(request, "testsecres"), "{name}: another secret");

        let operation = ["EndTerminalSession", "StartTerminalSession", "DescribeTerminalSessions"];
        assert!(incoming.action().is_some_and(|action| operation.contains(&action)), "{name}");
        assert_eq!(incoming.version(), Some("2014-05-26"), "{name}");
        assert!(incoming.timestamp().is_some_and(|time| time.starts_with("2026-11-23T15:49:")), "{name}");
        assert!(incoming.nonce().is_some_and(|nonce| [32, 64].contains(&nonce.len())), "{name}");
        assert_eq!(incoming.security_token(), name.ends_with("STS").then_some("tok/+="), "{name}");
        let region = (!name.ends_with("End missing")).then_some("cn-hangzhou");
        assert_eq!(incoming.parameter("RegionId"), region, "{name}");
        v3 += usize::from(*scheme == Scheme::V3);
    }
    assert_eq!((captures.len(), v3), (14, 8));
    let verified: Vec<Value> = serde_json::from_str(CAPTURES_VERIFIED).expect("JSON");
    let raw_query_would_fail = verified.iter().filter(|row| row["verified_without_reencoding"] == false).count();
    assert_eq!((verified.len(), raw_query_would_fail), (14, 4), "the trap of FACTS 1.4 is among the captures");
}

#[test]
fn every_captured_sdk_request_is_signed_alike() {
    let captures = captures();
    let (mut whole, mut by_parts) = (0, 0);
    for (name, scheme, request) in &captures {
        let incoming = Incoming::parse(request).expect("decodes");
        let body = std::str::from_utf8(&request.body).expect("text");
        let parameters = incoming.parameters().map(|(n, v)| (n.to_owned(), v.to_owned())).collect();
        let mut call = call(parameters, request.headers.clone());
        match scheme {
            Scheme::V1 => {
                let sent = incoming.parameter("Signature");
                assert_eq!(Some(&*v1::sign(SECRET, &incoming.v1_string_to_sign())), sent, "{name}");
                call.parameters.retain(|(parameter, _)| parameter != "Signature");
                let again = encoded(&call, Scheme::V1, placement(&request.method, body), "testid", SECRET);
                assert_eq!(Incoming::parse(&again).expect("decodes").parameter("Signature"), sent, "{name}");
                whole += 1;
            }
            Scheme::V3 => {
                let sent = incoming.authorization().expect("an authorization");
                let to_sign = incoming.v3_string_to_sign(&sent, &request.body);
                let ours = Authorization { signature: v3::sign(SECRET, &to_sign), ..sent.clone() };
                assert_eq!(Some(&*ours.to_string()), request.headers.get("authorization"), "{name}");
                by_parts += 1;
                // The Python SDK signs accept and user-agent too, which no wire form does.
                if !sent.signed_headers.contains(&"user-agent".to_owned()) {
                    call.headers.remove("authorization");
                    let again = encoded(&call, Scheme::V3, placement(&request.method, body), "testid", SECRET);
                    assert_eq!(again.headers.get("authorization"), request.headers.get("authorization"), "{name}");
                    whole += 1;
                }
            }
            Scheme::None => panic!("{name} is signed"),
        }
    }
    assert_eq!((captures.len(), whole, by_parts), (14, 8, 8));
}

#[test]
fn every_captured_sdk_request_is_refused_when_a_signed_part_changes() {
    let captures = captures();
    for (name, scheme, request) in &captures {
        let refused = |what: &str, changed: Request| {
            assert_ne!(&changed, request, "{name}: {what}");
            assert!(!accepted(&changed, SECRET), "{name}: {what}");
        };
        let method = if request.method == "GET" { "POST" } else { "GET" };
        refused("method", Request { method: method.to_owned(), ..request.clone() });

        let query = parameters::parse(request.query().as_bytes()).expect("decodes");
        for index in 0..query.len() {
            let mut other = query.clone();
            other[index].1.push('x');
            let pairs = other.iter().map(|(n, v)| (n.as_str(), v.as_str()));
            let target = format!("/?{}", parameters::write(pairs, Encoding::Strict));
            refused(&query[index].0, Request { target, ..request.clone() });
        }
        let extra = format!("{}{}Extra=1", request.target, if request.query().is_empty() { "?" } else { "&" });
        refused("another parameter", Request { target: extra, ..request.clone() });

        if *scheme == Scheme::V3 {
            let incoming = Incoming::parse(request).expect("decodes");
            let authorization = incoming.authorization().expect("an authorization");
            for header in &authorization.signed_headers {
                refused(header, with_field(request, header, |value| format!("{value}x")));
            }
            refused("body", Request { body: b"x".to_vec(), ..request.clone() });
            refused("path", Request { target: format!("/x?{}", request.query()), ..request.clone() });
            let fewer = authorization.signed_headers.join(";").replacen("host;", "", 1);
            let signed = authorization.signed_headers.join(";");
            refused("list", with_field(request, "authorization", |value| value.replace(&signed, &fewer)));
        } else if !request.body.is_empty() {
            let body = [request.body.as_slice(), b"&Extra=1"].concat();
            refused("another parameter in the body", Request { body, ..request.clone() });
        }
    }
    assert_eq!(captures.len(), 14);
}

#[test]
fn an_authorization_with_spaces_after_its_commas_is_read_alike() {
    let mut read = 0;
    for (name, scheme, request) in captures() {
        if scheme == Scheme::V3 {
            let spaced = with_field(&request, "authorization", |value| value.replace(',', ", "));
            assert!(accepted(&spaced, SECRET), "{name}");
            read += 1;
        }
    }
    assert_eq!(read, 8);
}
