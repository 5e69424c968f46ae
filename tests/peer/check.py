"""Runs endspec against the second server: honest it must pass, and each fault must be found under a clause it breaks.

usage: check.py ENDSPEC [FAULT ...]
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).parent
SERVER = [sys.executable, str(HERE / "peer_server.py"), "--port", "0"]
KEY_ID, KEY_SECRET = "peer-test-key", "peer-test-secret"
DENIED_ID, DENIED_SECRET = "peer-denied-key", "peer-denied-secret"
# Readings that the second server is honest under; where endspec's default differs, it is told.
READINGS = [
    [],
    ["--repeat-end", "idempotent", "--unknown-region", "not-supported", "--malformed-session", "not-found"],
    ["--unknown-region", "invalid", "--empty-parameter", "not-found", "--repeated-parameter", "first"],
    ["--repeated-parameter", "refused", "--default-format", "json", "--missing-code", "bare"],
]


class Peer:
    """The second server as a child process, ended with the block."""

    def __init__(self, *flags: str) -> None:
        environment = os.environ | {
            "PEER_ACCESS_KEY_ID": KEY_ID,
            "PEER_ACCESS_KEY_SECRET": KEY_SECRET,
            "PEER_DENIED_ACCESS_KEY_ID": DENIED_ID,
            "PEER_DENIED_ACCESS_KEY_SECRET": DENIED_SECRET,
        }
        self.process = subprocess.Popen(
            [*SERVER, *flags], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            text=True, env=environment,
        )

    def __enter__(self) -> str:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line.startswith("listening "), line
        return line.split()[1]

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        self.process.wait()


def endspec(program: str, url: str, auth: str, *flags: str) -> tuple[int, dict, str]:
    """Runs the suite; its exit code, its JSON report and what it printed for people."""
    environment = os.environ | {
        "ALIBABA_CLOUD_ACCESS_KEY_ID": KEY_ID,
        "ALIBABA_CLOUD_ACCESS_KEY_SECRET": KEY_SECRET,
        "ENDSPEC_DENIED_ACCESS_KEY_ID": DENIED_ID,
        "ENDSPEC_DENIED_ACCESS_KEY_SECRET": DENIED_SECRET,
    }
    command = [
        program, "run", "--target", url, "--auth", auth, "--instance-id", "i-bp1peer00000001",
        "--other-region", "cn-shanghai", "--unsupported-region", "cn-fuzhou", "--timeout", "2s",
        "--without", "restart",
        "--report", "json=-", *flags,
    ]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, stdin=subprocess.DEVNULL)
    return done.returncode, json.loads(done.stdout or "{}"), done.stderr


def honest(program: str) -> list[str]:
    """The honest server under its readings, unsigned and signed: verdicts other than pass."""
    problems = []
    for server_flags in READINGS:
        for auth in ("none", "v1", "v3"):
            declared = ["--reading", "repeat-end=idempotent"] if "idempotent" in server_flags else []
            lacking = ["--without", "signatures,restart,denied-credential"] if auth == "none" else []
            with Peer(*server_flags, *(["--auth"] if auth != "none" else [])) as url:
                code, report, text = endspec(program, url, auth, *declared, *lacking)
            name = f"honest {auth} {' '.join(server_flags)}"
            broken = [clause["id"] for clause in report.get("clauses", []) if clause["verdict"] == "fail"]
            print(f"{'ok  ' if code == 0 and not broken else 'FAIL'} {name}: exit {code}, broken {broken}", flush=True)
            if code != 0 or broken:
                problems.append(f"{name}\n{text}")
    return problems


def faults() -> list[tuple[str, list[str]]]:
    listed = subprocess.run([*SERVER, "--list-faults"], capture_output=True, text=True, check=True).stdout
    rows = [line.split("\t") for line in listed.splitlines()]
    return [(name, clauses.split()) for name, clauses, _ in rows]


def one_fault(program: str, name: str, clauses: list[str]) -> tuple[str, str]:
    """Whether a fault is caught by one of its clauses: word, line."""
    with Peer("--auth", "--fault", name) as url:
        code, report, text = endspec(program, url, "v3")
    broken = {clause["id"] for clause in report.get("clauses", []) if clause["verdict"] == "fail"}
    covered = {clause["id"] for clause in report.get("clauses", [])}
    if not covered & set(clauses):
        # A clause for which the suite ships no case yet: its fault is named, and must not pass for caught.
        return "skip", f"{name}: no case for {' '.join(clauses)} yet (broken: {sorted(broken)})"
    caught = broken & set(clauses)
    others = sorted(broken - set(clauses))
    return ("ok  " if caught else "FAIL"), f"{name}: exit {code}, caught by {sorted(caught)}, also {others}"


def main() -> int:
    program, *only = sys.argv[1:]
    problems = [] if only else honest(program)
    wanted = [(name, clauses) for name, clauses in faults() if not only or name in only]
    with ThreadPoolExecutor(max_workers=2) as pool:
        for word, line in pool.map(lambda fault: one_fault(program, *fault), wanted):
            print(word, line, flush=True)
            if word == "FAIL":
                problems.append(line)
    print("\n\n".join(problems))
    runs = len(wanted) + (0 if only else 3 * len(READINGS))
    print(f"{runs - len(problems)} passed, {len(problems)} failed")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
