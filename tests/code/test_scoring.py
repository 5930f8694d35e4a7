"""Batch scoring: the same scores as requests get, every row counted, new creatives embedded."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from adclick.bundle.bundle import ServingBundle
from adclick.bundle.scorer import Scorer
from adclick.encoding.candidate import parse_candidates
from adclick.errors import AdclickError
from adclick.images import decode_image
from adclick.ingest.ingest import ingest
from adclick.ingest.sources import find_source
from adclick.schema import Schema
from adclick.scoring import new_creatives
from adclick.scoring.score import score_log
from adclick.scoring.scores import Scores
from adclick.scoring.source import check_declared, find_rows
from tests.bundles import CREATIVES, tiny_bundle, tiny_schema
from tests.logs import encoded, files_of, picture
from tests.scored import MONTHS, cells, schema, with_pictures, write

pytestmark = pytest.mark.filterwarnings("error")


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> ServingBundle:
    return tiny_bundle(tmp_path_factory.mktemp("bundle") / "v1")


@pytest.fixture(scope="module")
def without_images(tmp_path_factory: pytest.TempPathFactory) -> ServingBundle:
    return tiny_bundle(tmp_path_factory.mktemp("bundle") / "v1", images=False)


def scored(
    data: Path, bundle: ServingBundle, to: Path, settings: Schema | None = None, **how: Any
) -> Scores:
    settings = settings or schema()
    rows = find_rows(str(data), settings)
    return score_log(rows, bundle, str(to), "tiny", settings.max_bad_share, **how)


def table(scores: Scores) -> list[dict[str, Any]]:
    batches = list(scores.batches())
    return pa.Table.from_batches(batches).to_pylist() if batches else []


def unscored(scores: Scores) -> list[dict[str, Any]]:
    return [
        row
        for month in scores.months
        if month.unscored
        for row in pq.read_table(f"{scores.root}/{month.unscored}").to_pylist()
    ]


def asked(bundle: ServingBundle, rows: Sequence[dict[str, str]]) -> list[float]:
    """What requests for the same rows are answered."""
    numbers = set(bundle.schema.numeric)
    requests = [
        {
            name: (None if row[name] == "" else float(row[name]) if name in numbers else row[name])
            for name in bundle.schema.features
        }
        for row in rows
    ]
    return list(Scorer(bundle).score(parse_candidates(bundle.schema, requests)).tolist())


def test_rows_get_the_scores_of_requests_for_them(bundle: ServingBundle, tmp_path: Path) -> None:
    rows = [
        cells(number, site=("news", "blog", "sport")[number % 3], device=("", "phone")[number % 2])
        | ({"price": ""} if number % 5 == 0 else {})
        for number in range(500)
    ]
    found = table(scored(write(tmp_path / "data", rows), bundle, tmp_path / "scores"))
    assert [row["impression"] for row in found] == [f"i{number}" for number in range(500)]
    assert [row["_score"] for row in found] == pytest.approx(asked(bundle, rows), abs=1e-7)
    assert {row["_model_version"] for row in found} == {"v1"}
    assert {row["_creative"] for row in found} == {"known"}


def test_creatives_that_are_ids_alone_are_known_or_not(
    without_images: ServingBundle, tmp_path: Path
) -> None:
    rows = [cells(0), cells(1, creative="new"), cells(2, creative="")]
    settings = Schema.model_validate({**tiny_schema(images=False).model_dump(), **MONTHS})
    data = write(tmp_path / "data", rows)
    found = table(scored(data, without_images, tmp_path / "scores", settings))
    assert [row["_creative"] for row in found] == ["known", "unknown", "unknown"]
    assert [row["_score"] for row in found] == pytest.approx(asked(without_images, rows), abs=1e-7)


def test_every_row_has_a_score_or_a_reason(bundle: ServingBundle, tmp_path: Path) -> None:
    bad = {
        "age: above 120": cells(1, age=121),
        "age: empty": cells(2, age=""),
        "device: not allowed": cells(3, device="fridge"),
        "shown_at: no time of the format iso": cells(4, shown_at="yesterday"),
        "impression: empty": cells(5, impression=""),
        "score: no finite number": cells(6, score="1e39"),
    }
    rows = [cells(0), *bad.values(), cells(7)]
    data = write(tmp_path / "data", rows)
    with (data / "2024-05" / "0.csv").open("ab") as file:
        file.write(b"i8,too,few\n")
    scores = scored(data, bundle, tmp_path / "scores")
    (month,) = scores.months
    assert month.reasons == dict.fromkeys([*bad, "3 cells where the header has 9"], 1)
    assert (month.rows_in, month.rows_scored, month.rows_unscored) == (9, 2, 7)
    told = unscored(scores)
    assert [(row["line"], row["column"]) for row in told] == [
        *((line, reason.split(":")[0]) for line, reason in enumerate(bad, start=3)),
        (10, ""),
    ]
    assert {row["file"] for row in told} == {(data / "2024-05/0.csv").as_uri()}
    assert told[0]["text"].startswith("i1,") and told[-1]["text"] == "i8,too,few"
    assert [row["impression"] for row in table(scores)] == ["i0", "i7"]


def test_a_score_that_is_no_number_is_none(
    bundle: ServingBundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    score_batch = Scorer.score_batch

    def overflowing(*arguments: Any) -> Any:
        scores = score_batch(*arguments)
        scores[1] = float("nan")
        return scores

    monkeypatch.setattr(Scorer, "score_batch", overflowing)
    data = write(tmp_path / "data", [cells(0), cells(1), cells(2)])
    scores = scored(data, bundle, tmp_path / "scores")
    assert scores.months[0].reasons == {"its numbers are too large to be scored": 1}
    assert [row["impression"] for row in table(scores)] == ["i0", "i2"]
    (row,) = unscored(scores)
    assert row["line"] == 3 and row["text"].startswith("i1,")


def test_ids_that_come_twice_are_scored_twice(bundle: ServingBundle, tmp_path: Path) -> None:
    rows = [cells(0), cells(0), cells(0, age=50)]
    found = table(scored(write(tmp_path / "data", rows), bundle, tmp_path / "scores"))
    assert [row["impression"] for row in found] == ["i0"] * 3
    assert found[0]["_score"] == found[1]["_score"] != found[2]["_score"]


def test_small_units_give_the_same_scores_and_lines(bundle: ServingBundle, tmp_path: Path) -> None:
    rows = [
        cells(
            number, site='"a\nb"' if number % 7 == 0 else "news", age=500 if number % 11 == 0 else 5
        )
        for number in range(200)
    ]
    data = write(tmp_path / "data", rows, rows[:50])
    whole = scored(data, bundle, tmp_path / "whole")
    small = scored(data, bundle, tmp_path / "small", unit_bytes=700)
    assert len(small.months[0].files) > 10
    assert table(small) == table(whole)
    assert unscored(small) == unscored(whole)
    folder = Path(small.root) / small.months[0].folder
    kept = {f"{small.root}/{name}" for name in small.months[0].files}
    assert {str(path) for path in (folder / "scores").iterdir()} == kept


class Counted:
    """Counts which images are embedded."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.names: Counter[str] = Counter()
        images = new_creatives._images

        def counted(*arguments: Any) -> Any:
            for name, pixels in images(*arguments):
                self.names[Path(name).name] += 1
                yield name, pixels

        monkeypatch.setattr(new_creatives, "_images", counted)


