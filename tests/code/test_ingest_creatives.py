from __future__ import annotations

import errno
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import fsspec
import numpy as np
import pytest

from adclick.adlog import AdLog
from adclick.errors import AdclickError
from adclick.images import decode_image
from adclick.ingest import image_unit
from adclick.ingest.image_files import groups_of
from adclick.ingest.image_unit import ImageFile
from tests.logs import (
    COLUMNS,
    IMAGES,
    Row,
    data_folder,
    encoded,
    good,
    ingested,
    picture,
    quarantined,
    schema_of,
)

SCHEMA = schema_of({**COLUMNS, **IMAGES})
SHAPE = (8, 10, 3)


def shown(number: int, ad: str, month: str = "2024-01", **changes: str) -> Row:
    return good(number, month, **{"ad": ad, "image": f"images/{ad}.jpg"} | changes)


def save(folder: Path, name: str, data: bytes) -> bytes:
    file = folder / "data" / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(data)
    return data


def log_of(folder: Path, *rows: Row) -> AdLog:
    return ingested(folder, {"2024-01": rows}, SCHEMA)


@pytest.fixture
def two_ads(tmp_path: Path) -> dict[str, bytes]:
    return {
        ad: save(tmp_path, f"2024-01/images/{ad}.jpg", encoded(picture(seed)))
        for seed, ad in enumerate(("a", "b"))
    }


def test_each_creative_is_kept_once(tmp_path: Path, two_ads: dict[str, bytes]) -> None:
    table = log_of(tmp_path, *(shown(i, "ab"[i % 2]) for i in range(6))).creatives()
    assert table is not None
    assert table.ids == ("a", "b")
    expected = [decode_image(data, SHAPE) for data in two_ads.values()]
    np.testing.assert_array_equal(table.images, expected)


def test_images_are_mapped_and_not_loaded(tmp_path: Path, two_ads: dict[str, bytes]) -> None:
    table = log_of(tmp_path, shown(0, "a")).creatives()
    assert table is not None
    assert isinstance(table.images, np.memmap)


def test_a_creative_of_a_later_month_may_point_to_an_earlier_ones_image(
    tmp_path: Path, two_ads: dict[str, bytes]
) -> None:
    later = shown(0, "a", "2024-02", image="../2024-01/images/a.jpg")
    log = ingested(tmp_path, {"2024-01": [shown(0, "a")], "2024-02": [later]}, SCHEMA)
    table = log.creatives()
    assert table is not None
    assert table.ids == ("a",)
    assert quarantined(log) == []


def test_only_shown_creatives_are_kept(tmp_path: Path, two_ads: dict[str, bytes]) -> None:
    table = log_of(tmp_path, shown(0, "b")).creatives()
    assert table is not None
    assert table.ids == ("b",)


def test_the_image_of_a_bad_row_is_not_asked_for(tmp_path: Path, two_ads: dict[str, bytes]) -> None:
    log = log_of(tmp_path, shown(0, "a"), shown(1, "gone", clicked="7"))
    assert [row["reason"] for row in quarantined(log)] == ["neither 0 nor 1"]


def test_the_first_path_of_a_creative_counts(tmp_path: Path, two_ads: dict[str, bytes]) -> None:
    log = ingested(
        tmp_path,
        {"2024-01": [shown(0, "a")], "2024-02": [shown(0, "a", "2024-02", image="gone.jpg")]},
        SCHEMA,
    )
    assert quarantined(log) == []


def test_spaces_around_a_path_do_not_count(tmp_path: Path, two_ads: dict[str, bytes]) -> None:
    assert quarantined(log_of(tmp_path, shown(0, "a", image=" images/a.jpg "))) == []


@pytest.mark.parametrize(
    "path", ["gone.jpg", "images", "images/a.jpg/b", "x" * 300, "a\0b", "no/such/folder.jpg"]
)
def test_a_path_without_an_image_is_a_reason(
    tmp_path: Path, two_ads: dict[str, bytes], path: str
) -> None:
    log = log_of(tmp_path, shown(0, "b"), shown(1, "a", image=path))
    assert [row["reason"] for row in quarantined(log)] == ["image file does not exist"]


BAD_IMAGES = {
    "empty": b"",
    "text": b"<html>not found</html>",
    "truncated": encoded(picture(5, 200, 100))[:2000],
    "tiny": encoded(picture(5, 4, 4)),
}


@pytest.mark.parametrize("name", BAD_IMAGES)
def test_all_rows_of_a_creative_with_a_bad_image_are_quarantined(
    tmp_path: Path, two_ads: dict[str, bytes], name: str
) -> None:
    save(tmp_path, "2024-01/images/c.jpg", BAD_IMAGES[name])
    log = log_of(tmp_path, shown(0, "a"), shown(1, "c"), shown(2, "b"), shown(3, "c"))
    assert [row["line"] for row in quarantined(log)] == [3, 5]
    assert all(row["column"] == "image" for row in quarantined(log))
    table = log.creatives()
    assert table is not None
    assert table.ids == ("a", "b")


