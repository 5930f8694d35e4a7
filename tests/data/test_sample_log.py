"""What the ingested sample must hold."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from adclick.adlog import CLICKS, AdLog
from adclick.images import decode_image
from adclick.sample_data.defects import ROW_KINDS, TRUNCATED_IMAGE
from adclick.sample_data.generate import SampleData
from adclick.schema import Schema
from tests.logs import quarantined

REASONS = {
    "label_not_0_or_1": ("clicked", "neither 0 nor 1"),
    "empty_site": ("site", "empty"),
    "bid_not_a_number": ("bid", "no finite number"),
    "negative_frequency": ("frequency", "below 0"),
    "time_outside_month": ("time", "outside the month of its file"),
    "duplicate_id": ("impression_id", "used by different rows"),
    "device_not_allowed": ("device", "not allowed"),
    "missing_cell": ("", "15 cells where the header has 16"),
    "unknown_creative": ("image", "image file does not exist"),
    TRUNCATED_IMAGE: ("image", "truncated image: the file ends before the image does"),
}
IMAGE = 4


def table(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def lines(file: Path) -> list[list[str]]:
    with file.open(newline="", encoding="utf-8") as rows:
        return list(csv.reader(rows))[1:]


@pytest.fixture(scope="module")
def defects(sample_data: SampleData) -> list[dict[str, str]]:
    return table(sample_data.truth / "defects.csv")


@pytest.fixture(scope="module")
def bad_rows(sample_data: SampleData, sample_log: AdLog) -> list[dict[str, Any]]:
    """The quarantine, each row with its file below the data folder."""
    root = f"file://{sample_data.data}/"
    return [row | {"file": row["file"].removeprefix(root)} for row in quarantined(sample_log)]


def id_and_reason(row: dict[str, Any]) -> tuple[str, str, tuple[str, str]]:
    return row["file"], next(csv.reader([row["text"]]))[0], (row["column"], row["reason"])


def test_rows_in_are_kept_or_quarantined(sample_data: SampleData, sample_log: AdLog) -> None:
    for month in sample_log.months:
        rows = len(lines(sample_data.data / month.month / "impressions.csv"))
        assert month.rows_in == rows
        assert sample_log.table(sample_log.everything(month.month)).num_rows == month.rows_kept
        assert sum(month.reasons.values()) == month.rows_quarantined


def test_every_kind_of_defect_is_in_the_sample(defects: list[dict[str, str]]) -> None:
    assert {defect["kind"] for defect in defects} == {*ROW_KINDS, TRUNCATED_IMAGE} == set(REASONS)


def test_every_defect_and_no_other_row_is_quarantined_for_a_fitting_reason(
    sample_data: SampleData, defects: list[dict[str, str]], bad_rows: list[dict[str, Any]]
) -> None:
    spoilt = [
        (defect["file"], defect["impression_id"], REASONS[defect["kind"]])
        for defect in defects
        # an id that another row has too says of neither which is right
        for _ in range(1 + (defect["kind"] == "duplicate_id"))
        if defect["impression_id"]
    ]
    damaged = {Path(defect["file"]).name for defect in defects if not defect["impression_id"]}
    for month in sample_data.months:
        file = f"{month}/impressions.csv"
        spoilt += [
            (file, row[0], REASONS[TRUNCATED_IMAGE])
            for row in lines(sample_data.data / file)
            if Path(row[IMAGE]).name in damaged
        ]
    assert Counter(map(id_and_reason, bad_rows)) == Counter(spoilt)


def test_a_quarantined_row_stands_where_its_number_says(
    sample_data: SampleData, bad_rows: list[dict[str, Any]]
) -> None:
    for row in bad_rows:
        written = lines(sample_data.data / row["file"])[row["line"] - 2]
        assert next(csv.reader([row["text"]])) == written


def test_kept_rows_hold_what_the_files_hold(sample_data: SampleData, sample_log: AdLog) -> None:
    month = sample_data.months[0]
    written = {
        row["impression_id"]: row for row in table(sample_data.data / month / "impressions.csv")
    }
    kept = sample_log.table(sample_log.everything(month)).to_pylist()
    for row in kept[:: len(kept) // 50]:
        cells = written[row["impression_id"]]
        assert row["site"] == cells["site"]
        assert row["age"] == (cells["age"] or "unknown")
        assert row["bid"] == float(cells["bid"])
        assert row[CLICKS] == int(cells["clicked"])
        assert f"{row['time']:%Y-%m-%dT%H:%M}" == cells["time"][:16]


def test_each_usable_creative_is_held_once(sample_data: SampleData, sample_log: AdLog) -> None:
    creatives = sample_log.creatives()
    assert creatives is not None
    shown = sample_log.table(sample_log.everything(), ["creative_id"]).column("creative_id")
    assert sorted(creatives.ids) == sorted(set(shown.to_pylist()))
    assert creatives.images.shape == (len(creatives.ids), 63, 75, 3)


def test_a_creatives_image_is_its_file_decoded(
    sample_data: SampleData, sample_log: AdLog, sample_schema: Schema
) -> None:
    creatives = sample_log.creatives()
    assert creatives is not None
    assert sample_schema.image_shape is not None
    for position in range(0, len(creatives.ids), 7):
        (file,) = sample_data.data.glob(f"*/images/{creatives.ids[position]}.jpg")
        expected = decode_image(file.read_bytes(), sample_schema.image_shape)
        np.testing.assert_array_equal(creatives.images[position], expected)


def test_the_handle_is_small_and_its_images_are_mapped(sample_log: AdLog) -> None:
    assert len(sample_log.model_dump_json()) < 20_000
    creatives = sample_log.creatives()
    assert creatives is not None
    assert isinstance(creatives.images, np.memmap)


def test_bad_rows_stay_below_the_schemas_share(sample_log: AdLog, sample_schema: Schema) -> None:
    assert max(month.bad_share for month in sample_log.months) <= sample_schema.max_bad_share


def test_the_log_holds_no_truth(sample_log: AdLog) -> None:
    assert sample_log.undeclared_columns == ()
