"""A model that reads an ad's title, from the log to the bundle that serves it."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
import pytest

from adclick.adlog import CLICKS, AdLog
from adclick.bundle.build import build_bundle
from adclick.bundle.bundle import ServingBundle
from adclick.bundle.scorer import Scorer
from adclick.encoding.encoder import FeatureEncoder
from adclick.encoding.fit import fit_encoder
from adclick.errors import AdclickError
from adclick.evaluation.metrics import Scored, metrics
from adclick.exports.spec import encoder_spec
from adclick.model.click_model import ClickModel
from adclick.splitting import Split, SplitOptions, split_by_time
from adclick.training.baselines import train_baselines
from adclick.training.options import TrainingOptions
from adclick.training.train import train
from tests.logs import COLUMNS, Row, good, ingested, schema_of

GOOD, PLAIN = ("free", "sale", "gift"), ("shoes", "books", "lamps", "bikes")
TITLES = [" ".join(words) for words in itertools.product(PLAIN, GOOD + PLAIN, PLAIN)]


@dataclass(frozen=True)
class World:
    log: AdLog
    split: Split
    encoder: FeatureEncoder
    model: ClickModel
    bundle: ServingBundle


def rows(month: str, titles: list[str]) -> list[Row]:
    """Clicked is, by and large, what offers something; nothing else tells of it."""
    random = np.random.default_rng(int(month[-2:]))
    found = []
    for number in range(900):
        title = titles[random.integers(len(titles))]
        rate = 0.9 if any(word in title for word in GOOD) else 0.1
        clicked = str(int(random.random() < rate))
        found.append(good(number, month, title=title, clicked=clicked))
    return found


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, quick_training: TrainingOptions) -> World:
    """Two months, of which the later shows titles that the first has not."""
    folder = tmp_path_factory.mktemp("titles")
    columns = {**COLUMNS, "title": {"role": "text", "default": ""}}
    months = {"2024-01": rows("2024-01", TITLES[::2]), "2024-02": rows("2024-02", TITLES[1::2])}
    log = ingested(folder, months, schema_of(columns))
    split = split_by_time(log, SplitOptions())
    encoder = fit_encoder(log, split.training)
    options = quick_training.model_copy(update={"batch_size": 64, "learning_rate": 0.02})
    model = train(log, split, encoder, options).model
    (folder / "bundle").mkdir()
    bundle = build_bundle(log, split, encoder, model, folder / "bundle")
    return World(log, split, encoder, model, bundle)


def test_titles_never_seen_are_understood_by_their_words(world: World) -> None:
    table = world.log.table(world.split.test)
    clicks = table.column(CLICKS).to_numpy().astype(float)
    encoded = world.encoder.encode(table)

    def auc(scores: np.ndarray) -> float:
        return metrics(Scored(clicks, np.ones_like(clicks), scores))["auc"]

    assert auc(world.model.predict(encoded, None)) > 0.85
    baselines = train_baselines(world.log, world.split, world.encoder)
    for blind in (baselines.logistic, baselines.boosting):
        assert abs(auc(blind.predict(encoded)) - 0.5) < 0.08


def test_the_bundle_serves_what_the_model_says(world: World) -> None:
    table = world.log.table(world.split.test)
    expected = world.model.predict(world.encoder.encode(table), None)
    np.testing.assert_allclose(Scorer(world.bundle).score_batch(table), expected, atol=1e-5)
    assert world.bundle.golden[0].features["title"] in TITLES


def test_exports_say_that_they_cannot_read(world: World) -> None:
    with pytest.raises(AdclickError, match="reads column title of role text"):
        encoder_spec(world.bundle)
