"""The scores of each contender, computed once for a state of the code."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from adclick.arrays import Array
from adclick.sample_data.options import SampleOptions
from benchmarks.model.world import World, make_world
from benchmarks.processes import REPOSITORY, Place

BOOSTING = "LightGBM"
PEERS_PYTHON = REPOSITORY / ".venv-bench" / "bin" / "python"
CODE = ("adclick/model", "adclick/training", "adclick/encoding", "benchmarks/model")
# a training keeps one core busy for most of the time
PROCESSES = 2


@dataclass(frozen=True)
class Scores:
    """What contenders say of a world's test rows, in files of the work folder."""

    options: SampleOptions
    work: Path
    place: Place

    @property
    def world(self) -> World:
        """The world that they are of."""
        return make_world(self.options, self.work)

    def make(self, contenders: tuple[str, ...], seeds: tuple[int, ...]) -> None:
        """Compute what is not there yet, two processes at a time."""
        world = self.world
        (world.folder / "options.json").write_text(self.options.model_dump_json())
        wanted = [(name, seed) for name in contenders for seed in seeds]
        missing = [one for one in wanted if not self._file(*one).is_file()]
        if any(name == BOOSTING for name, _ in missing):
            _write_rows(world)
        with ThreadPoolExecutor(PROCESSES) as pool:
            list(pool.map(lambda one: self._compute(*one), missing))

    def of(self, contender: str, seed: int) -> dict[str, Array]:
        """The arrays of one contender."""
        file = self._file(contender, seed)
        return {"full": np.load(file)} if contender == BOOSTING else dict(np.load(file))

    def _file(self, contender: str, seed: int) -> Path:
        ending = "npy" if contender == BOOSTING else "npz"
        name = f"{contender.replace(' ', '_')}.{seed}.{_code()}.{ending}"
        return self.work / self.options.fingerprint / name

    def _compute(self, contender: str, seed: int) -> None:
        file = self._file(contender, seed)
        partial = file.with_name(f"partial-{file.name}")
        name = f"{self.options.fingerprint}-{file.name}"
        place = Place(self.place.folder / name, self.place.port)
        place.folder.mkdir()
        folder = file.parent
        if contender == BOOSTING:
            words = (str(folder / "rows.npz"), str(partial), str(seed))
            place.measure("-m", "benchmarks.model.peers.boosting", *words, python=str(PEERS_PYTHON))
        else:
            words = (str(folder / "options.json"), str(self.work), contender, str(seed))
            place.measure("-m", "benchmarks.model.contender", *words, str(partial))
        partial.rename(file)


def _write_rows(world: World) -> None:
    arrays = {}
    for name in ("training", "calibration", "test"):
        rows = world.rows(name)
        arrays |= {
            f"{name}_categorical": rows.categorical,
            f"{name}_numeric": rows.numeric,
            f"{name}_clicks": rows.clicks,
        }
    np.savez(world.folder / "rows.npz", **arrays)


@cache
def _code() -> str:
    digest = hashlib.sha256()
    for folder in CODE:
        for file in sorted((REPOSITORY / folder).rglob("*.py")):
            digest.update(file.read_bytes())
    return digest.hexdigest()[:8]
