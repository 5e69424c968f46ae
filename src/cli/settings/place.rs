//! Where the target is: by URL, or Alibaba Cloud's own in a region.

use super::Whom;
use crate::cli::args::NetworkArgs;
use crate::cli::given::{Given, Taker};
use crate::server::settings as server;
use crate::transport::Endpoint;

pub(super) fn is_alibaba_cloud(host: &str) -> bool {
    // A final dot names the same host.
    let host = host.strip_suffix('.').unwrap_or(host);
    host == "aliyuncs.com" || host.ends_with(".aliyuncs.com")
}

/// Alibaba Cloud's own endpoint in a region, from anywhere or from within its network.
fn of_cloud(taker: &mut Taker<'_>, args: &NetworkArgs, given: &Given, within: &str) -> Option<Endpoint> {
    let Some(region) = taker.given(args.region.as_ref(), "region") else {
        let words = format!("`{}` is an endpoint in each region, and none is given", given.text);
        taker.mistake(given.wrong(words).help("name it with `--region`, such as cn-hangzhou"));
        return None;
    };
    let id = region.text.trim();
    let is_label = !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let endpoint = Endpoint::parse(&format!("https://ecs{within}.{id}.aliyuncs.com")).ok().filter(|_| is_label);
    if endpoint.is_none() {
        let words = format!("`{id}` cannot be a region's id, which is part of its endpoint's name");
        taker.mistake(region.wrong(words).help("name one such as cn-hangzhou"));
    }
    endpoint
}

pub(super) fn whom(taker: &mut Taker<'_>, args: &NetworkArgs) -> Whom {
    let Some(given) = taker.raw(args.target.as_ref(), "target") else { return Whom::Reference };
    if given.text.trim().is_empty() {
        let help = "leave `--target` and ENDSPEC_TARGET away altogether to test the built-in reference server";
        taker.mistake(given.wrong("the target is empty: is a variable of your CI not set?").help(help));
        return Whom::Reference;
    }
    if let Some(within) = [("aliyun", ""), ("aliyun-vpc", "-vpc")].iter().find(|(name, _)| *name == given.text.trim()) {
        return of_cloud(taker, args, &given, within.1).map_or(Whom::Reference, Whom::Endpoint);
    }
    match Endpoint::parse(&given.text) {
        Ok(endpoint) => Whom::Endpoint(endpoint),
        Err(error) => {
            taker.mistake(given.wrong(error));
            Whom::Reference
        }
    }
}

/// An empty one would have another region tested than the user believes.
pub(super) fn region(taker: &mut Taker<'_>, args: &NetworkArgs) -> String {
    let given = taker.raw(args.region.as_ref(), "region");
    if let Some(given) = given.as_ref().filter(|given| given.text.trim().is_empty()) {
        let help =
            format!("name a region, or leave `--region` and ENDSPEC_REGION away altogether for {}", server::REGION_ID);
        taker.mistake(given.wrong("the region is empty: is a variable of your CI not set?").help(help));
    }
    given.map_or_else(|| server::REGION_ID.to_owned(), |given| given.text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_hosts_of_alibaba_cloud_are_signed_for_unasked() {
        assert!(is_alibaba_cloud("ecs.cn-hangzhou.aliyuncs.com"));
        assert!(is_alibaba_cloud("ecs.cn-hangzhou.aliyuncs.com."), "a final dot names the same host");
        assert!(!is_alibaba_cloud("ecs.aliyuncs.com.example.org"));
        assert!(!is_alibaba_cloud("notaliyuncs.com"));
    }
}
