"""The lineage of a version: what it says, and what makes two of them differ."""

from __future__ import annotations

from pathlib import Path

import pytest

from adclick.adlog import AdLog
from adclick.bundle.bundle import ServingBundle
from adclick.card.code_version import CodeVersion
from adclick.card.lineage import Lineage, version_lineage
from adclick.config import RunConfig
from adclick.resources import Resources
from adclick.splitting import Split
from adclick.training.options import TrainingOptions
from tests.bundles import tiny_bundle

CODE = CodeVersion(commit="c" * 40, changed=("run.py",))


@pytest.fixture
def bundle(tmp_path: Path) -> ServingBundle:
    return tiny_bundle(tmp_path / "bundle", "2026-03.abc")


def test_it_names_data_schema_code_and_configuration(
    bundle: ServingBundle, sample_log: AdLog, sample_split: Split
) -> None:
    found = version_lineage(bundle, sample_log, sample_split, RunConfig(), CODE, "v7")
    assert (found.version, found.judged_against) == ("2026-03.abc", "v7")
    assert found.tested_on == sample_split.test.describe()
    assert [month.month for month in found.months] == list(sample_log.month_names)
    assert sum(m.impressions for m in found.months) == sum(m.impressions for m in sample_log.months)
    assert sample_log.creative_files is not None
    assert (found.files, found.creatives) == (4, sample_log.creative_files.count)
    assert found.columns["creative"] == ("creative_id",)
    told = found.metadata()
    assert set(told) == {"data", "schema", "code", "config"}
    assert (told["code"]["commit"], told["code"]["dirty"]) == ("c" * 40, True)
    assert told["code"]["changed"] == ["run.py"]
    assert told["config"]["training"]["epochs"] == TrainingOptions().epochs
    assert Lineage.model_validate_json(found.model_dump_json()) == found


def test_what_a_model_depends_on_changes_the_hashes_and_what_it_does_not_does_not(
    bundle: ServingBundle, sample_log: AdLog, sample_split: Split
) -> None:
    def lineage(log: AdLog = sample_log, config: RunConfig | None = None) -> Lineage:
        return version_lineage(bundle, log, sample_split, config or RunConfig(), CODE, None)

    first = lineage()
    assert lineage() == first
    other = RunConfig(training=TrainingOptions(epochs=99))
    assert lineage(config=other).config_hash != first.config_hash
    elsewhere = RunConfig(resources=Resources.model_validate({"default": {"hours": 77}}))
    assert lineage(config=elsewhere) == first
    schema = sample_log.ad_schema.model_copy(update={"max_bad_share": 0.5})
    assert lineage(sample_log.model_copy(update={"ad_schema": schema})).schema_hash != (
        first.schema_hash
    )
    touched = sample_log.sources[0].model_copy(update={"generation": "another"})
    sources = (touched, *sample_log.sources[1:])
    assert lineage(sample_log.model_copy(update={"sources": sources})).sources != first.sources
