#!/usr/bin/env python3
"""A second, independent server of Start-, Describe- and EndTerminalSession.

It was written from the documents alone, in another language than the reference server and without
a look at it, so that one misreading cannot hide on both sides. Honest by default; `--fault NAME`
gives it one defect of the kind that real implementations have, `--list-faults` names them all.

Loopback only. State lives in memory, where after a restart every session is gone, or in the file of `--state`.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import binascii
import contextlib
import hashlib
import hmac
import itertools
import json
import os
import random
import re
import secrets
import signal
import struct
import sys
import threading
import time
import unicodedata
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import formatdate
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote, unquote_to_bytes
from xml.sax.saxutils import escape

from lapses import LAPSES, Lapse

Params = list[tuple[str, str]]

VERSION = "2014-05-26"
HOST_ID = "ecs.aliyuncs.com"
# The second letters of a session id name the city; anything two letters long will do here.
REGIONS = {
    "cn-qingdao": "qd", "cn-beijing": "bj", "cn-zhangjiakou": "zj", "cn-huhehaote": "hh",
    "cn-hangzhou": "hz", "cn-shanghai": "sh", "cn-nanjing": "nj", "cn-fuzhou": "fz",
    "cn-shenzhen": "sz", "cn-heyuan": "hy", "cn-guangzhou": "gz", "cn-chengdu": "cd",
    "cn-hongkong": "hk", "ap-southeast-1": "sg", "ap-southeast-5": "id", "ap-northeast-1": "jp",
    "us-east-1": "ve", "us-west-1": "sv", "eu-central-1": "ff", "eu-west-1": "ld",
}  # fmt: skip
BASE36 = "0123456789abcdefghijklmnopqrstuvwxyz"
SESSION_ID = re.compile(r"s-[a-z0-9]{1,64}", re.ASCII)
INSTANCE_ID = re.compile(r"(i|mi)-[A-Za-z0-9]{1,64}", re.ASCII)

HEAD_LIMIT = 64 * 1024
TARGET_LIMIT = 32 * 1024
BODY_LIMIT = 1024 * 1024
MESSAGE_LIMIT = 64 * 1024
KEEP_ALIVE_SECONDS = 25
REQUEST_SECONDS = 3.0  # from a request's first byte to its last
CLOCK_WINDOW = 15 * 60
NONCE_SECONDS = 60 * 60
URL_SECONDS = 10 * 60
IDLE_SECONDS = 3 * 60
SESSIONS_PER_REGION = 1000  # faults that open sessions again must not run into it


class Fault(NamedTuple):
    clause: str  # the clause it breaks; a second one where the contract lets either catch it
    text: str


FAULTS: dict[str, Fault] = {
    # What End answers
    "missing-session-accepted": Fault("end/request/session-required", "no SessionId: 200"),
    "unknown-region-accepted": Fault("end/region/unknown", "an unknown region falls back to cn-hangzhou"),
    "region-case": Fault("end/region/exact", "CN-HANGZHOU counts as cn-hangzhou"),
    "region-ignored": Fault("end/session/other-region", "a session is found from every region"),
    "code-typo": Fault("end/session/unknown", "InvalidSessionID.NotFound"),
    "status-400": Fault("end/error/status", "InvalidSessionId.NotFound with status 400"),
    "in-band-error": Fault("end/error/status", "InvalidSessionId.NotFound with status 200"),
    "message-space": Fault("end/error/message", "a space after the Message"),
    "accepted-202": Fault("end/success/status", "202 instead of 200"),
    "success-code": Fault("end/success/body", 'a success carries "Code":"0"'),
    # Which session an id means
    "trim-id": Fault("end/session/exact", "white space around a SessionId is cut off"),
    "fold-id": Fault("end/session/exact", "a SessionId in upper case is found"),
    "prefix-id": Fault("end/session/near-miss", "the start of a SessionId is enough"),
    "truncate-id": Fault("end/session/near-miss", "text after the 16th character is dropped"),
    "double-decode": Fault("end/session/near-miss", "a SessionId is percent-decoded twice"),
    "wildcard-id": Fault("end/session/near-miss", "%, _, * and ? match as in LIKE and globs"),
    "nul-cuts-id": Fault("end/session/malformed end/session/near-miss", "text after a NUL is dropped"),
    "width-folded-id": Fault("end/session/malformed end/session/near-miss", "full-width digits count as ASCII (NFKC)"),
    # Request ids and envelopes
    "request-id-lower": Fault("end/request-id/upper-case", "RequestId in lower case"),
    "request-id-repeated": Fault("end/request-id/unique", "every eighth answer repeats the RequestId before it"),
    "request-id-not-in-errors": Fault("end/request-id/shape", "errors have no RequestId"),
    "request-id-header": Fault("end/request-id/header", "x-acs-request-id differs from the body"),
    "lower-case-members": Fault("end/error/envelope", "code, message, requestId"),
    "html-error": Fault("end/error/envelope", "an HTML page for a missing SessionId"),
    "bom": Fault("end/error/envelope", "a byte order mark before the JSON of an error"),
    "code-twice": Fault("end/error/envelope", "the JSON of an error has two Code members"),
    "no-host-id": Fault("end/error/host-id", "errors have no HostId"),
    # What End does
    "get-has-no-effect": Fault("rpc/method/get-post end/effect/closes", "End by GET answers 200 and closes nothing"),
    "closes-newest": Fault("end/effect/only-named", "closes the newest session of the region, not the one named"),
    "start-revives": Fault("end/effect/stays-closed", "the next Start opens the last ended session again"),
    "socket-stays": Fault("end/effect/connection", "an open WebSocket outlives its session"),
    "url-stays": Fault("end/effect/websocket-url", "the WebSocket URL works after End"),
    "refusal-closes": Fault("end/effect/refusal-is-inert", "RegionId.ApiNotSupported, but the session is closed"),
    "check-then-act": Fault("end/effect/once", "overlapping Ends for one session all succeed"),
    "id-wraps": Fault("end/effect/id-not-reused start/unique", "session ids are a counter that wraps at 8"),
    "listed-as-connected": Fault("describe/closed", "Describe shows ended sessions as Connected"),
    "websocket-silent": Fault("start/usable", "a WebSocket opens, then sends nothing, no Pong either"),
    # The gateway: parameters and formats
    "form-ignored": Fault("rpc/placement/form", "parameters in a form body are not read"),
    "order-dependent": Fault("rpc/parameter/order", "SessionId is seen only after RegionId"),
    "plus-literal": Fault("rpc/parameter/encoding", "+ is not decoded (shows when signed)"),
    "random-choice": Fault("rpc/parameter/repeated", "any of a repeated parameter's values is taken"),
    "action-prefix": Fault("rpc/action/unknown", "EndTerminalSessionX is taken for EndTerminalSession"),
    "version-ignored": Fault("rpc/version/unknown", "any Version is served"),
    "format-case": Fault("rpc/format/json", "only JSON in capitals is JSON, json means XML"),
    "xml-unescaped": Fault("rpc/format/xml", "& is not escaped in XML errors"),
    "xml-root": Fault("rpc/format/xml", "the root of XML answers is Response"),
    "xml-media-type": Fault("rpc/format/xml", "XML is sent as application/xml"),
    "xml-other-code": Fault("rpc/format/same", "InvalidSessionId.NotFound is InvalidSession.NotFound in XML"),
    # The gateway: robustness
    "non-ascii-500": Fault("rpc/robust/no-5xx", "500 for a SessionId that is not ASCII"),
    "long-id-503": Fault("rpc/robust/no-5xx", "503 for a SessionId of more than 255 characters"),
    "nul-hangs": Fault("rpc/robust/no-5xx", "no answer for a SessionId with a NUL"),
    "body-cut": Fault("rpc/robust/framing", "errors end two bytes before their Content-Length"),
    "bytes-after-body": Fault("rpc/robust/framing", "errors are followed by bytes of no answer"),
    "reflects-header": Fault("rpc/robust/no-reflection", "a header repeats the SessionId, line ends included"),
    # The gateway: signatures
    "v1-plus": Fault("rpc/signature/v1", "V1 calculates with + for a space instead of %20"),
    "v3-raw-query": Fault("rpc/signature/v3", "V3 calculates with the query as sent"),
    "v3-body-unchecked": Fault("rpc/signature/tampered", "V3 does not compare x-acs-content-sha256 with the body"),
    "unsigned-passes": Fault("rpc/signature/required", "calls without any signature are served"),
    "never-expires": Fault("rpc/signature/expired", "timestamps are not looked at"),
    "nonce-per-method": Fault("rpc/signature/nonce", "a nonce used by GET is new to POST, and V1's to V3"),
    # What an ended session is from then on
    **{name: Fault(lapse.clauses, lapse.__doc__ or "") for name, lapse in LAPSES.items()},
}  # fmt: skip


class Refusal(Exception):
    """An error answer of the API."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(code)
        self.status, self.code, self.message = status, code, message


