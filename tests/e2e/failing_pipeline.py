"""A pipeline whose only step fails."""

from __future__ import annotations

from zenml import pipeline, step


@step
def boil() -> None:
    raise ValueError("too hot")


@pipeline
def tea() -> None:
    boil()
