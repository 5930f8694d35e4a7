"""What all tests share: how hypothesis searches, and a small ad log with a model of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import settings

from adclick.adlog import AdLog
from adclick.encoding.encoder import FeatureEncoder
from adclick.encoding.fit import fit_encoder
from adclick.ingest.ingest import ingest
from adclick.ingest.sources import find_source
from adclick.model.click_model import ClickModel
from adclick.model.options import ModelOptions
from adclick.sample_data.generate import SampleData, generate
from adclick.sample_data.options import SampleOptions
from adclick.schema import Schema, load_schema
from adclick.splitting import Split, SplitOptions, split_by_time
from adclick.training.options import TrainingOptions

# machines are shared: the time that one example takes says nothing
settings.register_profile("adclick", deadline=None, max_examples=50)
settings.load_profile("adclick")


@pytest.fixture(scope="session")
def sample_data(tmp_path_factory: pytest.TempPathFactory) -> SampleData:
    """Four months of 1,500 impressions, many clicks, and each kind of defect."""
    options = SampleOptions(
        months=4, impressions=6_000, creatives_per_month=12, base_rate=0.3, defect_share=0.006
    )
    return generate(options, tmp_path_factory.mktemp("sample") / "sample")


@pytest.fixture(scope="session")
def sample_schema() -> Schema:
    """The schema that ships for the sample data."""
    return load_schema(Path(__file__).parents[1] / "configs/schemas/sample.yaml")


@pytest.fixture(scope="session")
def sample_log(
    sample_data: SampleData, sample_schema: Schema, tmp_path_factory: pytest.TempPathFactory
) -> AdLog:
    """The sample data as ingested."""
    source = find_source(str(sample_data.data), sample_schema)
    return ingest(source, sample_schema, str(tmp_path_factory.mktemp("logs")))


@pytest.fixture(scope="session")
def sample_split(sample_log: AdLog) -> Split:
    """Three months to train and calibrate, one to test."""
    return split_by_time(sample_log, SplitOptions())


@pytest.fixture(scope="session")
def sample_encoder(sample_log: AdLog, sample_split: Split) -> FeatureEncoder:
    """The encoder of the sample's training rows."""
    return fit_encoder(sample_log, sample_split.training)


@pytest.fixture(scope="session")
def quick_training() -> TrainingOptions:
    """Training that takes seconds."""
    model = ModelOptions(cross_rank=8, hidden_units=(32, 16), tower_filters=(4, 8, 8, 8))
    return TrainingOptions(epochs=4, batch_size=256, model=model)


@pytest.fixture(scope="session")
def trained(
    sample_log: AdLog,
    sample_split: Split,
    sample_encoder: FeatureEncoder,
    quick_training: TrainingOptions,
) -> ClickModel:
    """A small click model of the sample, images and all."""
    # imported here: most tests do without TensorFlow
    from adclick.training.train import train

    return train(sample_log, sample_split, sample_encoder, quick_training).model
