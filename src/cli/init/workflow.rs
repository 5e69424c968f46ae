//! The workflow that holds an endpoint to the contract on every change.

use std::path::Path;

/// Where the action is.
const ACTION: &str = "endspec/endspec";

/// The file, for a target and a profile.
pub(super) fn text(target: &str, profile: &Path) -> String {
    let (version, target) = (env!("CARGO_PKG_VERSION"), serde_json::Value::from(target));
    let profile = serde_json::Value::from(profile.display().to_string());
    format!(
        "\
# Holds the endpoint to the documented contract of EndTerminalSession on every change.
name: conformance
on:
  push:
  pull_request:
permissions:
  contents: read

jobs:
  endspec:
    runs-on: ubuntu-latest
    timeout-minutes: 20
    steps:
      - uses: actions/checkout@11bd71901bbe5b1630ceea73d27597364c9af683 # v4.2.2
      # Start the endpoint here, in the background; `--wait-for-target` waits until it answers.
      - uses: {ACTION}@v{version}
        with:
          target: {target}
          profile: {profile}
          args: --wait-for-target 60s
        # A profile that says `auth: v3` or `auth: v1` needs a key:
        # env:
        #   ALIBABA_CLOUD_ACCESS_KEY_ID: ${{{{ secrets.ALIBABA_CLOUD_ACCESS_KEY_ID }}}}
        #   ALIBABA_CLOUD_ACCESS_KEY_SECRET: ${{{{ secrets.ALIBABA_CLOUD_ACCESS_KEY_SECRET }}}}
"
    )
}
