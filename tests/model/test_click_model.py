"""How the trained model behaves, beyond its shapes."""

from __future__ import annotations

import csv
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import keras
import numpy as np
import pyarrow as pa
import pytest
import tensorflow as tf

from adclick.adlog import CLICKS, IMPRESSIONS, AdLog, CreativeTable, RowSelection
from adclick.arrays import Float64
from adclick.encoding.encoder import FeatureEncoder
from adclick.encoding.fit import fit_encoder
from adclick.errors import AdclickError
from adclick.evaluation.evaluation import BOOSTING, CHALLENGER, CONSTANT, LOGISTIC, TWIN
from adclick.evaluation.metrics import Scored, metrics
from adclick.evaluation.scoring import score_test_rows
from adclick.model.calibration import Method
from adclick.model.click_model import ClickModel, load_click_model
from adclick.sample_data.ceiling import expected_auc, expected_logloss
from adclick.sample_data.generate import SampleData
from adclick.splitting import Split, SplitOptions, split_by_time
from adclick.training.baselines import train_baselines
from adclick.training.batches import Part, gather
from adclick.training.encoded_rows import Sampling, encode_rows
from adclick.training.network import join
from adclick.training.options import Compute, TrainingOptions
from adclick.training.train import train
from adclick.training.warm_start import WarmStart
from tests.batches import batches_of
from tests.bundles import tiny_bundle
from tests.logs import COLUMNS, good, ingested, many, schema_of


@pytest.fixture(scope="module")
def creatives(sample_log: AdLog) -> CreativeTable:
    table = sample_log.creatives()
    assert table is not None
    return table


@pytest.fixture(scope="module")
def later_rows(sample_log: AdLog, sample_split: Split) -> pa.Table:
    return sample_log.table(sample_split.test)


class AdLogWithoutImages(AdLog):
    """The same rows, as if no image had come with them."""

    def creatives(self) -> None:
        """None."""


class AdLogWithGreyImages(AdLog):
    """The same rows, as if each ad had been a grey plane."""

    def creatives(self) -> CreativeTable:
        """The same ids."""
        table = super().creatives()
        assert table is not None
        return replace(table, images=np.full_like(table.images, 128))


class Predictor:
    """Click probabilities of tables of the log."""

    def __init__(
        self, model: ClickModel, encoder: FeatureEncoder, creatives: CreativeTable
    ) -> None:
        self._model, self._encoder, self._creatives = model, encoder, creatives
        self._embeddings = model.embed(creatives.images)

    def __call__(self, table: pa.Table) -> Float64:
        shown = self._creatives.index(table.column("creative_id").combine_chunks())
        return self._model.predict(self._encoder.encode(table), self._embeddings[shown])


@pytest.fixture(scope="module")
def predict(
    trained: ClickModel, sample_encoder: FeatureEncoder, creatives: CreativeTable
) -> Predictor:
    return Predictor(trained, sample_encoder, creatives)


@pytest.fixture(scope="module")
def scores(predict: Predictor, later_rows: pa.Table) -> Float64:
    return predict(later_rows)


@pytest.fixture(scope="module")
def truth(sample_data: SampleData, sample_split: Split, later_rows: pa.Table) -> Float64:
    """The test rows' true click probabilities."""
    with (sample_data.truth / f"{sample_split.test.months[0]}.csv").open(newline="") as file:
        p = {row["impression_id"]: float(row["p"]) for row in csv.DictReader(file)}
    return np.array([p[name] for name in later_rows.column("impression_id").to_pylist()])


def with_column(table: pa.Table, name: str, values: list[object]) -> pa.Table:
    field = table.schema.field(name)
    position = table.schema.get_field_index(name)
    return table.set_column(position, field, pa.array(values, field.type))


def test_predictions_are_probabilities(scores: Float64) -> None:
    assert ((scores > 0) & (scores < 1)).all()


