"""Emulated: what goes wrong with Cloud Storage, switched by a file while the cloud runs."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field


class StorageFaults(BaseModel):
    """The share of requests that are answered with 503, and what each request waits before."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    error_share: float = Field(default=0.0, ge=0.0, le=1.0)
    delay_seconds: float = Field(default=0.0, ge=0.0)

    def set(self, state: Path) -> None:
        """Let them hold from the next request on, in the cloud whose state folder this is."""
        path = _file(state)
        written = path.with_suffix(".new")
        written.write_text(self.model_dump_json(), encoding="utf-8")
        written.replace(path)


class FaultSwitch:
    """The faults that hold now; read anew when their file has changed."""

    def __init__(self, state: Path) -> None:
        self._path = _file(state)
        self._read: tuple[int, int] | None = None
        self._faults = StorageFaults()

    def now(self) -> StorageFaults:
        """What holds for the request at hand."""
        try:
            found = self._path.stat()
        except FileNotFoundError:
            return StorageFaults()
        version = (found.st_mtime_ns, found.st_ino)
        if version != self._read:
            self._faults = StorageFaults.model_validate_json(self._path.read_bytes())
            self._read = version
        return self._faults


def _file(state: Path) -> Path:
    return state / "storage-faults.json"
