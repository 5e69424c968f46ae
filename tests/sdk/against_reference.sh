#!/usr/bin/env bash
# Starts the reference server on a free port and runs the official SDKs against it.
set -euo pipefail
cd "$(dirname "$0")/../.."
cargo build --quiet
log=$(mktemp)
target/debug/endspec serve --listen 127.0.0.1:0 >"$log" &
server=$!
trap 'kill "$server" 2>/dev/null || true; rm -f "$log"' EXIT
# The server prints its address as soon as it listens; a minute is a bound, not a wait.
for _ in $(seq 600); do
    grep -q '^listening ' "$log" && break
    kill -0 "$server" 2>/dev/null || { echo "the reference server ended"; exit 2; }
    sleep 0.1
done
url=$(sed -n 's/^listening \([^ ]*\).*/\1/p' "$log")
[ -n "$url" ] || { echo "the reference server did not listen"; exit 2; }
export ALIBABA_CLOUD_ACCESS_KEY_ID=endspec-reference-key
export ALIBABA_CLOUD_ACCESS_KEY_SECRET=endspec-reference-secret
export ENDSPEC=$PWD/target/debug/endspec
export INSTANCE_ID=i-bp1endspec0000000001
tests/sdk/run.sh "$url"
