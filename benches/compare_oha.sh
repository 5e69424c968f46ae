#!/usr/bin/env bash
# Requests per CPU second of `endspec fuzz --clients 64` and of oha at 64 connections, on the same target, which verifies no
# signature; and what memory a campaign takes by its length. Needs oha and GNU time (`time`) in PATH; Linux.
# Usage: benches/compare_oha.sh [CASES]; 2000 cases without
set -euo pipefail
cd "$(dirname "$0")/.."
cases=${1:-2000}
for program in oha /usr/bin/time; do
    command -v "$program" >/dev/null || { echo "$program is not in PATH"; exit 1; }
done
endspec=${ENDSPEC:-target/release/endspec}
[ -n "${ENDSPEC:-}" ] || cargo build --release --quiet
work=$(mktemp -d)
"$endspec" serve --listen 127.0.0.1:0 --auth open >"$work/served" &
server=$!
trap 'kill "$server"; rm -rf "$work"' EXIT
until grep -q '^listening ' "$work/served"; do kill -0 "$server"; done
url=$(sed -n 's/^listening //p' "$work/served")
fuzz() {
    # Any key will do: the calls are signed and nobody looks.
    ALIBABA_CLOUD_ACCESS_KEY_ID=testid ALIBABA_CLOUD_ACCESS_KEY_SECRET=testsecret /usr/bin/time -f '%U %S %M' -o "$work/time" \
        "$endspec" fuzz --target "$url" --auth v3 --instance-id i-bp1endspec0000000001 --other-region cn-shanghai \
        --without unsupported-region,denied-credential,"$1" --seed 9f1c --cases "$2" --clients 64 >"$work/out"
    requests=$(sed -n 's/^cases: .* \([0-9]*\) requests in .*/\1/p' "$work/out")
    read -r user system kib <"$work/time"
    rate=$(awk "BEGIN { printf \"%.0f\", $requests / ($user + $system) }")
}
/usr/bin/time -f '%U %S' -o "$work/time" oha --no-tui -n 100000 -c 64 -m POST \
    "${url}?Action=EndTerminalSession&Version=2014-05-26&Format=JSON&RegionId=cn-hangzhou&SessionId=s-1" >/dev/null
read -r user system <"$work/time"
oha=$(awk "BEGIN { printf \"%.0f\", 100000 / ($user + $system) }")
echo "oha:          $oha requests per CPU second"
for part in 10 1; do
    fuzz signatures "$((cases / part))"
    awk "BEGIN { printf \"endspec fuzz: %d requests per CPU second, %.2f of oha's; %d requests, %d KiB\n\", \
        $rate, $rate / $oha, $requests, $kib }"
done
