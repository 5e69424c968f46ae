#!/usr/bin/env bash
# Runs the suite against the second server: honest under both ways to sign it must pass, and each fault on the list must
# be found under one of the clauses that it breaks. Then cuts runs short, at the target and at endspec.
# Usage: tests/peer/run.sh [PATH-OF-ENDSPEC]
set -euo pipefail
cd "$(dirname "$0")/../.."
endspec=${1:-target/debug/endspec}
[ $# -gt 0 ] || cargo build --quiet
python3 tests/peer/check.py "$endspec"
python3 tests/peer/init.py "$endspec"
exec python3 tests/peer/interrupt.py "$endspec"
