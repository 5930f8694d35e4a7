"""What runs leave out of ZenML to be quick is nothing that they need."""

from __future__ import annotations

import importlib
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import create_engine, event, text
from zenml.materializers.cloudpickle_materializer import CloudpickleMaterializer
from zenml.materializers.materializer_registry import materializer_registry
from zenml.steps import BaseStep

import materializers  # noqa: F401  registers how our types travel
from stacks.savings import _write_ahead

REPOSITORY = Path(__file__).parents[2]
STEPS = REPOSITORY / "steps"
FLAVORS = """
from pathlib import Path

from stacks.environment import close_logs, prepare, state_folder

prepare(Path.cwd(), state_folder(Path.cwd()))

from adclick.errors import AdclickError
from stacks.definition import ComponentDefinition, StackDefinition
from stacks.registration import activate
from stacks.savings import save_time
from zenml.client import Client

save_time()
for orchestrator in ("local", "kubernetes", "unknown"):
    flavors = {"artifact_store": "local", "orchestrator": orchestrator}
    components = {kind: ComponentDefinition(flavor=name) for kind, name in flavors.items()}
    try:
        activate(StackDefinition(name=orchestrator, components=components))
        print(Client().list_flavors(size=1).total, Client().active_stack.orchestrator.flavor)
    except AdclickError as error:
        print(error)
close_logs()
"""


def _steps() -> list[BaseStep]:
    modules = [importlib.import_module(f"steps.{path.stem}") for path in STEPS.glob("[a-z]*.py")]
    found = {
        name: thing
        for module in modules
        for name, thing in vars(module).items()
        if isinstance(thing, BaseStep)
    }
    return list(found.values())


@pytest.mark.parametrize("step", _steps(), ids=lambda step: step.name)
def test_what_a_step_returns_needs_no_integration(step: BaseStep) -> None:
    outputs = step.entrypoint_definition.outputs
    assert outputs
    for output in outputs.values():
        materializer = materializer_registry[output.resolved_annotation]
        assert not issubclass(materializer, CloudpickleMaterializer), output.resolved_annotation
        assert not materializer.__module__.startswith("zenml.integrations")


def test_the_store_has_a_write_ahead_log(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path}/store.db")
    event.listen(engine, "connect", _write_ahead)
    with engine.connect() as connection:
        assert connection.execute(text("PRAGMA journal_mode")).scalar() == "wal"
        assert connection.execute(text("PRAGMA synchronous")).scalar() == 1
    engine.dispose()
    # the mode stays with the file, for the dashboard's process too
    with sqlite3.connect(tmp_path / "store.db") as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_a_store_that_is_no_file_is_left_alone() -> None:
    class MySQLConnection:
        def execute(self, statement: str) -> None:
            pytest.fail(f"{statement} is SQLite's")

    _write_ahead(MySQLConnection(), None)


@pytest.mark.slow
def test_an_integration_s_flavor_is_registered_when_a_stack_names_it(tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", FLAVORS],
        cwd=REPOSITORY,
        env={**os.environ, "ADCLICK_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    told = ended.stdout.splitlines()
    core, local = told[0].split()
    every, kubernetes = told[1].split()
    assert (local, kubernetes) == ("local", "kubernetes")
    assert int(every) > int(core) + 30
    assert told[2].startswith("stack unknown: ZenML has no orchestrator flavor 'unknown'")
