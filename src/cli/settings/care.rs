//! Care: public targets and Alibaba Cloud's own are somebody else's, and are sent little and nothing strange unless the user
//! asks for more.

use std::net::IpAddr;
use std::time::Duration;

use super::Whom;
use crate::cli::args::NetworkArgs;
use crate::cli::given::{Given, Taker};
use crate::diagnostic::Diagnostic;
use crate::limits;
use crate::transport::{Endpoint, Pins};

/// How to have more.
pub(super) const THOROUGH: &str = "`--thorough` allows more";

/// How a target that is somebody else's is treated.
#[derive(Debug, Clone)]
pub(in crate::cli) struct Care {
    /// Whether the user allows what it would be spared.
    pub thorough: bool,
    /// Whether the user has agreed beforehand.
    pub yes: bool,
    /// What it is: `a host of Alibaba Cloud`.
    pub why: &'static str,
}

impl Care {
    /// A mistake where more are to be at work at once than it is spared.
    pub(in crate::cli) fn exceeded(&self, number: usize, given: &Given, what: &str) -> Option<Diagnostic> {
        let most = limits::CAREFUL_AT_ONCE;
        let exceeds = !self.thorough && number > most;
        exceeds.then(|| given.wrong(format!("a public target has at most {most} {what}")).help(THOROUGH))
    }
}

/// Whether a target is treated with care, and how.
pub(super) fn care(taker: &mut Taker<'_>, args: &NetworkArgs, whom: &Whom, pins: &Pins) -> Option<Care> {
    let thorough = taker.switch(args.thorough.as_ref(), "thorough");
    let yes = taker.switch(args.yes.as_ref(), "yes");
    let Whom::Endpoint(endpoint) = whom else { return None };
    let why = public(endpoint, pins)?;
    Some(Care { thorough, yes, why })
}

/// Why an endpoint is somebody else's; `None` for this machine, private networks and names within them.
fn public(endpoint: &Endpoint, pins: &Pins) -> Option<&'static str> {
    let host = endpoint.host();
    // By name, whatever its address: a tunnel to it ends at this machine.
    if super::place::is_alibaba_cloud(&host) {
        return Some("a host of Alibaba Cloud");
    }
    if let Some(address) = endpoint.address().or_else(|| pins.address(&host)) {
        return (!is_near(address)).then_some("a public address");
    }
    if endpoint.is_loopback() || !host.trim_end_matches('.').contains('.') {
        return None;
    }
    match addresses(&host) {
        Some(addresses) if addresses.iter().copied().all(is_near) => None,
        Some(_) => Some("a host with a public address"),
        None => Some("a host whose address is not known here"),
    }
}

/// Whether an address is of this machine or of a private network.
fn is_near(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => {
            address.is_loopback() || address.is_private() || address.is_link_local() || address.is_unspecified()
        }
        IpAddr::V6(address) => {
            address.is_loopback()
                || address.is_unique_local()
                || address.is_unicast_link_local()
                || address.is_unspecified()
        }
    }
}

/// The addresses of a name, as this machine finds them.
fn addresses(host: &str) -> Option<Vec<IpAddr>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().ok()?;
    let found = runtime.block_on(async {
        let lookup = tokio::net::lookup_host((host, 0));
        tokio::time::timeout(limits::LOOKUP, lookup).await.ok()?.ok()
    });
    // A lookup that was given up ends in a thread of its own.
    runtime.shutdown_timeout(Duration::ZERO);
    let addresses: Vec<IpAddr> = found?.map(|address| address.ip()).collect();
    (!addresses.is_empty()).then_some(addresses)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_near_is_ordinary_and_all_else_is_treated_with_care() {
        let mut pins = Pins::default();
        for pin in ["near.example.com:10.1.2.3", "far.example.com:8.8.8.8", "ecs.cn-hangzhou.aliyuncs.com:127.0.0.1"] {
            pins.add(pin).expect(pin);
        }
        let rows = [
            ("http://127.0.0.1:8080", true),
            ("http://[::1]", true),
            ("http://[::ffff:10.0.0.1]", true),
            ("http://0.0.0.0:1", true),
            ("http://10.9.8.7", true),
            ("http://172.31.0.1", true),
            ("http://192.168.1.1", true),
            ("http://169.254.1.1", true),
            ("http://[fd00::1]", true),
            ("http://[fe80::1]", true),
            ("http://localhost", true),
            ("http://endpoint:8080", true),
            ("http://endpoint.", true),
            ("http://a.localhost", true),
            ("http://near.example.com", true),
            ("http://far.example.com", false),
            ("http://8.8.8.8", false),
            ("http://172.32.0.1", false),
            ("http://[2001:db8::1]", false),
            ("https://ecs.cn-hangzhou.aliyuncs.com", false),
            ("https://ecs-vpc.cn-hangzhou.aliyuncs.com", false),
        ];
        for (url, ordinary) in rows {
            let endpoint = Endpoint::parse(url).expect(url);
            assert_eq!(public(&endpoint, &pins).is_none(), ordinary, "{url}");
        }
    }
}
