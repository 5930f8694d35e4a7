"""Which files a data folder or bucket holds for a schema."""

from __future__ import annotations

import glob
from collections.abc import Sequence

import fsspec
from pydantic import BaseModel, ConfigDict

from adclick.adlog import SourceFile
from adclick.errors import AdclickError
from adclick.ingest.selection import ALL, MONTH, select_months
from adclick.schema import MONTH_PLACEHOLDER, Schema


class Source(BaseModel):
    """The CSV files of a data folder as they are now: two equal Sources hold the same data."""

    model_config = ConfigDict(frozen=True)

    uri: str
    files: tuple[SourceFile, ...]


def find_source(uri: str, schema: Schema, months: str = ALL) -> Source:
    """The files below `uri` (a folder or any fsspec URL) that match the schema's `rows` pattern.

    `months` chooses among them, see `selection`. Raises AdclickError when the folder or the files
    do not exist, a month that is wanted is not there or its folder is empty, or this environment
    cannot read such an address.
    """
    filesystem, root = open_folder(uri)
    pattern = schema.rows.replace(MONTH_PLACEHOLDER, "[0-9][0-9][0-9][0-9]-[0-9][0-9]")
    found = filesystem.glob(f"{glob.escape(root)}/{pattern}", detail=True)
    files = tuple(
        SourceFile(
            uri=filesystem.unstrip_protocol(path),
            month=_month(path.removeprefix(root).lstrip("/"), schema),
            size=info["size"],
            generation=str(info.get("generation") or info.get("mtime")),
        )
        for path, info in sorted(found.items())
        if info["type"] == "file"
    )
    if not files:
        raise AdclickError(f"no file {schema.rows} below {uri}: see `rows` in schema {schema.name}")
    empty = _empty_months(filesystem, root, schema, files)
    wanted = _wanted(months, schema, [*(file.month for file in files), *empty])
    for month in sorted(empty.keys() & wanted):
        pattern = schema.rows.removeprefix(MONTH_PLACEHOLDER + "/")
        raise AdclickError(f"month {month} is empty: no file {pattern} in {empty[month]}")
    return Source(uri=uri, files=tuple(file for file in files if file.month in wanted))


def open_folder(uri: str) -> tuple[fsspec.AbstractFileSystem, str]:
    """The filesystem of a data folder and the folder's path in it.

    Raises AdclickError when it does not exist, or cannot be read or reached from here.
    """
    try:
        filesystem, root = fsspec.core.url_to_fs(uri)
    except (ImportError, ValueError) as error:
        raise AdclickError(
            f"{uri} cannot be read here ({error}): name a folder or a gs:// bucket, or install "
            "what reads such addresses"
        ) from error
    # what another run listed may have changed
    filesystem.invalidate_cache()
    try:
        there = filesystem.isdir(root)
    except OSError as error:
        raise AdclickError(
            f"{uri} cannot be reached: {error}: check the address, the network and the credentials"
        ) from error
    if not there:
        raise AdclickError(f"data folder {uri} does not exist: name one with --data")
    return filesystem, root


def _wanted(months: str, schema: Schema, there: Sequence[str | None]) -> set[str | None]:
    if months == ALL:
        return set(there)
    if MONTH_PLACEHOLDER not in schema.rows:
        raise AdclickError(
            f"months {months!r}: files are chosen by month, and `rows` of schema {schema.name} has "
            f"no {MONTH_PLACEHOLDER}"
        )
    return set(select_months(months, filter(None, there)))


def _month(relative: str, schema: Schema) -> str | None:
    if MONTH_PLACEHOLDER not in schema.rows:
        return None
    match = MONTH.search(relative)
    if match is None:
        raise AdclickError(f"file {relative}: its path names no month as YYYY-MM")
    return match.group()


def _empty_months(
    filesystem: fsspec.AbstractFileSystem, root: str, schema: Schema, files: tuple[SourceFile, ...]
) -> dict[str, str]:
    """Folders of months in which no file is found, by month."""
    if not schema.rows.startswith(MONTH_PLACEHOLDER + "/"):
        return {}
    full = {file.month for file in files}
    paths = filesystem.ls(root, detail=False)
    folders = {path.rstrip("/").rsplit("/", 1)[-1]: path for path in paths}
    return {name: folders[name] for name in folders if MONTH.fullmatch(name) and name not in full}