def test_it_ranks_and_predicts_better_than_a_constant(
    scores: Float64, truth: Float64, sample_log: AdLog
) -> None:
    rate = sample_log.months[0].click_rate
    assert expected_auc(truth, scores) > 0.6
    constant = expected_logloss(truth, np.full(len(truth), rate))
    assert expected_logloss(truth, scores) < constant - 0.01


def test_its_mean_prediction_is_near_the_click_rate(scores: Float64, truth: Float64) -> None:
    assert scores.mean() == pytest.approx(truth.mean(), rel=0.15)


def test_the_order_of_rows_does_not_matter(
    predict: Predictor, later_rows: pa.Table, scores: Float64
) -> None:
    order = np.random.default_rng(1).permutation(len(scores))
    np.testing.assert_allclose(predict(later_rows.take(order)), scores[order], atol=1e-6)


def test_the_company_of_a_row_does_not_matter(
    predict: Predictor, later_rows: pa.Table, scores: Float64
) -> None:
    alone = np.concatenate([predict(later_rows.slice(row, 1)) for row in range(10)])
    np.testing.assert_allclose(alone, scores[:10], atol=1e-6)


@pytest.mark.parametrize(
    ("name", "value"), [("impression_id", "another"), (CLICKS, 1), (IMPRESSIONS, 9), ("_bucket", 0)]
)
def test_ids_and_outcomes_do_not_matter(
    predict: Predictor, later_rows: pa.Table, scores: Float64, name: str, value: object
) -> None:
    changed = with_column(later_rows, name, [value] * len(scores))
    np.testing.assert_array_equal(predict(changed), scores)


@pytest.mark.parametrize("name", ["site", "segment", "advertiser", "device"])
def test_features_do_matter(
    predict: Predictor, later_rows: pa.Table, scores: Float64, name: str
) -> None:
    changed = with_column(later_rows, name, later_rows.column(name).to_pylist()[::-1])
    assert np.abs(predict(changed) - scores).mean() > 1e-3


def test_the_picture_matters(
    trained: ClickModel,
    sample_encoder: FeatureEncoder,
    creatives: CreativeTable,
    later_rows: pa.Table,
    scores: Float64,
) -> None:
    grey = replace(creatives, images=np.full_like(creatives.images, 128))
    changed = Predictor(trained, sample_encoder, grey)(later_rows)
    assert np.abs(changed - scores).mean() > 1e-4


def test_the_columns_part_is_the_model_that_columns_alone_would_make(
    trained: ClickModel,
    sample_log: AdLog,
    sample_split: Split,
    sample_encoder: FeatureEncoder,
    quick_training: TrainingOptions,
    later_rows: pa.Table,
    scores: Float64,
) -> None:
    encoded = sample_encoder.encode(later_rows)
    blind = AdLogWithoutImages(**sample_log.model_dump())
    twin = train(blind, sample_split, sample_encoder, quick_training).model
    np.testing.assert_array_equal(trained.tabular.logits(encoded, None), twin.logits(encoded, None))
    assert np.abs(twin.predict(encoded, None) - scores).mean() > 1e-3


def test_showing_an_ad_more_often_does_not_raise_its_click_rate(
    predict: Predictor, later_rows: pa.Table
) -> None:
    rates = [
        predict(with_column(later_rows, "frequency", [value] * len(later_rows))).mean()
        for value in (0, 2, 5, 12)
    ]
    assert rates[-1] < rates[0]
    assert all(later <= earlier + 0.01 for earlier, later in pairwise(rates))


def test_a_better_position_does_not_lower_the_click_rate(
    predict: Predictor, later_rows: pa.Table, truth: Float64
) -> None:
    """Positions are drawn whatever else a row holds: the true rates order them."""
    positions = np.array(later_rows.column("slot").to_pylist())
    true = {name: truth[positions == name].mean() for name in np.unique(positions)}
    rates = {
        name: predict(with_column(later_rows, "slot", [name] * len(later_rows))).mean()
        for name in true
    }
    worst, best = min(true, key=true.__getitem__), max(true, key=true.__getitem__)
    assert rates[best] > rates[worst] + 0.02


