from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from adclick.columns import TimeColumn
from adclick.errors import AdclickError
from adclick.schema import Schema, describe, load_schema
from tests.logs import AGGREGATED, COLUMNS, IMAGES, schema_of

CONFIGS = Path(__file__).parents[2] / "configs/schemas"


def problem(columns: dict[str, Any], **changes: Any) -> str:
    """What is wrong with a schema of these columns, in a person's words."""
    with pytest.raises(ValidationError) as caught:
        schema_of(columns, **changes)
    return describe(caught.value)


def without(name: str) -> dict[str, Any]:
    return {other: column for other, column in COLUMNS.items() if other != name}


@pytest.mark.parametrize("file", sorted(CONFIGS.glob("*.yaml")), ids=lambda file: file.stem)
def test_the_schemas_that_ship_are_valid(file: Path) -> None:
    assert load_schema(file).name == file.stem


def test_columns_are_found_by_role_in_the_files_order() -> None:
    schema = schema_of({**COLUMNS, **IMAGES})
    assert (schema.id, schema.time, schema.creative, schema.image) == ("id", "time", "ad", "image")
    assert tuple(schema.categorical) == ("site", "device", "age")
    assert tuple(schema.numeric) == ("bid", "offset")
    assert schema.image_shape == (8, 10, 3)


def test_requests_name_time_creative_and_features_but_no_outcome() -> None:
    schema = schema_of({**COLUMNS, **IMAGES})
    assert schema.features == ("time", "ad", "site", "device", "age", "bid", "offset")


def test_a_schema_without_creatives_has_no_image() -> None:
    assert schema_of().creative is schema_of().image is schema_of().image_shape is None


def test_a_schema_survives_json() -> None:
    schema = schema_of({**AGGREGATED, **IMAGES})
    assert Schema.model_validate_json(schema.model_dump_json()) == schema


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        (without("id"), "has 0 columns with role id, not one"),
        ({**COLUMNS, "id2": {"role": "id"}}, "has 2 columns with role id, not one"),
        (without("time"), "has 0 columns with role time, not one"),
        (without("clicked"), "needs one label column"),
        ({**COLUMNS, "shown": {"role": "impressions"}}, "needs one label column"),
        ({**COLUMNS, "image": IMAGES["image"]}, "has an image column but no creative column"),
        ({**COLUMNS, "a": IMAGES["ad"], "b": IMAGES["ad"]}, "has 2 columns with role creative"),
        ({"i": COLUMNS["id"], "t": COLUMNS["time"], "y": COLUMNS["clicked"]}, "to predict from"),
        ({**COLUMNS, "_bucket": {"role": "ignored"}}, "column _bucket: names that start with _"),
        ({**COLUMNS, "x": {"role": "target"}}, "columns.x: Input tag 'target'"),
        ({**COLUMNS, "x": {"role": "numeric", "mni": 0}}, "columns.x.numeric.mni: Extra inputs"),
        ({**COLUMNS, "x": {"role": "numeric", "min": 2, "max": 1}}, "min 2.0 is above max 1.0"),
        ({**COLUMNS, "x": {"role": "numeric", "log": True}}, "log: true needs min: 0 or more"),
        ({**COLUMNS, "x": {"role": "numeric", "min": 0, "default": -1}}, "default -1.0 is outside"),
        (
            {**COLUMNS, "x": {"role": "categorical", "allowed": ["a"], "default": "b"}},
            "default 'b' is not among the allowed values",
        ),
        ({**COLUMNS, "x": {"role": "categorical", "min_count": 0}}, "columns.x.categorical.min_"),
    ],
)
def test_a_wrong_column_is_named(columns: dict[str, Any], expected: str) -> None:
    assert expected in problem(columns)


@pytest.mark.parametrize(
    "changes", [{"name": "No Spaces"}, {"max_bad_share": 2}, {"holdout": {"test": 0}}, {"x": 1}]
)
def test_a_wrong_setting_is_named(changes: dict[str, Any]) -> None:
    assert next(iter(changes)) in problem(COLUMNS, **changes)


@pytest.mark.parametrize(
    "pattern", ["iso", "epoch", "%y%m%d%H", "%Y-%m", "%Y-%j", "%d/%b/%Y:%H:%M:%S %z"]
)
def test_time_formats_that_can_be_read(pattern: str) -> None:
    assert TimeColumn(role="time", format=pattern).format == pattern


@pytest.mark.parametrize("pattern", ["", "unix", "%Q", "%s", "%H:%M", "%d.%m.", "%Y-%m-%d %Z"])
def test_time_formats_that_cannot_be_read_are_refused(pattern: str) -> None:
    assert "use iso, epoch or a strptime pattern" in problem(
        {**COLUMNS, "time": {"role": "time", "format": pattern}}
    )


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"name: [", "is no YAML"),
        (b"name: \xff", "is no YAML"),
        (b"", "valid dictionary"),
        (b"- a", "valid dictionary"),
        (b"name: x", "rows: Field required (and 1 more)"),
    ],
)
def test_a_file_that_is_no_schema_is_named(tmp_path: Path, content: bytes, expected: str) -> None:
    file = tmp_path / "mine.yaml"
    file.write_bytes(content)
    with pytest.raises(AdclickError) as caught:
        load_schema(file)
    assert str(caught.value).startswith(f"schema {file}")
    assert expected in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_schema_is_named(tmp_path: Path) -> None:
    with pytest.raises(AdclickError, match=r"no\.yaml does not exist"):
        load_schema(tmp_path / "no.yaml")
