"""What `compare_hurl.sh` runs: writes the cases, starts the target, runs both programs in turns, prints medians."""

import os
import statistics
import sys
import tempfile
from pathlib import Path

from spent import Spent, in_turns, plain_environment, served

ENDSPEC, HURL = (str(Path(program).resolve()) for program in sys.argv[1:3])
CASES = int(os.environ.get("CASES", "1000"))
ROUNDS = int(os.environ.get("ROUNDS", "7"))
STARTS = int(os.environ.get("STARTS", "40"))

CASE = """\
title: session {id} was never issued
clauses: [end/session/unknown]
steps:
  - call: EndTerminalSession
    with: {{ RegionId: cn-hangzhou, SessionId: {id} }}
    expect: {{ status: 404, code: InvalidSessionId.NotFound, message: "The specified SessionId does not exist." }}
"""

# endspec asserts of every answer, unasked, that its RequestId is a UUID; here it is asked for.
ENTRY = """\
# session {id} was never issued
POST http://{address}/?Action=EndTerminalSession&Version=2014-05-26&Format=JSON&RegionId=cn-hangzhou&SessionId={id}
HTTP 404
[Asserts]
jsonpath "$.Code" == "InvalidSessionId.NotFound"
jsonpath "$.Message" == "The specified SessionId does not exist."
jsonpath "$.RequestId" matches "^[0-9A-Fa-f]{{8}}(-[0-9A-Fa-f]{{4}}){{3}}-[0-9A-Fa-f]{{12}}$"
"""


def tell(what, pairs, take, unit, bound):
    """One line: both medians, and the median of the rounds' ratios."""
    ours, theirs = ([take(pair[side]) for pair in pairs] for side in (0, 1))
    ratio = statistics.median(our / their for our, their in zip(ours, theirs))
    held = "" if bound is None else f"  (at most {bound}: {'held' if ratio <= bound else 'NOT HELD'})"
    print(f"{what:32} {statistics.median(ours):9.3f} {statistics.median(theirs):9.3f} {unit:4} {ratio:6.3f}{held}")


def main():
    environment = plain_environment()
    with tempfile.TemporaryDirectory(prefix="compare-hurl-") as folder:
        folder = Path(folder)
        with served(ENDSPEC, environment) as url:
            address = url.removeprefix("http://").strip("/")
            cases, entries = folder / "cases", folder / "entries"
            cases.mkdir()
            entries.mkdir()
            for number in range(CASES):
                session = f"s-hz023od0x{number:06}"
                (cases / f"{number:06}.yaml").write_text(CASE.format(id=session))
                (entries / f"{number:06}.hurl").write_text(ENTRY.format(id=session, address=address))
            files = sorted(map(str, entries.iterdir()))
            run = [ENDSPEC, "run", "--target", url, "--auth", "none", "--jobs", "1"]
            # Without `--test` Hurl is sequential too, and cheaper.
            hurl = [HURL, "--no-output"]
            compare(run, hurl, str(cases), files, environment)


def compare(run, hurl, cases, files, environment):
    one = [*run, f"{cases}/000000.yaml"], [*hurl, files[0]]
    many = [*run, cases], [*hurl, *files]
    # Once unmeasured: files and programs are then in memory for both.
    in_turns(1, *one, environment)
    in_turns(1, *many, environment)
    print(f"{'medians of the rounds':32} {'endspec':>9} {'hurl':>9} {'':4} {'ratio':>6}")
    pairs = in_turns(STARTS, *one, environment)
    tell("one case, wall", pairs, lambda spent: spent.wall * 1e3, "ms", 0.5)
    tell("one case, CPU", pairs, lambda spent: spent.cpu * 1e3, "ms", None)
    pairs = in_turns(ROUNDS, *many, environment)
    tell(f"{len(files)} cases, wall", pairs, lambda spent: spent.wall * 1e3, "ms", None)
    tell(f"{len(files)} cases, CPU per request", pairs, lambda spent: spent.cpu * 1e6 / len(files), "us", 0.3)
    tell(f"{len(files)} cases, peak memory", pairs, lambda spent: spent.memory, "MiB", None)
    most = max(ours.memory for ours, _ in pairs)
    print(f"{'endspec, most memory of a round':32} {most:9.3f} MiB  (at most 48: {'held' if most <= 48 else 'NOT HELD'})")
    lint = [Spent([run[0], "lint", cases], environment).cpu * 1e3 for _ in range(ROUNDS)]
    loading = statistics.median(lint)
    held = "held" if loading < 150 else "NOT HELD"
    print(f"{f'lint of {len(files)} files, CPU':32} {loading:9.3f} ms  (below 150: {held})")


main()