def test_a_month_without_any_usable_image_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(AdclickError, match=r"month 2024-01 is empty.*image file does not exist"):
        log_of(tmp_path, shown(0, "a"), shown(1, "b"))


@pytest.mark.parametrize("mode", ["L", "CMYK"])
def test_other_colour_models_are_kept(tmp_path: Path, mode: str) -> None:
    save(tmp_path, "2024-01/images/a.jpg", encoded(picture(1, mode=mode)))
    assert quarantined(log_of(tmp_path, shown(0, "a"))) == []


def test_a_row_finds_its_image_by_id(tmp_path: Path, two_ads: dict[str, bytes]) -> None:
    log = log_of(tmp_path, shown(0, "b"), shown(1, "a"), shown(2, "b"))
    table = log.creatives()
    assert table is not None
    ids = log.table(log.everything()).column("ad").combine_chunks()
    assert [table.ids[row] for row in table.index(ids)] == ["b", "a", "b"]


def test_two_files_of_a_month_share_their_creatives(
    tmp_path: Path, two_ads: dict[str, bytes]
) -> None:
    schema = schema_of({**COLUMNS, **IMAGES}, rows="{month}/*.csv")
    data_folder(tmp_path / "data", {"2024-01": [shown(0, "a")]})
    rows = (tmp_path / "data/2024-01/rows.csv").read_bytes()
    save(tmp_path, "2024-01/more.csv", rows.replace(b"i0", b"i1"))
    table = ingested(tmp_path, {}, schema).creatives()
    assert table is not None
    assert table.ids == ("a",)


def test_images_may_lie_anywhere(tmp_path: Path, two_ads: dict[str, bytes]) -> None:
    elsewhere = tmp_path / "else where"
    elsewhere.mkdir()
    (elsewhere / "c#1.jpg").write_bytes(two_ads["a"])
    fsspec.filesystem("memory").pipe_file("/creatives/d.jpg", two_ads["b"])
    with served(elsewhere) as address:
        log = log_of(
            tmp_path,
            shown(0, "a"),
            shown(1, "c", image=f"{elsewhere}/c#1.jpg"),
            shown(2, "d", image="memory://creatives/d.jpg"),
            shown(3, "e", image=f"{address}/c%231.jpg"),
            shown(4, "f", image=f"{address}/gone.jpg"),
            shown(5, "g", image="memory://creatives/gone.jpg"),
            shown(6, "h", image="unheard-of://creatives/h.jpg"),
        )
    table = log.creatives()
    assert table is not None
    assert sorted(table.ids) == ["a", "c", "d", "e"]
    assert [(row["line"], row["reason"]) for row in quarantined(log)] == [
        (line, "image file does not exist") for line in (6, 7, 8)
    ]


@contextmanager
def served(folder: Path) -> Iterator[str]:
    handler = partial(SimpleHTTPRequestHandler, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_one_more_creative_changes_one_group(tmp_path: Path) -> None:
    images = [
        ImageFile(creative=f"c{i}", uri=f"file:///{i}", size=9, version="1") for i in range(5_000)
    ]
    groups, more = groups_of(images[1:]), groups_of(images)
    assert sorted(image.creative for group in more for image in group) == sorted(
        image.creative for image in images
    )
    assert len(set(more) - set(groups)) == 1
    assert all(len(group) < 1_000 for group in more)


def test_a_disk_that_fails_is_no_bad_row(
    tmp_path: Path, two_ads: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(*_: object, **__: object) -> bytes:
        raise OSError(errno.EIO, "input/output error")

    monkeypatch.setattr(type(fsspec.filesystem("file")), "cat", failing)
    with pytest.raises(OSError, match="input/output error"):
        log_of(tmp_path, shown(0, "a"))


def test_of_a_file_that_is_too_large_nothing_is_read(
    tmp_path: Path, two_ads: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    with (tmp_path / "data/2024-01/images/huge.jpg").open("wb") as file:
        file.truncate(10 * 1024**3)
    log = log_of(tmp_path, shown(0, "a"), shown(1, "huge"))
    (row,) = quarantined(log)
    assert row["reason"] == "image too large: 10,737,418,240 bytes, at most 33,554,432 are read"


def test_few_bytes_of_images_are_held_at_once(
    tmp_path: Path, two_ads: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(image_unit, "BYTES_AT_ONCE", 1)
    monkeypatch.setattr(image_unit, "_fetch", one_by_one := Counted(image_unit._fetch))
    table = log_of(tmp_path, shown(0, "a"), shown(1, "b")).creatives()
    assert table is not None
    assert table.ids == ("a", "b")
    assert one_by_one.sizes == [1, 1, 0]


class Counted:
    """A function of a sequence that notes the lengths of what it was given."""

    def __init__(self, function: Callable[[Sequence[ImageFile]], object]) -> None:
        self.sizes: list[int] = []
        self._function = function

    def __call__(self, images: Sequence[ImageFile]) -> object:
        self.sizes.append(len(images))
        return self._function(images)
