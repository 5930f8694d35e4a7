"""Folders for what a process needs on disk only for a while."""

from __future__ import annotations

import shutil
import tempfile
from multiprocessing.util import Finalize
from pathlib import Path


class Scratch:
    """A temporary folder that is removed when nobody refers to this any more."""

    def __init__(self, purpose: str) -> None:
        self.path = Path(tempfile.mkdtemp(prefix=f"adclick-{purpose}-"))
        _remove_with(self, self.path)


def scratch_folder(purpose: str) -> Path:
    """A new temporary folder that is removed when this process ends."""
    folder = Path(tempfile.mkdtemp(prefix=f"adclick-{purpose}-"))
    _remove_with(None, folder)
    return folder


def _remove_with(owner: object, folder: Path) -> None:
    # at the process's end, too; unlike atexit's, these also run in the children of multiprocessing
    Finalize(owner, shutil.rmtree, (folder,), {"ignore_errors": True}, exitpriority=0)
