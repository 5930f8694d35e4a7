"""Units of work: parts of source files that are read apart, in any order, on any machine."""

from __future__ import annotations

from functools import cached_property

from pydantic import BaseModel, ConfigDict

from adclick.adlog import SourceFile
from adclick.errors import AdclickError
from adclick.ingest.formats import Format, Header, format_of, header_of, open_parquet
from adclick.keys import content_key
from adclick.schema import Schema

UNIT_BYTES = 32 * 1024 * 1024


class RowUnit(BaseModel):
    """The rows of a file that begin in [begin, end): bytes of a CSV file, row groups of Parquet.

    A packed CSV file is one unit, from the end of its header to `end` = None. Where `exact` is
    false, `begin` is only near a row: the unit's first row is taken to begin after the next line
    end, which is wrong within a quoted cell, and told by comparing where neighbours begin and end.
    `first_line` is how many lines the file's header takes.
    """

    model_config = ConfigDict(frozen=True)

    file: SourceFile
    form: Format
    names: tuple[str, ...]
    begin: int
    end: int | None
    exact: bool
    first_line: int

    def key(self, ingestion: str) -> str:
        """A name for what comes of this unit; `ingestion` names the way it is read."""
        return content_key(ingestion + self.model_dump_json())

    @cached_property
    def size(self) -> int:
        """About how many bytes of the file it is, for progress."""
        if self.form is Format.CSV and self.end is not None:
            return self.end - self.begin
        if self.form is Format.PARQUET and self.end is not None:
            return self.file.size // max(1, self.end)
        return self.file.size


def plan_units(
    file: SourceFile,
    schema: Schema,
    unit_bytes: int = UNIT_BYTES,
    needed: tuple[str, ...] | None = None,
) -> tuple[RowUnit, ...]:
    """The file's units in order.

    Raises AdclickError when the file is empty, is no text in UTF-8, or does not have each column
    once that is `needed`: those of the schema, if nothing else is said.
    """
    form = format_of(file)
    header = header_of(file, form)
    _check_columns(file, header, schema, tuple(schema.columns) if needed is None else needed)
    return tuple(
        RowUnit(
            file=file,
            form=form,
            names=header.names,
            begin=begin,
            end=end,
            exact=number == 0 or form is not Format.CSV,
            first_line=header.lines,
        )
        for number, (begin, end) in enumerate(_spans(file, form, header, unit_bytes))
    )


def _spans(
    file: SourceFile, form: Format, header: Header, unit_bytes: int
) -> list[tuple[int, int | None]]:
    if form is Format.PARQUET:
        return [(group, group + 1) for group in range(_row_groups(file))]
    if form is not Format.CSV:
        return [(header.size, None)]
    starts = [header.size, *range(header.size + unit_bytes, file.size, unit_bytes)]
    return list(zip(starts, [*starts[1:], file.size], strict=True))


def _row_groups(file: SourceFile) -> int:
    with open_parquet(file) as parquet:
        return int(parquet.num_row_groups)


def _check_columns(
    file: SourceFile, header: Header, schema: Schema, needed: tuple[str, ...]
) -> None:
    missing = [name for name in needed if name not in header.names]
    if missing:
        raise AdclickError(
            f"{file.uri} has no column {missing[0]!r} that schema {schema.name} names: "
            "mend the file or the schema"
        )
    repeated = [name for name in schema.columns if header.names.count(name) > 1]
    if repeated:
        raise AdclickError(f"{file.uri} has column {repeated[0]!r} more than once: keep one")