@pytest.fixture
def embedded(monkeypatch: pytest.MonkeyPatch) -> Counted:
    return Counted(monkeypatch)


def test_new_creatives_are_embedded_once_and_scored_as_requests_with_their_image(
    bundle: ServingBundle, tmp_path: Path, embedded: Counted
) -> None:
    scores = scored(with_pictures(tmp_path / "data"), bundle, tmp_path / "s", unit_bytes=2_000)
    assert embedded.names == {"1.jpg": 1, "2.jpg": 1, "broken.jpg": 1}
    (month,) = scores.months
    assert month.images_embedded == 2
    assert month.creatives == {"known": 70, "new": 150, "unknown": 100}
    assert month.reasons == {
        "image: image file does not exist": 50,
        "image: unreadable image: no JPEG, PNG, WebP or GIF": 50,
    }
    found = {row["impression"]: row for row in table(scores)}
    scorer = Scorer(bundle)
    pixels = decode_image((tmp_path / "data/1.jpg").read_bytes(), (8, 8, 3))
    (embedding,) = scorer.embed(pixels[None])
    for number, kind in {1: "new", 6: "new", 3: "unknown", 7: "unknown", 1000: "known"}.items():
        request = {name: cells(number)[name] for name in bundle.schema.features}
        request |= {name: float(request[name]) for name in bundle.schema.numeric}
        request["creative"] = "ad-1" if kind == "known" else None
        if kind == "known":
            request["creative"] = CREATIVES[number % 3]
        row = parse_candidates(bundle.schema, [request])
        (score,) = scorer.score(row, {0: embedding} if kind == "new" else None)
        assert found[f"i{number}"]["_creative"] == kind
        assert found[f"i{number}"]["_score"] == pytest.approx(score, abs=1e-7)


