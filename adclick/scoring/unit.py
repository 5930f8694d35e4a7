"""A unit of rows scored and written: a pure function, for threads and clusters alike."""

from __future__ import annotations

import pyarrow as pa
from pydantic import BaseModel, ConfigDict

from adclick.ingest.storage import made_once
from adclick.ingest.units import RowUnit
from adclick.scoring.model import scorer_of
from adclick.scoring.new_creatives import load_embeddings
from adclick.scoring.row_scorer import ImagesFirstError, RowScorer
from adclick.scoring.rows import LogUnit, reader_of
from adclick.scoring.writing import ScoreWriter


class NewImages(BaseModel):
    """Where the embeddings of a month's new creatives lie; `key` stands for all of their images."""

    model_config = ConfigDict(frozen=True)

    key: str
    folders: tuple[str, ...]


class ScoreTask(BaseModel):
    """A unit to score into a month's `folder` of the store at `root`, where `place` names it.

    Without `images` a unit that shows new creatives is not scored: it tells which images it needs.
    """

    model_config = ConfigDict(frozen=True)

    root: str
    folder: str
    place: str
    bundle: str
    unit: RowUnit | LogUnit
    images: NewImages | None = None

    @property
    def done_file(self) -> str:
        """Of the document that says that the unit is done."""
        return f"{self.root}/{self.folder}/units/{self.place}.json"

    @property
    def unscored_file(self) -> str:
        """Of the rows without a score, if there are any."""
        return f"{self.root}/{self.folder}/units/{self.place}.parquet"

    @property
    def scores_file(self) -> str:
        """Of the scores, if there are any."""
        return f"{self.root}/{self.folder}/scores/{self.place}.parquet"


class UnitDone(BaseModel):
    """What came of a unit: where its rows really began and ended, their lines, and counts.

    `new` names the images of new creatives, `images` is the key of those that they were scored
    with: a unit that has new creatives and no key is not scored yet.
    """

    model_config = ConfigDict(frozen=True)

    begin: int
    end: int
    lines: int
    rows: int
    scored: int
    reasons: dict[str, int]
    creatives: dict[str, int]
    new: tuple[str, ...]
    images: str | None

    @property
    def unscored(self) -> int:
        """Rows without a score."""
        return sum(self.reasons.values())

    @property
    def waits(self) -> bool:
        """Whether it is not scored yet."""
        return bool(self.new) and self.images is None


def score_unit(task: ScoreTask) -> UnitDone:
    """Read, check, score and write a unit's rows, unless that was done before.

    The files depend on nothing but the task, and the document that says so comes last: done twice,
    or again after a kill, they are the same.
    """
    done = made_once(
        task.done_file, UnitDone, lambda: _score(task), lambda done: _is_still_right(task, done)
    )
    # or memory that units took in turn adds up over hundreds of them
    pa.default_memory_pool().release_unused()
    return done


def _is_still_right(task: ScoreTask, done: UnitDone) -> bool:
    unit = task.unit
    if isinstance(unit, RowUnit) and unit.exact and done.begin != unit.begin:
        return False
    return task.images is None or not done.new or done.images == task.images.key


def _score(task: ScoreTask) -> UnitDone:
    scorer = scorer_of(task.bundle)
    version, schema = scorer.bundle.version, scorer.bundle.schema
    new = load_embeddings(task.root, task.images.folders) if task.images else None
    rows = RowScorer(scorer, new)
    reader = reader_of(task.unit, schema)
    files = task.scores_file, task.unscored_file
    writer = ScoreWriter(*files, schema.id, version, schema.creative is not None)
    batches = iter(reader)
    waits = False
    try:
        with writer:
            for batch in batches:
                rows.score(batch, writer)
    except ImagesFirstError:
        waits = True
        for batch in batches:
            rows.meet(batch)
    return UnitDone(
        begin=reader.begin,
        end=reader.end,
        lines=reader.lines,
        rows=rows.seen,
        scored=0 if waits else writer.scored,
        reasons={} if waits else dict(sorted(writer.reasons.items())),
        creatives={} if waits else dict(sorted(writer.kinds.items())),
        new=tuple(sorted(rows.met)),
        images=task.images.key if task.images else None,
    )
