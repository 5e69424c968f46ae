#!/usr/bin/env bash
# Lines of wire, case and load that the committed seeds and past finds of the fuzz targets reach, by file.
# Needs LLVM's tools: `rustup component add llvm-tools`. Usage: fuzz/coverage.sh [--show]; with it, the lines that are not
set -euo pipefail
cd "$(dirname "$0")/.."
tools=$(dirname "$(find "$(rustc --print sysroot)" -name llvm-profdata | head -n 1)")
[ -x "$tools/llvm-cov" ] || { echo "no llvm-cov: rustup component add llvm-tools"; exit 1; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# Ours alone is instrumented, so that what it depends on need not be built again.
printf '#!/bin/sh\nexec "$@" -C instrument-coverage\n' >"$work/rustc"
chmod +x "$work/rustc"
export RUSTC_WORKSPACE_WRAPPER=$work/rustc LLVM_PROFILE_FILE=$work/%p.profraw
cargo test --quiet --test fuzz_targets --no-run
test=$(cargo test --test fuzz_targets --no-run --message-format json 2>/dev/null |
    sed -n 's/.*"name":"fuzz_targets".*"executable":"\([^"]*\)".*/\1/p')
"$test" --exact every_seed_and_every_regression_holds >/dev/null
"$tools/llvm-profdata" merge -sparse "$work"/*.profraw -o "$work/all"
if [ "${1:-}" = --show ]; then
    "$tools/llvm-cov" show "$test" -instr-profile="$work/all" -use-color=0 -sources src/wire src/case src/load |
        grep -E '^/|^ *[0-9]+\| *0\|'
else
    "$tools/llvm-cov" report "$test" -instr-profile="$work/all" -show-region-summary=false \
        -show-branch-summary=false -sources src/wire src/case src/load
fi
