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
# the locks and the environments that the Makefile makes of them
ENVIRONMENTS = {"requirements.txt": ".venv", "requirements-gcp.txt": ".venv-gcp"}
SHOWN = 5


def environment_checks(definition: StackDefinition) -> list[Check]:
    """Python, and the packages of the lock that the stack's client has."""
    own, elsewhere = ENVIRONMENTS
    # what sends its steps elsewhere and what runs them itself need different packages
    lock = own if definition.image is None else elsewhere
    return [
        Check("Python", python),
        Check("requirements", lambda: installed(REPOSITORY / lock, definition.name)),
    ]


def python() -> Finding:
    """Whether this Python is one that the project is made for."""
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted, ours = project["requires-python"], platform.python_version()
    if not SpecifierSet(wanted).contains(ours, prereleases=True):
        return fails(f"{ours}, but {wanted} is needed", "uv python install 3.12 && make setup")
    return holds(ours)


def installed(lock: Path, stack: str) -> Finding:
    """Whether each package of the lock is installed in its version; what else there is, may be."""
    wanted = list(_pins(lock))
    found = ((pin, _version(pin.name)) for pin in wanted)
    other = [
        f"{pin.name} {has or 'missing'} ({pin.specifier})"
        for pin, has in found
        if not pin.specifier.contains(has, prereleases=True)
    ]
    if other:
        more = f" and {len(other) - SHOWN} more" if len(other) > SHOWN else ""
        what = f"not as in {lock.name}: {', '.join(other[:SHOWN])}{more}"
        return fails(what, _install(lock, stack))
    return holds(f"{len(wanted)} packages as in {lock.name}")


def _install(lock: Path, stack: str) -> str:
    """Mend this environment, unless it is the one of another lock."""
    used = Path(sys.prefix).relative_to(REPOSITORY, walk_up=True).as_posix()
    meant = ENVIRONMENTS.get(lock.name)
    if meant is not None and used != meant and used in ENVIRONMENTS.values():
        return f"make {meant}/installed && {meant}/bin/python run.py --stack {stack} --check"
    return f"{shlex.quote(sys.executable)} -m pip install --requirement={shlex.quote(str(lock))}"


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
