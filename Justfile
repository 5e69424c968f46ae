# What contributors run; `just ci` is what CI runs.

# list the recipes
default:
    @just --list

# build, test, lint: all that must hold before anything lands
ci:
    .ci/run

# what is held every night: other readings, the second server, the official SDKs, ClusterFuzzLite's build
nightly:
    .ci/more

# the README's two commands
try:
    cargo run -- run
    cargo test

# formatting and lints, warnings denied
lint:
    cargo fmt --check
    cargo clippy --all-targets -- -D warnings
    RUSTDOCFLAGS="-D warnings" cargo doc --no-deps

# the suite against the second server, in another language
peer:
    tests/peer/run.sh

# the official SDKs against the reference server
sdk:
    tests/sdk/against_reference.sh

# every fuzz target for some seconds
fuzz SECONDS="10":
    .ci/fuzz {{SECONDS}}

# the figures that the README states
bench:
    cargo bench
