"""Check of the environment that runs are started from: does it have what the lock says?"""

from __future__ import annotations

import platform
import shlex
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from stacks.checks.check import Check, Finding, fails, holds
from stacks.definition import StackDefinition

REPOSITORY = Path(__file__).resolve().parent.parent.parent
# of a client that sends its steps elsewhere, and of one that runs them itself
LOCKS = {True: "requirements-gcp.txt", False: "requirements.txt"}
SHOWN = 5


def environment_checks(definition: StackDefinition) -> list[Check]:
    """Python, and the packages of the lock that the stack's client has."""
    lock = REPOSITORY / LOCKS[definition.image is not None]
    return [
        Check("Python", python),
        Check("requirements", lambda: installed(lock)),
    ]


def python() -> Finding:
    """Whether this Python is one that the project is made for."""
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted, ours = project["requires-python"], platform.python_version()
    if not SpecifierSet(wanted).contains(ours, prereleases=True):
        return fails(f"{ours}, but {wanted} is needed", "uv python install 3.12 && make setup")
    return holds(ours)


def installed(lock: Path) -> Finding:
    """Whether each package of the lock is installed in its version; what else there is, may be."""
    wanted = list(_pins(lock))
    other = [
        f"{pin.name} {has or 'missing'} ({pin.specifier})"
        for pin in wanted
        if not pin.specifier.contains(has := _version(pin.name), prereleases=True)
    ]
    if other:
        more = f" and {len(other) - SHOWN} more" if len(other) > SHOWN else ""
        python = shlex.quote(sys.executable)
        return fails(
            f"not as in {lock.name}: {', '.join(other[:SHOWN])}{more}",
            f"uv pip install --python={python} --requirement={shlex.quote(str(lock))}",
        )
    return holds(f"{len(wanted)} packages as in {lock.name}")


def _pins(lock: Path) -> Iterator[Requirement]:
    """The lines `name==version ; marker` of a file by `uv pip compile`, those meant for here."""
    for line in lock.read_text(encoding="utf-8").splitlines():
        text = line.split("#")[0].strip()
        if not text or text.startswith("-"):
            continue
        pin = Requirement(text)
        if pin.marker is None or pin.marker.evaluate():
            yield pin


def _version(name: str) -> str:
    """The installed version, or nothing, which no pin allows."""
    try:
        return version(name)
    except PackageNotFoundError:
        return ""
