"""A first schema of a data folder, guessed from a sample of it."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass

from pydantic import ValidationError

from adclick.columns import Column
from adclick.errors import AdclickError
from adclick.schema import MONTH_PLACEHOLDER, Holdout, Schema, describe
from adclick.schema_inference.creatives import guess_creatives
from adclick.schema_inference.features import guess_feature
from adclick.schema_inference.files import RowFiles, find_row_files, find_rows
from adclick.schema_inference.guess import Guess, ignored
from adclick.schema_inference.ids import guess_id
from adclick.schema_inference.outcomes import guess_leaks, guess_outcome
from adclick.schema_inference.sample import Sample, read_sample
from adclick.schema_inference.seen import Seen
from adclick.schema_inference.times import TimeGuess, guess_time

SINGLE_ROLES = ("id", "time", "label", "impressions", "clicks", "creative", "image")
SEVERAL_ROLES = ("categorical", "numeric", "ignored")


@dataclass(frozen=True)
class Draft:
    """A schema that was guessed, and by column why; `notes` tell of the data as a whole."""

    schema: Schema
    why: dict[str, str]
    notes: tuple[str, ...]

    @property
    def summary(self) -> str:
        """What became of the columns, in a line."""
        roles: Counter[str] = Counter(column.role for column in self.schema.columns.values())
        single = [f"{role} {self.schema.named(role)[0]}" for role in SINGLE_ROLES if roles[role]]
        several = [f"{roles[role]} {role}" for role in SEVERAL_ROLES if roles[role]]
        return ", ".join(single + several)


def infer_schema(uri: str) -> Draft:
    """The schema of the files below `uri` (a folder or any fsspec URL), to be checked by a person.

    Reads some megabytes of a few files. Raises AdclickError, with what was seen, when there are
    no rows or no column can be the id, the time or the label: a schema without them runs nowhere.
    """
    files = find_row_files(uri)
    sample = read_sample(files.source)
    columns = [Seen.of(name, sample.cells.column(name)) for name in sample.cells.column_names]
    time = guess_time(sample, columns, uri)
    if not time.in_month:
        pattern = files.pattern.replace(MONTH_PLACEHOLDER, "*")
        files = RowFiles(pattern, find_rows(uri, pattern), files.left_out)
    guesses = _guesses(sample, columns, time, uri)
    in_order = {seen.name: guesses[seen.name] for seen in columns}
    return Draft(
        schema=_schema(uri, files, {name: guess.column for name, guess in in_order.items()}, time),
        why={name: guess.why for name, guess in in_order.items()},
        notes=_notes(files, sample),
    )


def _guesses(sample: Sample, columns: list[Seen], time: TimeGuess, uri: str) -> dict[str, Guess]:
    guesses = {name: ignored("another time") for name in time.others}
    guesses[time.name] = time.guess

    def left() -> list[Seen]:
        return [seen for seen in columns if seen.name not in guesses]

    outcome = guess_outcome(sample, left(), uri)
    guesses |= outcome
    name, guess = guess_id(sample, [s for s in columns if s.name in {c.name for c in left()}], uri)
    guesses[name] = guess
    guesses |= guess_leaks(sample, left(), outcome)
    guesses |= guess_creatives(sample, left())
    return guesses | {seen.name: guess_feature(sample, seen) for seen in left()}


def _schema(uri: str, files: RowFiles, columns: dict[str, Column], time: TimeGuess) -> Schema:
    months = {file.month for file in files.source.files}
    one_month = time.one_month if months == {None} else len(months) == 1
    try:
        return Schema(
            name=_name(uri),
            rows=files.pattern,
            max_bad_share=0.02,
            columns=columns,
            **({"holdout": Holdout(calibration=0.1, test=0.25)} if one_month else {}),
        )
    except ValidationError as error:
        raise AdclickError(f"{uri}: no schema fits: {describe(error)}") from error


def _name(uri: str) -> str:
    last = uri.rstrip("/").rsplit("/", 1)[-1].lower()
    return re.sub(r"[^a-z0-9]+", "-", last).strip("-") or "ad-log"


def _notes(files: RowFiles, sample: Sample) -> tuple[str, ...]:
    read, there = len(sample.files), len(files.source.files)
    notes = [f"{sample.cells.num_rows:,} rows were looked at, of {read:,} of {there:,} files."]
    if files.left_out:
        some = ", ".join(files.left_out[:3]) + (", ..." if len(files.left_out) > 3 else "")
        notes.append(f"Not matched by `rows`: {some}.")
    notes += [f"Column {name!r} is not declared: {why}." for name, why in sample.left_out.items()]
    return tuple(notes)
