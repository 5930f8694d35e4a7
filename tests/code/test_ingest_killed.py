"""Ingestion in a process of its own, killed at any point and begun again."""

from __future__ import annotations

from pathlib import Path

import pytest

from adclick.ingest.row_unit import DONE_FILE
from tests.killing import check_killed
from tests.logs import as_csv, encoded, good, picture

MONTHS = ("2024-01", "2024-02")
INGEST = """
import sys
from adclick.ingest.ingest import ingest
from adclick.ingest.sources import find_source
from tests.logs import COLUMNS, IMAGES, schema_of
schema = schema_of({**COLUMNS, **IMAGES}, rows="{month}/*.csv")
print("begun", flush=True)
ingest(find_source(sys.argv[1], schema), schema, sys.argv[2], unit_bytes=4_000)
"""


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two months of two files, with bad rows, ids used twice and broken images."""
    folder = tmp_path_factory.mktemp("data")
    for month in MONTHS:
        (folder / month).mkdir()
        for name in ("a", "b"):
            rows = [
                good(i, month, ad=f"{i % 40}", image=f"{i % 40}.jpg")
                | ({"site": ""} if i % 97 == 0 else {})
                for i in range(300 * (name == "b"), 400 + 300 * (name == "b"))
            ]
            (folder / month / f"{name}.csv").write_bytes(as_csv(rows))
        for i in range(40):
            image = encoded(picture(i)) if i % 7 else b"broken"
            (folder / month / f"{i}.jpg").write_bytes(image)
    return folder


def finished_units(store: Path) -> dict[Path, int]:
    return {path: path.stat().st_mtime_ns for path in store.rglob(DONE_FILE)}


@pytest.mark.slow
def test_killed_at_any_point_the_next_run_finishes_with_the_same_bytes(
    data: Path, tmp_path: Path
) -> None:
    check_killed(INGEST, data, tmp_path, finished_units)
