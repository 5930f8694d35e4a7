"""The first process of an emulated cloud: makes the room, starts the cloud and the command in it.

It is `init` there: it waits for orphans, and its end ends all.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

from adclick.errors import AdclickError
from tests.gcp.cloud.certificates import Certificates, make_certificates
from tests.gcp.cloud.emulation import REPOSITORY, Clock, start_emulation
from tests.gcp.cloud.options import CloudOptions
from tests.gcp.cloud.room import furnish

READY_FILE = "cloud.json"
ENGINE_SOCKET = Path("/var/run/docker.sock")


def main() -> int:
    """Run what `sys.argv` asks for; the command's exit code."""
    clock = Clock()
    options = CloudOptions.parse(sys.argv[1:])
    certificates = make_certificates(options.state / "certificates")
    place = options.state / "room"
    place.mkdir(exist_ok=True)
    furnish(place, _shared(options), certificates.authority)
    clock.note("room")
    worker = os.fork()
    if worker == 0:
        os._exit(_work(options, certificates, clock))
    # a terminal's Ctrl-C means the command, which also ends
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    while True:
        ended, status = os.wait()
        if ended == worker:
            return os.waitstatus_to_exitcode(status)


def _work(options: CloudOptions, certificates: Certificates, clock: Clock) -> int:
    try:
        emulation = start_emulation(options, certificates, os.environ, clock)
    except AdclickError as error:
        print(f"error: {error}", file=sys.stderr, flush=True)
        return 2
    parts = ", ".join(f"{part} {seconds} s" for part, seconds in emulation.ready_after.items())
    print(f"emulated cloud: ready after {parts}", file=sys.stderr, flush=True)
    _tell(options.state / READY_FILE, emulation.environment)
    command = subprocess.Popen(options.command, env=emulation.environment)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    code = command.wait()
    emulation.stop()
    return code if code >= 0 else 128 - code


def _tell(path: Path, environment: dict[str, str]) -> None:
    written = path.with_suffix(".new")
    written.touch(mode=0o600)
    written.write_text(json.dumps(environment), encoding="utf-8")
    written.replace(path)


def _shared(options: CloudOptions) -> tuple[Path, ...]:
    engine = (ENGINE_SOCKET,) if options.containers else ()
    return (REPOSITORY, options.state, *(seed.folder for seed in options.seeds), *engine)


if __name__ == "__main__":
    sys.exit(main())
