#!/usr/bin/env bash
# Measures `endspec fuzz` beside oha: same target, 64 connections each, in turns. Traffic goes to loopback only.
#
#   OHA=path/to/oha benches/compare_oha.sh           # or with `oha` on PATH; `cargo install --locked oha`
#   ENDSPEC=path/to/endspec ...                      # another build than this checkout's, made as releases are
#   ROUNDS=7 CASES=12000 MEMORY=1000000 ...          # how much of it; MEMORY=0 leaves the long run out
set -euo pipefail
cd "$(dirname "$0")/.."
oha=$(command -v "${OHA:-oha}") || { echo "compare_oha: no oha; put it on PATH or name it in OHA" >&2; exit 2; }
if [ -z "${ENDSPEC:-}" ]; then
  ENDSPEC=$(.ci/build "$(rustc -vV | sed -n 's/^host: //p')" | tail -n 1)
fi
exec python3 -B benches/compare_oha.py "$ENDSPEC" "$oha"
