"""The smallest pipeline that leaves something in the artifact store."""

from __future__ import annotations

import os

from zenml import pipeline, step

VALUE = "kept in a bucket"
VARIABLE = "SMALL_TOKEN"


@step(enable_cache=False)
def make() -> str:
    """Says whether the secret's value was there, since a secret is no artifact."""
    return VALUE if VARIABLE in os.environ else f"no {VARIABLE}"


@pipeline
def small() -> None:
    make()
