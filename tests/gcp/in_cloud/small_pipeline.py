"""The smallest pipeline that leaves something in the artifact store."""

from __future__ import annotations

from zenml import pipeline, step

VALUE = "kept in a bucket"


@step(enable_cache=False)
def make() -> str:
    return VALUE


@pipeline
def small() -> None:
    make()
