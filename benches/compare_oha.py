"""What `compare_oha.sh` runs: starts the target, runs both programs in turns, prints medians; then one long campaign."""

import os
import re
import statistics
import sys
from pathlib import Path

from spent import Spent, in_turns, plain_environment, served

ENDSPEC, OHA = (str(Path(program).resolve()) for program in sys.argv[1:3])
ROUNDS = int(os.environ.get("ROUNDS", "7"))
CASES = int(os.environ.get("CASES", "12000"))
# Exchanges of the long campaign.
MEMORY = int(os.environ.get("MEMORY", "1000000"))
# Seconds that it may take, and a bit.
LONG = 660
CONNECTIONS = 64
# The reference server's own. What a campaign signs is judged of nobody: the target is one that needs no signatures.
KEYS = {"ALIBABA_CLOUD_ACCESS_KEY_ID": "endspec-reference-key", "ALIBABA_CLOUD_ACCESS_KEY_SECRET": "endspec-reference-secret"}
# What is not set up.
LACKS = "other-region,unsupported-region,denied-credential,signatures"
# oha opens no WebSocket: what both programs do alike is campaigns without.
WITHOUT = {"calls alone": LACKS + ",websocket", "with WebSockets": LACKS}
CALL = "?Action=EndTerminalSession&Version=2014-05-26&Format=JSON&RegionId=cn-hangzhou&SessionId=s-hz023od0x000000"


def campaign(url, cases, without=LACKS):
    return [
        ENDSPEC, "fuzz", "--target", url, "--instance-id", "i-bp1endspec0000000001", "--auth", "v3", "--without", without,
        "--seed", "7", "--clients", str(CONNECTIONS), "--cases", str(cases), "--time", "10m",
    ]


def requests(campaign):
    """How many a campaign says that it sent."""
    found = re.search(r"(\d+) requests in ", campaign.said)
    if found is None or "0 MUST broken" not in campaign.said:
        sys.exit(f"the campaign is not what it should be:\n{campaign.said[-3000:]}")
    return int(found.group(1))


def main():
    environment = plain_environment(**KEYS)
    with served(ENDSPEC, environment, "open") as url:
        for name, without in WITHOUT.items():
            sent = beside(url, name, campaign(url, CASES, without), environment)
        if MEMORY > 0:
            grown(url, sent, environment)


def beside(url, name, ours, environment):
    """Prints how a campaign compares with as many requests of oha; how many that were."""
    sent = requests(Spent(ours, environment))
    theirs = [OHA, "--no-tui", "-n", str(sent), "-c", str(CONNECTIONS), url.rstrip("/") + "/" + CALL]
    Spent(theirs, environment)
    pairs = in_turns(ROUNDS, ours, theirs, environment)
    rates = [(requests(our) / our.cpu, sent / their.cpu) for our, their in pairs]
    endspec, oha = (statistics.median(pair[side] for pair in rates) for side in (0, 1))
    ratio = statistics.median(our / their for our, their in rates)
    held = "held" if ratio >= 0.6 else "NOT HELD"
    print(f"{name}: {sent} requests a round, medians of {ROUNDS} rounds, requests per CPU second of the client")
    print(f"endspec fuzz, signing and judging {endspec:9.0f}")
    print(f"oha                               {oha:9.0f}")
    print(f"ratio                             {ratio:9.2f}  (at least 0.6: {held})", flush=True)
    return sent


def grown(url, sent, environment):
    """What a long campaign takes more than a tenth of it, an exchange."""
    # Both are long enough that what is reserved once is.
    long = CASES * MEMORY // sent
    short, whole = (Spent(campaign(url, cases), environment, LONG) for cases in (long // 10, long))
    exchanges = requests(whole) - requests(short)
    grown = (whole.memory - short.memory) * 1024 * 1024 / exchanges
    held = "held" if grown <= 64 else "NOT HELD"
    print(f"{requests(whole)} exchanges: {whole.memory:.1f} MiB at most, {short.memory:.1f} MiB at a tenth of it")
    print(f"bytes an exchange                 {grown:9.1f}  (at most 64: {held})")


main()
