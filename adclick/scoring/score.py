"""Scoring: every row of a log gets the model's score, or a reason why it has none."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial

from adclick.adlog import AdLog, Month, SourceFile
from adclick.bundle.bundle import ServingBundle
from adclick.bundle.store import publish
from adclick.errors import AdclickError
from adclick.ingest.executor import Executor, Threads
from adclick.ingest.placing import Place, run_placed
from adclick.ingest.progress import Progress, Quiet
from adclick.ingest.sources import Source
from adclick.ingest.storage import write_document
from adclick.ingest.units import UNIT_BYTES, RowUnit, plan_units
from adclick.keys import content_key
from adclick.scoring.month import ScoredUnit, finish_month
from adclick.scoring.new_creatives import EmbedTask, embed_images, file_tasks, table_tasks
from adclick.scoring.rows import LogUnit
from adclick.scoring.scores import ScoredMonth, Scores
from adclick.scoring.source import check_declared
from adclick.scoring.unit import NewImages, ScoreTask, UnitDone, score_unit

FORMAT = 1  # raise it when the same rows would be scored or written otherwise

type EmbedTasks = Callable[[str, str, Sequence[str]], list[EmbedTask]]


def score_log(
    log: Source | AdLog,
    bundle: ServingBundle,
    destination: str,
    model: str,
    max_unscored: float,
    executor: Executor | None = None,
    progress: Progress | None = None,
    unit_bytes: int = UNIT_BYTES,
) -> Scores:
    """The scores of a log's rows by a model version, below `destination` (path or fsspec URL).

    Rows come from files as they are, or from an ad log. What was scored before is not scored again
    while files, images and version are the same, and a run that was killed goes on where it was.
    The model goes with its scores, to bundles/. Raises AdclickError when a file cannot be read or
    lacks a column, and, once all is written, for a month without a row, or of which a larger share
    than `max_unscored` has no score.
    """
    if isinstance(log, AdLog):
        check_declared(log.ad_schema, bundle.schema, bundle.version)
    scoring = _Scoring(bundle, destination, executor or Threads(), progress or Quiet(), unit_bytes)
    scores = Scores(
        root=scoring.root,
        data=log.root if isinstance(log, AdLog) else log.uri,
        model=model,
        version=bundle.version,
        months=scoring.run(log),
    )
    # the store may be moved: what lies in it does not say where it is
    manifest = scores.model_copy(update={"root": "."})
    write_document(f"{scores.root}/runs/{content_key(manifest.model_dump_json())}.json", manifest)
    for month in scores.months:
        _check_share(scores, month, max_unscored)
    return scores


def _check_share(scores: Scores, month: ScoredMonth, limit: float) -> None:
    if not month.rows_in:
        raise AdclickError(f"month {month.name} of {scores.data}: no row below the files' headers")
    if month.unscored_share <= limit and month.rows_scored:
        return
    most = ", ".join(f"{reason} ({n:,})" for reason, n in list(month.reasons.items())[:3])
    told = f"; most often {most}; all are in {scores.root}/{month.unscored}" if most else ""
    raise AdclickError(
        f"month {month.name}: {month.unscored_share:.1%} of {month.rows_in:,} rows have no score, "
        f"more than max_bad_share {limit:.1%}{told}"
    )


class _Scoring:
    def __init__(
        self,
        bundle: ServingBundle,
        destination: str,
        executor: Executor,
        progress: Progress,
        unit_bytes: int,
    ) -> None:
        self._schema, self._executor, self._progress = bundle.schema, executor, progress
        self._bundle = publish(bundle, f"{destination}/bundles")
        self._unit_bytes = unit_bytes
        self.root = f"{destination}/{bundle.version}"

    def run(self, log: Source | AdLog) -> tuple[ScoredMonth, ...]:
        with self._progress:
            if isinstance(log, AdLog):
                self._progress.expect_bytes(sum(month.rows_kept for month in log.months))
                return tuple(self._month_of_log(log, month) for month in log.months)
            return tuple(self._months_of_files(log.files))

    def _months_of_files(self, files: Sequence[SourceFile]) -> Iterator[ScoredMonth]:
        plan = partial(
            plan_units,
            schema=self._schema,
            unit_bytes=self._unit_bytes,
            needed=(self._schema.id, *self._schema.features),
        )
        units = list(self._executor.run(plan, files))
        self._progress.expect_bytes(sum(unit.size for file in units for unit in file))
        months = sorted({file.month or "" for file in files})
        for month in months:
            here = [n for n, file in enumerate(files) if (file.month or "") == month]
            yield self._month_of_files([files[n] for n in here], [units[n] for n in here])

    def _month_of_files(
        self, files: Sequence[SourceFile], units: Sequence[Sequence[RowUnit]]
    ) -> ScoredMonth:
        listed = "".join(file.model_dump_json() for file in files)
        folder = self._folder(files[0].month, f"{self._unit_bytes} {listed}")

        def task_of(unit: RowUnit, place: Place) -> ScoreTask:
            return self._task(folder, f"{place[0]:04}-{place[1]:06}", unit)

        def told(unit: RowUnit, done: UnitDone) -> None:
            self._progress.read(unit.size, done.rows)

        scored = [
            ScoredUnit(
                task_of(placed.unit, placed.place),
                placed.result,
                placed.unit.file.uri,
                placed.lines_before,
            )
            for placed in run_placed(self._executor, score_unit, task_of, units, told)
        ]
        return self._finish(folder, files[0].month, scored, file_tasks)

    def _month_of_log(self, log: AdLog, month: Month) -> ScoredMonth:
        folder = self._folder(month.month, f"{month.model_dump_json()} {log.creative_files}")
        tasks = []
        for number, file in enumerate(month.files):
            unit = LogUnit(root=log.root, file=file, number=number, dropped=month.dropped)
            tasks.append(self._task(folder, f"{number:06}", unit))
        scored = []
        for number, done in enumerate(self._executor.run(score_unit, tasks)):
            self._progress.read(done.rows, done.rows)
            uri = f"{log.root}/{month.files[number]}"
            scored.append(ScoredUnit(tasks[number], done, uri, lines_before=0))
        return self._finish(folder, month.month, scored, partial(table_tasks, log))

    def _finish(
        self, folder: str, month: str | None, units: list[ScoredUnit], tasks_of: EmbedTasks
    ) -> ScoredMonth:
        """The month, once the units that wait for new creatives are scored too."""
        names = sorted({name for unit in units for name in unit.done.new})
        embedded = 0
        if names:
            images, embedded = self._embed(tasks_of(self.root, self._bundle, names))
            units = self._with_images(units, images)
        return finish_month(self.root, folder, month, units, embedded)

    def _embed(self, tasks: Sequence[EmbedTask]) -> tuple[NewImages, int]:
        self._progress.expect_images(sum(task.images for task in tasks))
        embedded = 0
        for done in self._executor.run(embed_images, tasks):
            embedded += len(done.names)
            self._progress.decoded(len(done.names) + len(done.problems))
        folders = tuple(task.folder for task in tasks)
        return NewImages(key=content_key(" ".join(folders)), folders=folders), embedded

    def _with_images(self, units: Sequence[ScoredUnit], images: NewImages) -> list[ScoredUnit]:
        asked = [
            unit.task.model_copy(update={"images": images} if unit.done.new else {})
            for unit in units
        ]
        done = self._executor.run(score_unit, [task for task in asked if task.images])
        return [
            replace(unit, task=task, done=next(done)) if task.images else unit
            for unit, task in zip(units, asked, strict=True)
        ]

    def _folder(self, month: str | None, content: str) -> str:
        return f"{month or 'all'}-{content_key(f'{FORMAT} {content}')}"

    def _task(self, folder: str, place: str, unit: RowUnit | LogUnit) -> ScoreTask:
        return ScoreTask(root=self.root, folder=folder, place=place, bundle=self._bundle, unit=unit)
