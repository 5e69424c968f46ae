//! Regions that are taken for others, guessed, or not looked at.

use super::{Fault, Scene, change, meaning};
use crate::server::fault::first;
use crate::server::region;
use crate::server::settings::{OTHER_REGION_ID, Operation, REGION_ID, UNSUPPORTED_REGION_ID};
use crate::wire::Parameters;

pub(super) const FAULTS: &[Fault] = &[
    meaning(
        "region-trimmed",
        &["end/region/exact"],
        "regions come from a configuration with stray spaces, so that both sides are trimmed",
        |parameters, _| change(parameters, "RegionId", |value| value.trim().to_owned()),
    ),
    meaning(
        "region-case-folded",
        &["end/region/exact"],
        "the region becomes part of a host name, and those are in lower case",
        |parameters, _| change(parameters, "RegionId", str::to_lowercase),
    ),
    meaning(
        "region-by-prefix",
        &["end/region/unknown"],
        "a table of routes finds the first region that begins as the one asked for",
        |parameters, _| change(parameters, "RegionId", |value| route(value, |known| known.starts_with(value))),
    ),
    meaning(
        "zone-letter-cut",
        &["end/region/unknown"],
        "a helper that makes a region of a zone is called on every region as well",
        |parameters, _| change(parameters, "RegionId", |value| value.strip_suffix("-b").unwrap_or(value).to_owned()),
    ),
    meaning(
        "zone-taken-for-region",
        &["end/region/unknown"],
        "callers may name a zone, and whatever follows the region's id is taken for one",
        |parameters, _| change(parameters, "RegionId", |value| route(value, |known| value.starts_with(known))),
    ),
    meaning(
        "region-cut-at-dot",
        &["end/region/unknown"],
        "the region is the first label of a host's name, and callers may give the whole name",
        |parameters, _| change(parameters, "RegionId", |value| value.split('.').next().unwrap_or("").to_owned()),
    ),
    meaning(
        "region-unknown-means-home",
        &["end/region/unknown"],
        "the lookup of endpoints falls back to the region in which the service runs",
        |parameters, _| change(parameters, "RegionId", |value| home_if(value, !value.is_empty() && !known(value))),
    ),
    meaning(
        "region-empty-means-home",
        &["end/request/empty"],
        "an empty region is replaced by the default of the configuration",
        |parameters, _| change(parameters, "RegionId", |value| home_if(value, value.trim().is_empty())),
    ),
    meaning(
        "region-missing-means-home",
        &["end/request/region-required"],
        "a missing region is replaced by the default of the configuration",
        region_missing_means_home,
    ),
    meaning(
        "region-unchecked-in-xml",
        &["rpc/format/same", "end/region/unknown"],
        "the check of regions was added to the handler of JSON alone",
        region_unchecked_in_xml,
    ),
    meaning(
        "region-unsupported-served",
        &["end/region/unsupported"],
        "the list of regions without the API was not brought along to a new gateway",
        |parameters, _| {
            change(parameters, "RegionId", |value| {
                if value == UNSUPPORTED_REGION_ID { OTHER_REGION_ID.to_owned() } else { value.to_owned() }
            });
        },
    ),
    meaning(
        "region-not-in-the-query",
        &["end/session/other-region"],
        "ids are unique over all regions, so that the query asks for the id alone",
        |parameters, scene| {
            follow_session(parameters, scene, |region| region != UNSUPPORTED_REGION_ID && known(region))
        },
    ),
    meaning(
        "region-ignored",
        &["end/session/other-region", "end/region/unknown", "end/region/unsupported"],
        "the parameter is required by the gateway and read by nobody",
        |parameters, scene| follow_session(parameters, scene, |region| !region.is_empty()),
    ),
];

fn known(value: &str) -> bool {
    region::all().any(|known| known == value)
}

/// The first region that will do for one that is not known.
fn route(value: &str, will_do: impl Fn(&str) -> bool) -> String {
    let found = region::all().find(|region| !known(value) && !value.trim().is_empty() && will_do(region));
    found.unwrap_or(value).to_owned()
}

fn home_if(value: &str, lost: bool) -> String {
    if lost { REGION_ID.to_owned() } else { value.to_owned() }
}

fn region_missing_means_home(parameters: &mut Parameters, _: &mut Scene<'_>) {
    if first(parameters, "RegionId").is_none() {
        parameters.push(("RegionId".to_owned(), REGION_ID.to_owned()));
    }
}

fn region_unchecked_in_xml(parameters: &mut Parameters, scene: &mut Scene<'_>) {
    if scene.asked.is_xml() {
        change(parameters, "RegionId", |value| home_if(value, !value.trim().is_empty() && !known(value)));
    }
}

/// Has an End mean the region of the session that it names.
fn follow_session(parameters: &mut Parameters, scene: &mut Scene<'_>, taken: impl Fn(&str) -> bool) {
    if scene.asked.operation != Some(Operation::End) || !first(parameters, "RegionId").is_some_and(taken) {
        return;
    }
    let session = first(parameters, "SessionId").and_then(|id| scene.model.find(id));
    let region = session.map_or(REGION_ID, |session| &session.asked.region).to_owned();
    change(parameters, "RegionId", |_| region.clone());
}
