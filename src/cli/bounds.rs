//! Where a run begins and where it ends early, as flags, environment or profile say.

use std::time::Duration;

use super::args::RunArgs;
use super::given::Taker;
use crate::limits;
use crate::run::Bounds;

/// What was given, mistakes noted.
pub(super) fn bounds(taker: &mut Taker<'_>, args: &RunArgs, strict: bool) -> Bounds {
    let findings = taker.number(args.max_findings.as_ref(), "max-findings", limits::FINDINGS_MOST);
    Bounds {
        wait: taker.duration(args.wait_for_target.as_ref(), "wait-for-target").unwrap_or(Duration::ZERO),
        fail_fast: taker.switch(args.fail_fast.as_ref(), "fail-fast"),
        findings: findings.and_then(|findings| usize::try_from(findings).ok()),
        strict,
        ..Bounds::default()
    }
}
