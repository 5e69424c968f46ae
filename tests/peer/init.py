"""`endspec init` asks the second server what it has; with the profile that it writes the honest server must pass.

usage: init.py ENDSPEC
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from check import KEY_ID, KEY_SECRET, Peer

INSTANCE = "i-bp1peer00000001"


def passes(program: Path, auth: str, *server_flags: str) -> bool:
    """Writes a profile of one peer, and runs with nothing but that."""
    environment = os.environ | {"ALIBABA_CLOUD_ACCESS_KEY_ID": KEY_ID, "ALIBABA_CLOUD_ACCESS_KEY_SECRET": KEY_SECRET}
    with Peer(*server_flags) as peer, tempfile.TemporaryDirectory() as folder:
        for command in (
            ["init", "--target", peer.url, "--auth", auth, "--instance-id", INSTANCE],
            ["lint", "endspec.yaml"],
            ["run", "--timeout", "2s"],
        ):
            done = subprocess.run([program, *command], cwd=folder, env=environment, capture_output=True, text=True)
            if done.returncode != 0:
                print(f"init: {' '.join(command)} ended with {done.returncode}\n{done.stdout}{done.stderr}")
                return False
    print(f"init: a peer with {' '.join(server_flags) or 'no flags'} passes with its profile")
    return True


def main() -> None:
    program = Path(sys.argv[1]).resolve()
    both = [passes(program, "v3", "--auth"), passes(program, "none", "--repeat-end", "idempotent")]
    sys.exit(not all(both))


if __name__ == "__main__":
    main()
