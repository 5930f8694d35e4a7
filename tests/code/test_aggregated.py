"""An aggregated row counts as its impressions, wherever rows are counted."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from adclick.adlog import CLICKS, IMPRESSIONS, AdLog
from adclick.arrays import Float64
from adclick.encoding.encoder import FeatureEncoder
from adclick.encoding.fit import _weighted_quantiles, fit_encoder
from adclick.encoding.requests import features, request_rows
from adclick.evaluation.evaluation import CHALLENGER, CONSTANT, LOGISTIC, compare
from adclick.evaluation.options import EvaluationOptions, SliceOptions
from adclick.evaluation.rows import ScoredRows
from adclick.model.baseline import LogisticBaseline
from adclick.model.calibration import fit_calibration
from adclick.monitoring.checks import DriftChecks
from adclick.monitoring.compare import compare as compare_profiles
from adclick.monitoring.frames import sample_frame
from adclick.monitoring.names import CLICKED
from adclick.monitoring.profile import month_profile
from adclick.monitoring.reference import Reference
from adclick.monitoring.verdict import Finding
from adclick.splitting import Split, SplitOptions, split_by_time
from adclick.statistics.log import known_month
from adclick.training.baselines import train_baselines
from tests.aggregated import MONTHS, single_and_aggregated
from tests.logs import AGGREGATED, good, ingested, schema_of


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> tuple[AdLog, AdLog]:
    return single_and_aggregated(tmp_path_factory.mktemp("aggregated"))


@pytest.fixture(scope="module")
def fitted(
    logs: tuple[AdLog, AdLog],
) -> list[tuple[AdLog, Split, FeatureEncoder, LogisticBaseline]]:
    found = []
    for log in logs:
        split = split_by_time(log, SplitOptions())
        encoder = fit_encoder(log, split.training)
        found.append((log, split, encoder, train_baselines(log, split, encoder).logistic))
    return found


def test_the_two_logs_hold_the_same_impressions(logs: tuple[AdLog, AdLog]) -> None:
    single, aggregated = logs
    assert [(m.impressions, m.clicks) for m in single.months] == [
        (m.impressions, m.clicks) for m in aggregated.months
    ]
    assert single.months[0].rows_kept > 4 * aggregated.months[0].rows_kept


def test_the_encoder_is_the_same(fitted: list[tuple[AdLog, Split, FeatureEncoder, object]]) -> None:
    (_, split, single, _), (_, again, aggregated, _) = fitted
    assert split == again
    assert single.categorical == aggregated.categorical
    for one, other in zip(single.numeric, aggregated.numeric, strict=True):
        assert one.edges == other.edges
        assert other.mean == pytest.approx(one.mean, rel=1e-12)
        assert other.scale == pytest.approx(one.scale, rel=1e-12)


def test_the_baseline_is_the_same(
    fitted: list[tuple[AdLog, Split, FeatureEncoder, LogisticBaseline]],
) -> None:
    single, aggregated = (baseline for *_, baseline in fitted)
    assert aggregated.click_rate == pytest.approx(single.click_rate, rel=1e-12)
    assert aggregated.intercept == pytest.approx(single.intercept, abs=0.01)
    assert aggregated.slots == pytest.approx(single.slots, abs=0.01)
    assert aggregated.coefficients == pytest.approx(single.coefficients, abs=0.01)


def test_all_metrics_slices_and_curves_are_the_same(
    fitted: list[tuple[AdLog, Split, FeatureEncoder, LogisticBaseline]],
) -> None:
    # scores of one model, so that rows of equal features tie to the bit
    model = fitted[0][3]
    options = EvaluationOptions(resamples=40, slices=SliceOptions(min_impressions=50))
    found = []
    for log, split, encoder, _ in fitted:
        rows = log.table(split.test)
        encoded = fitted[0][2].encode(rows)
        found.append(
            compare(
                ScoredRows.of(
                    clicks=rows[CLICKS].to_numpy().astype(float),
                    impressions=rows[IMPRESSIONS].to_numpy().astype(float),
                    scores={
                        CHALLENGER: model.predict(encoded) ** 1.2,
                        LOGISTIC: model.predict(encoded),
                        CONSTANT: np.full(rows.num_rows, model.click_rate),
                    },
                    # of equal features, so that groups are the same too
                    clusters=np.unique(model.predict(encoded), return_inverse=True)[1],
                    columns={name: rows[name].combine_chunks() for name in ("site", "age")},
                ),
                options,
                encoder.time,
            )
        )
    single, aggregated = found
    assert single.impressions == aggregated.impressions == 900
    for one, other in zip(single.models, aggregated.models, strict=True):
        for name, figure in one.metrics.items():
            for part in ("value", "low", "high"):
                expected = getattr(figure, part)
                assert getattr(other.metrics[name], part) == pytest.approx(expected, abs=1e-9), name
    by_value = {(s.column, s.value): s for s in aggregated.slices}
    assert len(by_value) == len(single.slices) > 4
    for one in single.slices:
        other = by_value[one.column, one.value]
        assert (one.impressions, one.clicks) == (other.impressions, other.clicks)
        assert other.metrics[CHALLENGER] == pytest.approx(one.metrics[CHALLENGER], abs=1e-9)
        for name, lead in one.leads.items():
            assert other.leads[name].error == pytest.approx(lead.error, abs=1e-9)
    for one, other in zip(single.calibration_curve, aggregated.calibration_curve, strict=True):
        assert (other.impressions, other.predicted, other.observed) == pytest.approx(
            (one.impressions, one.predicted, one.observed), abs=1e-9
        )


def test_calibration_is_the_same(
    fitted: list[tuple[AdLog, Split, FeatureEncoder, LogisticBaseline]],
) -> None:
    model, encoder = fitted[0][3], fitted[0][2]
    found = []
    for log, split, _, _ in fitted:
        rows = log.table(split.calibration)
        p = model.predict(encoder.encode(rows))
        found.append(
            fit_calibration(
                np.log(p / (1 - p)) / 2, rows[CLICKS].to_numpy(), rows[IMPRESSIONS].to_numpy()
            )
        )
    single, aggregated = found
    assert aggregated.slope == pytest.approx(single.slope, abs=1e-6)
    assert aggregated.intercept == pytest.approx(single.intercept, abs=1e-6)


def test_drift_is_that_of_the_impressions(logs: tuple[AdLog, AdLog]) -> None:
    """Rows of many impressions are fewer draws: chance adds more to distances, and is taken off."""
    for month in range(len(MONTHS)):
        single, aggregated = (_compared(log, month) for log in logs)
        found = {(f.check, f.column): f for f in aggregated}
        assert ("click rate", CLICKED) in found
        for finding in single:
            same = found.pop((finding.check, finding.column))
            if finding.check in ("rows", "click rate"):
                assert same == finding
            if finding.check == "drift":
                assert same.value <= finding.value
                assert same.reason.split(";")[1] == finding.reason.split(";")[1]
        assert not found


def _compared(log: AdLog, month: int) -> tuple[Finding, ...]:
    profiles = [month_profile(known_month(log, one)) for one in log.months]
    checks = DriftChecks()
    return compare_profiles(Reference.of(profiles[:2], checks), profiles[month], checks)


def test_requests_are_the_same(logs: tuple[AdLog, AdLog]) -> None:
    found = []
    for log in logs:
        rows = request_rows(log, log.everything(MONTHS[2]), 900)
        assert len({row["id"] for row in rows}) == 900
        found.append(Counter(str(features(log.ad_schema, row)) for row in rows))
    assert found[0] == found[1]


@pytest.fixture(scope="module")
def lopsided(tmp_path_factory: pytest.TempPathFactory) -> AdLog:
    """49 rows of 1 impression on desktops, one of 10,000 with 2,500 clicks on mobiles."""
    rows = [good(number, device="desktop") | {"shown": "1", "clicks": "0"} for number in range(49)]
    rows.append(good(49, device="mobile") | {"shown": "10000", "clicks": "2500"})
    for row in rows:
        del row["clicked"]
    folder = tmp_path_factory.mktemp("lopsided")
    return ingested(folder, {"2024-01": rows}, schema_of(AGGREGATED))


def test_a_row_of_ten_thousand_impressions_weighs_as_ten_thousand_rows(lopsided: AdLog) -> None:
    everything = sample_frame(lopsided, lopsided.everything(), 20_000)
    assert (everything["device"] == "mobile").sum() == 10_000
    assert everything[CLICKED].sum() == 2_500
    some = sample_frame(lopsided, lopsided.everything(), 1_000)
    assert len(some) == 1_000
    assert (some["device"] == "mobile").mean() == pytest.approx(10_000 / 10_049, abs=0.002)
    assert some[CLICKED].mean() == pytest.approx(2_500 / 10_049, abs=0.002)


def test_traffic_is_mostly_of_the_row_that_was_mostly_shown(lopsided: AdLog) -> None:
    rows = request_rows(lopsided, lopsided.everything(), 100)
    assert len(rows) == len({row["id"] for row in rows}) == 100
    assert sum(row["device"] == "mobile" for row in rows) >= 98


VALUES = arrays(np.float64, st.integers(1, 60), elements=st.floats(-1e6, 1e6))
QUANTILES = np.linspace(0, 1, 17)[1:-1]


@given(VALUES, st.data())
def test_quantiles_are_those_of_the_repeated_values(values: Float64, data: st.DataObject) -> None:
    shown = data.draw(arrays(np.int64, len(values), elements=st.integers(1, 9)))
    expected = np.quantile(np.repeat(values, shown), QUANTILES)
    assert (_weighted_quantiles(values, shown, QUANTILES) == expected).all()
