"""The official Python clients, new and legacy, against one endpoint.

Each client starts, finds and ends a session, then meets every error its users would meet. What is
asserted is what a program sees: the exception's type and its fields, never the bytes on the wire.
"""

from __future__ import annotations

import fnmatch
import json
import logging
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, Protocol
from urllib.parse import urlsplit

from alibabacloud_ecs20140526 import models as ecs
from alibabacloud_ecs20140526.client import Client as EcsClient
from alibabacloud_tea_openapi.exceptions import ClientException as NewClientException
from alibabacloud_tea_openapi.utils_models import Config
from aliyunsdkcore.acs_exception.exceptions import ServerException as LegacyServerException
from aliyunsdkcore.client import AcsClient
from aliyunsdkecs.request.v20140526.DescribeTerminalSessionsRequest import DescribeTerminalSessionsRequest
from aliyunsdkecs.request.v20140526.EndTerminalSessionRequest import EndTerminalSessionRequest
from aliyunsdkecs.request.v20140526.StartTerminalSessionRequest import StartTerminalSessionRequest

OUTCOMES: dict[str, dict[str, Any]] = json.loads(Path(__file__).with_name("outcomes.json").read_text())
REGION = os.environ.get("REGION", "cn-hangzhou")
UNSUPPORTED_REGION = os.environ.get("UNSUPPORTED_REGION", "cn-fuzhou")
INSTANCE = os.environ.get("INSTANCE_ID", "i-bp1sdkinterop0")
REPEAT_END = os.environ.get("REPEAT_END", "not-found")
UUID = re.compile(r"[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}", re.IGNORECASE)
# Every character on which clients, servers and the two signature schemes have disagreed.
AWKWARD_ID = "s-hz 023*~+/%é"


class Failure(NamedTuple):
    """An SDK's exception, in one shape for all of them."""

    status: int
    code: str
    message: str
    request_id: str


class Client(Protocol):
    name: str
    exception: type[Exception]

    def start(self) -> dict[str, Any]: ...
    def statuses(self, session_id: str) -> list[str] | None: ...
    def end(self, session_id: str | None, region: str = ...) -> str: ...
    def failure(self, error: Exception) -> Failure: ...


class NewPython:
    """alibabacloud-ecs20140526: signs V3, or V1 when told `v2`, as its own documents call that."""

    exception: type[Exception] = NewClientException

    def __init__(self, endpoint: str, key: str, secret: str, algorithm: str | None) -> None:
        self.name = "python-new-" + ("v1" if algorithm else "v3")
        self.client = EcsClient(
            Config(
                access_key_id=key,
                access_key_secret=secret,
                endpoint=endpoint,
                protocol="HTTP",
                region_id=REGION,
                signature_algorithm=algorithm,
            )
        )

    def start(self) -> dict[str, Any]:
        request = ecs.StartTerminalSessionRequest(region_id=REGION, instance_id=[INSTANCE])
        body = self.client.start_terminal_session(request).body
        return {
            "RequestId": body.request_id,
            "SessionId": body.session_id,
            "SecurityToken": body.security_token,
            "WebSocketUrl": body.web_socket_url,
        }

    def statuses(self, session_id: str) -> list[str] | None:
        request = ecs.DescribeTerminalSessionsRequest(region_id=REGION, session_id=session_id)
        sessions = self.client.describe_terminal_sessions(request).body.sessions.session
        found = [session for session in sessions if session.session_id == session_id]
        return [item.status for item in found[0].connections.connection] if found else None

    def end(self, session_id: str | None, region: str = REGION) -> str:
        request = ecs.EndTerminalSessionRequest(region_id=region, session_id=session_id)
        return str(self.client.end_terminal_session(request).body.request_id)

    def failure(self, error: Any) -> Failure:
        return Failure(error.status_code, error.code, error.message, error.request_id)


class LegacyPython:
    """aliyun-python-sdk-ecs: always V1, always a signed but empty SignatureType."""

    name = "python-legacy-v1"
    exception: type[Exception] = LegacyServerException

    def __init__(self, endpoint: str, key: str, secret: str) -> None:
        self.endpoint = endpoint
        self.client = AcsClient(key, secret, REGION)

    def send(self, request: Any, **parameters: str | None) -> dict[str, Any]:
        request.set_endpoint(self.endpoint)
        request.set_protocol_type("http")  # EndTerminalSessionRequest insists on https by itself
        for name, value in parameters.items():
            if value is not None:
                request.add_query_param(name, value)
        answer: dict[str, Any] = json.loads(self.client.do_action_with_exception(request))
        return answer

    def start(self) -> dict[str, Any]:
        request = StartTerminalSessionRequest()
        request.set_InstanceIds([INSTANCE])
        return self.send(request, RegionId=REGION)

    def statuses(self, session_id: str) -> list[str] | None:
        answer = self.send(DescribeTerminalSessionsRequest(), RegionId=REGION, SessionId=session_id)
        found = [item for item in answer["Sessions"]["Session"] if item["SessionId"] == session_id]
        return [item["Status"] for item in found[0]["Connections"]["Connection"]] if found else None

    def end(self, session_id: str | None, region: str = REGION) -> str:
        return str(self.send(EndTerminalSessionRequest(), RegionId=region, SessionId=session_id)["RequestId"])

    def failure(self, error: Any) -> Failure:
        return Failure(error.get_http_status(), error.get_error_code(), error.get_error_msg(), error.get_request_id())