def test_rows_whose_images_are_all_broken_have_that_as_reason(
    bundle: ServingBundle, tmp_path: Path
) -> None:
    data = write(tmp_path / "data", [cells(0), cells(1, creative="new", image="../a.jpg")])
    (data / "a.jpg").write_bytes(b"broken")
    (month,) = scored(data, bundle, tmp_path / "scores").months
    assert month.rows_scored == 1 and month.images_embedded == 0
    assert list(month.reasons) == ["image: unreadable image: no JPEG, PNG, WebP or GIF"]


def test_what_is_there_is_not_scored_again(
    bundle: ServingBundle, tmp_path: Path, embedded: Counted, monkeypatch: pytest.MonkeyPatch
) -> None:
    data, to = with_pictures(tmp_path / "data"), tmp_path / "scores"
    first = scored(data, bundle, to, unit_bytes=2_000)
    files = files_of(to)
    embedded.names.clear()
    monkeypatch.setattr(Scorer, "score_batch", None)
    assert scored(data, bundle, to, unit_bytes=2_000) == first
    assert files_of(to) == files
    assert not embedded.names


def test_an_image_that_changed_is_seen(bundle: ServingBundle, tmp_path: Path) -> None:
    data, to = with_pictures(tmp_path / "data"), tmp_path / "scores"
    before = {row["impression"]: row["_score"] for row in table(scored(data, bundle, to))}
    (data / "1.jpg").write_bytes(encoded(picture(7)))
    (data / "lost.jpg").write_bytes(encoded(picture(3)))
    os.utime(data / "1.jpg", (1, 1))
    scores = scored(data, bundle, to)
    after = {row["impression"]: row["_score"] for row in table(scores)}
    changed = {name for name, score in before.items() if after[name] != score}
    assert changed == {f"i{n}" for n in range(400) if n % 8 in (1, 6)}
    assert after.keys() - before.keys() == {f"i{n}" for n in range(400) if n % 8 == 5}
    assert "image: image file does not exist" not in scores.months[0].reasons


