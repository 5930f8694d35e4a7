from __future__ import annotations

import csv
import io
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pydantic import ValidationError

from adclick.errors import AdclickError
from adclick.sample_data import generate as generating
from adclick.sample_data.creatives import ADVERTISERS, Creatives, draw_creatives
from adclick.sample_data.defects import COLUMNS, ROW_KINDS, TRUNCATED_IMAGE, spoil
from adclick.sample_data.generate import SampleData, generate
from adclick.sample_data.options import SampleOptions
from adclick.sample_data.render import encode_jpeg, render
from adclick.schema import load_schema

OPTIONS = SampleOptions(months=4, impressions=6_000, creatives_per_month=12, defect_share=0.008)
SCHEMA = load_schema(Path(__file__).parents[2] / "configs/schemas/sample.yaml")

Row = dict[str, str]


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> SampleData:
    return generate(OPTIONS, tmp_path_factory.mktemp("made") / "sample")


def lines_of(sample: SampleData, month: str) -> list[list[str]]:
    with (sample.data / month / "impressions.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.reader(file))


def table(path: Path) -> list[Row]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def tree(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def flaws(cells: list[str], month: str, seen: set[str], folder: Path) -> list[str]:
    """What is wrong with a row, found without looking at how it was made."""
    if len(cells) != len(COLUMNS):
        return ["missing_cell"]
    row = dict(zip(COLUMNS, cells, strict=True))
    found = {
        "label_not_0_or_1": row["clicked"] not in ("0", "1"),
        "empty_site": not row["site"],
        "bid_not_a_number": not row["bid"].replace(".", "").isdigit(),
        "negative_frequency": row["frequency"].startswith("-"),
        "time_outside_month": not row["time"].startswith(month),
        "duplicate_id": row["impression_id"] in seen,
        "device_not_allowed": row["device"] not in ("desktop", "mobile", "tablet"),
        "unknown_creative": not (folder / row["image"]).is_file(),
    }
    return [kind for kind, wrong in found.items() if wrong]


def test_columns_are_the_schemas(sample: SampleData) -> None:
    assert tuple(SCHEMA.columns) == COLUMNS
    for month in sample.months:
        assert SCHEMA.rows.format(month=month) == f"{month}/impressions.csv"
        assert tuple(lines_of(sample, month)[0]) == COLUMNS


def test_every_month_has_its_rows_and_truth(sample: SampleData) -> None:
    assert sample.months == ("2026-01", "2026-02", "2026-03", "2026-04")
    for month in sample.months:
        ids = [row[0] for row in lines_of(sample, month)[1:]]
        truth = table(sample.truth / f"{month}.csv")
        assert len(ids) == len(truth) == 1_500
        assert set(ids) <= {row["impression_id"] for row in truth}
        assert list(truth[0]) == ["impression_id", "p", "p_without_image"]


def test_rows_are_in_order_of_time(sample: SampleData) -> None:
    for month in sample.months:
        rows = lines_of(sample, month)[1:]
        times = [row[1] for row in rows if row[1].startswith(month)]
        assert times == sorted(times)
        assert times[0][:10] == f"{month}-01"
        assert len(times) > 1_480


def test_rows_beyond_the_first_months_remainder_are_shared_out() -> None:
    options = SampleOptions(months=4, impressions=1_003)
    assert [options.rows_in(month) for month in range(4)] == [251, 251, 251, 250]


def test_each_creative_has_one_jpeg_in_the_month_of_its_birth(sample: SampleData) -> None:
    creatives = table(sample.truth / "creatives.csv")
    files = sorted(str(path.relative_to(sample.data)) for path in sample.data.rglob("*.jpg"))
    assert len(files) == 4 * 12
    assert files == sorted(f"{row['born']}/images/{row['creative_id']}.jpg" for row in creatives)


def test_images_are_named_from_the_folder_of_the_csv(sample: SampleData) -> None:
    born = {row["creative_id"]: row["born"] for row in table(sample.truth / "creatives.csv")}
    reached_back = 0
    for month in sample.months:
        for row in lines_of(sample, month)[1:]:
            creative, image = row[3], row[4]
            if creative in born:
                inside = f"images/{creative}.jpg"
                earlier = born[creative] != month
                assert image == (f"../{born[creative]}/{inside}" if earlier else inside)
                reached_back += earlier
    assert reached_back > 1_000


def test_jpegs_are_300_by_250_but_for_the_truncated_one(sample: SampleData) -> None:
    broken = []
    for path in sorted(sample.data.rglob("*.jpg")):
        with Image.open(path) as image:
            assert (image.format, image.size, image.mode) == ("JPEG", (300, 250), "RGB")
            try:
                image.load()
            except OSError:
                broken.append(str(path.relative_to(sample.data)))
    listed = table(sample.truth / "defects.csv")
    assert broken == [row["file"] for row in listed if row["kind"] == TRUNCATED_IMAGE]
    assert len(broken) == 1


def test_defects_are_those_listed_and_no_others(sample: SampleData) -> None:
    listed = Counter(
        (row["file"], row["impression_id"], row["kind"])
        for row in table(sample.truth / "defects.csv")
        if row["kind"] != TRUNCATED_IMAGE
    )
    found: Counter[tuple[str, str, str]] = Counter()
    for month in sample.months:
        seen: set[str] = set()
        for cells in lines_of(sample, month)[1:]:
            for kind in flaws(cells, month, seen, sample.data / month):
                found[f"{month}/impressions.csv", cells[0], kind] += 1
            seen.add(cells[0])
    assert found == listed
    kinds = Counter(kind for _, _, kind in listed)
    assert set(kinds) == set(ROW_KINDS)
    assert kinds.total() == 4 * 12
    assert max(kinds.values()) - min(kinds.values()) <= 1


def test_a_spoilt_row_follows_a_sound_one() -> None:
    """Else a duplicate could repeat the id of a row that is rejected itself."""
    n = 50_000
    clean = [f"{i},2026-01-01T00:00:00".encode() + b",x" * 14 for i in range(n)]
    sound = np.random.default_rng(0).random(n) < 0.5
    lines = list(clean)
    options = SampleOptions(months=4, impressions=4 * n, defect_share=0.01)
    defects = spoil(lines, sound, options, 0, start=0, file="f")
    spoilt = np.flatnonzero([a != b for a, b in zip(lines, clean, strict=True)])
    assert len(defects) == len(spoilt) == 500
    assert sound[spoilt].all()
    assert sound[spoilt - 1].all()
    assert not np.isin(spoilt - 1, spoilt).any()


@pytest.mark.parametrize("creatives", [10, 80])
def test_bad_rows_stay_below_the_schemas_bound(tmp_path: Path, creatives: int) -> None:
    options = SampleOptions(
        months=4, impressions=8_000, creatives_per_month=creatives, defect_share=0.01
    )
    sample = generate(options, tmp_path / "sample")
    defects = table(sample.truth / "defects.csv")
    for month in sample.months:
        rows = lines_of(sample, month)[1:]
        bad = sum(row["file"] == f"{month}/impressions.csv" for row in defects)
        blind = sum("c000000.jpg" in row[4] for row in rows)
        assert (bad + blind) / len(rows) < SCHEMA.max_bad_share
        assert blind > 0 or month != "2026-01"


def test_without_a_defect_share_nothing_is_wrong(tmp_path: Path) -> None:
    options = SampleOptions(months=4, impressions=400, creatives_per_month=10, defect_share=0)
    sample = generate(options, tmp_path / "sample")
    assert table(sample.truth / "defects.csv") == []
    for path in sample.data.rglob("*.jpg"):
        Image.open(path).load()


def test_a_few_users_give_no_age(sample: SampleData) -> None:
    age = COLUMNS.index("age")
    ages = [row[age] for month in sample.months for row in lines_of(sample, month)[1:]]
    assert 0.02 < ages.count("") / len(ages) < 0.04
    assert "None" not in ages


def test_truth_is_never_in_the_data(sample: SampleData) -> None:
    for path in sample.data.rglob("*"):
        assert path.is_dir() or path.suffix == ".jpg" or path.name == "impressions.csv"
    p = {row["p"] for row in table(sample.truth / "2026-02.csv")}
    assert not p & {cell for row in lines_of(sample, "2026-02") for cell in row}


def test_the_same_options_give_the_same_bytes(sample: SampleData, tmp_path: Path) -> None:
    again = generate(OPTIONS, tmp_path / "again")
    assert tree(again.folder) == tree(sample.folder)


@pytest.mark.parametrize("change", [{"seed": 1}, {"rule_seed": 1}])
def test_each_seed_matters(sample: SampleData, tmp_path: Path, change: dict[str, int]) -> None:
    other = generate(OPTIONS.model_copy(update=change), tmp_path / "other")
    assert tree(other.data).keys() == tree(sample.data).keys()
    assert lines_of(other, "2026-01") != lines_of(sample, "2026-01")


def test_months_do_not_depend_on_later_ones(sample: SampleData, tmp_path: Path) -> None:
    more = OPTIONS.model_copy(update={"months": 5, "impressions": 7_500})
    longer = generate(more, tmp_path / "longer")
    before, after = tree(sample.folder), tree(longer.folder)
    months = [name for name in before if "2026-0" in name]
    assert len(months) == 4 + 4 + 48
    assert {name: before[name] for name in months} == {name: after[name] for name in months}


def test_big_months_are_written_in_chunks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generating, "CHUNK", 100)
    options = SampleOptions(months=4, impressions=1_000, creatives_per_month=10, defect_share=0)
    sample = generate(options, tmp_path / "sample")
    rows = lines_of(sample, "2026-03")[1:]
    assert len({row[0] for row in rows}) == len(rows) == 250
    assert [row[1] for row in rows] == sorted(row[1] for row in rows)
    assert len({tuple(row[5:]) for row in rows}) == 250
    assert [row[0] for row in rows] == [
        r["impression_id"] for r in table(sample.truth / "2026-03.csv")
    ]


def test_a_finished_sample_is_returned_without_work(
    sample: SampleData, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: object) -> None:
        raise AssertionError("made it again")

    monkeypatch.setattr(generating, "_write", never)
    assert generate(OPTIONS, sample.folder) == sample


def test_another_sample_is_not_overwritten(sample: SampleData) -> None:
    before = tree(sample.folder)
    other = OPTIONS.model_copy(update={"seed": 7})
    with pytest.raises(AdclickError, match=f"{sample.folder} holds a sample .* remove it or name"):
        generate(other, sample.folder)
    assert tree(sample.folder) == before


def test_a_folder_of_something_else_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("all I have")
    with pytest.raises(AdclickError, match="holds something else: remove it or name"):
        generate(OPTIONS, tmp_path)
    assert tree(tmp_path) == {"thesis.txt": b"all I have"}


def test_a_stopped_run_leaves_no_sample_and_the_next_one_cleans_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object) -> bytes:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(generating, "encode_jpeg", killed)
        generate(OPTIONS, tmp_path / "sample")
    assert not (tmp_path / "sample").exists()
    assert any(tmp_path.iterdir())
    generate(OPTIONS, tmp_path / "sample")
    assert [path.name for path in tmp_path.iterdir()] == ["sample"]


