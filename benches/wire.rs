//! What encoding, signing, verifying and reading one call costs.

use divan::Bencher;
use endspec::http::{Headers, Request};
use endspec::wire::{
    Call, Credential, Document, Encoding, Format, Incoming, Order, Placement, Scheme, Stamp, WireForm, encode, v1, v3,
};

const SECRET: &str = "testsecret";
const JSON: &[u8] = br#"{"RequestId":"04F0F334-1335-436C-A1D7-6C044FE73368","HostId":"ecs.cn-hangzhou.aliyuncs.com","Code":"InvalidSessionId.NotFound","Message":"The specified SessionId does not exist.","Recommend":"https://api.aliyun.com/troubleshoot?q=InvalidSessionId.NotFound&product=Ecs"}"#;
const XML: &[u8] = br"<?xml version='1.0' encoding='UTF-8'?><Error><RequestId>04F0F334-1335-436C-A1D7-6C044FE73368</RequestId><HostId>ecs.cn-hangzhou.aliyuncs.com</HostId><Code>InvalidSessionId.NotFound</Code><Message>The specified SessionId does not exist.</Message><Recommend><![CDATA[https://api.aliyun.com/troubleshoot?q=InvalidSessionId.NotFound]]></Recommend></Error>";

fn main() {
    divan::main();
}

fn call() -> Call {
    let parameters = [("RegionId", "cn-hangzhou"), ("SessionId", "s-hz023od0x9abcde")];
    Call {
        action: Some("EndTerminalSession".to_owned()),
        version: Some("2014-05-26".to_owned()),
        parameters: parameters.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec(),
        headers: Headers::new(),
    }
}

fn sent(call: &Call, scheme: Scheme) -> Request {
    let form = WireForm {
        placement: Placement::PostQuery,
        format: Some(Format::Json),
        scheme,
        order: Order::AsGiven,
        encoding: Encoding::Strict,
    };
    let stamp =
        Stamp { timestamp: "2026-01-02T03:04:05Z".to_owned(), nonce: "3156853299f313e23d1673dc12e1703d".to_owned() };
    encode(call, form, "ecs.cn-hangzhou.aliyuncs.com", "/", Some(&Credential::new("testid", SECRET)), &stamp)
}

#[divan::bench(args = [Scheme::None, Scheme::V1, Scheme::V3])]
fn encode_call(bencher: Bencher<'_, '_>, scheme: &Scheme) {
    let call = call();
    bencher.bench_local(|| sent(divan::black_box(&call), *scheme));
}

#[divan::bench(args = [Scheme::V1, Scheme::V3])]
fn verify_request(bencher: Bencher<'_, '_>, scheme: &Scheme) {
    let request = sent(&call(), *scheme);
    let verify = |request: &Request| {
        let incoming = Incoming::parse(request).expect("decodes");
        match incoming.authorization() {
            Some(given) => v3::verify(SECRET, &incoming.v3_string_to_sign(&given, &request.body), &given.signature),
            None => {
                let signature = incoming.parameter("Signature").expect("signed");
                v1::verify(SECRET, &incoming.v1_string_to_sign(), signature)
            }
        }
    };
    assert!(verify(&request));
    bencher.bench_local(|| verify(divan::black_box(&request)));
}

#[divan::bench]
fn read_json_error(bencher: Bencher<'_, '_>) {
    assert!(Document::parse(JSON, Format::Json).is_ok());
    bencher.bench_local(|| Document::parse(divan::black_box(JSON), Format::Json));
}

#[divan::bench]
fn read_xml_error(bencher: Bencher<'_, '_>) {
    assert!(Document::parse(XML, Format::Xml).is_ok());
    bencher.bench_local(|| Document::parse(divan::black_box(XML), Format::Xml));
}
