//! What signing one call costs, and judging its answer as a run does.

use std::hint::black_box;
use std::sync::Arc;

use divan::Bencher;
use endspec::case::{Case, Suite};
use endspec::check::request_id::RequestIds;
use endspec::check::{self, Context, Event, Record, Role};
use endspec::clock::{Moment, timestamp};
use endspec::contract::{Contract, Readings};
use endspec::http::{Exchange, Headers, Lane, Reply, Request, Response};
use endspec::load;
use endspec::run::send::is_throttled;
use endspec::seed::{Seed, Stream};
use endspec::source::Source;
use endspec::wire::{Call, Credential, Encoding, Format, Order, Placement, Scheme, Stamp, WireForm, encode};

const JSON: &str = r#"{"RequestId":"04F0F334-1335-436C-A1D7-6C044FE73368","HostId":"ecs.cn-hangzhou.aliyuncs.com","Code":"InvalidSessionId.NotFound","Message":"The specified SessionId does not exist.","Recommend":"https://api.aliyun.com/troubleshoot?q=InvalidSessionId.NotFound&product=Ecs"}"#;
const FORM: WireForm = WireForm {
    placement: Placement::PostQuery,
    format: Some(Format::Json),
    scheme: Scheme::V3,
    order: Order::AsGiven,
    encoding: Encoding::Strict,
};
const MATCHERS: &str =
    r#"{ status: 404, code: InvalidSessionId.NotFound, message: "The specified SessionId does not exist." }"#;
const OUTCOME: &str = "session-not-found";

fn main() {
    divan::main();
}

/// What a run has at hand when it sends the next request.
struct Bed {
    contract: Contract,
    readings: Readings,
    case: Arc<Case>,
    credential: Credential,
    stream: Stream,
    call: Call,
}

impl Bed {
    fn new(expect: &str) -> Bed {
        let contract = load::contract::built_in(None);
        let text = format!(
            "clauses: [end/session/unknown]\nsteps:\n  - call: EndTerminalSession\n    \
             with: {{ RegionId: cn-hangzhou, SessionId: s-hz023od0x9abcde }}\n    expect: {expect}\n"
        );
        let files = vec![("a".to_owned(), Source::new("a.yaml", text))];
        let Suite { cases, .. } = load::suite::suite(files, &contract).expect("a case");
        let parameters = [("RegionId", "cn-hangzhou"), ("SessionId", "s-hz023od0x9abcde")];
        let call = Call {
            action: Some("EndTerminalSession".to_owned()),
            version: Some("2014-05-26".to_owned()),
            parameters: parameters.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec(),
            headers: Headers::new(),
        };
        let credential = Credential::new("testid", "testsecret");
        let readings = Readings::defaults(&contract);
        Bed { contract, readings, case: cases[0].clone(), credential, stream: Seed(1).stream("a"), call }
    }

    fn sign(&mut self) -> Request {
        let stamp = Stamp { timestamp: timestamp(1_700_000_000), nonce: self.stream.hex(32) };
        encode(&self.call, FORM, "ecs.cn-hangzhou.aliyuncs.com", "/", Some(&self.credential), &stamp)
    }

    fn record(&self, request: Request) -> Record {
        let mut headers = Headers::new();
        headers.push("content-type", "application/json;charset=utf-8");
        headers.push("x-acs-request-id", "04F0F334-1335-436C-A1D7-6C044FE73368");
        let reply = Reply::Answered(Response::new(404, headers, JSON));
        let (sent, done) = (Moment(0), Moment(1));
        let exchange = Exchange { request, raw: None, reply, lane: Lane::Live, sent, done };
        let event = Event::Exchange(Box::new(exchange));
        Record { step: Some(0), ..Record::new(Role::Judged, self.call.action.clone(), Some(FORM), event) }
    }

    /// Everything that is judged of a request, as a run does: throttling, the step, the rules for all answers,
    /// RequestIds.
    fn judge(&self, record: &Record) {
        let context = Context { contract: &self.contract, readings: &self.readings };
        let records = std::slice::from_ref(record);
        assert!(!record.exchange().is_some_and(is_throttled));
        let mut judgement = check::step(context, &self.case, 0, records, 0);
        judgement.join(check::answers(context, &self.case, records, 0));
        judgement.join(RequestIds::default().judge(context, &self.case, records));
        assert!(judgement.findings.is_empty(), "{:?}", judgement.findings);
        black_box(judgement);
    }
}

#[divan::bench]
fn sign(bencher: Bencher<'_, '_>) {
    let mut bed = Bed::new(OUTCOME);
    bencher.bench_local(|| bed.sign());
}

#[divan::bench(args = [OUTCOME, MATCHERS])]
fn judge(bencher: Bencher<'_, '_>, expect: &str) {
    let mut bed = Bed::new(expect);
    let request = bed.sign();
    bencher.with_inputs(|| bed.record(request.clone())).bench_local_refs(|record| bed.judge(record));
}

#[divan::bench(args = [OUTCOME, MATCHERS])]
fn sign_and_judge(bencher: Bencher<'_, '_>, expect: &str) {
    let mut bed = Bed::new(expect);
    bencher.bench_local(|| {
        let request = bed.sign();
        let record = bed.record(request);
        bed.judge(&record);
    });
}
