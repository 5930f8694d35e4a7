"""Which code a run is of."""

from __future__ import annotations

import subprocess
from pathlib import Path

from pydantic import BaseModel, ConfigDict

SHORT = 12
MOST_NAMED = 5


class CodeVersion(BaseModel):
    """A commit, and the files that differ from it; `commit` is None where git does not know."""

    model_config = ConfigDict(frozen=True)

    commit: str | None = None
    changed: tuple[str, ...] = ()

    @property
    def dirty(self) -> bool:
        """Whether the code is that commit's and more."""
        return bool(self.changed)

    def __str__(self) -> str:
        """For people: the commit, and what was changed without being committed."""
        if self.commit is None:
            return "unknown: not a git repository of its own"
        if not self.dirty:
            return self.commit[:SHORT]
        named = ", ".join(self.changed[:MOST_NAMED])
        more = (
            f" and {len(self.changed) - MOST_NAMED} more" if len(self.changed) > MOST_NAMED else ""
        )
        return f"{self.commit[:SHORT]}, with uncommitted changes in {named}{more}"


def code_version(repository: Path) -> CodeVersion:
    """The version of the code in a folder, untracked files included and ignored ones not.

    Ask where a run is started: the machines that its steps run on get code without its history.
    """
    try:
        top, commit = _git(repository, "rev-parse", "--show-toplevel", "HEAD").splitlines()
        if Path(top).resolve() != repository.resolve():
            return CodeVersion()
        listed = _git(repository, "status", "--porcelain", "--no-renames", "-z")
    except (OSError, ValueError, subprocess.CalledProcessError):
        return CodeVersion()
    return CodeVersion(
        commit=commit, changed=tuple(line[3:] for line in listed.split("\0") if line)
    )


def _git(repository: Path, *words: str) -> str:
    command = ["git", "--no-optional-locks", "-C", str(repository), *words]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout
