#!/usr/bin/env bash
# Runs the suite against the second server: honest under both ways to sign it must pass, and each fault on the list must
# be found under one of the clauses that it breaks.
set -euo pipefail
cd "$(dirname "$0")/../.."
cargo build --quiet
exec python3 tests/peer/check.py target/debug/endspec