def test_a_higher_bid_does_not_lower_the_click_rate(
    predict: Predictor, later_rows: pa.Table
) -> None:
    low, high = np.quantile(later_rows.column("bid").to_numpy(), [0.1, 0.9]).tolist()
    rates = [
        predict(with_column(later_rows, "bid", [bid] * len(later_rows))).mean()
        for bid in (low, high)
    ]
    assert rates[1] > rates[0] - 0.01


def test_where_all_pictures_are_alike_it_is_its_tabular_twin(
    sample_log: AdLog,
    sample_split: Split,
    sample_encoder: FeatureEncoder,
    quick_training: TrainingOptions,
    later_rows: pa.Table,
    truth: Float64,
) -> None:
    log = AdLogWithGreyImages(**sample_log.model_dump())
    model = train(log, sample_split, sample_encoder, quick_training).model
    encoded = sample_encoder.encode(later_rows)
    embedding = model.embed(log.creatives().images[:1])
    full = model.predict(encoded, np.repeat(embedding, len(truth), axis=0))
    twin = model.tabular.predict(encoded, None)
    assert expected_auc(truth, full) == pytest.approx(expected_auc(truth, twin), abs=0.01)
    assert np.abs(full - twin).mean() < 0.02


def test_values_never_seen_are_scored(predict: Predictor, later_rows: pa.Table) -> None:
    changed = with_column(later_rows, "site", ["never seen"] * len(later_rows))
    assert np.isfinite(predict(changed)).all()


def test_a_saved_model_predicts_the_same(
    trained: ClickModel,
    sample_encoder: FeatureEncoder,
    creatives: CreativeTable,
    later_rows: pa.Table,
    scores: Float64,
    tmp_path: Path,
) -> None:
    trained.save(tmp_path)
    loaded = load_click_model(tmp_path)
    assert loaded.fingerprint == trained.fingerprint
    assert loaded.training_months == trained.training_months
    np.testing.assert_array_equal(Predictor(loaded, sample_encoder, creatives)(later_rows), scores)


def test_any_changed_weight_is_another_fingerprint(trained: ClickModel) -> None:
    changed = replace(trained, fallback=trained.fallback + 1e-6)
    assert changed.fingerprint != trained.fingerprint


def test_the_fallback_is_the_mean_of_the_training_creatives(
    trained: ClickModel, creatives: CreativeTable, sample_log: AdLog, sample_split: Split
) -> None:
    shown = sample_log.table(sample_split.training, ["creative_id"]).column("creative_id")
    seen = np.unique(creatives.index(shown.combine_chunks()))
    expected = trained.embed(creatives.images[seen]).mean(axis=0)
    np.testing.assert_allclose(trained.fallback, expected, atol=1e-5)


def test_every_weight_receives_a_gradient(
    trained: ClickModel,
    sample_log: AdLog,
    sample_split: Split,
    sample_encoder: FeatureEncoder,
    creatives: CreativeTable,
    tmp_path: Path,
) -> None:
    rows = encode_rows(sample_log, sample_split.training, sample_encoder, tmp_path)
    (batch,) = batches_of(gather(rows, [Part(np.arange(512), 512)], creatives.images))
    network = join(trained.tower, trained.head)
    with tf.GradientTape() as tape:
        logits = network(batch.inputs, training=False)
        loss = keras.losses.BinaryCrossentropy(from_logits=True)(batch.click_rate, logits)
    weights = network.trainable_weights
    for weight, gradient in zip(weights, tape.gradient(loss, weights), strict=True):
        assert gradient is not None, weight.path
        assert np.abs(tf.convert_to_tensor(gradient)).max() > 0, weight.path


