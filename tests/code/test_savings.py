"""What runs leave out of ZenML to be quick is nothing that they need."""

from __future__ import annotations

import importlib
import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import create_engine, event, text
from zenml.materializers.cloudpickle_materializer import CloudpickleMaterializer
from zenml.materializers.materializer_registry import materializer_registry
from zenml.steps import BaseStep

import materializers  # noqa: F401  registers how our types travel
from stacks.savings import _write_ahead

STEPS = Path(__file__).parents[2] / "steps"


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
