"""Where a model version comes from: data, schema, code, configuration."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib.metadata import version as installed
from platform import python_version
from typing import Any

from pydantic import BaseModel, ConfigDict

from adclick.adlog import AdLog
from adclick.bundle.bundle import ServingBundle
from adclick.card.code_version import CodeVersion
from adclick.config import RunConfig
from adclick.keys import content_key
from adclick.splitting import Split

# what computes a model or its scores
PACKAGES = ("tensorflow", "keras", "onnxruntime", "numpy", "scipy", "pyarrow")
# what of a configuration a model or its verdict depends on
SECTIONS = {"months", "anomalies", "split", "training", "evaluation", "policy"}


class MonthFacts(BaseModel):
    """A month of the data as counts."""

    model_config = ConfigDict(frozen=True)

    month: str
    impressions: int
    clicks: int
    rows_quarantined: int


class Lineage(BaseModel):
    """Enough to make a version again, or to say in what two versions differ.

    `sources` is a hash of the data's files (address, size, time or generation), `schema_hash` and
    `config_hash` of all that schema and configuration say; `config` has the sections that a model
    or its verdict depend on, with defaults. `judged_against` is the champion then, None for a first
    version.
    """

    model_config = ConfigDict(frozen=True)

    version: str
    trained_on: str
    calibrated_on: str
    tested_on: str
    months: tuple[MonthFacts, ...]
    files: int
    sources: str
    creatives: int
    schema_name: str
    schema_hash: str
    columns: dict[str, tuple[str, ...]]
    config: dict[str, Any]
    config_hash: str
    code: CodeVersion
    python: str
    packages: dict[str, str]
    judged_against: str | None

    def metadata(self) -> dict[str, dict[str, Any]]:
        """The lineage as a person reads it beside the version in a dashboard, by subject."""
        months = {
            one.month: f"{one.impressions:,} impressions, {one.clicks:,} clicks, "
            f"{one.rows_quarantined:,} rows in quarantine"
            for one in self.months
        }
        return {
            "data": {
                "trained_on": self.trained_on,
                "calibrated_on": self.calibrated_on,
                "tested_on": self.tested_on,
                "months": months,
                "files": self.files,
                "sources": self.sources,
                "creatives": self.creatives,
            },
            "schema": {
                "name": self.schema_name,
                "hash": self.schema_hash,
                **{role: list(names) for role, names in self.columns.items()},
            },
            "code": {
                "commit": self.code.commit or "unknown",
                "dirty": self.code.dirty,
                "changed": list(self.code.changed),
                "python": self.python,
                **self.packages,
            },
            "config": {"hash": self.config_hash, **self.config},
        }


def version_lineage(
    bundle: ServingBundle,
    log: AdLog,
    split: Split,
    config: RunConfig,
    code: CodeVersion,
    judged_against: str | None,
) -> Lineage:
    """The lineage of the version that `bundle` is, made from these in this environment."""
    schema = log.ad_schema
    settings = config.model_dump(mode="json", include=SECTIONS)
    return Lineage(
        version=bundle.version,
        trained_on=split.training.describe(),
        calibrated_on=split.calibration.describe(),
        tested_on=split.test.describe(),
        months=tuple(
            MonthFacts(
                month=month.month,
                impressions=month.impressions,
                clicks=month.clicks,
                rows_quarantined=month.rows_quarantined,
            )
            for month in log.months
        ),
        files=len(log.sources),
        sources=_digest([source.model_dump(mode="json") for source in log.sources]),
        creatives=log.creative_files.count if log.creative_files else 0,
        schema_name=schema.name,
        schema_hash=_digest(schema.model_dump(mode="json")),
        columns={role: schema.named(role) for role in _roles(schema.columns)},
        config=settings,
        config_hash=_digest(settings),
        code=code,
        python=python_version(),
        packages={name: installed(name) for name in PACKAGES},
        judged_against=judged_against,
    )


def _roles(columns: Mapping[str, Any]) -> list[str]:
    return list(dict.fromkeys(column.role for column in columns.values()))


def _digest(content: object) -> str:
    return content_key(json.dumps(content, sort_keys=True))