def test_a_seed_repeats_a_model(
    trained: ClickModel,
    sample_log: AdLog,
    sample_split: Split,
    sample_encoder: FeatureEncoder,
    quick_training: TrainingOptions,
) -> None:
    again = train(sample_log, sample_split, sample_encoder, quick_training).model
    assert again.fingerprint == trained.fingerprint


@pytest.fixture(scope="module")
def plain_log(tmp_path_factory: pytest.TempPathFactory) -> AdLog:
    """A log without images or creatives."""
    months = {month: many(300, month) for month in ("2024-01", "2024-02")}
    return ingested(tmp_path_factory.mktemp("plain"), months)


def trained_on(log: AdLog, options: TrainingOptions) -> tuple[ClickModel, tuple[float, ...]]:
    split = split_by_time(log, SplitOptions())
    found = train(log, split, fit_encoder(log, split.training), options)
    return found.model, found.validation_logloss


@pytest.fixture(scope="module")
def plain_training(quick_training: TrainingOptions) -> TrainingOptions:
    return quick_training.model_copy(update={"batch_size": 64, "learning_rate": 0.02})


@pytest.fixture(scope="module")
def plain_model(
    plain_log: AdLog, plain_training: TrainingOptions
) -> tuple[ClickModel, tuple[float, ...]]:
    """A model of `plain_log` and its losses."""
    return trained_on(plain_log, plain_training)


def test_another_seed_makes_another_model(
    plain_log: AdLog,
    plain_model: tuple[ClickModel, tuple[float, ...]],
    plain_training: TrainingOptions,
) -> None:
    other, _ = trained_on(plain_log, plain_training.model_copy(update={"seed": 2}))
    assert other.fingerprint != plain_model[0].fingerprint


def test_a_log_without_images_is_learned(
    plain_log: AdLog, plain_model: tuple[ClickModel, tuple[float, ...]]
) -> None:
    model, losses = plain_model
    assert model.tower is None
    assert losses[-1] < losses[0]
    split = split_by_time(plain_log, SplitOptions())
    encoder = fit_encoder(plain_log, split.training)
    table = plain_log.table(split.test)
    clicks = table.column(CLICKS).to_numpy().astype(float)
    predicted = model.predict(encoder.encode(table), None)
    rows = Scored(clicks, np.ones_like(clicks), predicted)
    assert metrics(rows)["auc"] > 0.9


def test_a_column_that_is_ignored_reaches_no_model(tmp_path: Path, plain_log: AdLog) -> None:
    columns = {**COLUMNS, "note": {"role": "ignored"}}
    months = {
        month: [good(i, month, note=f"n{i}") for i in range(300)]
        for month in ("2024-01", "2024-02")
    }
    log = ingested(tmp_path, months, schema_of(columns))
    assert log.table(log.everything()).equals(plain_log.table(plain_log.everything()))
    assert fit_encoder(log, log.everything()) == fit_encoder(plain_log, plain_log.everything())


@pytest.mark.parametrize("clicked", ["0", "1"])
def test_rows_without_both_outcomes_cannot_be_learned_from(
    tmp_path: Path, quick_training: TrainingOptions, clicked: str
) -> None:
    months = {month: many(50, month, clicked=clicked) for month in ("2024-01", "2024-02")}
    with pytest.raises(AdclickError, match="both clicks and no-clicks are needed"):
        trained_on(ingested(tmp_path, months), quick_training)


def test_no_row_to_calibrate_by_is_an_error(
    plain_log: AdLog, quick_training: TrainingOptions
) -> None:
    split = split_by_time(plain_log, SplitOptions())
    nothing = split.model_copy(update={"calibration": RowSelection(months=("1999-01",))})
    encoder = fit_encoder(plain_log, split.training)
    with pytest.raises(AdclickError, match="no row to calibrate by in 1999-01"):
        train(plain_log, nothing, encoder, quick_training)


