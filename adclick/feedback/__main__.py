"""Writes labelled predictions as months for ingestion: `python -m adclick.feedback --help`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta

import fsspec

from adclick.adlog import AdLog, CreativeTable
from adclick.bundle.bundle import load_bundle
from adclick.errors import AdclickError
from adclick.feedback.join import JoinCounts, Joined, join_labels
from adclick.feedback.months import write_months
from adclick.ingest.storage import read_document
from adclick.records.reading import Days


class _Counted:
    """Goes over parts of a join and adds up what they count."""

    def __init__(self, parts: Iterable[Joined]) -> None:
        self._parts = parts
        self.counts = JoinCounts()

    def __iter__(self) -> Iterator[Joined]:
        for part in self._parts:
            self.counts += part.counts
            yield part


def main(arguments: Sequence[str] | None = None) -> None:
    """Join and write; prints the counts, and ends with 2 and one line for what cannot be."""
    options = _parser().parse_args(arguments)
    try:
        schema = load_bundle(options.bundle).schema
        parts = _Counted(
            join_labels(
                options.predictions,
                schema,
                window=timedelta(hours=options.window_hours),
                now=datetime.now(UTC),
                days=Days(options.since, options.until),
                model_version=options.model_version,
            )
        )
        left_out = write_months(parts, schema, _creatives(options.images), options.to)
    except AdclickError as error:
        print(error, file=sys.stderr)
        sys.exit(2)
    figures = {**asdict(parts.counts), **{f"left out: {why}": n for why, n in left_out.items()}}
    for name, count in figures.items():
        print(f"{name:<40}{count:>15,}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m adclick.feedback",
        description="Write labelled predictions as the data folder of an ad log.",
    )
    parser.add_argument("--predictions", required=True, help="folder or URL of the prediction log")
    parser.add_argument("--bundle", required=True, help="folder of a bundle, for its schema")
    parser.add_argument("--to", required=True, help="data folder or URL to write")
    parser.add_argument("--window-hours", type=float, required=True, help="wait so long for clicks")
    parser.add_argument("--images", help="an ad log's logs/*.json, for images of creatives")
    parser.add_argument("--since", type=date.fromisoformat, help="first day of answers (UTC)")
    parser.add_argument("--until", type=date.fromisoformat, help="day after the last one")
    parser.add_argument("--model-version", help="answers of this version only")
    return parser


def _creatives(manifest: str | None) -> CreativeTable | None:
    if manifest is None:
        return None
    log = read_document(manifest, AdLog)
    if log is None:
        raise AdclickError(f"ad log {manifest} does not exist: name one of STORE/logs/*.json")
    # a store may be moved: what lies in it does not say where it is
    filesystem, path = fsspec.core.url_to_fs(manifest)
    root = filesystem.unstrip_protocol(path.rsplit("/", 2)[0])
    return log.model_copy(update={"root": root}).creatives()


if __name__ == "__main__":
    main()
