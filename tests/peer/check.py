"""Runs endspec against the second server: honest it must pass, and each fault must be found under a clause it breaks.

usage: check.py [--times N] [--select EXPR] ENDSPEC [honest | FAULT]...
"""

from __future__ import annotations

import argparse
import json
import os
import re
import secrets
import shlex
import socket
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from lapses import LAPSES

HERE = Path(__file__).parent
SERVER = [sys.executable, str(HERE / "peer_server.py")]
KEY_ID, KEY_SECRET = "peer-test-key", "peer-test-secret"
DENIED_ID, DENIED_SECRET = "peer-denied-key", "peer-denied-secret"
# Readings that the second server is honest under; where endspec's default differs, it is told.
READINGS = [
    [],
    ["--repeat-end", "idempotent", "--unknown-region", "not-supported", "--malformed-session", "not-found"],
    ["--unknown-region", "invalid", "--empty-parameter", "not-found", "--repeated-parameter", "first"],
    ["--repeated-parameter", "refused", "--default-format", "json", "--missing-code", "bare"],
]
# The faults of state meet the cases about sessions alone: the others tell nothing more, and take most of the time.
SESSIONS = "end/effect/*,start/*,describe/*"
# These come only with much traffic, so they meet the whole suite.
RARE = {"proxy-retries", "tombstones-evicted"}
# Faults that the suite does not find yet, and why. One that it finds fails the check, until it is taken off.
GAPS = {
    "one-connection-cut": "it takes a second connection on a session while one is held, which the rules for judging forbid",
}
CALLS = 5  # that a finding shows at most: who reads it must see at once what went wrong


class Peer:
    """The second server as a child process, ended with the block; it can be killed and started again on its port."""

    def __init__(self, *flags: str) -> None:
        self.flags = flags
        self.environment = os.environ | {
            "PEER_ACCESS_KEY_ID": KEY_ID,
            "PEER_ACCESS_KEY_SECRET": KEY_SECRET,
            "PEER_DENIED_ACCESS_KEY_ID": DENIED_ID,
            "PEER_DENIED_ACCESS_KEY_SECRET": DENIED_SECRET,
        }
        self.url = self.start("0")
        self.control = socket.create_server(("127.0.0.1", 0))
        self.restarter = threading.Thread(target=self.restart_on_request)
        self.restarter.start()

    def start(self, port: str) -> str:
        self.process = subprocess.Popen(
            [*SERVER, "--port", port, *self.flags],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=self.environment,
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line.startswith("listening "), line
        return line.split()[1]

    def stop(self) -> None:
        self.process.kill()
        self.process.communicate()

    def restart_on_request(self) -> None:
        """Each connection is a wish; it gets a byte when the server is back. One that says `end` is the last."""
        while True:
            client = self.control.accept()[0]
            with client:
                if client.recv(3) == b"end":
                    return
                self.stop()
                self.start(self.url.rpartition(":")[2])
                client.sendall(b"!")

    @property
    def restart_command(self) -> str:
        connect = f"import socket, sys; s = socket.create_connection({self.control.getsockname()})"
        return shlex.join([sys.executable, "-c", f"{connect}; s.sendall(b'now'); sys.exit(s.recv(1) != b'!')"])

    def __enter__(self) -> Peer:
        return self

    def __exit__(self, *_: object) -> None:
        with socket.create_connection(self.control.getsockname()) as client:
            client.sendall(b"end")
        self.restarter.join()
        self.control.close()
        self.stop()


def endspec(program: str, peer: Peer, auth: str, *flags: str) -> tuple[int, dict, str]:
    """Runs the suite; its exit code, its JSON report and what it printed for people."""
    environment = os.environ | {
        "ALIBABA_CLOUD_ACCESS_KEY_ID": KEY_ID,
        "ALIBABA_CLOUD_ACCESS_KEY_SECRET": KEY_SECRET,
        "ENDSPEC_DENIED_ACCESS_KEY_ID": DENIED_ID,
        "ENDSPEC_DENIED_ACCESS_KEY_SECRET": DENIED_SECRET,
    }
    command = [
        program, "run", "--target", peer.url, "--auth", auth, "--instance-id", "i-bp1peer00000001",
        "--other-region", "cn-shanghai", "--unsupported-region", "cn-fuzhou", "--timeout", "2s",
        "--restart-command", peer.restart_command, "--seed", f"{secrets.randbits(64):016x}",
        "--report", "json=-", *flags,
    ]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, stdin=subprocess.DEVNULL)
    return done.returncode, json.loads(done.stdout or "{}"), done.stderr


class Check(NamedTuple):
    """What one peer came to, run several times."""

    ok: bool
    line: str
    text: str


def honest(program: str, times: int, server_flags: list[str], auth: str) -> Check:
    """The honest server under a choice of readings must pass, leave nothing open and have nothing found."""
    declared = ["--reading", "repeat-end=idempotent"] if "idempotent" in server_flags else []
    lacking = ["--without", "signatures,denied-credential"] if auth == "none" else []
    passed, problems = 0, []
    for _ in range(times):
        with tempfile.TemporaryDirectory() as folder:
            # Half of the peers forget their sessions over a restart, the others go on with them.
            state = ["--state", f"{folder}/state"] if READINGS.index(server_flags) % 2 else []
            with Peer(*server_flags, *state, *(["--auth"] if auth != "none" else [])) as peer:
                code, report, text = endspec(program, peer, auth, *declared, *lacking)
        found = [finding["clause"] for case in report.get("cases", []) for finding in case["findings"]]
        if code == 0 and not found and report["leaked"] == []:
            passed += 1
        else:
            problems.append(f"exit {code}, found {found}\n{text}")
    name = " ".join(["honest", auth, *server_flags])
    return Check(not problems, f"{name}: {passed} of {times} passed", "\n".join(problems))


def faults() -> list[tuple[str, list[str]]]:
    listed = subprocess.run([*SERVER, "--list-faults"], capture_output=True, text=True, check=True).stdout
    rows = [line.split("\t") for line in listed.splitlines()]
    return [(name, clauses.split()) for name, clauses, _ in rows]


def calls(finding: dict) -> int:
    """How many calls a finding shows: those of its timeline, else its own and the End that went before."""
    notes = dict(finding["notes"])
    if "timeline" in notes:
        more = re.search(r"and (\d+) more", notes["timeline"])
        return len(re.findall(r"\|-", notes["timeline"])) + (int(more[1]) if more else 0)
    return 1 + ("before" in notes)


def fault(program: str, times: int, select: str | None, name: str, clauses: list[str]) -> Check:
    """A fault must be found in every run, under one of its clauses, in few calls; one of the gaps in none."""
    select = select or (SESSIONS if name in LAPSES.keys() - RARE else "*")
    found, by, also, lengths, problems = 0, Counter[str](), Counter[str](), [0], []
    for _ in range(times):
        with tempfile.TemporaryDirectory() as folder:
            with Peer("--auth", "--state", f"{folder}/state", "--fault", name) as peer:
                code, report, text = endspec(program, peer, "v3", "--select", select)
        findings = [finding for case in report.get("cases", []) for finding in case["findings"]]
        own = [finding for finding in findings if finding["clause"] in clauses]
        by.update({finding["clause"] for finding in own})
        also.update({finding["clause"] for finding in findings} - set(clauses))
        lengths += map(calls, own)
        found += bool(own)
        if bool(own) == (name in GAPS) or max(lengths) > CALLS:
            problems.append(f"{name}: seed {report.get('seed')}, exit {code}\n{text}")
    line = f"{name}: {found} of {times}, by {shown(by)}, in at most {max(lengths)} calls; also {shown(also)}"
    line += f"; a gap: {GAPS[name]}" if name in GAPS else ""
    return Check(not problems, line, "\n".join(problems))


def shown(counted: Counter[str]) -> str:
    return ", ".join(f"{clause} {times}" for clause, times in counted.most_common()) or "none"


def checks(
    program: str, times: int, select: str | None, wanted: list[str]
) -> Iterable[Callable[[], Check]]:
    """Everything that is to run: without names, all."""
    for flags in READINGS if not wanted or "honest" in wanted else []:
        for auth in ("none", "v1", "v3"):
            yield lambda flags=flags, auth=auth: honest(program, times, flags, auth)
    for name, clauses in faults():
        if not wanted or name in wanted:
            yield lambda name=name, clauses=clauses: fault(program, times, select, name, clauses)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    add = parser.add_argument
    add("--times", type=int, default=1, metavar="N", help="runs of each, with a seed of its own each [1]")
    add("--select", metavar="EXPR", help="cases that faults meet, as endspec's own [as fits the fault]")
    add("program", metavar="ENDSPEC")
    add("wanted", nargs="*", metavar="NAME", help="`honest`, or a fault [all]")
    settings = parser.parse_args()
    known = {"honest", *(name for name, _ in faults())}
    if unknown := set(settings.wanted) - known or GAPS.keys() - known:
        parser.error(f"no such fault: {', '.join(sorted(unknown))}; peer_server.py --list-faults names them all")
    passed, problems = 0, []
    with ThreadPoolExecutor(max_workers=2) as pool:
        runs = checks(settings.program, settings.times, settings.select, settings.wanted)
        for check in pool.map(lambda run: run(), runs):
            print("ok  " if check.ok else "FAIL", check.line, flush=True)
            passed += check.ok
            if not check.ok:
                problems.append(check.text)
    print("\n\n".join(problems))
    print(f"{passed} passed, {len(problems)} failed")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
