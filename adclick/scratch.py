"""Folders for what a process needs on disk only while it lives."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from pathlib import Path


def scratch_folder(purpose: str) -> Path:
    """A new temporary folder that is removed when this process ends."""
    folder = tempfile.mkdtemp(prefix=f"adclick-{purpose}-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Path(folder)
