"""Checks of this machine, for what a stack keeps or runs here."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

from adclick.errors import AdclickError
from adclick.views.text import size
from serving.local.folders import Folders
from serving.local.look import look
from serving.process_table import check_port_free, free_port
from stacks.checks.check import Check, Finding, fails, holds
from stacks.checks.subject import Subject
from stacks.checks.web import SECONDS
from stacks.definition import ComponentDefinition

# a sample run leaves 84 MB: room for ten, and for what Python and TensorFlow write meanwhile
LEAST_FREE = 10**9


def folder_checks(folder: Path) -> list[Check]:
    """Whether there is room below a folder, and the right to write."""
    return [Check(f"folder {folder}", lambda: _folder(folder))]


def port_checks(subject: Subject, component: ComponentDefinition) -> list[Check]:
    """Whether the local Seldon's port is free, or its own server's."""
    settings = component.configuration
    port, folders = int(settings["port"]), Folders(Path(settings["state"]).resolve())
    return [
        *folder_checks(Path(settings["state"])),
        Check(f"port {port}", lambda: _port(port, folders)),
    ]


def docker_checks(subject: Subject, component: ComponentDefinition) -> list[Check]:
    """Whether this machine's Docker engine answers."""
    return [Check("Docker", _docker)]


def _folder(folder: Path) -> Finding:
    there = next(path for path in (folder, *folder.parents) if path.exists())
    elsewhere = "export ADCLICK_HOME=FOLDER"
    try:
        with tempfile.TemporaryFile(dir=there):
            free = shutil.disk_usage(there).free
    except OSError as error:
        return fails(f"{there} can't be written to ({error.strerror})", elsewhere)
    if free < LEAST_FREE:
        return fails(f"{size(free)} free, a run needs up to {size(LEAST_FREE)}", elsewhere)
    return holds(f"{size(free)} free")


def _port(port: int, folders: Folders) -> Finding:
    seen = look(folders)
    try:
        check_port_free(port, [seen.envoy] if seen.envoy else [])
    except AdclickError as error:
        return fails(str(error), f"export ADCLICK_SELDON_PORT={free_port()}")
    if seen.applied.port == port:
        return holds(f"ours: version {seen.intent.champion} serves")
    return holds("free")


def _docker() -> Finding:
    start = "sudo systemctl start docker"
    command = ["docker", "version", "--format", "{{.Server.Version}}"]
    try:
        answer = subprocess.run(
            command, capture_output=True, text=True, timeout=SECONDS, check=False
        )
    except FileNotFoundError:
        return fails("docker is not installed", "sudo apt-get install docker.io")
    except subprocess.TimeoutExpired:
        return fails(f"the engine does not answer within {SECONDS} s", start)
    if answer.returncode != 0:
        return fails(answer.stderr.strip() or "the engine does not answer", start)
    return holds(f"engine {answer.stdout.strip()}")
