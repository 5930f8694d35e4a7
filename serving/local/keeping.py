"""Seeing to it that a keeper runs, and that it is one of this code."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Collection

from serving.local.folders import Folders, is_held
from serving.local.keeper import MODULE
from serving.local.servers import REPOSITORY
from serving.process_table import process_with, stop_processes

SECONDS = 5.0


def ensure_keeper(folders: Folders, secret: Collection[str] = ()) -> None:
    """Start a keeper where none runs; returns once one does.

    Variables whose names are `secret` are neither in its environment nor in that of a server.
    """
    if is_held(folders.keeper_lock):
        return
    # what it says itself goes into its log: on its own output there is only a crash
    with folders.keeper_log.open("ab") as log:
        child = subprocess.Popen(
            [sys.executable, "-m", MODULE, "--state", str(folders.root)],
            cwd=REPOSITORY,
            env={name: value for name, value in os.environ.items() if name not in secret},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    deadline = time.monotonic() + SECONDS
    while child.poll() is None and time.monotonic() < deadline:
        if is_held(folders.keeper_lock):
            return
        time.sleep(0.02)


def end_keeper(folders: Folders) -> None:
    """End the keeper that runs, if one does; what it keeps goes on."""
    process = process_with(MODULE, "--state", str(folders.root))
    if process is not None:
        stop_processes([process], SECONDS)


def renew_keeper(folders: Folders, secret: Collection[str] = ()) -> None:
    """Let a keeper with this process' code and environment take over."""
    end_keeper(folders)
    ensure_keeper(folders, secret)
