"""Exports of a model version, from ZenML's records of what it was made of."""

from __future__ import annotations

from pathlib import Path

import materializers  # noqa: F401  registers how our types travel
from adclick.exports.export import export
from adclick.exports.material import Material
from adclick.exports.runtimes import Runtimes
from pipelines.versions import of_version


def export_version(
    model: str, version: str | None, target: str, out: Path, repository: Path
) -> list[str]:
    """Export a version, by default the one in production; returns what was checked, a line each.

    Raises AdclickError when there is no such version, and for what `export` refuses.
    """
    return export(target, _material(model, version), out, Runtimes(repository))


def _material(model: str, version: str | None) -> Material:
    bundle, trained, log, split = (
        of_version(model, version, artifact).load()
        for artifact in ("serving_bundle", "click_model", "ad_log", "split")
    )
    return Material(bundle, trained.model, log, split)
