from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adclick.adlog import TIME, AdLog, RowSelection
from adclick.encoding import fit
from adclick.encoding.candidate import Candidates, parse_candidates
from adclick.encoding.encoder import (
    CategoricalEncoding,
    Encoded,
    FeatureEncoder,
    NumericEncoding,
)
from adclick.encoding.fit import fit_encoder
from adclick.encoding.requests import features, request_rows
from adclick.encoding.words import BUCKETS, MOST_WORDS, TOKENS, TextEncoding, token_slots
from adclick.errors import AdclickError
from adclick.times import EPOCH
from tests.logs import AGGREGATED, COLUMNS, IMAGES, good, ingested, many, schema_of

TEXT = st.text(st.characters(codec="utf-8"), max_size=4) | st.sampled_from(["a", "b", "None", ""])
WORDS = st.lists(TEXT | st.sampled_from(["Sale", "STRASSE", "ſhoes", "50%"]), max_size=16).map(
    " ".join
)
CLOCK = st.datetimes(datetime(1960, 1, 1), timezones=st.just(UTC))


def assert_equal(left: Encoded, right: Encoded) -> None:
    """To the last bit."""
    assert left.categorical.dtype == right.categorical.dtype == np.int32
    assert left.numeric.dtype == right.numeric.dtype == np.float32
    np.testing.assert_array_equal(left.categorical, right.categorical)
    np.testing.assert_array_equal(left.numeric.view(np.int32), right.numeric.view(np.int32))


@st.composite
def encoders(draw: st.DrawFn) -> FeatureEncoder:
    categorical = [
        CategoricalEncoding(name=f"c{i}", values=tuple(values))
        for i, values in enumerate(draw(st.lists(st.lists(TEXT, unique=True), max_size=3)))
    ]
    sane = st.floats(-1e6, 1e6)
    numeric = [
        NumericEncoding(
            name=f"n{i}",
            log=draw(st.booleans()),
            mean=draw(sane),
            scale=draw(st.floats(1e-6, 1e6)),
            edges=tuple(sorted(set(edges))),
        )
        for i, edges in enumerate(draw(st.lists(st.lists(sane, max_size=6), max_size=3)))
    ]
    text = tuple(TextEncoding(name=f"t{i}") for i in range(draw(st.integers(0, 2))))
    return FeatureEncoder(
        time="time", categorical=tuple(categorical), numeric=tuple(numeric), text=text
    )


@st.composite
def encoders_and_rows(draw: st.DrawFn) -> tuple[FeatureEncoder, list[dict[str, Any]]]:
    encoder = draw(encoders())
    values: dict[str, st.SearchStrategy[Any]] = {"time": CLOCK}
    values |= {c.name: TEXT | st.none() for c in encoder.categorical}
    values |= {text.name: WORDS for text in encoder.text}
    for numeric in encoder.numeric:
        near = st.sampled_from(numeric.edges) if numeric.edges else st.nothing()
        number = st.floats(-1e30, 1e30) | near
        values[numeric.name] = number.map(abs) if numeric.log else number
    return encoder, draw(st.lists(st.fixed_dictionaries(values), max_size=8))


def as_batch(encoder: FeatureEncoder, rows: list[dict[str, Any]]) -> pa.RecordBatch:
    types = {"time": TIME}
    types |= {encoding.name: pa.string() for encoding in (*encoder.categorical, *encoder.text)}
    types |= {encoding.name: pa.float64() for encoding in encoder.numeric}
    return pa.RecordBatch.from_pylist(rows, schema=pa.schema(types))