def test_two_runs_at_once_make_one_sample(sample: SampleData, tmp_path: Path) -> None:
    with ThreadPoolExecutor(2) as pool:
        made = list(pool.map(generate, [OPTIONS, OPTIONS], [tmp_path / "sample"] * 2))
    assert made[0] == made[1]
    assert tree(made[0].folder) == tree(sample.folder)


@pytest.mark.parametrize(
    "wrong",
    [
        {"months": 3},
        {"first_month": "2026-13"},
        {"impressions": 599},
        {"defect_share": 0.02},
        {"colour": "red"},
    ],
)
def test_options_that_cannot_work_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError, match=next(iter(wrong))):
        SampleOptions.model_validate(wrong)


def plain_ads(count: int = 12, **looks: float) -> Creatives:
    """Ads that differ in advertiser and layout, with nothing but what `looks` names."""
    rng = np.random.default_rng(3)
    advertiser = np.arange(count) % len(ADVERTISERS)
    ads = draw_creatives(rng, np.zeros((len(ADVERTISERS), 9)), advertiser)
    plain = {"clutter": 0, "words": 1, "face": 0, "badge": 0, "contrast": 0.5, **looks}
    return replace(ads, **{name: np.full(count, value) for name, value in plain.items()})


def pixels(ads: Creatives) -> np.ndarray:
    """What a model would see: float array (k, 250, 300, 3) of decoded JPEGs."""
    files = [encode_jpeg(render(ads, index)) for index in range(len(ads))]
    return np.stack([np.asarray(Image.open(io.BytesIO(file)), np.float64) for file in files])


