"""Emulated: what goes wrong on Vertex AI, as a test sets it, in a file that the service reads."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field


class Preemption(BaseModel):
    """A task whose first attempts are killed: at once, or when their log has the text `once`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    times: int = Field(default=1, ge=0)
    once: str = ""


class Faults(BaseModel):
    """What goes wrong from now on, until other faults are written.

    `quota` refuses submissions, `preempted` kills attempts of tasks by their names, and each task
    is pending for `start_seconds` before it runs.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    quota: bool = False
    preempted: dict[str, Preemption] = {}
    start_seconds: float = Field(default=0.0, ge=0)

    def write(self, state: Path) -> None:
        """Let the service whose state folder this is have these faults, whichever process it is."""
        written = state / "faults.new"
        written.write_text(self.model_dump_json(), encoding="utf-8")
        written.replace(state / "faults.json")


def read_faults(state: Path) -> Faults:
    """The faults that were written last to this state folder; none if none were."""
    path = state / "faults.json"
    return Faults.model_validate_json(path.read_bytes()) if path.is_file() else Faults()
