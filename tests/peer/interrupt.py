"""Cuts runs short, or holds them up, at the target or at endspec: reports stay whole, nobody is blamed, no session is left
open unsaid.

usage: interrupt.py ENDSPEC
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from pathlib import Path
from typing import Any

from schema import breaches

SCHEMA = json.loads((Path(__file__).parents[2] / "schemas" / "report.schema.json").read_text())
KEYS = {
    "ALIBABA_CLOUD_ACCESS_KEY_ID": "endspec-reference-key",
    "ALIBABA_CLOUD_ACCESS_KEY_SECRET": "endspec-reference-secret",
    "ENDSPEC_DENIED_ACCESS_KEY_ID": "endspec-reference-denied-key",
    "ENDSPEC_DENIED_ACCESS_KEY_SECRET": "endspec-reference-denied-secret",
}
REGIONS = ["cn-hangzhou", "cn-shanghai"]
MOMENTS = 10
SECONDS = 180  # after which a run hangs
FROZEN = 2.5  # seconds, which is longer than an answer is waited for
Action = Callable[["Counter", "subprocess.Popen[str]", int], None]  # with relay, server, and endspec's process id


class Counter:
    """A relay to the server that counts requests, and does something while it holds the one of a certain number."""

    def __init__(self, port: int, number: int | None, action: Callable[[Counter], None]) -> None:
        self.port, self.number, self.action = port, number, action
        self.seen, self.lock, self.sockets = 0, threading.Lock(), set[socket.socket]()
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client = self.listener.accept()[0]
                try:
                    server = socket.create_connection(("127.0.0.1", self.port))
                except OSError:
                    client.close()
                    continue
                for one in (client, server):
                    one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    self.sockets.add(one)
                threading.Thread(target=self.relay, args=(client, server, True), daemon=True).start()
                threading.Thread(target=self.relay, args=(server, client, False), daemon=True).start()

    def relay(self, source: socket.socket, sink: socket.socket, counts: bool) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                if counts and b" HTTP/1.1\r\n" in data:
                    self.count()
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)

    def count(self) -> None:
        with self.lock:
            self.seen += 1
            if self.seen == self.number:
                self.action(self)

    def deaf(self) -> None:
        """From here on it refuses connections."""
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()

    def close(self) -> None:
        """As the end of a process does it: nothing listens any more, every connection is cut."""
        self.deaf()
        for one in list(self.sockets):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)


@contextlib.contextmanager
def serving(program: str, auth: str) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """The reference server as a child process, and its port."""
    command = [program, "serve", "--listen", "127.0.0.1:0", "--auth", auth]
    null = subprocess.DEVNULL
    server = subprocess.Popen(command, stdin=null, stdout=subprocess.PIPE, stderr=null, text=True)
    try:
        assert server.stdout is not None
        line = server.stdout.readline()
        assert line.startswith("listening "), line
        yield server, int(line.rpartition(":")[2])
    finally:
        server.kill()
        server.communicate()


def run(program: str, auth: str, number: int | None, action: Action) -> Outcome:
    """One run of the suite through a relay that does `action` at a request."""
    demands = "required" if auth == "v3" else "open"
    with serving(program, demands) as (server, port), tempfile.TemporaryDirectory() as folder:
        child: list[int] = []
        started = threading.Event()

        def act(relay: Counter) -> None:
            started.wait()
            action(relay, server, child[0])

        relay = Counter(port, number, act)
        lacking = "restart" if auth == "v3" else "restart,signatures,denied-credential"
        path = Path(folder, "report.json")
        process = subprocess.Popen(
            [program, "run", "--target", relay.url, "--auth", auth, "--without", lacking, "--timeout", "2s",
             "--other-region", "cn-shanghai", "--unsupported-region", "cn-fuzhou",
             "--instance-id", "i-bp1endspec0000000001", "--report", f"json={path}"],
            env=os.environ | KEYS, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True,
        )  # fmt: skip
        child.append(process.pid)
        started.set()
        try:
            text = process.communicate(timeout=SECONDS)[0]
        except subprocess.TimeoutExpired:
            process.kill()
            text = process.communicate()[0]
        left = still_open(port) if auth == "none" and server.poll() is None else set()
        relay.close()
        return Outcome(process.returncode, path.read_text() if path.exists() else "", text, left, relay.seen)


class Outcome:
    """What a run came to."""

    def __init__(self, code: int, report: str, text: str, left: set[str], requests: int) -> None:
        self.code, self.text, self.left, self.requests = code, text, left, requests
        try:
            self.report: dict[str, Any] = json.loads(report)
        except ValueError:
            self.report = {}

    def problems(self, codes: set[int], interrupted: bool) -> list[str]:
        """What is not as it must be."""
        problems = [] if self.code in codes else [f"exit {self.code}, not one of {codes}"]
        problems += breaches(self.report, SCHEMA, SCHEMA)[:5]
        if self.report.get("interrupted") is not interrupted:
            problems.append(f"`interrupted` is {self.report.get('interrupted')}")
        for case in self.report.get("cases", []):
            problems += [f"{case['id']}: {one['clause']}: {one['message']}" for one in case["findings"]]
        unsaid = self.left - set(self.report.get("leaked", []))
        # Of a Start that got no answer nobody knows the id: that there was one is said.
        unknown = (self.report.get("weather") or {}).get("starts", 0)
        if len(unsaid) <= unknown:
            return problems
        return problems + [f"left open and not in `leaked`: {name}" for name in sorted(unsaid)]


def still_open(port: int) -> set[str]:
    """Ids of the sessions that DescribeTerminalSessions lists with a live connection."""
    found = set()
    for region in REGIONS:
        token: str | None = ""
        while token is not None:
            query = {"Action": "DescribeTerminalSessions", "Version": "2014-05-26", "Format": "JSON",
                     "RegionId": region, "MaxResults": "100", **({"NextToken": token} if token else {})}  # fmt: skip
            url = f"http://127.0.0.1:{port}/?{urllib.parse.urlencode(query)}"
            with urllib.request.urlopen(url, timeout=10) as answer:
                page = json.load(answer)
            for session in page["Sessions"]["Session"]:
                states = {row["Status"] for row in session["Connections"]["Connection"]}
                if states & {"Connecting", "Connected"}:
                    found.add(session["SessionId"])
            token = page.get("NextToken") or None
    return found


def kill_target(relay: Counter, server: subprocess.Popen[str], _: int) -> None:
    # First of all: a connection taken and dropped would be an answer that a dead server does not give.
    relay.deaf()
    server.kill()
    server.wait()
    relay.close()


def interrupt_run(_: Counter, __: subprocess.Popen[str], pid: int) -> None:
    os.kill(pid, signal.SIGINT)


def freeze_target(_: Counter, server: subprocess.Popen[str], __: int) -> None:
    freeze(server.pid)


def freeze_run(_: Counter, __: subprocess.Popen[str], pid: int) -> None:
    freeze(pid)


def freeze(pid: int) -> None:
    """As a busy machine may do it: every wait of that process is over when it goes on, whatever came meanwhile."""
    os.kill(pid, signal.SIGSTOP)
    time.sleep(FROZEN)
    os.kill(pid, signal.SIGCONT)


def nothing(*_: object) -> None:
    """Of a whole run: it counts, and no request is the one."""


Row = tuple[str, list[str], Outcome]  # title, problems, what came of it


# What is done, how calls are signed, the exit codes it may come to, and whether that is an interruption.
KINDS: dict[str, tuple[Action, str, set[int], bool]] = {
    "target killed": (kill_target, "v3", {3}, False),
    "run interrupted": (interrupt_run, "none", {130}, True),
    "target frozen": (freeze_target, "none", {0, 3}, False),
    "run frozen": (freeze_run, "none", {0, 3}, False),
}


def kind(program: str, name: str, pool: Executor) -> list[str]:
    """A whole run, which tells how many requests there are, then one for each tenth of them."""
    action, auth, codes, interrupts = KINDS[name]
    whole = run(program, auth, None, nothing)

    def cut(moment: int) -> Row:
        # The last tenth ends early: runs differ by a few requests, and the moment must come.
        number = 1 + int(whole.requests * 0.95 * (moment + random.random()) / MOMENTS)
        outcome = run(program, auth, number, action)
        problems = outcome.problems(codes, interrupts)
        if outcome.requests < number:
            problems.append(f"ended after {outcome.requests} requests, before the moment")
        return f"{name} at request {number} of {whole.requests}", problems, outcome

    first = (f"{name}: whole run", whole.problems({0}, False), whole)
    failed = []
    for title, problems, outcome in itertools.chain([first], pool.map(cut, range(MOMENTS))):
        leaked = len(outcome.report.get("leaked", []))
        print(f"{'FAIL' if problems else 'ok  '} {title}: exit {outcome.code}, {leaked} leaked", flush=True)
        if problems:
            failed.append("\n  ".join([title, *problems]) + f"\n{outcome.text}")
    return failed


def main() -> int:
    # Runs are waits for the most part: several at a time take little longer than one.
    with ThreadPoolExecutor(len(KINDS)) as outer, ThreadPoolExecutor(max_workers=4) as pool:
        failed = sum(outer.map(lambda name: kind(sys.argv[1], name, pool), KINDS), [])
    print("\n\n".join(failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
