"""A prediction log on its way to a bucket: every line, at least once, and none but whole ones."""

from __future__ import annotations

import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from adclick.prediction_log import PredictionLogWriter, read_predictions
from serving.log_shipper import LogShipper
from tests.bundles import example, tiny_schema
from tests.servers import wait_until


def log(writer: PredictionLogWriter, *ids: str) -> None:
    for name in ids:
        writer.append(name, "v1", [example()], [0.5])


def shipped(target: str) -> list[str]:
    table = read_predictions(target, tiny_schema(), "v1").table
    return [str(name) for name in table["_request"].to_pylist()]


def test_new_lines_are_copied_once(tmp_path: Path) -> None:
    target = f"file://{tmp_path}/bucket"
    writer, shipper = PredictionLogWriter(tmp_path / "log"), LogShipper(tmp_path / "log", target)
    assert shipper.ship() == 0
    log(writer, "a", "b")
    assert shipper.ship() > 0
    assert shipper.ship() == 0
    log(writer, "c")
    shipper.ship()
    assert shipped(target) == ["a", "b", "c"]
    assert read_predictions(target, tiny_schema(), "v1").repeats == 0


def test_after_a_restart_lines_are_copied_again_and_counted_once(tmp_path: Path) -> None:
    target = f"file://{tmp_path}/bucket"
    writer = PredictionLogWriter(tmp_path / "log")
    first = LogShipper(tmp_path / "log", target)
    log(writer, "a")
    first.ship()
    log(writer, "b")
    first.ship()
    LogShipper(tmp_path / "log", target).ship()
    assert shipped(target) == ["a", "b"]


def test_half_a_line_waits_for_its_end(tmp_path: Path) -> None:
    target = f"file://{tmp_path}/bucket"
    log(PredictionLogWriter(tmp_path / "log"), "a")
    (path,) = (tmp_path / "log").glob("day=*/*.jsonl")
    whole = path.read_bytes()
    shipper = LogShipper(tmp_path / "log", target)
    path.write_bytes(whole[:20])
    assert shipper.ship() == 0
    path.write_bytes(whole)
    assert shipper.ship() == len(whole)
    assert shipped(target) == ["a"]


def test_a_file_is_removed_once_its_day_is_long_over(tmp_path: Path) -> None:
    today = datetime.now(UTC)
    days = [tmp_path / "log" / f"day={today - timedelta(days=n):%Y-%m-%d}" for n in (0, 1, 2)]
    for day in days:
        day.mkdir(parents=True)
        (day / "1.jsonl").write_bytes(b"{}\n")
    shipper = LogShipper(tmp_path / "log", f"file://{tmp_path}/bucket")
    assert shipper.ship() == 9
    assert shipper.ship() == 0
    assert [(day / "1.jsonl").exists() for day in days] == [True, True, False]
    assert len(list((tmp_path / "bucket").glob("day=*/*.jsonl"))) == 3


def test_sigterm_copies_what_is_left(tmp_path: Path) -> None:
    target = tmp_path / "bucket"
    source = tmp_path / "log"
    writer = PredictionLogWriter(source)
    words = [sys.executable, "-m", "serving.log_shipper", str(source), f"file://{target}"]
    with subprocess.Popen(words) as process:
        log(writer, "a")
        wait_until(target.is_dir, "the first copy")
        log(writer, "b")
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=15) == 0
    assert shipped(f"file://{target}") == ["a", "b"]


def test_a_bucket_that_cannot_be_written_costs_no_line(tmp_path: Path) -> None:
    (tmp_path / "bucket").write_text("")
    source = tmp_path / "log"
    log(PredictionLogWriter(source), "a")
    shipper = LogShipper(source, f"file://{tmp_path}/bucket")
    words = [sys.executable, "-m", "serving.log_shipper", str(source), f"file://{tmp_path}/bucket"]
    with subprocess.Popen(words, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        said = process.stderr.readline()
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=15) == 1
    assert said.startswith(f"predictions are not in file://{tmp_path}/bucket yet: ")
    (tmp_path / "bucket").unlink()
    assert shipper.ship() > 0
    assert shipped(f"file://{tmp_path}/bucket") == ["a"]