class BadHttp(Exception):
    """A message that is not HTTP, or more of it than is read; ends the connection."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


def not_valid(name: str) -> Refusal:
    return Refusal(400, "InvalidParameter", f'The specified parameter "{name}" is not valid.')


def session_not_found() -> Refusal:
    return Refusal(404, "InvalidSessionId.NotFound", "The specified SessionId does not exist.")


def no_such_action() -> Refusal:
    return Refusal(404, "InvalidAction.NotFound", "Specified api is not found, please check your url and method.")


def iso(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


# HTTP requests -----------------------------------------------------------------------------------


@dataclass
class Request:
    method: str
    path: bytes
    query: bytes
    http10: bool
    headers: list[tuple[str, str]]
    body: bytes = b""

    def header(self, name: str) -> str | None:
        """All values of one header, as RFC 9110 joins them; None without any."""
        values = [value for key, value in self.headers if key == name]
        return ", ".join(values) if values else None

    def signed_value(self, name: str) -> str:
        """One header as V3 signs it: a repeated one's values in order, with bare commas."""
        return ",".join(sorted(value.strip() for key, value in self.headers if key == name))

    def lists(self, name: str, token: str) -> bool:
        return token in (item.strip().lower() for item in (self.header(name) or "").split(","))

    @property
    def keep_alive(self) -> bool:
        return self.lists("connection", "keep-alive") if self.http10 else not self.lists("connection", "close")


REQUEST_LINE = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+) ([^\x00-\x20\x7f]+) HTTP/(\d)\.(\d)")
HEADER_LINE = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([^\x00\r\n]*)")


def parse_head(head: bytes) -> Request:
    first, *lines = head[:-4].split(b"\r\n")
    line = REQUEST_LINE.fullmatch(first)
    if line is None:
        raise BadHttp(400)
    method, target, major, minor = line.groups()
    if major != b"1":
        raise BadHttp(505)
    if len(target) > TARGET_LIMIT:
        raise BadHttp(414)
    headers = []
    for text in lines:
        match = HEADER_LINE.fullmatch(text)
        if match is None:  # folded lines and a space before the colon are refused too
            raise BadHttp(400)
        headers.append((match[1].decode().lower(), match[2].decode("utf-8", "surrogateescape").rstrip(" \t")))
    absolute = re.match(rb"(?i)https?://[^/?#]+", target)
    path, _, query = (target[absolute.end() :] if absolute else target).partition(b"?")
    request = Request(method.decode(), path or b"/", query, minor == b"0", headers)
    hosts = sum(name == "host" for name, _ in headers)
    if hosts > 1 or (hosts == 0 and not request.http10):
        raise BadHttp(400)
    return request


