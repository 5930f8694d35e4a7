"""The size of data, told from its listing and its first rows."""

from __future__ import annotations

import gzip
import random
from pathlib import Path

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from adclick.errors import AdclickError
from adclick.planning import head, size
from adclick.planning.plan import plan_run
from adclick.planning.size import data_size, sample_size
from adclick.sample_data.generate import SampleData
from adclick.sample_data.options import SampleOptions
from adclick.schema import Schema
from tests.logs import COLUMNS, IMAGES, Row, as_csv, data_folder, good, many, schema_of

REPOSITORY = Path(__file__).parents[2]


def test_a_sample_is_known_to_the_row() -> None:
    found = sample_size(SampleOptions(months=4, impressions=402, creatives_per_month=12))
    assert list(found.months.values()) == [101, 101, 100, 100]
    assert (found.rows, found.test_rows, found.creatives, found.about) == (402, 100, 48, False)


def test_a_log_is_estimated_from_its_first_rows(
    sample_data: SampleData, sample_schema: Schema, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(head, "BYTES_READ", 20_000)
    found = data_size(str(sample_data.data), sample_schema)
    assert found.about
    assert list(found.months) == list(sample_data.months)
    assert found.rows == pytest.approx(6_000, rel=0.02)
    assert found.test_rows == pytest.approx(1_500, rel=0.05)
    images = list(sample_data.data.glob("*/images/*"))
    assert found.creatives == pytest.approx(len(images), rel=0.1)
    files = sample_data.data.glob("*/impressions.csv")
    assert found.bytes == sum(path.stat().st_size for path in files)


def test_files_that_are_read_whole_are_counted(tmp_path: Path) -> None:
    months = {"2024-01": many(10), "2024-02": many(30)}
    data = data_folder(tmp_path, months)
    found = data_size(str(data), schema_of())
    assert found.rows == pytest.approx(40)
    assert found.creatives == 0


def test_a_last_row_without_a_line_end_counts(tmp_path: Path) -> None:
    data = data_folder(tmp_path, {"2024-01": as_csv(many(3)).rstrip(b"\n")})
    assert data_size(str(data), schema_of()).rows == pytest.approx(3, rel=0.01)


def test_little_is_read_of_many_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    months = {f"20{year}-{m:02}": many(20) for year in (22, 23) for m in range(1, 13)}
    data = data_folder(tmp_path, months)
    read: list[str] = []
    local = type(fsspec.filesystem("file"))
    original = local.cat_file

    def cat_file(self: object, path: str, **options: int) -> bytes:
        read.append(path)
        return original(self, path, **options)

    monkeypatch.setattr(local, "cat_file", cat_file)
    assert data_size(str(data), schema_of()).rows == pytest.approx(480)
    assert len(set(read)) == size.FILES_READ
    assert "2023-12" in read[0]


def test_a_single_month_is_tested_on_its_holdout(tmp_path: Path) -> None:
    data = data_folder(tmp_path, {"2024-01": many(40)})
    schema = schema_of(rows="*/rows.csv", holdout={"calibration": 0.1, "test": 0.25})
    found = data_size(str(data), schema)
    assert found.test_rows == pytest.approx(10)


@pytest.mark.parametrize(("path", "expected"), [("images/a.jpg", 6), ("../images/a.jpg", 3)])
def test_images_by_month_or_in_one_folder(tmp_path: Path, path: str, expected: int) -> None:
    rows = [good(ad="a", image=path)]
    data = data_folder(tmp_path, {"2024-01": rows, "2024-02": rows})
    for folder in ("images", "2024-02/images"):
        (data / folder).mkdir()
        for name in "abc":
            (data / folder / f"{name}.jpg").write_bytes(b"x")
    assert data_size(str(data), schema_of(COLUMNS | IMAGES)).creatives == expected


def test_images_that_are_not_there_are_named(tmp_path: Path) -> None:
    data = data_folder(tmp_path, {"2024-01": [good(ad="a", image="nowhere/a.jpg")]})
    with pytest.raises(AdclickError, match=r"nowhere of its images does not exist"):
        data_size(str(data), schema_of(COLUMNS | IMAGES))
    data_folder(tmp_path, {"2024-01": [good(ad="a", image="")]})
    with pytest.raises(AdclickError, match=r"no 'image' in its first row"):
        data_size(str(data), schema_of(COLUMNS | IMAGES))


@pytest.mark.parametrize("scheme", ["", "file://", "memory://"])
def test_images_at_an_address_are_counted_there(tmp_path: Path, scheme: str) -> None:
    folder = "size-test/images" if scheme == "memory://" else f"{tmp_path}/images"
    for name in "abcd":
        fsspec.open(f"{scheme}{folder}/{name}.jpg", "wb", auto_mkdir=True).open().close()
    rows = [good(ad="a", image=f"{scheme}{folder}/a.jpg")]
    data = data_folder(tmp_path / "data", {"2024-01": rows, "2024-02": rows})
    assert data_size(str(data), schema_of(COLUMNS | IMAGES)).creatives == 4


def test_images_of_the_web_are_at_least_those_of_the_first_rows(tmp_path: Path) -> None:
    rows = [good(n, ad=f"a{n % 5}", image=f"https://ads.example/{n % 5}.jpg") for n in range(20)]
    data = data_folder(tmp_path / "data", {"2024-01": rows, "2024-02": rows})
    assert data_size(str(data), schema_of(COLUMNS | IMAGES)).creatives == 10


def pack(data: bytes, suffix: str) -> bytes:
    if suffix == "gz":
        return gzip.compress(data)
    return bytes(pa.Codec("zstd").compress(data, asbytes=True))


def uneven(count: int) -> list[Row]:
    """Rows that do not pack to nothing."""
    chance = random.Random(0)
    return [good(n, site=f"s{chance.getrandbits(64):x}") for n in range(count)]


@pytest.mark.parametrize("suffix", ["gz", "zst"])
@pytest.mark.parametrize("bytes_read", [300_000, 2_000_000])
def test_packed_rows_are_estimated_by_their_packed_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str, bytes_read: int
) -> None:
    monkeypatch.setattr(head, "PACKED_BYTES_READ", bytes_read)
    for month, count in (("2024-01", 40_000), ("2024-02", 80_000)):
        (tmp_path / month).mkdir()
        packed = pack(as_csv(uneven(count)), suffix)
        assert 300_000 < len(packed) < 2_000_000
        (tmp_path / month / f"rows.csv.{suffix}").write_bytes(packed)
    found = data_size(str(tmp_path), schema_of(rows="{month}/rows.csv." + suffix))
    assert found.months["2024-01"] == pytest.approx(40_000, rel=0.15)
    assert found.months["2024-02"] == pytest.approx(80_000, rel=0.15)


