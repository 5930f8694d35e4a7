"""A schema guessed from a sample of data runs unchanged on all of it."""

from __future__ import annotations

import gzip
import random
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import fsspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adclick.adlog import AdLog
from adclick.errors import AdclickError
from adclick.ingest.ingest import ingest
from adclick.ingest.sources import find_source
from adclick.sample_data.generate import SampleData
from adclick.schema import Schema, load_schema
from adclick.schema_inference.infer import Draft, infer_schema
from adclick.schema_inference.write import as_yaml, write_schema
from tests.logs import Row, as_csv, encoded, good, many, picture

ROOT = Path(__file__).parents[2]
AVAZU = ROOT / "../shared/data/avazu"


def runs_on(folder: Path, schema: Schema, logs: Path) -> AdLog:
    return ingest(find_source(str(folder), schema), schema, str(logs))


def bad_rows(log: AdLog) -> int:
    return sum(month.rows_quarantined for month in log.months)


def roles(schema: Schema) -> dict[str, str]:
    return {name: column.role for name, column in schema.columns.items()}


def written(draft: Draft, folder: Path) -> Schema:
    file = folder / "schema.yaml"
    file.write_text(as_yaml(draft, "data"), encoding="utf-8")
    return load_schema(file)


def write(folder: Path, files: Mapping[str, Sequence[Row] | bytes]) -> Path:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else as_csv(content))
    return folder


def rows(count: int, month: str = "2024-01", first: int = 0, **changes: str) -> list[Row]:
    return [good(number, month, **changes) for number in range(first, first + count)]


def test_the_sample_s_schema_is_found_and_runs(
    sample_data: SampleData, sample_schema: Schema, sample_log: AdLog, tmp_path: Path
) -> None:
    found = written(infer_schema(str(sample_data.data)), tmp_path)
    assert found.rows == sample_schema.rows
    assert list(found.columns) == list(sample_schema.columns)
    assert roles(found) == roles(sample_schema)
    assert found.holdout is None
    for name in ("frequency", "bid"):
        assert found.numeric[name] == sample_schema.numeric[name]
    log = runs_on(sample_data.data, found, tmp_path / "logs")
    assert 0 < bad_rows(log) <= bad_rows(sample_log)
    assert log.undeclared_columns == ()


@pytest.mark.skipif(not AVAZU.is_dir(), reason="no ../shared/data/avazu on this machine")
def test_avazu_s_schema_is_found_and_runs(tmp_path: Path) -> None:
    true = load_schema(ROOT / "configs/schemas/avazu.yaml")
    draft = infer_schema(str(AVAZU.resolve()))
    found = written(draft, tmp_path)
    assert found == true.model_copy(
        update={"columns": {name: found.columns[name] for name in found.columns}}
    )
    assert roles(found) == roles(true)
    assert found.time_format == "%y%m%d%H"
    log = runs_on(AVAZU.resolve(), found, tmp_path / "logs")
    assert bad_rows(log) == 0


