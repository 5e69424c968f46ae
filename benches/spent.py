"""What the comparisons share: processes and what they take, in turns, against one target that is started for them."""

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time

# Seconds that one process may take.
LONGEST = 120


class Spent:
    """What one process took, wall and CPU seconds, peak memory in MiB; and what it said."""

    def __init__(self, command, environment, longest=LONGEST):
        begun = time.perf_counter()
        said = tempfile.TemporaryFile("w+")
        child = subprocess.Popen(
            command, env=environment, stdin=subprocess.DEVNULL, stdout=said, stderr=subprocess.STDOUT
        )
        signal.alarm(longest)
        try:
            _, status, usage = os.wait4(child.pid, 0)
        except TimeoutError:
            child.kill()
            sys.exit(f"{command[:6]} did not end within {longest} s")
        finally:
            signal.alarm(0)
        self.wall = time.perf_counter() - begun
        child.returncode = os.waitstatus_to_exitcode(status)
        said.seek(0)
        self.said = said.read()
        said.close()
        if child.returncode != 0:
            sys.exit(f"{command[:6]} ended with {child.returncode}:\n{self.said[-3000:]}")
        self.cpu = usage.ru_utime + usage.ru_stime
        # Linux counts in KiB. What this script itself takes is the least it can tell: a process begins as its copy.
        self.memory = usage.ru_maxrss / 1024


def too_long(*_):
    """A process that hangs ends the whole, cleaned up."""
    raise TimeoutError


def in_turns(rounds, ours, theirs, environment):
    """Both commands, one after the other, `rounds` times; whoever is first changes every time."""
    pairs = []
    for number in range(rounds):
        if number % 2 == 0:
            first = Spent(ours, environment)
            pairs.append((first, Spent(theirs, environment)))
        else:
            second = Spent(theirs, environment)
            pairs.append((Spent(ours, environment), second))
    return pairs


def plain_environment(**more):
    """Nothing of the user's settings, proxies least of all."""
    return {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ} | more


@contextlib.contextmanager
def served(endspec, environment, auth="open"):
    """The reference server on a free port, which verifies no signature where it is open; its URL."""
    target = subprocess.Popen(
        [endspec, "serve", "--auth", auth, "--listen", "127.0.0.1:0"],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment,
    )
    try:
        url = target.stdout.readline().removeprefix("listening ").strip()
        if not url:
            sys.exit("the target did not start")
        yield url
    finally:
        target.terminate()
        target.wait(10)


signal.signal(signal.SIGALRM, too_long)
