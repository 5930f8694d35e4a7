"""Ingestion on a real Ray cluster of two nodes, of which one is killed in the middle."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest

from adclick.errors import AdclickError
from adclick.ingest.executor import Threads, executor_here
from adclick.ingest.ingest import ingest
from adclick.ingest.row_unit import DONE_FILE
from adclick.ingest.sources import find_source
from tests.bundles import tiny_bundle
from tests.logs import COLUMNS, IMAGES, data_folder, encoded, files_of, good, picture, schema_of
from tests.scored import with_pictures
from tests.servers import free_port, wait_until

SCHEMA = schema_of({**COLUMNS, **IMAGES})
UNIT_BYTES = 2_000
REPOSITORY = Path(__file__).resolve().parents[2]
RAY = Path(sys.executable).with_name("ray")
# a token in the home folder, of whatever other cluster, would close this one to its own nodes
OPEN = {**os.environ, "RAY_AUTH_MODE": "disabled"}
INGEST = """
import sys
from adclick.ingest.executor import executor_here
from adclick.ingest.ingest import ingest
from adclick.ingest.sources import find_source
from tests.code.test_ingest_ray import SCHEMA, UNIT_BYTES
source = find_source(sys.argv[1], SCHEMA)
ingest(source, SCHEMA, sys.argv[2], executor_here(), unit_bytes=UNIT_BYTES)
"""
SCORE = """
import sys
from adclick.bundle.bundle import load_bundle
from adclick.ingest.executor import executor_here
from adclick.scoring.score import score_log
from adclick.scoring.source import find_rows
from tests.scored import schema
rows, bundle = find_rows(sys.argv[1] + "/log", schema()), load_bundle(sys.argv[1] + "/bundle")
score_log(rows, bundle, sys.argv[2], "tiny", 0.9, executor_here(), unit_bytes=2_000)
"""


@contextmanager
def node(*options: str) -> Iterator[subprocess.Popen[bytes]]:
    """A node of a cluster with one processor, in a process group of its own."""
    command = [str(RAY), "start", "--block", "--num-cpus=1", "--disable-usage-stats", *options]
    environment = {**OPEN, "RAY_health_check_period_ms": "500"}
    process = subprocess.Popen(
        command, env=environment, start_new_session=True, stdout=subprocess.DEVNULL
    )
    try:
        yield process
    finally:
        kill(process)


def kill(process: subprocess.Popen[bytes]) -> None:
    """The process and all that it started, at once and without a word."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def write_data(folder: Path) -> Path:
    rows = {
        month: [
            good(i if i % 50 else 0, month, ad=f"{i % 40}", image=f"../{i % 40}.jpg")
            for i in range(2_000)
        ]
        for month in ("2024-01", "2024-02")
    }
    data_folder(folder, rows)
    for i in range(40):
        (folder / f"{i}.jpg").write_bytes(encoded(picture(i)))
    return folder


@pytest.mark.slow
def test_a_cluster_that_loses_a_node_finishes_with_the_same_bytes(tmp_path: Path) -> None:
    data = write_data(tmp_path / "data")
    source = find_source(str(data), SCHEMA)
    ingest(source, SCHEMA, str(tmp_path / "here"), Threads(2), unit_bytes=UNIT_BYTES)
    address, store = f"127.0.0.1:{free_port()}", tmp_path / "there"
    port = f"--port={address.rpartition(':')[2]}"
    with (
        # the path of a socket may have 107 bytes: pytest's folders are too deep
        tempfile.TemporaryDirectory(prefix="ray-", ignore_cleanup_errors=True) as state,
        ExitStack() as stack,
        node("--head", port, "--include-dashboard=false", f"--temp-dir={state}") as head,
    ):
        wait_until(lambda: nodes(address) == 1, "the cluster has its head", 60)
        other = stack.enter_context(node(f"--address={address}"))
        wait_until(lambda: nodes(address) == 2, "the cluster has two nodes", 60)
        environment = {**OPEN, "ADCLICK_ENGINE": "ray", "RAY_ADDRESS": address}
        command = [sys.executable, "-c", INGEST, str(data), str(store)]
        run = subprocess.Popen(command, cwd=REPOSITORY, env=environment)
        units = 30
        wait_until(lambda: finished(store) > units, f"{units} units are done", 240)
        kill(other)
        done = finished(store)
        assert run.wait(timeout=120) == 0
        assert units < done < finished(store)
        check_scoring(tmp_path, environment)
        assert head.poll() is None
    assert files_of(store) == files_of(tmp_path / "here")


def check_scoring(folder: Path, environment: dict[str, str]) -> None:
    """Scoring on the cluster leaves the same bytes as in threads, new creatives and all."""
    tiny_bundle(folder / "to-score/bundle")
    with_pictures(folder / "to-score/log")
    for engine in ("ray", "threads"):
        command = [sys.executable, "-c", SCORE, str(folder / "to-score"), str(folder / engine)]
        chosen = {**environment, "ADCLICK_ENGINE": engine}
        subprocess.run(command, cwd=REPOSITORY, env=chosen, check=True, timeout=120)
    assert files_of(folder / "ray") == files_of(folder / "threads")


def finished(store: Path) -> int:
    return len(list(store.rglob(DONE_FILE)))


def nodes(address: str) -> int:
    command = [str(RAY), "status", f"--address={address}"]
    answer = subprocess.run(command, env=OPEN, capture_output=True, text=True, check=False)
    return sum(" node_" in line for line in answer.stdout.splitlines())


def test_an_engine_that_is_not_known_is_named() -> None:
    with pytest.raises(AdclickError, match="engine 'spark': a stack's engine is threads or ray"):
        executor_here({"ADCLICK_ENGINE": "spark"})
