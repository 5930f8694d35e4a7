"""`python -m tests.gcp.cloud --state DIR [--data FOLDER=gs://BUCKET/PREFIX ...] -- COMMAND...`."""

from __future__ import annotations

import signal
import sys
from typing import NoReturn

from adclick.errors import AdclickError
from tests.gcp.cloud.options import CloudOptions
from tests.gcp.cloud.running import launch_cloud


def main() -> int:
    """Run the command in an emulated cloud; its exit code, or 2 where there can be no cloud."""
    try:
        CloudOptions.parse(sys.argv[1:])
        process = launch_cloud(sys.argv[1:])
    except AdclickError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2

    def end(*_: object) -> NoReturn:
        process.kill()
        sys.exit(128 + signal.SIGTERM)

    signal.signal(signal.SIGTERM, end)
    # a terminal's Ctrl-C reaches the command itself
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    return process.wait()


if __name__ == "__main__":
    sys.exit(main())
