"""Server processes of the emulated cloud: started with a log of their own, waited for."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from adclick.errors import AdclickError

LAST_CHARACTERS = 2000
POLL_SECONDS = 0.05


@dataclass(frozen=True)
class Server:
    """A started server process and where it writes its log."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path

    def wait(self, ready: Callable[[], bool], seconds: float) -> None:
        """Return once it is `ready`; raise AdclickError, with its last words, if it never is."""
        deadline = time.monotonic() + seconds
        while not ready():
            if self.process.poll() is not None:
                raise self._failure(f"ended with {self.process.returncode}")
            if time.monotonic() > deadline:
                raise self._failure(f"was not ready within {seconds:g} s")
            time.sleep(POLL_SECONDS)

    def _failure(self, what: str) -> AdclickError:
        words = self.log.read_text(encoding="utf-8", errors="replace")[-LAST_CHARACTERS:]
        return AdclickError(f"emulated cloud: {self.name} {what}: see {self.log}\n{words}")


def start(name: str, command: Sequence[str], environment: Mapping[str, str], logs: Path) -> Server:
    """Start a server in the background, out of reach of the terminal's Ctrl-C."""
    log = logs / f"{name}.log"
    with log.open("ab") as stream:
        process = subprocess.Popen(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    return Server(name, process, log)