async def read_request(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Request | None:
    """The next request; None when the connection ended or idled between two."""
    first = b"\n"
    while first in (b"\r", b"\n"):  # RFC 9112 2.2: empty lines before a request are skipped
        try:
            async with asyncio.timeout(KEEP_ALIVE_SECONDS):
                first = await reader.read(1)
        except TimeoutError:
            return None
    if not first:
        return None
    try:
        async with asyncio.timeout(REQUEST_SECONDS):
            request = parse_head(first + await reader.readuntil(b"\r\n\r\n"))
            await read_body(request, reader, writer)
            return request
    except TimeoutError:
        raise BadHttp(408) from None
    except asyncio.LimitOverrunError:
        raise BadHttp(431) from None
    except asyncio.IncompleteReadError:
        raise BadHttp(400) from None


async def read_body(request: Request, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    length, coding = request.header("content-length"), request.header("transfer-encoding")
    expect = request.header("expect")
    if coding is not None and (length is not None or request.http10):
        raise BadHttp(400)  # two framings in one message is how requests are smuggled
    if coding is not None and coding.lower() != "chunked":
        raise BadHttp(501)
    if length is not None and not re.fullmatch(r"[0-9]{1,18}", length):
        raise BadHttp(400)
    if int(length or 0) > BODY_LIMIT:
        raise BadHttp(413)
    if expect is not None and expect.lower() != "100-continue":
        raise BadHttp(417)
    if expect is not None and (coding or int(length or 0)):
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    if coding is None:
        request.body = await reader.readexactly(int(length or 0))
        return
    chunks: list[bytes] = []
    while True:
        line = re.fullmatch(rb"([0-9A-Fa-f]{1,8})[ \t]*(;[^\r\n]*)?\r\n", await reader.readuntil(b"\r\n"))
        if line is None:
            raise BadHttp(400)
        size = int(line[1], 16)
        if size + sum(map(len, chunks)) > BODY_LIMIT:
            raise BadHttp(413)
        if size == 0:
            break
        chunks.append(await reader.readexactly(size))
        if await reader.readexactly(2) != b"\r\n":
            raise BadHttp(400)
    while await reader.readuntil(b"\r\n") != b"\r\n":  # trailers are read and dropped
        pass
    request.body = b"".join(chunks)


# Encoding and signatures -------------------------------------------------------------------------


def decode_pairs(raw: bytes, plus_is_space: bool = True) -> Params:
    """`a=b&c=d`, percent-decoded once. Bytes that are no UTF-8 survive as surrogates."""

    def text(part: bytes) -> str:
        if re.search(rb"%(?![0-9A-Fa-f]{2})", part):
            raise Refusal(400, "InvalidParameter", "The percent-encoding of the request is not valid.")
        spaced = part.replace(b"+", b" ") if plus_is_space else part
        return unquote_to_bytes(spaced).decode("utf-8", "surrogateescape")

    pairs = (part.partition(b"=") for part in raw.split(b"&") if part)
    return [(text(name), text(value)) for name, _, value in pairs]


def percent(text: str) -> str:
    """RFC 3986: everything but the unreserved characters, in upper-case hexadecimal."""
    return quote(text, safe="", errors="surrogateescape")


def sorted_pairs(params: Params) -> Params:
    """By the bytes of the name; a name's values by theirs."""
    return sorted(params, key=lambda pair: [part.encode("utf-8", "surrogateescape") for part in pair])


def v1_string_to_sign(method: str, params: Params) -> str:
    signed = sorted_pairs([pair for pair in params if pair[0] != "Signature"])
    return f"{method}&%2F&" + percent("&".join(f"{percent(k)}={percent(v)}" for k, v in signed))


class Credential(NamedTuple):
    secret: str
    allowed: bool


@dataclass
class Gate:
    """Who may call: both signature schemes, timestamps and nonces."""

    keys: Mapping[str, Credential]
    fault: str | None
    nonces: dict[tuple[str, ...], float] = field(default_factory=dict)

    def admit(self, request: Request, params: Params, single: Mapping[str, str]) -> None:
        """Refuses a call that is not rightly signed, or whose key lacks the permission."""
        if request.header("authorization") is not None:
            key, stamp, nonce = self.verify_v3(request)
            scheme = "v3"
        elif self.fault == "unsigned-passes" and "Signature" not in single:
            return
        else:
            key, stamp, nonce = self.verify_v1(request, params, single)
            scheme = "v1"
        self.check_time(stamp)
        # Only now: a stranger's request must not be able to use up the nonces of a key.
        self.check_nonce(key, nonce, (request.method, scheme))
        if not self.keys[key].allowed:
            text = "User not authorized to operate on the specified resource, or this API doesn't support RAM."
            raise Refusal(403, "Forbidden.RAM", text)

    def secret(self, key: str) -> str:
        if key not in self.keys:
            raise Refusal(404, "InvalidAccessKeyId.NotFound", "Specified access key is not found.")
        return self.keys[key].secret

    def verify_v1(self, request: Request, params: Params, single: Mapping[str, str]) -> tuple[str, str, str]:
        names = ("AccessKeyId", "Signature", "SignatureMethod", "SignatureVersion", "SignatureNonce", "Timestamp")
        for name in names:
            if not single.get(name):
                raise Refusal(400, f"Missing{name}", f"{name} is mandatory for this action.")
        if single["SignatureMethod"] != "HMAC-SHA1" or single["SignatureVersion"] != "1.0":
            raise Refusal(400, "InvalidSignatureMethod", "Specified signature method is not valid.")
        to_sign = v1_string_to_sign(request.method, params)
        if self.fault == "v1-plus":
            to_sign = to_sign.replace("%2520", "%2B")
        secret = self.secret(single["AccessKeyId"]) + "&"
        digest = hmac.digest(secret.encode(), to_sign.encode(), "sha1")
        expected = base64.b64encode(digest)
        if not hmac.compare_digest(expected, single["Signature"].encode("utf-8", "surrogateescape")):
            text = "Specified signature is not matched with our calculation. server string to sign is:"
            raise Refusal(400, "SignatureDoesNotMatch", text + to_sign)
        return single["AccessKeyId"], single["Timestamp"], single["SignatureNonce"]

    def verify_v3(self, request: Request) -> tuple[str, str, str]:
        incomplete = Refusal(
            400, "IncompleteSignature", "The request signature does not conform to Aliyun standards."
        )
        algorithm, _, rest = (request.header("authorization") or "").partition(" ")
        if algorithm != "ACS3-HMAC-SHA256":
            raise Refusal(400, "InvalidSignatureMethod", "Specified signature method is not valid.")
        fields = dict(part.strip().partition("=")[::2] for part in rest.split(","))
        signed = fields.get("SignedHeaders", "").lower().split(";")
        required = ("x-acs-action", "x-acs-version", "x-acs-date", "x-acs-signature-nonce", "x-acs-content-sha256")
        if not {"Credential", "Signature"} <= fields.keys() or not {"host", *required} <= set(signed):
            raise incomplete
        headers = {name: request.signed_value(name) for name in signed}
        if not headers.keys() <= {name for name, _ in request.headers}:
            raise incomplete
        secret = self.secret(fields["Credential"])
        payload = hashlib.sha256(request.body).hexdigest()
        claimed = headers["x-acs-content-sha256"].lower()
        if self.fault == "v3-body-unchecked":
            payload = claimed
        query = sorted_pairs(decode_pairs(request.query, self.fault != "plus-literal"))
        # The documents encode names too, the SDKs values only; both count as right.
        spellings = [
            "&".join(f"{percent(k)}={percent(v)}" for k, v in query),
            "&".join(f"{k}={percent(v)}" for k, v in query),
        ]
        if self.fault == "v3-raw-query":
            spellings = [request.query.decode("latin-1")]
        header_lines = "".join(f"{name}:{value}\n" for name, value in headers.items())
        for canonical_query in spellings:
            canonical = f"{request.method}\n/\n{canonical_query}\n{header_lines}\n{';'.join(signed)}\n{payload}"
            hashed = hashlib.sha256(canonical.encode("utf-8", "surrogateescape")).hexdigest()
            to_sign = f"{algorithm}\n{hashed}"
            right = hmac.new(secret.encode(), to_sign.encode(), "sha256").hexdigest()
            given = fields["Signature"].lower().encode("utf-8", "surrogateescape")
            if hmac.compare_digest(right.encode(), given) and claimed == payload:
                return fields["Credential"], headers["x-acs-date"], headers["x-acs-signature-nonce"]
        text = "Specified signature does not match our calculation. server string to sign is:"
        raise Refusal(400, "SignatureDoesNotMatch", text + to_sign)

    def check_time(self, stamp: str) -> None:
        if self.fault == "never-expires":
            return
        try:
            moment = datetime.strptime(stamp, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC).timestamp()
        except ValueError:
            text = "Specified time stamp or date value is not well formatted."
            raise Refusal(400, "InvalidTimeStamp.Format", text) from None
        if abs(time.time() - moment) > CLOCK_WINDOW:
            text = "Specified time stamp or date value is expired."
            raise Refusal(400, "InvalidTimeStamp.Expired", text)

    def check_nonce(self, key: str, nonce: str, wire: tuple[str, str]) -> None:
        now = time.monotonic()
        while self.nonces and now - next(iter(self.nonces.values())) > NONCE_SECONDS:
            del self.nonces[next(iter(self.nonces))]
        used = (key, nonce, *wire) if self.fault == "nonce-per-method" else (key, nonce)
        if not nonce or used in self.nonces:
            raise Refusal(400, "SignatureNonceUsed", "Specified signature nonce was used already.")
        self.nonces[used] = now


# Sessions ----------------------------------------------------------------------------------------


@dataclass(eq=False)
class Session:
    id: str
    sequence: int
    region: str
    token: str
    instances: list[str]
    options: dict[str, Any]
    created: float
    seen: float  # when it last had a connection, or was made
    ended: float | None = None
    reason: str = ""
    channels: set[Channel] = field(default_factory=set)

    def end(self, reason: str, cut: Iterable[Channel]) -> None:
        self.ended, self.reason = time.time(), reason
        for channel in cut:
            channel.shut(b"\x05Exit")

    def describe(self, as_connected: bool) -> dict[str, Any]:
        connection: dict[str, Any] = {"Status": "Connecting", "StartTime": iso(self.created)}
        if self.channels or as_connected:
            connection["Status"] = "Connected"
        elif self.ended is not None or self.seen > self.created:  # ended, or its client hung up
            reason = self.reason or "ClientClosed"
            connection |= {"Status": "Terminated", "EndTime": iso(self.ended or self.seen), "ClosedReason": reason}
        return {
            "SessionId": self.id,
            "CreationTime": iso(self.created),
            "IdentityType": "Account",
            "PrincipalId": "1234567890123456",
            "ClientIP": "127.0.0.1",
            **self.options,
            "Connections": {"Connection": [{"InstanceId": name, **connection} for name in self.instances]},
        }


class Registry:
    """Every session ever started; an ended one stays on record, and its id stays taken."""

    def __init__(self, fault: str | None, state: Path | None) -> None:
        self.fault, self.state = fault, state
        self.lapse = LAPSES.get(fault or "", Lapse)(self)
        self.all: dict[str, Session] = {}
        self.order: list[Session] = []
        self.open: dict[str, Session] = {}
        self.last_ended: Session | None = None
        if state is not None and state.exists():
            self.recall(state.read_text())

    def recall(self, text: str) -> None:
        """Goes on from what the program before wrote down; a last line without its end was never answered."""
        rows = [json.loads(line) for line in text.split("\n")[:-1]]
        ended = {row["end"] for row in rows if "end" in row}
        for row in (row for row in rows if "id" in row):
            if row["id"] in ended and not self.lapse.recalls_ended:
                continue
            session = Session(sequence=len(self.order), seen=row["created"], **row)
            self.all[session.id] = self.open[session.id] = session
            self.order.append(session)
            if session.id in ended:
                del self.open[session.id]
                session.end("ClientClosed", [])

    def record(self, row: dict[str, Any]) -> None:
        if self.state is not None:
            with self.state.open("a") as file:
                file.write(json.dumps(row) + "\n")

    def start(self, region: str, instances: list[str], options: dict[str, Any]) -> Session:
        self.expire()
        if sum(session.region == region for session in self.open.values()) >= SESSIONS_PER_REGION:
            raise Refusal(403, "SessionCount.ExceedLimit", "The number of sessions exceeds the upper limit.")
        if self.fault == "start-revives" and self.last_ended is not None:
            self.reopen(self.last_ended)
            self.last_ended = None
        sequence = len(self.order)
        name = f"s-{REGIONS[region]}{sequence % 8:012d}" if self.fault == "id-wraps" else self.lapse.name(region)
        while not name:
            name = f"s-{REGIONS[region]}" + "".join(secrets.choice(BASE36) for _ in range(12))
            name = "" if name in self.all else name
        now = time.time()
        session = Session(name, sequence, region, str(uuid.uuid4()), instances, options, now, now)
        self.all[name] = self.open[name] = session
        self.order.append(session)
        kept = {"id": name, "region": region, "token": session.token, "instances": instances, "options": options}
        self.record(kept | {"created": now})
        return session

    def reopen(self, session: Session) -> None:
        """What no honest server does: only the faults call it."""
        if session.ended is not None and self.all[session.id] is session:
            session.ended, session.reason = None, ""
            self.open[session.id] = session

    def expire(self) -> None:
        """Ends what nobody connected to while its URL was valid."""
        limit = time.time() - URL_SECONDS
        for session in [s for s in self.open.values() if not s.channels and s.seen < limit]:
            self.end(session, "DeliveryTimeout")

    def end(self, session: Session, reason: str = "ClientClosed") -> None:
        self.open.pop(session.id, None)
        self.last_ended = session
        if self.lapse.records_ends:
            self.record({"end": session.id})
        session.end(reason, [] if self.fault == "socket-stays" else self.lapse.cuts(session))

    def find(self, region: str, name: str) -> Session | None:
        self.expire()
        session = self.all.get(name) or self.find_faultily(region, name)
        if session is not None and session.region != region and self.fault != "region-ignored":
            return None
        return session

    def find_faultily(self, region: str, name: str) -> Session | None:
        rewritten = {
            "trim-id": lambda: name.strip(),
            "fold-id": lambda: name.lower(),
            "truncate-id": lambda: name[:16],
            "double-decode": lambda: unquote_to_bytes(name.encode("utf-8", "replace")).decode("utf-8", "replace"),
            "nul-cuts-id": lambda: name.partition("\0")[0],
            "width-folded-id": lambda: unicodedata.normalize("NFKC", name),
        }.get(self.fault or "")
        if rewritten is not None:
            return self.all.get(rewritten())
        like = ""
        if self.fault == "prefix-id" and len(name) > 4:
            like = re.escape(name) + ".*"
        if self.fault == "wildcard-id":
            like = "".join({"%": ".*", "*": ".*", "_": ".", "?": "."}.get(c, re.escape(c)) for c in name)
        same_region = (s for s in self.open.values() if s.region == region)
        return next((s for s in same_region if like and re.fullmatch(like, s.id)), None)


# The WebSocket of a session ----------------------------------------------------------------------

OUTPUT, CLOSE, STATUS = 1, 3, 5
STATUS_OPENED = b"\x03"


class WebSocketError(Exception):
    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


def terminal_frame(kind: int, instance: str, sequence: int, payload: bytes) -> bytes:
    """One message of the terminal protocol, layout 1.02, little-endian."""
    name = instance.encode()
    head = struct.pack("<I4sBB", kind, b"1.02", 0, len(name)) + name
    return head + struct.pack("<QIIHBB", time.time_ns() // 1_000_000, 0, sequence, len(payload), 0, 0) + payload


def parse_terminal_frame(data: bytes) -> tuple[int, bytes]:
    """Type and payload of a client's message, in layout 1.01 or 1.02."""
    try:
        kind, version = struct.unpack_from("<I4s", data)
        at = 9 + data[8]  # past the channel id
        at += 1 + data[at] + 8  # past the instance id and the time
        rest = "<qI" if version == b"1.01" else "<IIHBB"
        length = struct.unpack_from(rest, data, at)[1 if version == b"1.01" else 2]
    except (struct.error, IndexError):
        raise WebSocketError(1007) from None
    payload = data[at + struct.calcsize(rest) :]
    if version not in (b"1.01", b"1.02") or length != len(payload):
        raise WebSocketError(1007)
    return kind, payload


class Channel:
    """One connection of a client to its session: an instance that echoes."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, session: Session, silent: bool
    ) -> None:
        self.reader, self.writer, self.session, self.silent = reader, writer, session, silent
        self.sequence = 0
        self.shutting = False

    def write(self, opcode: int, payload: bytes) -> None:
        if self.silent or self.shutting:
            return
        size = bytes([len(payload)]) if len(payload) < 126 else b"\x7e" + struct.pack("!H", len(payload))
        self.writer.write(bytes([0x80 | opcode]) + size + payload)

    def say(self, kind: int, payload: bytes) -> None:
        self.write(2, terminal_frame(kind, self.session.instances[0], self.sequence, payload))
        self.sequence += kind == OUTPUT

    def shut(self, status: bytes = b"", code: int = 1000) -> None:
        """Says why, then closes; who does not answer the Close is cut off."""
        if status:
            self.say(STATUS, status)
        self.write(8, struct.pack("!H", code))
        self.shutting = True
        asyncio.get_running_loop().call_later(1.0, self.writer.close)

    async def run(self) -> None:
        self.session.channels.add(self)
        self.say(STATUS, STATUS_OPENED)
        try:
            while True:
                async with asyncio.timeout(IDLE_SECONDS):
                    message = await self.read_message()
                if message is None:
                    break
                kind, payload = parse_terminal_frame(message)
                if kind == CLOSE:
                    self.shut(b"\x05Exit")
                elif kind == 0 and payload:  # an empty Input is a heartbeat
                    for start in range(0, len(payload), 0x4000):
                        self.say(OUTPUT, payload[start : start + 0x4000])
                await self.writer.drain()
        except TimeoutError:
            self.shut(b"\x05AgentTimeout")
        except WebSocketError as error:
            self.shut(code=error.code)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self.session.channels.discard(self)
            self.session.seen = time.time()

    async def read_message(self) -> bytes | None:
        """The next binary message, put together; None after a Close."""
        parts: list[bytes] = []
        while True:
            first, second = await self.reader.readexactly(2)
            opcode, size = first & 0x0F, second & 0x7F
            if first & 0x70 or not second & 0x80:  # reserved bits, or a client that does not mask
                raise WebSocketError(1002)
            if opcode >= 8 and (size > 125 or not first & 0x80):
                raise WebSocketError(1002)
            if size >= 126:
                wide = size == 127
                size = int.from_bytes(await self.reader.readexactly(8 if wide else 2))
            if size + sum(map(len, parts)) > MESSAGE_LIMIT:
                raise WebSocketError(1009)
            mask = await self.reader.readexactly(4)
            data = bytes(a ^ b for a, b in zip(await self.reader.readexactly(size), itertools.cycle(mask)))
            if opcode == 8:
                self.write(8, data[:2])
                return None
            if opcode == 9:
                self.write(10, data)
            elif opcode in (0, 2) and (opcode == 0) == bool(parts):
                # An empty first fragment must still count as one, hence the list.
                parts.append(data)
                if first & 0x80:
                    return b"".join(parts)
            elif opcode != 10:
                raise WebSocketError(1003 if opcode == 1 else 1002)


# Operations --------------------------------------------------------------------------------------


@dataclass
class Call:
    request: Request
    params: Params
    single: dict[str, str]  # one value a name, as the reading of repeated parameters chooses it
    xml: bool  # asked for as the answer's format
    connection: int  # counted since the server began
    nth: int  # of the connection's requests
    headers: list[tuple[str, str]]  # of the answer


class Service:
    def __init__(self, settings: argparse.Namespace, gate: Gate | None) -> None:
        self.settings = settings
        self.fault: str | None = settings.fault
        self.gate = gate
        self.registry = Registry(self.fault, settings.state)
        self.lapse = self.registry.lapse
        self.connections = itertools.count(1)
        self.address = ""
        self.answers = 0
        self.last_id = ""

    def request_id(self) -> str:
        self.answers += 1
        if self.fault != "request-id-repeated" or self.answers % 8 or not self.last_id:
            self.last_id = str(uuid.uuid4()).upper()
        return self.last_id.lower() if self.fault == "request-id-lower" else self.last_id

    def missing(self, name: str) -> Refusal:
        bare = f'The input parameter "{name}" that is mandatory for processing this request is not supplied.'
        return {
            "bare": Refusal(400, "MissingParameter", bare),
            "dotted": Refusal(400, f"MissingParameter.{name}", bare),
            "joined": Refusal(400, f"Missing{name}", f"{name} is mandatory for this action."),
        }[self.settings.missing_code]

    def choose(self, params: Params) -> dict[str, str]:
        values: dict[str, list[str]] = {}
        for name, value in params:
            if self.fault == "order-dependent" and name == "SessionId" and "RegionId" not in values:
                continue
            values.setdefault(name, []).append(value)
        reading = self.settings.repeated_parameter
        repeated = [name for name, found in values.items() if len(found) > 1]
        if self.fault == "random-choice":
            return {name: random.choice(found) for name, found in values.items()}
        if repeated and reading == "refused":
            raise not_valid(re.sub(r"[^A-Za-z0-9.]", "?", repeated[0]))
        return {name: found[0 if reading == "first" else -1] for name, found in values.items()}

    async def serve(self, call: Call) -> tuple[str, dict[str, Any]]:
        """Action and members of a success; raises the refusals."""
        request, single = call.request, call.single
        if request.path != b"/":
            raise no_such_action()
        if self.gate is not None:
            self.gate.admit(request, call.params, single)
        # Clients of V1 send x-acs-action as well: only a V3 signature, or neither, makes it count.
        in_headers = request.header("authorization") is not None or "Action" not in single and "Signature" not in single
        action = request.header("x-acs-action") if in_headers else single.get("Action")
        version = request.header("x-acs-version") if in_headers else single.get("Version")
        if not action:
            raise self.missing("Action")
        operations = {
            "StartTerminalSession": self.start,
            "DescribeTerminalSessions": self.describe,
            "EndTerminalSession": self.end,
        }
        if self.fault == "action-prefix":
            action = next((name for name in operations if action.startswith(name)), action)
        if action not in operations:
            raise no_such_action()
        if not version:
            raise self.missing("Version")
        if version != VERSION and self.fault != "version-ignored":
            raise Refusal(400, "InvalidVersion", "Specified parameter Version is not valid.")
        return action, await operations[action](call)

    def region(self, single: Mapping[str, str]) -> str:
        region = single.get("RegionId")
        if region is None or (region == "" and self.settings.empty_parameter == "missing"):
            raise self.missing("RegionId")
        if self.fault == "region-case":
            region = region.lower()
        if region in self.settings.unsupported_region:
            raise Refusal(400, "RegionId.ApiNotSupported", "The api is not supported in this region.")
        if region not in REGIONS:
            if self.fault == "unknown-region-accepted":
                return "cn-hangzhou"
            raise {
                "not-supported": Refusal(400, "RegionId.ApiNotSupported", "The api is not supported in this region."),
                "not-found": Refusal(
                    404, "InvalidRegionId.NotFound", "The RegionId provided does not exist in our records."
                ),
                "invalid": not_valid("RegionId"),
            }[self.settings.unknown_region]
        return region

    async def start(self, call: Call) -> dict[str, Any]:
        single = call.single
        region = self.region(single)
        numbered = {int(m[1]): v for k, v in single.items() if (m := re.fullmatch(r"InstanceId\.([1-9][0-9]?)", k))}
        instances = [numbered[key] for key in sorted(numbered)]
        command, server, port = (single.get(name, "") for name in ("CommandLine", "TargetServer", "PortNumber"))
        if not instances:
            raise self.missing("InstanceId")
        checks: Iterable[tuple[bool, int, str, str]] = [
            (len(instances) > 10, 403, "InstanceIds.ExceedLimit",
             "The number of instance IDs exceeds the upper limit."),
            (len(instances) > 1 and bool(command or server), 403, "InvalidInstanceIds.CountLimitExceeded",
             "The count of Instances exceeded the maximum limit of 1"
             " when TargetServer or CommandLine parameter was specified."),
            (not all(INSTANCE_ID.fullmatch(name) for name in instances), 404, "InvalidInstance.NotFound",
             "The specified instances not found."),
            (bool(command and (port or server)), 403, "InvalidCommandLine.Conflict",
             "The parameter PortNumber or TargetServer cannot be specified with parameter CommandLine."),
            (len(command) > 512, 403, "InvalidCommandLine.LengthLimitExceeded",
             "The length of the parameter CommandLine exceeded the limit of 512 characters."),
            (bool(server and not port), 403, "InvalidTargetServer.MissingPortNumber",
             "The parameter PortNumber must be specified with parameter TargetServer."),
            (len(server) > 128, 403, "InvalidTargetServer.LengthLimitExceeded",
             "The length of the parameter TargetServer exceeded the limit of 128 characters."),
            (bool(port) and not (re.fullmatch(r"[0-9]{1,5}", port, re.ASCII) and 0 < int(port) < 65536), 400,
             "PortNumber.Invalid", "The port number is invalid."),
            (single.get("ConnectionType", "Internet") not in ("Internet", "Intranet"), 400,
             "InvalidParameter.ConnectionType", "The specified parameter ConnectionType is not valid."),
            (len(single.get("Username", "")) > 255, 403, "Username.ExceedLimit",
             "The length of the username exceeds the upper limit."),
            (len(single.get("PasswordName", "")) > 255, 403, "InvalidPasswordName.LengthLimitExceeded",
             "The length of the parameter PasswordName exceeds the limit of 255 characters."),
        ]  # fmt: skip
        for broken, status, code, message in checks:
            if broken:
                raise Refusal(status, code, message)
        options: dict[str, Any] = {"Username": single.get("Username", ""), "TargetServer": server}
        if port:
            options["PortNumber"] = int(port)
        session = self.registry.start(region, instances, options)
        await self.lapse.started(call, session)
        url = f"ws://{self.address}/session?sessionId={session.id}&token={session.token}"
        return {"SessionId": session.id, "SecurityToken": session.token, "WebSocketUrl": url}

    async def describe(self, call: Call) -> dict[str, Any]:
        single = call.single
        region = self.region(single)
        limit, after = single.get("MaxResults") or "10", single.get("NextToken") or ""
        if not re.fullmatch(r"[0-9]{1,3}", limit, re.ASCII) or not 1 <= int(limit) <= 100:
            text = "The specified parameter MaxResults is not valid."
            raise Refusal(400, "InvalidParameter.MaxResults", text)
        if after and not re.fullmatch(r"p[0-9]{1,12}", after, re.ASCII):
            text = "The specified parameter NextToken is not valid."
            raise Refusal(400, "InvalidParameter.NextToken", text)
        self.registry.expire()
        name, instance = single.get("SessionId"), single.get("InstanceId")
        newest_first = reversed(self.registry.order[: int(after[1:])] if after else self.registry.order)
        if name:
            newest_first = iter([self.registry.all[name]] if name in self.registry.all else [])
        matching = (s for s in newest_first if s.region == region and (not instance or instance in s.instances))
        page = list(itertools.islice(matching, int(limit) + 1))
        more = len(page) > int(limit)
        page = page[: int(limit)]
        as_connected = self.fault == "listed-as-connected"
        return {
            "NextToken": f"p{page[-1].sequence}" if more else "",
            "Sessions": {"Session": [self.lapse.described(call, row, row.describe(as_connected)) for row in page]},
        }

    async def end(self, call: Call) -> dict[str, Any]:
        name = call.single.get("SessionId")
        if self.fault == "refusal-closes" and name in self.registry.open:
            if call.single.get("RegionId") in self.settings.unsupported_region:
                self.registry.end(self.registry.open[name])
        self.lapse.asked(call, name)
        region = self.region(call.single)
        if name is None and self.fault == "missing-session-accepted":
            return {}
        if name is None or (name == "" and self.settings.empty_parameter == "missing"):
            raise self.missing("SessionId")
        await self.stumble(name, call)
        session = self.registry.find(region, name) or self.lapse.finds(name)
        if session is None and name != "" and not SESSION_ID.fullmatch(name):
            raise not_valid("SessionId") if self.settings.malformed_session == "invalid" else session_not_found()
        if session is None:
            raise session_not_found()
        if session.ended is not None and self.settings.repeat_end == "not-found":
            if self.lapse.overlooks(call, session):
                return {}
            self.lapse.refused(call, session)
            raise session_not_found()
        if session.ended is not None or not self.lapse.takes_effect(call, session):
            return {}
        if self.fault == "get-has-no-effect" and call.request.method == "GET":
            return {}
        if self.fault == "check-then-act":
            await asyncio.sleep(0.05)
        if self.fault == "closes-newest":
            session = [s for s in self.registry.open.values() if s.region == region][-1]
        self.registry.end(session)
        if not self.lapse.ended(call, session):
            raise session_not_found()
        return {"Code": "0"} if self.fault == "success-code" else {}

    async def stumble(self, name: str, call: Call) -> None:
        """The faults that an id's mere text sets off."""
        internal = "The request processing has failed due to some unknown error, exception or failure."
        if self.fault == "non-ascii-500" and not name.isascii():
            raise Refusal(500, "InternalError", internal)
        if self.fault == "long-id-503" and len(name) > 255:
            raise Refusal(503, "ServiceUnavailable", "The request has failed due to a temporary failure of the server.")
        if self.fault == "nul-hangs" and "\0" in name:
            await asyncio.Event().wait()
        if self.fault == "reflects-header":
            call.headers.append(("x-acs-session-id", name))


# Answers -----------------------------------------------------------------------------------------

REASONS = {
    200: "OK", 202: "Accepted", 400: "Bad Request", 403: "Forbidden", 404: "Not Found",
    405: "Method Not Allowed", 408: "Request Timeout", 413: "Content Too Large", 414: "URI Too Long",
    417: "Expectation Failed", 426: "Upgrade Required", 431: "Request Header Fields Too Large",
    500: "Internal Server Error", 501: "Not Implemented", 503: "Service Unavailable",
    505: "HTTP Version Not Supported",
}  # fmt: skip
XML_FORBIDS = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def to_xml(name: str, value: Any) -> str:
    if isinstance(value, list):
        return "".join(to_xml(name, item) for item in value)
    if isinstance(value, dict):
        return f"<{name}>" + "".join(to_xml(key, item) for key, item in value.items()) + f"</{name}>"
    return f"<{name}>{escape(XML_FORBIDS.sub(chr(0xFFFD), str(value)))}</{name}>"


def entity_tag(body: bytes) -> str:
    """The gateway's: first digit of the length, the digest, last digit of the length."""
    digest = base64.b64encode(hashlib.md5(body).digest()).decode().rstrip("=")
    return f"{str(len(body))[0]}{digest}{str(len(body))[-1]}"


def message(status: int, headers: Iterable[tuple[str, str]], body: bytes) -> bytes:
    lines = [f"HTTP/1.1 {status} {REASONS[status]}", *(f"{name}: {value}" for name, value in headers)]
    return "\r\n".join(lines).encode("utf-8", "surrogateescape") + b"\r\n\r\n" + body


class Connection:
    """One TCP connection: requests in, answers out, perhaps a WebSocket at its end."""

    def __init__(self, service: Service, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.service, self.reader, self.writer = service, reader, writer
        self.fault = service.fault
        self.number, self.requests = next(service.connections), itertools.count(1)

    async def run(self) -> None:
        try:
            while True:
                try:
                    request = await read_request(self.reader, self.writer)
                except BadHttp as error:
                    refusal = Refusal(error.status, "InvalidRequest", REASONS[error.status] + ".")
                    self.write(refusal.status, self.envelope(refusal), "Error", xml=False, keep=False)
                    break
                if request is None:
                    break
                if request.lists("upgrade", "websocket") and request.path == b"/session":
                    await self.upgrade(request)
                    break
                keep = await self.answer(request)
                await self.writer.drain()
                if not keep:
                    break
            await self.linger()
        except (ConnectionError, TimeoutError):
            pass
        finally:
            self.writer.close()

    async def linger(self) -> None:
        """Lets the client read an answer to a request of which not all was read: closing at once resets."""
        await self.writer.drain()
        with contextlib.suppress(OSError):
            self.writer.write_eof()
        async with asyncio.timeout(1.0):
            while await self.reader.read(65536):
                pass

    async def answer(self, request: Request) -> bool:
        """Answers one request; whether the connection goes on."""
        keep, xml = request.keep_alive, self.service.settings.default_format == "xml"
        extra: list[tuple[str, str]] = []
        try:
            if request.method not in ("GET", "POST"):
                extra.append(("allow", "GET, POST"))
                raise Refusal(405, "UnsupportedHTTPMethod", "This http method not supported.")
            params = decode_pairs(request.query, self.fault != "plus-literal")
            media = (request.header("content-type") or "").partition(";")[0].strip().lower()
            is_form = request.method == "POST" and media == "application/x-www-form-urlencoded"
            if is_form and self.fault != "form-ignored":
                params += decode_pairs(request.body, self.fault != "plus-literal")
            xml = self.wants_xml(request, params, xml)
            single = self.service.choose(params)
            call = Call(request, params, single, xml, self.number, next(self.requests), extra)
            action, members = await self.service.serve(call)
        except Refusal as refusal:
            return self.refuse(request, refusal, xml, keep, extra)
        status = 202 if self.fault == "accepted-202" and action == "EndTerminalSession" else 200
        members = {"RequestId": self.service.request_id(), **members}
        self.write(status, members, f"{action}Response", xml=xml, keep=keep, extra=extra)
        return keep

    def wants_xml(self, request: Request, params: Params, default: bool) -> bool:
        named = next((value for name, value in params if name == "Format"), "")
        if self.fault != "format-case":
            named = named.upper()
        elif named:
            return named != "JSON"
        if named in ("JSON", "XML"):
            return named == "XML"
        accept = (request.header("accept") or "").lower()
        if "json" in accept or "xml" in accept:
            return "json" not in accept
        return default

    def refuse(
        self, request: Request, refusal: Refusal, xml: bool, keep: bool, extra: list[tuple[str, str]]
    ) -> bool:
        status, code = refusal.status, refusal.code
        if self.fault == "html-error" and code.startswith("Missing") and code.endswith("SessionId"):
            page = b"<html><body><h1>400 Bad Request</h1></body></html>"
            self.writer.write(message(400, [("content-type", "text/html"), ("content-length", str(len(page)))], page))
            return keep
        members = self.envelope(refusal)
        if code == "InvalidSessionId.NotFound":
            status = {"status-400": 400, "in-band-error": 200}.get(self.fault or "", status)
            if self.fault == "code-typo":
                members["Code"] = "InvalidSessionID.NotFound"
            if self.fault == "message-space":
                members["Message"] += " "
            if self.fault == "xml-other-code" and xml:
                members["Code"] = "InvalidSession.NotFound"
        self.write(status, members, "Error", xml=xml, keep=keep, extra=extra, head_only=request.method == "HEAD")
        return keep and self.fault not in ("body-cut", "bytes-after-body")

    def envelope(self, refusal: Refusal) -> dict[str, Any]:
        request_id = self.service.request_id()
        recommend = f"https://api.aliyun.com/troubleshoot?q={quote(refusal.code)}&product=Ecs&requestId={request_id}"
        members = {
            "RequestId": request_id,
            "HostId": HOST_ID,
            "Code": refusal.code,
            "Message": refusal.message,
            "Recommend": recommend,
        }
        dropped = {"request-id-not-in-errors": "RequestId", "no-host-id": "HostId"}.get(self.fault or "")
        return {name: value for name, value in members.items() if name != dropped}

    def write(
        self,
        status: int,
        members: dict[str, Any],
        root: str,
        *,
        xml: bool,
        keep: bool,
        extra: Iterable[tuple[str, str]] = (),
        head_only: bool = False,
    ) -> None:
        request_id = members.get("RequestId") or self.service.request_id()
        error = root == "Error"
        if error and self.fault == "lower-case-members":
            members = {name[0].lower() + name[1:]: value for name, value in members.items()}
        if xml:
            text = "<?xml version='1.0' encoding='UTF-8'?>"
            text += to_xml("Response" if self.fault == "xml-root" else root, members)
            text = text.replace("&amp;", "&") if self.fault == "xml-unescaped" else text
            media = "application/xml" if self.fault == "xml-media-type" else "text/xml"
        else:
            text = json.dumps(members, ensure_ascii=False, separators=(",", ":"))
            if error and self.fault == "bom":
                text = "\ufeff" + text
            if error and self.fault == "code-twice":
                text = text[:-1] + ',"Code":"InternalError"}'
            media = "application/json"
        body = text.encode("utf-8", "replace")
        if self.fault == "request-id-header":
            request_id = str(uuid.uuid4()).upper()
        headers = [
            ("date", formatdate(usegmt=True)),
            ("content-type", f"{media};charset=utf-8"),
            ("content-length", str(len(body))),
            ("connection", "keep-alive" if keep else "close"),
            *([("keep-alive", f"timeout={KEEP_ALIVE_SECONDS}")] if keep else []),
            ("access-control-allow-origin", "*"),
            ("access-control-expose-headers", "*"),
            ("x-acs-request-id", request_id),
            ("x-acs-trace-id", secrets.token_hex(16)),
            ("etag", f'"{entity_tag(body)}"'),
            *extra,
        ]
        if error and self.fault == "body-cut":
            body = body[:-2]
        if error and self.fault == "bytes-after-body":
            body += b'{"RequestId":""}'
        self.writer.write(message(status, headers, b"" if head_only else body))

    async def upgrade(self, request: Request) -> None:
        """The handshake of RFC 6455, then the session's terminal until either side has enough."""
        service, extra = self.service, []
        try:
            key = request.header("sec-websocket-key") or ""
            version = request.header("sec-websocket-version")
            if request.method != "GET" or not request.lists("connection", "upgrade") or not is_key(key):
                raise Refusal(400, "InvalidRequest", "This is no WebSocket handshake.")
            if version != "13":
                extra.append(("sec-websocket-version", "13"))
                raise Refusal(426, "InvalidRequest", "Only version 13 of the WebSocket protocol is supported.")
            query = dict(decode_pairs(request.query))
            service.registry.expire()
            session = service.registry.all.get(query.get("sessionId", ""))
            ended = session is not None and session.ended is not None and self.fault != "url-stays"
            if session is not None and ended:
                ended = not service.lapse.admits(session, self.number, query.get("token"))
            if session is None or (ended and service.settings.closed_websocket == "refused"):
                raise session_not_found()
            # The ended come first: with the wrong token too, they are ended.
            token = query.get("token", "").encode("utf-8", "surrogateescape")
            tokenless = session.ended is not None and self.fault == "tokenless-url"
            if not ended and not tokenless and not hmac.compare_digest(session.token.encode(), token):
                raise Refusal(403, "Forbidden", "The token of the session is not valid.")
        except Refusal as refusal:
            self.refuse(request, refusal, xml=False, keep=False, extra=extra)
            await self.linger()
            return
        await service.lapse.lets_in(session)
        digest = hashlib.sha1((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest()
        accept = base64.b64encode(digest).decode()
        lines = ("HTTP/1.1 101 Switching Protocols", "upgrade: websocket", "connection: Upgrade",
                 f"sec-websocket-accept: {accept}", "", "")  # fmt: skip
        self.writer.write("\r\n".join(lines).encode())
        channel = Channel(self.reader, self.writer, session, self.fault == "websocket-silent")
        if ended:
            channel.shut()
            await self.linger()
            return
        await channel.run()
        await self.linger()


def is_key(text: str) -> bool:
    try:
        return len(base64.b64decode(text, validate=True)) == 16
    except binascii.Error:
        return False


# The program -------------------------------------------------------------------------------------


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    add = parser.add_argument
    add("--port", type=int, default=0, help="of 127.0.0.1; 0 takes a free one")
    add("--auth", action="store_true", help="demand signatures with PEER_ACCESS_KEY_ID and PEER_ACCESS_KEY_SECRET"
        " (PEER_DENIED_ACCESS_KEY_ID and _SECRET: a key without permissions)")  # fmt: skip
    add("--unsupported-region", action="append", metavar="ID", help="a region without these operations [cn-fuzhou]")
    add("--missing-code", choices=["joined", "dotted", "bare"], default="joined",
        help="MissingSessionId, MissingParameter.SessionId or MissingParameter")  # fmt: skip
    add("--repeat-end", choices=["not-found", "idempotent"], default="not-found")
    add("--unknown-region", choices=["not-found", "not-supported", "invalid"], default="not-found")
    add("--empty-parameter", choices=["missing", "not-found"], default="missing")
    add("--malformed-session", choices=["invalid", "not-found"], default="invalid")
    add("--repeated-parameter", choices=["last", "first", "refused"], default="last")
    add("--closed-websocket", choices=["refused", "closed"], default="refused")
    add("--default-format", choices=["xml", "json"], default="xml")
    add("--state", type=Path, metavar="FILE", help="keep the sessions in this file, and go on with those that it holds")
    add("--fault", choices=sorted(FAULTS), metavar="NAME", help="one deliberate defect")
    add("--list-faults", action="store_true", help="name, broken clauses and defect, one a line, and end")
    settings = parser.parse_args()
    settings.unsupported_region = settings.unsupported_region or ["cn-fuzhou"]
    return settings


def credentials() -> dict[str, Credential]:
    names = {"PEER_ACCESS_KEY": True, "PEER_DENIED_ACCESS_KEY": False}
    found = {prefix: (os.environ.get(f"{prefix}_ID"), os.environ.get(f"{prefix}_SECRET")) for prefix in names}
    keys = {key: Credential(secret, names[prefix]) for prefix, (key, secret) in found.items() if key and secret}
    if not any(credential.allowed for credential in keys.values()):
        sys.exit("--auth needs PEER_ACCESS_KEY_ID and PEER_ACCESS_KEY_SECRET in the environment")
    return keys


def watch_stdin(loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> None:
    """Whoever started the server holds its stdin: when that ends, so does the server."""

    def wait() -> None:
        # os.read and not sys.stdin, whose lock this thread would still hold when the interpreter ends.
        with contextlib.suppress(OSError):
            while os.read(0, 4096):
                pass
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(stop.set)

    threading.Thread(target=wait, daemon=True).start()


async def main(settings: argparse.Namespace) -> None:
    gate = Gate(credentials(), settings.fault) if settings.auth else None
    service = Service(settings, gate)

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # Connections are cancelled only when the program ends; asyncio would report each as a failure.
        with contextlib.suppress(asyncio.CancelledError):
            await Connection(service, reader, writer).run()

    server = await asyncio.start_server(connected, "127.0.0.1", settings.port, limit=HEAD_LIMIT, backlog=512)
    service.address = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    print(f"listening http://{service.address}", flush=True)
    watch_stdin(loop, stop)
    await stop.wait()


if __name__ == "__main__":
    arguments = parse_arguments()
    if arguments.list_faults:
        for title, entry in FAULTS.items():
            print(f"{title}\t{entry.clause}\t{entry.text}")
    else:
        asyncio.run(main(arguments))