class Checks:
    """Runs named checks, one line each; a check that raises has failed."""

    def __init__(self, client: str) -> None:
        self.client = client
        self.failed = 0

    def run(self, name: str, check: Callable[[], Any]) -> Any:
        try:
            answer = check()
        except Exception as error:  # whatever an SDK throws is a result here
            self.failed += 1
            print(f"FAILED  {self.client}  {name}: {type(error).__name__}: {error}".replace("\n", " "), flush=True)
            return None
        print(f"ok      {self.client}  {name}", flush=True)
        return answer


def expect(condition: bool, text: str) -> None:
    if not condition:
        raise AssertionError(text)


def refused(client: Client, outcome: str, call: Callable[[], Any]) -> Failure:
    """The call must raise the client's own exception with what the outcome permits."""
    permitted = OUTCOMES[outcome]
    try:
        answer = call()
    except client.exception as error:
        failure = client.failure(error)
    else:
        raise AssertionError(f"expected {outcome}, got the success {answer}")
    codes = permitted["codes"]
    expect(failure.status in permitted["statuses"], f"expected status {permitted['statuses']}, got {failure}")
    expect(any(fnmatch.fnmatchcase(failure.code, code) for code in codes), f"expected code {codes}, got {failure}")
    expect(permitted["message"] in failure.message, f"expected message {permitted['message']!r}, got {failure}")
    expect(bool(UUID.fullmatch(failure.request_id or "")), f"expected a request id, got {failure}")
    return failure


def wrong_secret(client: Client, session_id: str) -> None:
    if not isinstance(client, LegacyPython):
        failure = refused(client, "signature-mismatch", lambda: client.end(session_id))
        if client.name.endswith("-v1"):
            expect("server string to sign is:" in failure.message, f"expected the string to sign, got {failure}")
        return
    # The legacy client compares the server's string to sign with its own: when they agree it knows
    # that the secret is wrong, and says so under a code of its own making. Any other code at
    # status 400 means that the server calculated with something else than what was sent.
    try:
        client.end(session_id)
        raise AssertionError("expected signature-mismatch, got a success")
    except LegacyServerException as error:
        failure = client.failure(error)
    codes = ["InvalidAccessKeySecret", "IncompleteSignature"]
    codes += ["SignatureDoesNotMatch"] if failure.status == 403 else []
    expect(failure.status in (400, 403) and failure.code in codes, f"expected one of {codes}, got {failure}")
    expect(bool(UUID.fullmatch(failure.request_id or "")), f"expected a request id, got {failure}")


def run(make: Callable[[str, str], Client], key: str, secret: str) -> int:
    client = make(key, secret)
    checks = Checks(client.name)

    def start() -> dict[str, Any]:
        answer = client.start()
        empty = [name for name, value in answer.items() if not (isinstance(value, str) and value)]
        expect(not empty, f"expected strings, got nothing for {empty}")
        expect(bool(UUID.fullmatch(answer["RequestId"])), f"expected a UUID, got {answer['RequestId']}")
        expect(re.match("wss?://", answer["WebSocketUrl"]) is not None, f"expected a URL, got {answer}")
        return answer

    started = checks.run("StartTerminalSession answers all members", start)
    if started is None:
        return checks.failed
    session: str = started["SessionId"]

    def listed() -> None:
        expect(client.statuses(session) is not None, "the open session is not listed")

    def closed() -> None:
        statuses = client.statuses(session) or []
        expect(not {"Connecting", "Connected"} & set(statuses), f"an ended session is {statuses}")

    def end() -> None:
        request_id = client.end(session)
        expect(bool(UUID.fullmatch(request_id)), f"expected a UUID, got {request_id}")

    never_issued = session[:-1] + ("0" if session[-1] != "0" else "1")
    checks.run("DescribeTerminalSessions finds the open session", listed)
    # The refusals come first, so that the one success shows that none of them did anything.
    for name, outcome, call in (
        ("no SessionId", "session-missing", lambda: client.end(None)),
        ("an empty SessionId", "session-empty", lambda: client.end("")),
        ("a SessionId never issued", "session-not-found", lambda: client.end(never_issued)),
        ("a SessionId of awkward characters", "session-malformed", lambda: client.end(AWKWARD_ID)),
        ("an unsupported region", "region-not-supported", lambda: client.end(session, UNSUPPORTED_REGION)),
        ("an unknown access key", "unknown-access-key", lambda: make("unknown" + key, secret).end(session)),
    ):
        checks.run(f"EndTerminalSession with {name}", lambda: refused(client, outcome, call))  # noqa: B023 (called before the loop goes on)
    checks.run("EndTerminalSession with a wrong secret", lambda: wrong_secret(make(key, secret + "x"), session))
    checks.run("EndTerminalSession ends the session", end)
    checks.run("DescribeTerminalSessions shows no open connection", closed)
    if REPEAT_END == "idempotent":
        checks.run("EndTerminalSession again", end)
    else:
        again = "EndTerminalSession again is refused"
        checks.run(again, lambda: refused(client, "session-not-found", lambda: client.end(session)))
    return checks.failed


def main() -> int:
    endpoint = urlsplit(sys.argv[1]).netloc
    key, secret = os.environ["ALIBABA_CLOUD_ACCESS_KEY_ID"], os.environ["ALIBABA_CLOUD_ACCESS_KEY_SECRET"]
    logging.disable()  # the legacy client logs every error that it also raises
    makers: list[Callable[[str, str], Client]] = [
        lambda key, secret: NewPython(endpoint, key, secret, None),
        lambda key, secret: NewPython(endpoint, key, secret, "v2"),
        lambda key, secret: LegacyPython(endpoint, key, secret),
    ]
    return 1 if sum(run(make, key, secret) for make in makers) else 0


if __name__ == "__main__":
    sys.exit(main())
