"""For each source of keys: the official clients and endspec find the same key, and sign the same request with the same result.

usage: credentials.py ENDSPEC

endspec calls a server of this script's own; the request that it sent is signed once more by the official client's own
functions, with the key that the official client's own chain finds in the same environment.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import parse_qsl, urlsplit

from alibabacloud_tea_openapi.utils import Utils

CONFIG = {
    "current": "plain",
    "profiles": [
        {"name": "plain", "mode": "AK", "access_key_id": "LTAIofConfig", "access_key_secret": "secret/of+config="},
        {"name": "sts", "mode": "StsToken", "access_key_id": "STS.ofConfig", "access_key_secret": "s", "sts_token": "tok+/="},
    ],
}
INI = """
# keys
[default]
type = access_key
access_key_id = LTAIofFile      # a comment
access_key_secret = secret:of=file

[second]
type = access_key
access_key_id = LTAIsecond
access_key_secret = second
"""
ENVIRONMENT = {
    "ALIBABA_CLOUD_ACCESS_KEY_ID": "STS.ofEnvironment",
    "ALIBABA_CLOUD_ACCESS_KEY_SECRET": "secret+of/environment",
    "ALIBABA_CLOUD_SECURITY_TOKEN": "token+of/environment==",
}
ROLE = {
    "AccessKeyId": "STS.ofRole",
    "AccessKeySecret": "secret/of/role",
    "SecurityToken": "token+of/role==",
    "Expiration": "2099-01-01T00:00:00Z",
    "Code": "Success",
}
# What the official chain finds, printed as JSON. The metadata service is ours in place of the one at 100.100.100.200.
FIND = """
import json, os, sys
from alibabacloud_credentials.provider import DefaultCredentialsProvider, EcsRamRoleCredentialsProvider
role = os.environ.get("TEST_ROLE")
if role:
    chain = EcsRamRoleCredentialsProvider(role_name=role, async_update_enabled=False)
    chain._EcsRamRoleCredentialsProvider__metadata_service_host = os.environ["TEST_METADATA"]
else:
    chain = DefaultCredentialsProvider()
found = chain.get_credentials()
print(json.dumps([found.get_access_key_id(), found.get_access_key_secret(), found.get_security_token()]))
sys.stdout.flush()
os._exit(0)
"""


class Endpoint(BaseHTTPRequestHandler):
    """Writes down every request, and is a metadata service besides."""

    requests: list[tuple[str, str, dict[str, str]]] = []

    def answer(self) -> None:
        Endpoint.requests.append((self.command, self.path, {name.lower(): value for name, value in self.headers.items()}))
        self.rfile.read(int(self.headers.get("content-length", "0")))
        if self.path == "/latest/api/token":
            body, media = b"t0ken", "text/plain"
        elif self.path.startswith("/latest/"):
            body, media = json.dumps(ROLE).encode(), "application/json"
        else:
            body, media = b"{}", "application/json"
        self.send_response(200)
        self.send_header("content-type", media)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_PUT = answer

    def log_message(self, *_: object) -> None:
        pass


def found_by_sdk(environment: dict[str, str]) -> list[str | None]:
    done = subprocess.run([sys.executable, "-c", FIND], env=environment, capture_output=True, text=True, timeout=60)
    if done.returncode != 0:
        raise RuntimeError(done.stderr)
    return json.loads(done.stdout.splitlines()[-1])


def sent_by_endspec(program: str, url: str, scheme: str, environment: dict[str, str], flags: list[str]):
    Endpoint.requests.clear()
    line = [program, "call", "DescribeTerminalSessions", "SessionId=s-hz 1*~+/é", "--target", url, "--auth", scheme, *flags]
    subprocess.run(line, env=environment, capture_output=True, timeout=60, check=False)
    calls = [request for request in Endpoint.requests if not request[1].startswith("/latest/")]
    if len(calls) != 1:
        raise RuntimeError(f"endspec sent {len(calls)} requests")
    return calls[0]


def differs(scheme: str, request: tuple[str, str, dict[str, str]], key: list[str | None]) -> str | None:
    """What of a request is not as the SDK would have signed it."""
    method, target, headers = request
    identity, secret, token = key
    query = dict(parse_qsl(urlsplit(target).query, keep_blank_values=True))
    if scheme == "v1":
        if query.get("AccessKeyId") != identity or query.get("SecurityToken") != (token or None):
            return "another key or token"
        signature = query.pop("Signature")
        return None if Utils.get_rpcsignature(query, method, secret) == signature else "another signature"
    if headers.get("x-acs-security-token") != (token or None):
        return "another token"
    authorization = headers["authorization"]
    names = authorization.split("SignedHeaders=")[1].split(",")[0].split(";")
    again = SimpleNamespace(method=method, pathname="/", query=query, headers={name: headers[name] for name in names})
    signed = Utils.get_authorization(again, "ACS3-HMAC-SHA256", headers["x-acs-content-sha256"], identity, secret)
    return None if signed == authorization else "another authorization"


def main(program: str) -> int:
    server = HTTPServer(("127.0.0.1", 0), Endpoint)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    host = f"127.0.0.1:{server.server_port}"
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        homes = {name: Path(folder) / name for name in ("none", "config", "ini", "both")}
        for name, home in homes.items():
            (home / ".aliyun").mkdir(parents=True)
            (home / ".alibabacloud").mkdir()
            if name in ("config", "both"):
                (home / ".aliyun/config.json").write_text(json.dumps(CONFIG))
            if name in ("ini", "both"):
                (home / ".alibabacloud/credentials.ini").write_text(INI)
        elsewhere = Path(folder) / "keys"
        elsewhere.write_text(INI)
        role = ["--ecs-ram-role", "harness", "--ecs-metadata", f"http://{host}"]
        rows = [
            ("environment", "both", ENVIRONMENT, []),
            ("config.json", "config", {}, []),
            ("config.json before credentials", "both", {}, []),
            ("config.json, StsToken", "config", {"ALIBABA_CLOUD_PROFILE": "sts"}, []),
            ("credentials", "ini", {}, []),
            ("credentials, another profile", "both", {"ALIBABA_CLOUD_PROFILE": "second"}, []),
            ("credentials elsewhere", "none", {"ALIBABA_CLOUD_CREDENTIALS_FILE": str(elsewhere)}, []),
            ("config.json passed over", "both", {"ALIBABA_CLOUD_CLI_PROFILE_DISABLED": "true"}, []),
            ("ECS RAM role", "none", {"TEST_ROLE": "harness", "TEST_METADATA": host}, role),
        ]
        for name, home, variables, flags in rows:
            environment = {"HOME": str(homes[home]), "PATH": os.environ["PATH"], **variables}
            for scheme in ("v1", "v3"):
                try:
                    key = found_by_sdk(environment)
                    wrong = differs(scheme, sent_by_endspec(program, f"http://{host}", scheme, environment, flags), key)
                except Exception as error:  # noqa: BLE001 - whatever it is, this row is not shown to hold
                    wrong = repr(error)
                failed += wrong is not None
                print(f"{'ok     ' if wrong is None else 'FAILED '} keys {scheme} {name}" + (f": {wrong}" if wrong else ""))
    server.shutdown()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
