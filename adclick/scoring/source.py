"""What is scored: a folder of files as they came, or an ad log that ingestion made of one."""

from __future__ import annotations

import posixpath

import fsspec

from adclick.adlog import AdLog
from adclick.errors import AdclickError
from adclick.ingest.selection import ALL, select_months
from adclick.ingest.sources import Source, find_source
from adclick.ingest.storage import read_document
from adclick.schema import Schema

MANIFEST_END = ".json"


def find_rows(data: str, schema: Schema, months: str = ALL) -> Source | AdLog:
    """The rows at `data`: a folder, or the manifest (logs/*.json) of an ad log in its store.

    `months` chooses among them, see `adclick.ingest.selection`. Raises AdclickError when they are
    not there, and for what is no manifest.
    """
    if not data.endswith(MANIFEST_END):
        return find_source(data, schema, months)
    return of_months(read_log(data), months)


def read_log(manifest: str) -> AdLog:
    """The ad log with this manifest (path or fsspec URL); the store may have been moved since."""
    try:
        log = read_document(manifest, AdLog)
    except ValueError as error:
        raise AdclickError(
            f"{manifest} is no ad log's manifest: name a file of its store's logs/"
        ) from error
    if log is None:
        raise AdclickError(f"{manifest} does not exist: name a folder, or an ad log's manifest")
    root = posixpath.dirname(posixpath.dirname(_address(manifest)))
    return log.model_copy(update={"root": root})


def of_months(log: AdLog, months: str) -> AdLog:
    """The log with these months of it alone."""
    wanted = select_months(months, log.month_names)
    kept = tuple(month for month in log.months if month.month in wanted)
    return log.model_copy(update={"months": kept})


def check_declared(schema: Schema, learned: Schema, version: str) -> None:
    """Raise AdclickError unless `schema` declares each feature as the version's own one does."""
    for name in (*learned.features, *learned.named("image")):
        there = schema.columns.get(name)
        if there != learned.columns[name]:
            how = "not" if there is None else "otherwise"
            raise AdclickError(
                f"schema {schema.name}: column {name!r} is {how} declared as version {version} "
                "learned it: score with the schema of its training, or train anew"
            )


def _address(uri: str) -> str:
    filesystem, path = fsspec.core.url_to_fs(uri)
    return path if "file" in filesystem.protocol else str(filesystem.unstrip_protocol(path))
