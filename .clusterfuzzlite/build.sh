#!/usr/bin/env bash
# Builds every fuzz target into $OUT with its seeds, past finds, dictionary and options, as ClusterFuzzLite wants them.
# Run in the root of the repository; in the builder's container, or anywhere with cargo-fuzz and a folder for OUT.
set -euo pipefail
: "${OUT:?name a folder for what is built}"
sanitizer=${SANITIZER:-address}
# The other profile, `debug`, is for the check of this script: it builds in a fraction of the time.
profile=${PROFILE:-release}
# The container's own cargo builds for coverage, whatever the sanitizer is said to be.
[ "$sanitizer" != coverage ] || sanitizer=address
flags=(--sanitizer "$sanitizer")
[ "$profile" = release ] || flags+=(--dev)
cargo fuzz build "${flags[@]}"
built=fuzz/target/x86_64-unknown-linux-gnu/$profile
for program in fuzz/fuzz_targets/*.rs; do
    name=$(basename "$program" .rs)
    cp "$built/$name" "$OUT/"
    inputs=("fuzz/seeds/$name")
    [ ! -d "fuzz/regressions/$name" ] || inputs+=("fuzz/regressions/$name")
    rm -f "$OUT/${name}_seed_corpus.zip"
    zip --quiet --junk-paths --recurse-paths "$OUT/${name}_seed_corpus.zip" "${inputs[@]}"
    cp fuzz/dictionary "$OUT/$name.dict"
    printf '[libfuzzer]\nmax_len = 4096\ntimeout = 10\nrss_limit_mb = 2048\n' >"$OUT/$name.options"
done