def test_an_aggregated_log_has_clicks_and_impressions(tmp_path: Path) -> None:
    chance = random.Random(0)
    aggregated = []
    for number in range(600):
        shown = chance.randrange(1, 400)
        row = good(number, shown=str(shown), clicks=str(chance.randrange(0, shown // 4 + 1)))
        row["ctr"] = f"{int(row['clicks']) / shown:.4f}"
        del row["clicked"]
        aggregated.append(row)
    write(tmp_path / "data", {"2024-01/rows.csv": aggregated})
    found = written(infer_schema(str(tmp_path / "data")), tmp_path)
    assert found.named("impressions") == ("shown",)
    assert found.named("clicks") == ("clicks",)
    assert found.named("label") == ()
    assert found.columns["ctr"].role == "ignored"
    log = runs_on(tmp_path / "data", found, tmp_path / "logs")
    assert bad_rows(log) == 0
    assert log.months[0].clicks == sum(int(row["clicks"]) for row in aggregated)


@pytest.mark.parametrize(
    ("names", "pattern"),
    [
        (("{}/impressions.csv",), "{month}/impressions.csv"),
        (("{}/news.csv", "{}/sport.csv"), "{month}/*.csv"),
        (("{}/part-1.csv", "{}/part-22.csv"), "{month}/part-*.csv"),
        (("data/month={}/part-0.csv",), "data/month={month}/part-0.csv"),
        (("impressions-{}.csv",), "impressions-{month}.csv"),
        (("{}/impressions-{}.csv",), "{month}/impressions-{month}.csv"),
        (("clicks [{}].csv",), "clicks [[]{month}].csv"),
    ],
)
def test_files_are_found_by_month(tmp_path: Path, names: tuple[str, ...], pattern: str) -> None:
    months = ("2023-12", "2024-01", "2024-02", "2024-03")
    files = {
        name.replace("{}", month): rows(40, month, 1000 * position)
        for month in months
        for position, name in enumerate(names)
    }
    write(tmp_path / "data", files)
    found = written(infer_schema(str(tmp_path / "data")), tmp_path)
    assert found.rows == pattern
    log = runs_on(tmp_path / "data", found, tmp_path / "logs")
    assert log.month_names == months
    assert bad_rows(log) == 0
    assert sum(month.rows_in for month in log.months) == 40 * len(files)


def test_a_file_without_a_month_has_the_months_of_its_times(tmp_path: Path) -> None:
    write(tmp_path / "data", {"train.csv": rows(50) + rows(50, "2024-02", 50)})
    found = written(infer_schema(str(tmp_path / "data")), tmp_path)
    assert (found.rows, found.holdout) == ("train.csv", None)
    assert runs_on(tmp_path / "data", found, tmp_path / "logs").month_names == (
        "2024-01",
        "2024-02",
    )


def test_one_month_is_held_out_in_part(tmp_path: Path) -> None:
    write(tmp_path / "data", {"2024-01/rows.csv": rows(50)})
    assert infer_schema(str(tmp_path / "data")).schema.holdout is not None


def test_months_in_names_that_are_not_those_of_the_rows_are_no_months(tmp_path: Path) -> None:
    files = {f"exported-2025-0{m}.csv": rows(50, f"2024-0{m}", 50 * m) for m in (1, 2)}
    write(tmp_path / "data", files)
    found = written(infer_schema(str(tmp_path / "data")), tmp_path)
    assert found.rows == "exported-*.csv"
    assert bad_rows(runs_on(tmp_path / "data", found, tmp_path / "logs")) == 0


def test_other_files_beside_the_rows_are_left_out_and_named(tmp_path: Path) -> None:
    other = b"creative,advertiser\nc1,a\nc2,b\n"
    write(tmp_path / "data", {"2024-01/rows.csv": rows(90), "2024-01/creatives.csv": other})
    draft = infer_schema(str(tmp_path / "data"))
    assert draft.schema.rows == "{month}/rows.csv"
    assert any("2024-01/creatives.csv" in note for note in draft.notes)


def images(folder: Path, address: Callable[[int], str]) -> Path:
    """A month of rows that show eight ads, whose images lie where `address` says."""
    (folder / "pictures").mkdir(parents=True)
    for number in range(8):
        (folder / f"pictures/p{number}.jpg").write_bytes(encoded(picture(number)))
    shown = [good(n, advertiser=f"a{n % 4}", banner=f"b{n % 8}") for n in range(200)]
    for number, row in enumerate(shown):
        row["picture"] = address(number % 8)
    return write(folder, {"2024-01/rows.csv": shown})


def test_images_beside_the_rows_go_with_their_creative(tmp_path: Path) -> None:
    data = images(tmp_path / "data", lambda number: f"../pictures/p{number}.jpg")
    found = written(infer_schema(str(data)), tmp_path)
    assert (found.creative, found.image) == ("banner", "picture")
    log = runs_on(data, found, tmp_path / "logs")
    assert bad_rows(log) == 0
    assert log.creative_files is not None
    assert log.creative_files.count == 8


@pytest.mark.parametrize("scheme", ["", "file://"])
def test_images_at_an_address_are_found(tmp_path: Path, scheme: str) -> None:
    address = f"{scheme}{tmp_path}/data/pictures"
    data = images(tmp_path / "data", lambda number: f"{address}/p{number}.jpg")
    found = infer_schema(str(data)).schema
    assert (found.creative, found.image) == ("banner", "picture")


def test_images_that_are_not_there_are_ignored(tmp_path: Path) -> None:
    data = images(tmp_path / "data", lambda number: f"elsewhere/p{number}.jpg")
    draft = infer_schema(str(data))
    assert draft.schema.columns["picture"].role == "ignored"
    assert "not there" in draft.why["picture"]
    assert bad_rows(runs_on(data, written(draft, tmp_path), tmp_path / "logs")) == 0


def packed_csv(data: bytes) -> bytes:
    return gzip.compress(data)


def zstd(data: bytes) -> bytes:
    return bytes(pa.Codec("zstd").compress(data, asbytes=True))


@pytest.mark.parametrize(("suffix", "pack"), [("gz", packed_csv), ("zst", zstd)])
def test_packed_files_say_the_same(
    tmp_path: Path, suffix: str, pack: Callable[[bytes], bytes]
) -> None:
    plain = write(tmp_path / "plain", {"2024-01/rows.csv": rows(300)})
    packed = write(tmp_path / "packed", {f"2024-01/rows.csv.{suffix}": pack(as_csv(rows(300)))})
    expected, found = (infer_schema(str(folder)) for folder in (plain, packed))
    assert found.schema.rows == "{month}/rows.csv." + suffix
    assert found.schema.columns == expected.schema.columns
    log = runs_on(packed, written(found, tmp_path), tmp_path / "logs")
    assert (log.months[0].rows_kept, bad_rows(log)) == (300, 0)


def test_parquet_says_the_same(tmp_path: Path) -> None:
    plain = write(tmp_path / "plain", {"2024-01/rows.csv": rows(300)})
    table = pa.Table.from_pylist(rows(300))
    for name in ("clicked", "bid", "offset"):
        at = table.column_names.index(name)
        table = table.set_column(at, name, table.column(name).cast(pa.float64()))
    (tmp_path / "parquet/2024-01").mkdir(parents=True)
    pq.write_table(table, tmp_path / "parquet/2024-01/part-0.parquet", row_group_size=100)
    expected, found = (infer_schema(str(f)) for f in (plain, tmp_path / "parquet"))
    assert found.schema.rows == "{month}/part-0.parquet"
    assert found.schema.columns == expected.schema.columns
    log = runs_on(tmp_path / "parquet", written(found, tmp_path), tmp_path / "logs")
    assert (log.months[0].rows_kept, bad_rows(log)) == (300, 0)


def test_a_bucket_is_a_folder_too() -> None:
    memory = fsspec.filesystem("memory")
    for month in ("2024-01", "2024-02"):
        memory.pipe_file(f"/inference-test/{month}/rows.csv", as_csv(rows(60, month)))
    found = infer_schema("memory://inference-test").schema
    assert (found.name, found.rows) == ("inference-test", "{month}/rows.csv")


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ("%Y-%m-%dT%H:%M:%SZ", "iso"),
        ("%Y-%m-%d %H:%M:%S.%f", "iso"),
        ("%s", "epoch"),
        ("%y%m%d%H", "%y%m%d%H"),
        ("%Y%m%d%H", "%Y%m%d%H"),
        ("%Y%m%d%H%M%S", "%Y%m%d%H%M%S"),
        ("%d/%m/%Y %H:%M", "%d/%m/%Y %H:%M"),
        ("%m/%d/%Y %H:%M", "%m/%d/%Y %H:%M"),
        ("%m/%d/%Y %I:%M %p", "%m/%d/%Y %I:%M %p"),
        ("%Y-%m-%d %H:%M:%S UTC", "%Y-%m-%d %H:%M:%S UTC"),
        ("%d/%b/%Y:%H:%M:%S +0000", "%d/%b/%Y:%H:%M:%S %z"),
    ],
)
def test_times_are_read_as_they_are_written(tmp_path: Path, form: str, expected: str) -> None:
    start = np.datetime64("2024-02-01T00:00:00", "s")
    log = rows(300, "2024-02")
    for number, row in enumerate(log):
        moment = start + np.timedelta64(1_777 * number, "s")
        seconds = str(moment.astype(int))
        row["time"] = seconds if form == "%s" else moment.astype(object).strftime(form)
    write(tmp_path / "data", {"rows.csv": log})
    found = written(infer_schema(str(tmp_path / "data")), tmp_path)
    assert found.time_format == expected
    assert bad_rows(runs_on(tmp_path / "data", found, tmp_path / "logs")) == 0


def columns_of(cells: Mapping[str, Sequence[str]], folder: Path) -> Draft:
    """What is guessed of a month whose good rows have these columns besides."""
    count = len(next(iter(cells.values())))
    log = rows(count)
    for name, values in cells.items():
        for row, value in zip(log, values, strict=True):
            row[name] = value
    return infer_schema(str(write(folder, {"2024-01/rows.csv": log})))


def test_features_are_told_apart(tmp_path: Path) -> None:
    chance = np.random.default_rng(0)
    count = 3_000
    spend = chance.lognormal(0, 2, count)
    draft = columns_of(
        {
            "constant": ["x"] * count,
            "nothing": [""] * count,
            "cookie": [f"u{number}" for number in range(count)],
            "zip": [f"{value:05}" for value in chance.integers(0, 300, count)],
            "partner": [str(100_000 + 37 * value) for value in chance.integers(0, 90, count)],
            "weekday": [str(value) for value in chance.integers(0, 7, count)],
            "dwell": [str(value) for value in chance.integers(0, 90_000, count)],
            "visits": [str(value) for value in chance.geometric(0.02, count)],
            "spend": [f"{value:.3f}" if n % 9 else "" for n, value in enumerate(spend)],
            "shift": [f"{value:.2f}" for value in chance.normal(0, 30, count)],
            "plan": list(chance.choice(["free", "paid"], count)),
            "town": [f"t{value}" for value in chance.geometric(0.05, count)],
            "signed": ["2020-01-01", "2021-05-05T10:00"] * (count // 2),
            "clicked_at": [f"i{n}" if n % 3 == 0 else "" for n in range(count)],
        },
        tmp_path / "data",
    )
    found = written(draft, tmp_path)
    kinds = roles(found)
    ignored = ("constant", "nothing", "cookie", "clicked_at")
    assert {kinds[name] for name in ignored} == {"ignored"}
    assert {kinds[n] for n in ("zip", "partner", "weekday", "plan", "town")} == {"categorical"}
    assert {kinds[n] for n in ("dwell", "visits", "spend", "shift")} == {"numeric"}
    assert found.categorical["plan"].allowed == ("free", "paid")
    assert found.categorical["town"].allowed is None
    assert found.numeric["spend"].log
    assert found.numeric["spend"].default == pytest.approx(np.median(spend), rel=0.2)
    assert found.numeric["shift"].min == -1000 or found.numeric["shift"].min == -10_000
    assert not found.numeric["shift"].log
    assert bad_rows(runs_on(tmp_path / "data", found, tmp_path / "logs")) == 0


def test_columns_that_a_schema_cannot_name_are_left_out(tmp_path: Path) -> None:
    draft = columns_of({"_row": ["1"] * 60, "": ["2"] * 60, "plan\n?": ["a", "b"] * 30}, tmp_path)
    found = written(draft, tmp_path)
    assert "_row" not in found.columns
    assert "" not in found.columns
    assert "plan\n?" not in found.columns
    assert any("'_row'" in note for note in draft.notes)


@given(
    st.lists(
        st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=12), min_size=2, max_size=6
    )
)
def test_any_values_are_told_in_a_file_that_loads(
    tmp_path_factory: pytest.TempPathFactory, values: list[str]
) -> None:
    folder = tmp_path_factory.mktemp("values")
    draft = columns_of({"odd": [values[n % len(values)] for n in range(60)]}, folder / "data")
    found = written(draft, folder)
    assert found == draft.schema
    assert bad_rows(runs_on(folder / "data", found, folder / "logs")) == 0


def without(name: str, **changes: str) -> list[Row]:
    return [{k: v for k, v in row.items() if k != name} for row in many(60, **changes)]


@pytest.mark.parametrize(
    ("log", "message"),
    [
        (
            without("id"),
            "no column can be the id, .*most different is 'bid' with 7 values in 60",
        ),
        (without("time"), "no column can be the time: write one as"),
        (many(60, time="yesterday"), "no column can be the time: column 'time' holds 'yesterday'"),
        (many(60, time="1704067200000"), "'time' looks like milliseconds since 1970"),
        (without("clicked"), "no column can be the label: write 1"),
        (many(60, clicked="yes"), r"no column can be the label.*\(column 'clicked' holds yes"),
        (
            [
                {**row, "a": str(n % 2), "b": str(n // 2 % 2)}
                for n, row in enumerate(without("clicked"))
            ],
            "columns 'a', 'b' hold 0 and 1",
        ),
    ],
)
def test_what_no_schema_can_do_without_is_named(
    tmp_path: Path, log: list[Row], message: str
) -> None:
    write(tmp_path, {"2024-01/rows.csv": log})
    with pytest.raises(AdclickError, match=message):
        infer_schema(str(tmp_path))


def test_folders_without_rows_are_named(tmp_path: Path) -> None:
    with pytest.raises(AdclickError, match=r"nowhere does not exist: name one with --data"):
        infer_schema(str(tmp_path / "nowhere"))
    with pytest.raises(AdclickError, match=r"no rows below .*: no file there ends in \.csv"):
        infer_schema(str(tmp_path))
    write(tmp_path, {"2024-01/rows.csv": b"id,time,clicked\n"})
    with pytest.raises(AdclickError, match="no row below the headers"):
        infer_schema(str(tmp_path))


def test_a_file_that_is_there_is_kept(tmp_path: Path) -> None:
    data = write(tmp_path / "data", {"2024-01/rows.csv": many(60)})
    file = tmp_path / "schema.yaml"
    write_schema(str(data), file)
    assert load_schema(file).named("label") == ("clicked",)
    before = file.read_bytes()
    with pytest.raises(AdclickError, match=r"schema.yaml is there already: .*--out"):
        write_schema(str(data), file)
    assert file.read_bytes() == before
    with pytest.raises(AdclickError, match="cannot be written"):
        write_schema(str(data), tmp_path / "nowhere/schema.yaml")


def test_large_files_are_entered_in_several_places(tmp_path: Path) -> None:
    long = [good(n, site=f"site {n // 10_000}", offset=f"{n / 7}") for n in range(90_000)]
    write(tmp_path, {"2024-01/rows.csv": long})
    draft = infer_schema(str(tmp_path))
    assert "site 0, site 4, site 8" in draft.why["site"]
    assert draft.why["site"].startswith("7 values")
    assert not draft.notes[0].startswith("90,000 rows")