def as_candidates(encoder: FeatureEncoder, rows: list[dict[str, Any]]) -> Candidates:
    columns = {name: [row[name] for row in rows] for name in encoder.columns}
    columns["time"] = [(time - EPOCH) // timedelta(microseconds=1) for time in columns["time"]]
    return Candidates(len(rows), columns)


@given(encoders_and_rows())
def test_a_batch_and_its_candidates_are_encoded_alike(
    case: tuple[FeatureEncoder, list[dict[str, Any]]],
) -> None:
    encoder, rows = case
    batch = as_batch(encoder, rows)
    assert_equal(encoder.encode(batch), encoder.encode_candidates(as_candidates(encoder, rows)))
    assert_equal(encoder.encode(batch), encoder.encode(pa.Table.from_batches([batch])))
    for position, row in enumerate(rows):
        assert_equal(
            encoder.encode(batch.slice(position, 1)),
            encoder.encode_candidates(as_candidates(encoder, [row])),
        )


@given(encoders_and_rows())
def test_slots_stay_within_their_counts(
    case: tuple[FeatureEncoder, list[dict[str, Any]]],
) -> None:
    encoder, rows = case
    slots = encoder.encode(as_batch(encoder, rows)).categorical
    assert slots.shape == (len(rows), encoder.width)
    assert (slots >= 0).all()
    columns, words = np.split(slots, [len(encoder.slot_counts)], axis=1)
    assert (columns < encoder.slot_counts).all()
    assert (words <= BUCKETS).all()
    assert len(encoder.slot_names) == len(encoder.slot_counts)


@given(encoders())
def test_an_encoder_survives_json(encoder: FeatureEncoder) -> None:
    assert FeatureEncoder.model_validate_json(encoder.model_dump_json()) == encoder


SMALL = FeatureEncoder(
    time="time",
    categorical=(CategoricalEncoding(name="site", values=("news", "maps")),),
    numeric=(NumericEncoding(name="bid", log=True, mean=1.0, scale=0.5, edges=(0.5, 1.0)),),
)


def encode_one(**row: Any) -> Encoded:
    row = {"time": datetime(2024, 2, 29, 13, 59, tzinfo=UTC), "site": "news", "bid": 0.0} | row
    return SMALL.encode_candidates(as_candidates(SMALL, [row]))


@pytest.mark.parametrize(
    ("site", "slot"), [("news", 1), ("maps", 2), ("sport", 0), ("", 0), (None, 0)]
)
def test_known_values_have_slots_and_unknown_ones_share_slot_0(site: str, slot: int) -> None:
    assert encode_one(site=site).categorical[0, 0] == slot


@pytest.mark.parametrize(("log_bid", "slot"), [(0, 0), (0.49, 0), (0.5, 1), (1.0, 2), (9, 2)])
def test_an_edge_belongs_to_the_slot_above(log_bid: float, slot: int) -> None:
    plain = SMALL.model_copy(
        update={"numeric": (SMALL.numeric[0].model_copy(update={"log": False}),)}
    )
    row = {"time": datetime(2024, 1, 1, tzinfo=UTC), "site": "", "bid": float(log_bid)}
    assert plain.encode_candidates(as_candidates(plain, [row])).categorical[0, 1] == slot


def test_numbers_are_normalised_after_log1p() -> None:
    assert encode_one(bid=np.expm1(2.0)).numeric[0, 0] == pytest.approx((2 - 1) / 0.5)


@pytest.mark.parametrize(
    ("time", "hour", "weekday"),
    [
        (datetime(2024, 2, 29, 13, 59, tzinfo=UTC), 13, 3),
        (datetime(1970, 1, 1, tzinfo=UTC), 0, 3),
        (datetime(1969, 12, 31, 23, tzinfo=UTC), 23, 2),
        (datetime(2024, 3, 3, 23, 59, 59, 999_999, tzinfo=UTC), 23, 6),
    ],
)
def test_hour_and_weekday_are_those_of_the_clock(time: datetime, hour: int, weekday: int) -> None:
    assert encode_one(time=time).categorical[0, -2:].tolist() == [hour, weekday]


@given(CLOCK)
def test_hour_and_weekday_are_pythons(time: datetime) -> None:
    slots = encode_one(time=time).categorical[0, -2:].tolist()
    assert slots == [time.hour, time.weekday()]


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> AdLog:
    months = {"2024-01": many(300), "2024-02": [good(i, "2024-02", site="new") for i in range(50)]}
    return ingested(tmp_path_factory.mktemp("encoder"), months)


def fitted(folder: Path, rows: list[dict[str, str]], columns: dict[str, Any]) -> FeatureEncoder:
    log = ingested(folder, {"2024-01": rows}, schema_of(columns))
    return fit_encoder(log, log.everything())


def values_of(encoder: FeatureEncoder, name: str) -> tuple[str, ...]:
    return next(c.values for c in encoder.categorical if c.name == name)


def test_only_training_rows_are_learned_from(log: AdLog) -> None:
    encoder = fit_encoder(log, log.everything("2024-01"))
    assert set(values_of(encoder, "site")) == {"news", "sport", "maps"}


def test_values_are_ordered_by_count_then_name(tmp_path: Path) -> None:
    sites = ["b", "a", "c", "c"]
    rows = [good(i, site=site) for i, site in enumerate(sites)]
    assert values_of(fitted(tmp_path, rows, COLUMNS), "site") == ("c", "a", "b")


def test_rare_values_and_those_beyond_the_most_frequent_are_unknown(tmp_path: Path) -> None:
    rows = [good(i, site=site) for i, site in enumerate("aaabbcccd")]
    rare = COLUMNS | {"site": {"role": "categorical", "min_count": 2, "max_values": 2}}
    assert values_of(fitted(tmp_path, rows, rare), "site") == ("a", "c")
    rare["site"]["max_values"] = 9
    assert values_of(fitted(tmp_path, rows, rare), "site") == ("a", "c", "b")


def test_an_aggregated_row_counts_as_its_impressions(tmp_path: Path) -> None:
    rows = [
        {**good(i, site=site), "shown": shown, "clicks": "1"}
        for i, (site, shown) in enumerate([("a", "1"), ("a", "1"), ("b", "7")])
    ]
    for row in rows:
        del row["clicked"]
    columns = AGGREGATED | {"site": {"role": "categorical", "min_count": 3}}
    assert values_of(fitted(tmp_path, rows, columns), "site") == ("b",)


def test_a_creative_without_images_is_a_category(tmp_path: Path) -> None:
    rows = [good(i, ad="x") for i in range(5)]
    encoder = fitted(tmp_path, rows, {**COLUMNS, "ad": IMAGES["ad"]})
    assert values_of(encoder, "ad") == ("x",)


def test_numbers_are_normalised_to_mean_0_and_deviation_1(log: AdLog) -> None:
    encoder = fit_encoder(log, log.everything())
    numeric = encoder.encode(log.table(log.everything())).numeric
    np.testing.assert_allclose(numeric.mean(axis=0), 0, atol=1e-5)
    np.testing.assert_allclose(numeric.std(axis=0), 1, atol=1e-5)


def test_numeric_slots_hold_about_as_many_rows_each(tmp_path: Path) -> None:
    rows = [good(i, bid=str(i / 10)) for i in range(960)]
    encoder = fitted(tmp_path, rows, COLUMNS)
    log = ingested(tmp_path, {"2024-01": rows})
    slots = encoder.encode(log.table(log.everything())).categorical[:, 3]
    assert np.bincount(slots).tolist() == pytest.approx([60] * 16, abs=1)


def test_a_constant_column_carries_nothing(tmp_path: Path) -> None:
    encoder = fitted(tmp_path, [good(i, bid="3") for i in range(9)], COLUMNS)
    assert (encoder.numeric[0].scale, len(encoder.numeric[0].edges)) == (1.0, 1)
    row = {**good(), "time": datetime(2024, 1, 1, tzinfo=UTC), "bid": 3.0, "offset": 0.0}
    assert encoder.encode_candidates(as_candidates(encoder, [row])).numeric[0, 0] == 0


def test_a_sample_by_id_is_enough_for_numbers(log: AdLog, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = fit_encoder(log, log.everything())
    monkeypatch.setattr(fit, "QUANTILE_ROWS", 120)
    sampled = fit_encoder(log, log.everything())
    assert sampled.categorical == whole.categorical
    assert sampled.numeric != whole.numeric
    assert sampled.numeric[0].mean == pytest.approx(whole.numeric[0].mean, abs=0.2)


def test_no_training_row_is_an_error(log: AdLog) -> None:
    nothing = RowSelection(months=("2024-01",), until=datetime(2024, 1, 1, tzinfo=UTC))
    with pytest.raises(AdclickError, match="no row to fit the encoder on in 2024-01, before"):
        fit_encoder(log, nothing)


@pytest.mark.parametrize("count", [1, 7, 300, 1000])
def test_request_rows_are_spread_over_the_selection(log: AdLog, count: int) -> None:
    rows = request_rows(log, log.everything("2024-01"), count)
    assert len(rows) == min(count, 300)
    assert len({row["id"] for row in rows}) == len(rows)
    numbers = [int(row["id"][1:]) for row in rows]
    assert numbers == sorted(numbers)
    assert numbers[-1] - numbers[0] >= 300 * (1 - 1 / count) - 10


@pytest.mark.parametrize("time_format", ["iso", "epoch", "%Y%m%d %H%M%S"])
def test_a_logs_row_is_a_request_with_the_same_encoding(tmp_path: Path, time_format: str) -> None:
    clock = {
        "iso": "2024-01-05T17:30:00",
        "epoch": "1704475800",
        "%Y%m%d %H%M%S": "20240105 173000",
    }
    columns = {**COLUMNS, "time": {"role": "time", "format": time_format}}
    rows = [good(i, time=clock[time_format]) for i in range(9)]
    log = ingested(tmp_path, {"2024-01": rows}, schema_of(columns))
    encoder = fit_encoder(log, log.everything())
    requests = request_rows(log, log.everything(), 9)
    candidates = parse_candidates(log.ad_schema, [features(log.ad_schema, r) for r in requests])
    assert_equal(encoder.encode(log.table(log.everything())), encoder.encode_candidates(candidates))


def words(text: str) -> list[int]:
    return [slot for slot in token_slots(text)[:MOST_WORDS] if slot]


def test_words_are_the_same_whatever_their_case_and_what_stands_between_them() -> None:
    assert words("Big SALE, -50 %!") == words("big sale 50") == words("  bIG\nsale\t50")
    assert len(set(words("big sale 50"))) == 3


def test_two_words_in_another_order_are_other_pairs() -> None:
    one, other = token_slots("not bad"), token_slots("bad not")
    assert sorted(one[:2]) == sorted(other[:2])
    assert one[MOST_WORDS] and one[MOST_WORDS] != other[MOST_WORDS]


def test_words_beyond_the_most_are_not_read() -> None:
    text = " ".join(f"word{number}" for number in range(MOST_WORDS))
    assert token_slots(f"{text} and more") == token_slots(text)
    assert 0 not in token_slots(text)
    assert token_slots("...") == token_slots("") == (0,) * TOKENS


def test_slots_of_words_never_change() -> None:
    """A bundle's network knows words by these numbers."""
    assert token_slots("big sale")[:2] == (586, 6)