def test_an_ad_log_is_scored_like_the_files_that_it_is_made_of(
    bundle: ServingBundle, tmp_path: Path, embedded: Counted
) -> None:
    for number in range(4):
        (tmp_path / f"data/{number}.jpg").parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / f"data/{number}.jpg").write_bytes(encoded(picture(number)))
    ads = (*CREATIVES, "new")
    rows = [
        cells(n if n % 50 else 0, creative=ads[n % 4], image=f"../{n % 4}.jpg", clicked=n % 2)
        for n in range(300)
    ]
    data = write(tmp_path / "data", rows)
    settings = schema()
    log = ingest(find_source(str(data), settings), settings, str(tmp_path / "logs"))
    (manifest,) = Path(log.root).glob("logs/*.json")
    read = find_rows(str(manifest), settings)
    assert read == log
    of_log = scored(manifest, bundle, tmp_path / "of-log")
    assert embedded.names == {"new": 1}
    of_files = scored(data, bundle, tmp_path / "of-files")
    assert of_log.rows_in == of_log.rows_scored == log.months[0].rows_kept < 300
    assert of_log.months[0].creatives.keys() == {"known", "new"}
    by_id = {row["impression"]: row for row in table(of_files)}
    for row in table(of_log):
        assert row["_score"] == pytest.approx(by_id[row["impression"]]["_score"], abs=1e-7)
        assert row["_creative"] == by_id[row["impression"]]["_creative"]


def test_more_rows_without_a_score_than_the_schema_allows_are_an_error(
    bundle: ServingBundle, tmp_path: Path
) -> None:
    rows = [cells(number, age=500 if number < 3 else 5) for number in range(100)]
    data, strict = write(tmp_path / "data", rows), schema(max_bad_share=0.02)
    expected = r"month 2024-05: 3.0% of 100 rows have no score.*age: above 120 \(3\)"
    with pytest.raises(AdclickError, match=expected) as told:
        scored(data, bundle, tmp_path / "scores", strict)
    listed = str(told.value).rpartition("all are in ")[2]
    assert pq.read_table(listed).num_rows == 3
    (scores,) = (tmp_path / "scores/v1").glob("2024-05-*/scores/*.parquet")
    assert pq.ParquetFile(scores).metadata.num_rows == 97


def test_a_month_without_a_row_is_an_error(bundle: ServingBundle, tmp_path: Path) -> None:
    data = write(tmp_path / "data", [cells(0)])
    header = (data / "2024-05/0.csv").read_bytes().splitlines(keepends=True)[0]
    (data / "2024-05/0.csv").write_bytes(header)
    with pytest.raises(AdclickError, match=r"month 2024-05 of .*: no row below"):
        scored(data, bundle, tmp_path / "scores")


def test_a_file_that_lacks_a_feature_is_named(bundle: ServingBundle, tmp_path: Path) -> None:
    rows = [{name: text for name, text in cells(0).items() if name != "site"}]
    with pytest.raises(AdclickError, match=r"0\.csv has no column 'site'"):
        scored(write(tmp_path / "data", rows), bundle, tmp_path / "scores")


def test_neither_label_nor_image_columns_are_needed(bundle: ServingBundle, tmp_path: Path) -> None:
    rows = [{n: text for n, text in cells(0, creative="new").items() if n != "image"}]
    (row,) = table(scored(write(tmp_path / "data", rows), bundle, tmp_path / "scores"))
    assert row["_creative"] == "unknown"


@pytest.mark.parametrize(
    ("columns", "how"),
    [({"site": {"role": "ignored"}}, "otherwise"), ({"site": None}, "not")],
)
def test_a_schema_that_declares_a_feature_otherwise_is_refused(
    columns: dict[str, Any], how: str
) -> None:
    learned = tiny_schema()
    changed = {**learned.model_dump()["columns"], **columns}
    other = Schema.model_validate(
        {**learned.model_dump(), "columns": {n: c for n, c in changed.items() if c is not None}}
    )
    with pytest.raises(AdclickError, match=rf"column 'site' is {how} declared as version v1"):
        check_declared(other, learned, "v1")


@pytest.mark.parametrize("content", [None, b"{}", b"no JSON"])
def test_what_is_no_manifest_is_refused(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "log.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(AdclickError, match=r"log\.json (is no ad log's manifest|does not exist)"):
        find_rows(str(path), schema())
