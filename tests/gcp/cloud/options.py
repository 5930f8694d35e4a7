"""What an emulated cloud is asked for, on the command line."""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from adclick.errors import AdclickError

SEED = re.compile(r"(?P<folder>[^=]+)=gs://(?P<bucket>[a-z0-9][a-z0-9._-]+)(?:/(?P<prefix>.*))?")


@dataclass(frozen=True)
class Seed:
    """A folder of this machine whose files are the first objects below a bucket's prefix."""

    folder: Path
    bucket: str
    prefix: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """From LOCAL_FOLDER=gs://bucket/prefix; AdclickError for anything else."""
        found = SEED.fullmatch(text)
        if found is None or not Path(found["folder"]).is_dir():
            raise AdclickError(f"--data {text!r} must be LOCAL_FOLDER=gs://bucket/prefix")
        prefix = (found["prefix"] or "").strip("/")
        return cls(Path(found["folder"]).resolve(), found["bucket"], prefix)


@dataclass(frozen=True)
class CloudOptions:
    """A cloud's state folder, its first objects, and the command that runs in it.

    With `containers`, the name of a container of this machine's docker engine, the cloud has that
    container's network, and steps run in their real images beside it.
    """

    state: Path
    seeds: tuple[Seed, ...]
    command: tuple[str, ...]
    containers: str | None = None

    @classmethod
    def parse(cls, arguments: Sequence[str]) -> Self:
        """From the command line; AdclickError where the folders are not as they should be."""
        parser = argparse.ArgumentParser(
            prog="python -m tests.gcp.cloud", description="Run a command in an emulated cloud."
        )
        parser.add_argument("--state", type=Path, required=True, help="keeps logs and databases")
        parser.add_argument(
            "--data", action="append", default=[], metavar="FOLDER=gs://BUCKET/PREFIX"
        )
        parser.add_argument("--containers", metavar="NAME", help="run steps in their images")
        parser.add_argument("command", nargs="+")
        known = parser.parse_args(arguments)
        known.state.mkdir(parents=True, exist_ok=True)
        seeds = tuple(map(Seed.parse, known.data))
        return cls(known.state.resolve(), seeds, tuple(known.command), known.containers)