def changed(first: Creatives, second: Creatives) -> np.ndarray:
    """How many pixels of each ad clearly differ, (k,)."""
    return (np.abs(pixels(first) - pixels(second)).max(axis=3) > 40).sum(axis=(1, 2))


def test_a_larger_product_covers_more_of_the_picture() -> None:
    small = plain_ads(product_size=0.0)
    area = [changed(small, plain_ads(product_size=size)) for size in (0.3, 0.6, 0.9)]
    assert (area[0] > 500).all()
    assert (area[1] > 1.5 * area[0]).all()
    assert (area[2] > 1.3 * area[1]).all()


def test_each_piece_of_clutter_shows() -> None:
    none = plain_ads(clutter=0)
    areas = [changed(none, plain_ads(clutter=count)).mean() for count in (2, 5, 9)]
    assert areas[0] > 300
    assert areas[1] > areas[0] + 400
    assert areas[2] > areas[1] + 500


def test_a_badge_is_a_patch_of_red_and_yellow() -> None:
    def reddish(ads: Creatives) -> np.ndarray:
        return (np.abs(pixels(ads) - (214, 24, 36)).max(axis=3) < 30).sum(axis=(1, 2))

    assert (reddish(plain_ads(badge=1)) > reddish(plain_ads(badge=0)) + 900).all()