def test_parquet_files_say_how_many_rows_they_have(tmp_path: Path) -> None:
    for month, count in (("2024-01", 3_000), ("2024-02", 3_000)):
        (tmp_path / month).mkdir()
        table = pa.Table.from_pylist([row | {"ad": "a", "image": "a.jpg"} for row in uneven(count)])
        pq.write_table(table, tmp_path / month / "rows.parquet", row_group_size=1_000)
    schema = schema_of(COLUMNS | IMAGES, rows="{month}/rows.parquet")
    found = data_size(str(tmp_path), schema)
    assert found.rows == pytest.approx(6_000)
    assert found.creatives == 2  # the one file beside the images, in each month


def test_headers_alone_are_no_data(tmp_path: Path) -> None:
    header = as_csv([good()]).splitlines(keepends=True)[0]
    data = data_folder(tmp_path, {"2024-01": header, "2024-02": b""})
    with pytest.raises(AdclickError, match="no row below the headers"):
        data_size(str(data), schema_of())


def test_a_bucket_is_sized_like_a_folder() -> None:
    memory = fsspec.filesystem("memory")
    memory.pipe_file("/plan-test/2024-01/rows.csv", as_csv(many(25)))
    assert data_size("memory://plan-test", schema_of()).rows == pytest.approx(25)


def test_a_plan_is_made_from_what_the_repository_holds(
    sample_data: SampleData, sample_schema: Schema
) -> None:
    from adclick.config import load_config

    config = load_config(REPOSITORY / "configs/gcp.yaml")
    data = str(sample_data.data)
    plan = plan_run(
        REPOSITORY, "gcp", "europe-west4", ("training", "traffic"), config, sample_schema, data
    )
    assert {step.pipeline for step in plan.steps} == {"training", "traffic"}
    assert plan.complete
    assert plan.cost
    made = plan_run(REPOSITORY, "local", None, ("training",), config, sample_schema, None)
    assert made.steps[0].step == "generate"
    assert made.cost is None
    with pytest.raises(AdclickError, match="no plan of scoring"):
        plan_run(REPOSITORY, "local", None, ("scoring",), config, sample_schema, data)
