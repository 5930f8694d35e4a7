"""run.py as a user starts it: in processes of its own, with folders and a port to itself."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from adclick.summary import RunSummary
from serving.deployment import Status
from serving.processes import LocalSeldon
from tests.servers import wait_until

REPOSITORY = Path(__file__).resolve().parents[2]
RUN = REPOSITORY / "run.py"
LONGEST_SECONDS = 240
SMALL: dict[str, Any] = {
    "sample_data": {
        "months": 4,
        "impressions": 8000,
        "creatives_per_month": 12,
        "base_rate": 0.3,
    },
    "training": {
        "epochs": 4,
        "batch_size": 256,
        "model": {"cross_rank": 8, "hidden_units": [32, 16], "tower_filters": [4, 8, 8, 8]},
    },
    "evaluation": {"resamples": 100},
    # latency says nothing on a busy machine
    "deployment": {
        "canary": {
            "traffic": 50,
            "least_requests": 100,
            "latency_floor_ms": 1000,
            "replay_after_seconds": 1,
        }
    },
    "traffic": {"requests": 550},
    "monitoring": {"rows": 1000},
}


@dataclass(frozen=True)
class Ran:
    """A run.py that ended: its exit code, what it printed, and its summary where it wrote one."""

    code: int
    output: str
    errors: str
    summary: RunSummary | None

    @property
    def done(self) -> RunSummary:
        """The summary of a run that must have gone well."""
        assert self.code == 0, self.errors + self.output
        assert self.summary is not None
        return self.summary

    def step(self, name: str) -> bool:
        """Whether a step of this name ran, rather than came from the cache."""
        return next(not step.cached for step in self.done.steps if step.step == name)

    @property
    def cached(self) -> set[str]:
        """The steps that came from the cache."""
        return {step.step for step in self.done.steps if step.cached}

    @property
    def ran(self) -> set[str]:
        """The steps that ran."""
        return {step.step for step in self.done.steps if not step.cached}


@dataclass(frozen=True)
class Place:
    """Where a user works: state, home and temporary files in folders of its own."""

    folder: Path
    port: int

    @property
    def state(self) -> Path:
        """ADCLICK_HOME; with a space, as paths of users are."""
        return self.folder / "state of runs"

    @property
    def user(self) -> Path:
        """HOME."""
        return self.folder / "user"

    @property
    def temporary(self) -> Path:
        """TMPDIR."""
        return self.folder / "temporary"

    @property
    def workspace(self) -> Path:
        """The Evidently workspace."""
        return self.state / "evidently"

    def environment(self, **changes: str) -> dict[str, str]:
        """The environment of run.py; nothing of the test's own process' state is in it."""
        self.user.mkdir(exist_ok=True)
        self.temporary.mkdir(exist_ok=True)
        kept = ("PATH", "LANG", "PYTHONDONTWRITEBYTECODE")
        return {
            **{name: os.environ[name] for name in kept if name in os.environ},
            "HOME": str(self.user),
            "TMPDIR": str(self.temporary),
            "ADCLICK_HOME": str(self.state),
            "ADCLICK_SELDON_PORT": str(self.port),
            **changes,
        }

    def config(self, name: str = "small", **changes: Mapping[str, Any]) -> Path:
        """A small configuration, with other settings in the sections that `changes` name."""
        path = self.folder / f"{name}.yaml"
        sections = {key: {**SMALL.get(key, {}), **section} for key, section in changes.items()}
        path.write_text(yaml.safe_dump({**SMALL, **sections}), encoding="utf-8")
        return path

    def start(self, *words: str | Path, **settings: Any) -> subprocess.Popen[str]:
        """Start run.py, which the caller waits for or kills."""
        chosen = {"cwd": self.folder, "env": self.environment(), **settings}
        return subprocess.Popen(
            [sys.executable, str(RUN), *map(str, words)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            **chosen,
        )

    def run(self, *words: str | Path, **settings: Any) -> Ran:
        """Run run.py to its end."""
        latest = self.state / "runs" / "latest.json"
        before = latest.stat().st_mtime_ns if latest.exists() else None
        process = self.start(*words, **settings)
        try:
            output, errors = process.communicate(timeout=LONGEST_SECONDS)
        finally:
            process.kill()
        written = latest.exists() and latest.stat().st_mtime_ns != before
        summary = RunSummary.model_validate_json(latest.read_bytes()) if written else None
        return Ran(process.returncode, output, errors, summary)

    def run_small(self, *words: str | Path, **settings: Any) -> Ran:
        """Run run.py with the small configuration."""
        return self.run("--config", self.config(), *words, **settings)

    @property
    def seldon(self) -> LocalSeldon:
        """The manager of what serves here."""
        serving = self.state / "serving"
        return LocalSeldon(serving, self.port, serving / "predictions")

    def serving(self) -> Status:
        """What serves here, from the process table."""
        return self.seldon.status()

    def steps_begun(self, name: str) -> int:
        """How often a step of this name was begun and not ended; 0 where there is no store yet."""
        query = "select count(*) from step_run where name = ? and status = 'running'"
        try:
            return int(self._query(query, name)[0][0])
        except sqlite3.OperationalError:
            return 0

    def stages(self) -> dict[str, str | None]:
        """The stage of each model version, by its name."""
        return dict(self._query("select name, stage from model_version"))

    def noted(self, key: str) -> set[str]:
        """The pipeline runs that have metadata of this name."""
        query = (
            "select r.name from pipeline_run r join run_metadata_resource m on m.resource_id = r.id"
            " join run_metadata d on d.id = m.run_metadata_id where d.key = ?"
        )
        return {name for (name,) in self._query(query, key)}

    def _query(self, query: str, *values: str) -> list[tuple[Any, ...]]:
        # a client of ZenML's takes seconds to start
        store = self.state / "zenml" / "stores" / "default_zen_store" / "zenml.db"
        with closing(sqlite3.connect(f"file:{store}?mode=ro", uri=True, timeout=10)) as connection:
            return connection.execute(query, values).fetchall()

    def start_until(self, step: str, *words: str | Path) -> subprocess.Popen[str]:
        """Start run.py with the small configuration and return while `step` is running."""
        before = self.steps_begun(step)
        process = self.start("--config", self.config(), *words)

        def begun() -> bool:
            assert process.poll() is None, process.communicate()
            return self.steps_begun(step) > before

        wait_until(begun, f"{step} runs", seconds=LONGEST_SECONDS)
        return process

    def store(self) -> dict[str, Any]:
        """What ZenML keeps here; see tests/e2e/store.py."""
        told = subprocess.run(
            [sys.executable, "-m", "tests.e2e.store"],
            cwd=REPOSITORY,
            env=self.environment(),
            check=True,
            stdout=subprocess.PIPE,
            timeout=LONGEST_SECONDS,
        )
        return dict(json.loads(told.stdout))

    def snapshots(self) -> list[str]:
        """The snapshots in the Evidently workspace, of all projects."""
        return sorted(str(p.relative_to(self.workspace)) for p in self.workspace.glob("*/snap*/*"))


def assert_refused(ran: Ran, *named: str) -> None:
    """The run ended with 2 and one line for people that names all of `named`."""
    assert ran.code == 2, ran.errors + ran.output
    (line,) = ran.errors.splitlines()
    assert line.startswith("error: ")
    assert [word for word in named if word not in line] == [], line
    assert "Traceback" not in ran.output