def test_a_face_and_more_words_show() -> None:
    assert (changed(plain_ads(face=0), plain_ads(face=1)) > 1_500).all()
    more = [changed(plain_ads(words=1), plain_ads(words=words)).mean() for words in (3, 5, 8)]
    assert more[0] > 100
    assert more[1] > more[0] + 100
    assert more[2] > more[1] + 100


def test_contrast_sets_the_button_off_from_its_surroundings() -> None:
    def distance(contrast: float) -> np.ndarray:
        pictures = pixels(plain_ads(contrast=contrast, product_size=0.2))
        # The button's lower edge, free of letters, against the background just below it.
        edges = []
        for left in (8, 158):
            button = pictures[:, 234:238, left + 20 : left + 110].mean(axis=(1, 2))
            beside = pictures[:, 243:247, left + 20 : left + 110].mean(axis=(1, 2))
            edges.append(np.abs(button - beside).sum(axis=1))
        return np.max(edges, axis=0)

    faint, clear = distance(0.1), distance(0.9)
    assert (clear > 1.5 * faint).all()


def test_warm_colours_are_redder_and_dark_ones_darker() -> None:
    def corner(**looks: float) -> np.ndarray:
        return pixels(plain_ads(**looks))[:, 2:6, 145:155].mean(axis=(1, 2))

    warm, cold = corner(warmth=0.9, saturation=0.8), corner(warmth=0.1, saturation=0.8)
    assert (warm[:, 0] - warm[:, 2] > cold[:, 0] - cold[:, 2] + 50).all()
    assert (corner(darkness=0.1).max(axis=1) > corner(darkness=0.9).max(axis=1) + 80).all()
    vivid, grey = corner(saturation=0.9), corner(saturation=0.1)
    assert (np.ptp(vivid, axis=1) > np.ptp(grey, axis=1) + 50).all()
