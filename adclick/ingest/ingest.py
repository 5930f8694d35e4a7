"""Ingestion: a source's files become an ad log; every row in is kept or quarantined."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from adclick.adlog import AdLog, CreativeFiles, SourceFile
from adclick.errors import AdclickError
from adclick.ingest.creatives import gather_creatives
from adclick.ingest.executor import Executor, Threads
from adclick.ingest.image_files import groups_of, month_images
from adclick.ingest.image_unit import ImageFile, ImagesDone, ImageTask, ingest_images
from adclick.ingest.month_unit import MonthTask, PlacedPart, ingest_month
from adclick.ingest.parts import NO_MONTH
from adclick.ingest.placing import Place, run_placed
from adclick.ingest.progress import Progress, Quiet
from adclick.ingest.row_unit import RowsDone, RowTask, ingest_rows
from adclick.ingest.sources import Source
from adclick.ingest.storage import write_document
from adclick.ingest.units import UNIT_BYTES, RowUnit, plan_units
from adclick.keys import content_key
from adclick.schema import Schema

FORMAT = 4  # raise it when the same source would be written otherwise


def ingest(
    source: Source,
    schema: Schema,
    destination: str,
    executor: Executor | None = None,
    progress: Progress | None = None,
    unit_bytes: int = UNIT_BYTES,
) -> AdLog:
    """The ad log of a source, in the schema's store below `destination` (path or fsspec URL).

    Files, images and months that did not change since they were ingested are not read again, and
    a run that was killed goes on where it was. What a log names never changes. The log is also
    written to the store, as logs/*.json. CSV files are read in units of about `unit_bytes`.
    Raises AdclickError when a file cannot be read as the schema says, or when a month is empty or
    has more bad rows than the schema allows.
    """
    ingestion = _Ingestion(
        schema, destination, executor or Threads(), progress or Quiet(), unit_bytes
    )
    log = ingestion.run(source)
    # the store may be moved: what lies in it does not say where it is
    manifest = log.model_copy(update={"root": "."})
    write_document(f"{log.root}/logs/{content_key(manifest.model_dump_json())}.json", manifest)
    return log


class _Ingestion:
    def __init__(
        self,
        schema: Schema,
        destination: str,
        executor: Executor,
        progress: Progress,
        unit_bytes: int,
    ) -> None:
        self._schema, self._executor, self._progress = schema, executor, progress
        self._plan_file = partial(plan_units, schema=schema, unit_bytes=unit_bytes)
        self._version = f"{FORMAT} {schema.model_dump_json()}"
        self._root = f"{destination}/{schema.name}-{content_key(self._version)}"
        self._groups: list[ImagesDone] = []
        self._known: set[str] = set()

    def run(self, source: Source) -> AdLog:
        with self._progress:
            units = self._plan(source.files)
            months = self._months(source.files, units)
            problems = {name: self._read_images(months[name]) for name in months}
            tasks = [self._month_task(name, months[name], problems[name]) for name in months]
            finished = tuple(self._executor.run(ingest_month, tasks))
        return AdLog(
            root=self._root,
            ad_schema=self._schema,
            sources=source.files,
            months=finished,
            creative_files=self._creatives(),
        )

    def _plan(self, files: Sequence[SourceFile]) -> list[tuple[RowUnit, ...]]:
        units = list(self._executor.run(self._plan_file, files))
        self._progress.expect_bytes(sum(unit.size for file in units for unit in file))
        return units

    def _months(
        self, files: Sequence[SourceFile], units: Sequence[tuple[RowUnit, ...]]
    ) -> dict[str, list[PlacedPart]]:
        """Each month's parts in the order of files and lines, oldest month first."""
        months: dict[str, list[PlacedPart]] = {file.month: [] for file in files if file.month}
        for placed in self._placed_parts(units):
            months.setdefault(placed.part.month, []).append(placed)
        homeless = months.pop(NO_MONTH, [])
        if not months:
            raise AdclickError(self._no_rows(files, homeless))
        ordered = {name: months[name] for name in sorted(months)}
        next(iter(ordered.values())).extend(homeless)
        return ordered

    def _no_rows(self, files: Sequence[SourceFile], homeless: Sequence[PlacedPart]) -> str:
        if not homeless:
            return f"no row below the headers of {files[0].uri} and {len(files) - 1} more files"
        reasons = ", ".join(homeless[0].part.reasons)
        return f"{homeless[0].unit.file.uri}: no row can be read: {reasons}"

    def _placed_parts(self, units: Sequence[tuple[RowUnit, ...]]) -> Iterator[PlacedPart]:
        """What comes of all units, by month."""
        for placed in run_placed(self._executor, ingest_rows, self._task, units, self._told):
            for part in placed.result.parts:
                yield PlacedPart(part=part, unit=placed.unit, lines_before=placed.lines_before)

    def _told(self, unit: RowUnit, done: RowsDone) -> None:
        self._progress.read(unit.size, done.rows)

    def _task(self, unit: RowUnit, _: Place) -> RowTask:
        folder = f"rows/{unit.key(self._version)}"
        return RowTask(root=self._root, folder=folder, ad_schema=self._schema, unit=unit)

    def _read_images(self, parts: Sequence[PlacedPart]) -> dict[str, str]:
        """Decode a month's images; returns why creatives that it shows have none.

        A creative has the first image that can be used, in the order of months.
        """
        shape = self._schema.image_shape
        if shape is None:
            return {}
        images, problems = month_images(self._root, parts, self._known)
        self._progress.expect_images(len(images))
        tasks = [self._image_task(group, shape) for group in groups_of(images)]
        for done in self._executor.run(ingest_images, tasks):
            self._groups.append(done)
            self._known.update(done.creatives)
            problems |= done.problems
            self._progress.decoded(len(done.creatives) + len(done.problems))
        return problems

    def _image_task(self, images: tuple[ImageFile, ...], shape: tuple[int, int, int]) -> ImageTask:
        listed = "".join(image.model_dump_json() for image in images)
        folder = f"images/{content_key(f'{FORMAT} {shape} {listed}')}"
        return ImageTask(root=self._root, folder=folder, shape=shape, images=images)

    def _month_task(
        self, month: str, parts: Sequence[PlacedPart], problems: dict[str, str]
    ) -> MonthTask:
        task = MonthTask(
            root=self._root,
            folder="",
            month=month,
            ad_schema=self._schema,
            parts=tuple(parts),
            problems=problems,
        )
        key = content_key(self._version + task.model_dump_json(exclude={"root"}))
        return task.model_copy(update={"folder": f"months/{month}-{key}"})

    def _creatives(self) -> CreativeFiles | None:
        shape = self._schema.image_shape
        return gather_creatives(self._root, self._groups, shape) if shape else None
