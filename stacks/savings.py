"""What ZenML does in a run that nobody waits for, left out: half of a cached run's time.

None of it changes what is recorded of a run. Other processes that ZenML starts, such as a step's on
a cluster, are not touched.
"""

from __future__ import annotations

import functools
import importlib.metadata
import sqlite3

from sqlalchemy import Engine, event
from zenml.client import Client
from zenml.enums import StoreType
from zenml.environment import Environment
from zenml.integrations.registry import integration_registry
from zenml.stack.flavor_registry import FlavorRegistry

_register_integration_flavors = FlavorRegistry.register_integration_flavors


def save_time() -> None:
    """Make ZenML's runs in this process cheaper; call it once, before the first."""
    _ask_once()
    _load_no_integrations()
    _register_no_integration_flavors()
    event.listen(Engine, "connect", _write_ahead)


def register_integration_flavors() -> None:
    """Make the store know the flavors of ZenML's integrations; call it where a stack names one.

    A server's store knows them already.
    """
    store = Client().zen_store
    if store.type == StoreType.SQL:
        _register_integration_flavors(store)


def _ask_once() -> None:
    """ZenML asks what is installed at each source it resolves, and uv for it twice a pipeline.

    The first was over half of a run's cost. Neither answer changes while a run goes on.
    """
    metadata = importlib.metadata
    metadata.packages_distributions = functools.cache(metadata.packages_distributions)
    Environment.get_python_packages = staticmethod(functools.cache(Environment.get_python_packages))


def _load_no_integrations() -> None:
    """ZenML imports the libraries that it has materializers for, such as scikit-learn, 2 s.

    Our steps return types with materializers of our own or of ZenML's core.
    """
    integration_registry.activate_integrations = lambda: None


def _register_no_integration_flavors() -> None:
    """A new store registers the flavors of all integrations, whatever a stack is made of: 1.2 s."""
    FlavorRegistry.register_integration_flavors = staticmethod(lambda store: None)


def _write_ahead(connection: object, _: object) -> None:
    """A write-ahead log waits for the disk 6 times in a cached run, SQLite's default 770 times.

    A power cut may undo the last records, and leaves the store whole.
    """
    if isinstance(connection, sqlite3.Connection):
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
