"""Batch scoring in a process of its own, killed at any point and begun again."""

from __future__ import annotations

from pathlib import Path

import pytest

from adclick.scoring.unit import UnitDone
from tests.bundles import tiny_bundle
from tests.killing import check_killed
from tests.scored import cells, with_pictures, write

QUOTED = "2024-07"
SCORE = """
import sys
from adclick.bundle.bundle import load_bundle
from adclick.scoring.score import score_log
from adclick.scoring.source import find_rows
from tests.scored import schema
bundle = load_bundle(sys.argv[1] + "/bundle")
print("begun", flush=True)
rows = find_rows(sys.argv[1] + "/log", schema())
score_log(rows, bundle, sys.argv[2], "tiny", 0.9, unit_bytes=2_000)
"""


def finished_units(store: Path) -> dict[Path, int]:
    """Units that are scored for good.

    Those that wait for new creatives are written twice, those of QUOTED perhaps: they begin within
    a row.
    """
    done = {}
    for path in store.rglob("units/*.json"):
        waits = UnitDone.model_validate_json(path.read_bytes()).waits
        if not waits and f"/{QUOTED}-" not in str(path):
            done[path] = path.stat().st_mtime_ns
    return done


@pytest.mark.slow
def test_killed_at_any_point_the_next_run_finishes_with_the_same_bytes(tmp_path: Path) -> None:
    data = tmp_path / "data"
    tiny_bundle(data / "bundle")
    with_pictures(data / "log")
    bad = [cells(n, age=500 if n % 7 == 0 else 5) for n in range(300)]
    write(data / "log", bad, month="2024-06")
    write(data / "log", [row | {"site": '"a\nb"'} for row in bad], month=QUOTED)
    check_killed(SCORE, data, tmp_path, finished_units, kills=10)
