#!/bin/sh
# The official SDKs against one endpoint: tests/sdk/run.sh http://127.0.0.1:PORT
#
# Credentials come from ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET. Optional:
# ENDSPEC (the program, to compare where it finds keys and how it signs with them), REGION (cn-hangzhou), UNSUPPORTED_REGION (cn-fuzhou), INSTANCE_ID, REPEAT_END=idempotent.
# The SDKs are installed once, pinned, into target/sdk. One line a check, then the totals;
# ends 0 when all passed, 1 when one failed, 2 when nothing could be run.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
sdk=$here/../../target/sdk

target=${1:?usage: run.sh http://HOST:PORT}
: "${ALIBABA_CLOUD_ACCESS_KEY_ID:?is not set}" "${ALIBABA_CLOUD_ACCESS_KEY_SECRET:?is not set}"
case $target in
    http://*) ;;
    *) echo "run.sh: $target is not an http:// URL" >&2; exit 2 ;;
esac

mkdir -p "$sdk"
# The copy of the pins is made last: an installation that broke off is made again.
if ! cmp -s "$here/requirements.txt" "$sdk/requirements.txt"; then
    rm -rf "$sdk/venv"
    python3 -m venv "$sdk/venv"
    "$sdk/venv/bin/pip" install --quiet -r "$here/requirements.txt" >&2 || exit 2
    cp "$here/requirements.txt" "$sdk/requirements.txt"
fi
if ! cmp -s "$here/package.json" "$sdk/installed.json"; then
    rm -rf "$sdk/node_modules"
    cp "$here/package.json" "$sdk/package.json"
    # No install scripts: openapi-core's only serves versions of Node that are long out of support.
    npm install --prefix "$sdk" --ignore-scripts --no-audit --no-fund --no-package-lock --loglevel error >&2 || exit 2
    cp "$here/package.json" "$sdk/installed.json"
fi

# Several of the clients take proxies from the environment, some without asking NO_PROXY.
unset http_proxy https_proxy all_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY
# ... and these switch the new clients to other credentials than the ones they are given.
unset ALIBABA_CLOUD_SECURITY_TOKEN ALIBABA_CLOUD_PROFILE

lines=$sdk/checks.txt
: >"$lines"
run() {
    status=0
    "$@" >"$sdk/output.txt" || status=$?
    # 1 is a check that failed and said so; anything else is a script that broke.
    [ "$status" -le 1 ] && grep -q . "$sdk/output.txt" || echo "FAILED  $2 ended $status" >>"$sdk/output.txt"
    tee -a "$lines" <"$sdk/output.txt"
}
run "$sdk/venv/bin/python" "$here/sdk_python.py" "$target"
SDK_MODULES=$sdk/node_modules run node "$here/sdk_node.mjs" "$target"

# Keys are found alike where the program itself is at hand.
[ -z "${ENDSPEC:-}" ] || run "$sdk/venv/bin/python" "$here/credentials.py" "$ENDSPEC"

passed=$(grep -c '^ok ' "$lines" || true)
failed=$(grep -c '^FAILED ' "$lines" || true)
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
