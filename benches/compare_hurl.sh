#!/usr/bin/env bash
# Measures endspec beside Hurl: same target, same requests, same assertions, in turns. Traffic goes to loopback only.
#
#   HURL=path/to/hurl benches/compare_hurl.sh       # or with `hurl` on PATH
#   ENDSPEC=path/to/endspec ...                      # another build than this checkout's, made as releases are
#   ROUNDS=9 STARTS=60 CASES=1000 ...                # how much of it
set -euo pipefail
cd "$(dirname "$0")/.."
hurl=$(command -v "${HURL:-hurl}") || { echo "compare_hurl: no Hurl; put it on PATH or name it in HURL" >&2; exit 2; }
if [ -z "${ENDSPEC:-}" ]; then
  ENDSPEC=$(.ci/build "$(rustc -vV | sed -n 's/^host: //p')" | tail -n 1)
fi
exec python3 -B benches/compare_hurl.py "$ENDSPEC" "$hurl"
