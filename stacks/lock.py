"""One run at a time in a state folder."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from adclick.errors import AdclickError


@contextmanager
def only_run(home: Path) -> Iterator[None]:
    """Hold the folder for this process; a killed process lets go of it by itself.

    Raises AdclickError while another run goes on.
    """
    with (home / "run.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AdclickError(
                f"another run goes on in {home}: wait for it, or set ADCLICK_HOME to another folder"
            ) from None
        yield
