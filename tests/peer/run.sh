#!/usr/bin/env bash
# Runs the suite against the second server: honest under both ways to sign it must pass, and each fault on the list must
# be found under one of the clauses that it breaks. Then cuts runs short, at the target and at endspec.
set -euo pipefail
cd "$(dirname "$0")/../.."
cargo build --quiet
python3 tests/peer/check.py target/debug/endspec
python3 tests/peer/init.py target/debug/endspec
exec python3 tests/peer/interrupt.py target/debug/endspec
