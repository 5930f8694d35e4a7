"""Folders for what a process needs on disk only for a while."""

from __future__ import annotations

import shutil
import tempfile
from multiprocessing.util import Finalize
from pathlib import Path


class Scratch:
    """A temporary folder that is removed when nobody refers to this any more."""

    def __init__(self, purpose: str) -> None:
        self.path = _made(purpose, self)


def scratch_folder(purpose: str) -> Path:
    """A new temporary folder that is removed when this process ends."""
    return _made(purpose, None)


def _made(purpose: str, owner: object) -> Path:
    folder = Path(tempfile.mkdtemp(prefix=f"adclick-{purpose}-"))
    # at the process's end, too; unlike atexit's, these also run in the children of multiprocessing
    Finalize(owner, shutil.rmtree, (folder,), {"ignore_errors": True}, exitpriority=0)
    return folder