def test_test_rows_are_scored_by_challenger_and_baselines(
    trained: ClickModel,
    sample_log: AdLog,
    sample_split: Split,
    sample_encoder: FeatureEncoder,
    scores: Float64,
    truth: Float64,
) -> None:
    baselines = train_baselines(sample_log, sample_split, sample_encoder)
    rows = score_test_rows(sample_log, sample_split, sample_encoder, trained, baselines, None)
    assert rows.models == (CHALLENGER, BOOSTING, LOGISTIC, CONSTANT, TWIN)
    found = {
        name: np.concatenate([block.score(name) for block in rows.blocks()]) for name in rows.models
    }
    np.testing.assert_allclose(found[CHALLENGER], scores, atol=1e-6)
    for name in (LOGISTIC, BOOSTING, TWIN):
        assert expected_auc(truth, found[name]) > 0.6
        assert found[name].mean() == pytest.approx(truth.mean(), rel=0.15)
    assert np.unique(found[CONSTANT]).tolist() == [baselines.logistic.click_rate]


def test_a_champion_of_another_schema_is_refused(
    plain_log: AdLog, plain_model: tuple[ClickModel, tuple[float, ...]], tmp_path: Path
) -> None:
    split = split_by_time(plain_log, SplitOptions())
    encoder = fit_encoder(plain_log, split.training)
    baselines = train_baselines(plain_log, split, encoder)
    champion = tiny_bundle(tmp_path / "tiny", images=False)
    with pytest.raises(AdclickError, match="champion v1 needs shown_at, which schema small no"):
        score_test_rows(plain_log, split, encoder, plain_model[0], baselines, champion)


@pytest.mark.parametrize("method", ["platt", "isotonic"])
def test_a_sample_of_the_rows_without_a_click_leaves_predictions_calibrated(
    plain_log: AdLog, plain_training: TrainingOptions, tmp_path: Path, method: Method
) -> None:
    split = split_by_time(plain_log, SplitOptions())
    encoder = fit_encoder(plain_log, split.training)
    whole = encode_rows(plain_log, split.training, encoder, tmp_path / "whole")
    some = encode_rows(
        plain_log, split.training, encoder, tmp_path / "some", Sampling(0.25, seed=1)
    )
    assert some.clicks.sum() == whole.clicks.sum()
    assert len(some) < 0.7 * len(whole)
    assert some.click_rate == pytest.approx(whole.click_rate, rel=0.2)
    sampled = plain_training.model_copy(update={"unclicked_share": 0.25, "calibration": method})
    model, _ = trained_on(plain_log, sampled)
    later = plain_log.table(split.calibration)
    predicted = model.predict(encoder.encode(later), None)
    clicks = later.column(CLICKS).to_numpy()
    # a fourth of the rows without a click, not weighted, would make it half as much again
    assert predicted.mean() == pytest.approx(clicks.mean(), rel=0.15)


def test_a_model_trained_in_bfloat16_is_about_the_same(
    plain_log: AdLog,
    plain_model: tuple[ClickModel, tuple[float, ...]],
    plain_training: TrainingOptions,
) -> None:
    less = plain_training.model_copy(update={"compute": Compute(precision="bfloat16", xla=True)})
    model, losses = trained_on(plain_log, less)
    same, precise = plain_model
    assert model.fingerprint != same.fingerprint
    assert losses[0] == pytest.approx(precise[0], abs=0.01)
    assert {layer.dtype_policy.name for layer in model.head.layers} == {"float32"}


def test_a_warm_start_is_ahead_of_a_cold_one(
    plain_log: AdLog,
    plain_model: tuple[ClickModel, tuple[float, ...]],
    plain_training: TrainingOptions,
) -> None:
    split = split_by_time(plain_log, SplitOptions())
    encoder = fit_encoder(plain_log, split.training)
    former, losses = plain_model
    start = WarmStart("v1", former, encoder)
    again = train(plain_log, split, encoder, plain_training, start=start)
    assert again.begun_with == "v1; new are no values"
    assert again.validation_logloss[0] < losses[0]
    assert again.model.fingerprint != former.fingerprint
