"""Choosing months: by name, range or age; one that is not there is never passed over."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adclick.config import load_config
from adclick.errors import AdclickError
from adclick.ingest.selection import select_months
from adclick.ingest.sources import find_source
from tests.logs import data_folder, good, schema_of

THERE = ("2025-11", "2025-12", "2026-01", "2026-02")


@pytest.mark.parametrize(
    ("selection", "wanted"),
    [
        ("all", THERE),
        ("2025-12", ("2025-12",)),
        ("2025-12:2026-01", ("2025-12", "2026-01")),
        ("2025-12:2025-12", ("2025-12",)),
        ("2025-12:", ("2025-12", "2026-01", "2026-02")),
        (":2025-12", ("2025-11", "2025-12")),
        ("latest:1", ("2026-02",)),
        ("latest:4", THERE),
    ],
)
def test_months_are_chosen(selection: str, wanted: tuple[str, ...]) -> None:
    assert select_months(selection, reversed(THERE)) == wanted


@pytest.mark.parametrize(
    "selection",
    ["2026-03", "2025-10:2025-12", "2026-01:2026-03", "2026-03:", ":2025-10", "latest:5"],
)
def test_a_month_that_is_not_there_is_an_error(selection: str) -> None:
    with pytest.raises(AdclickError, match=f"'{selection}' are not all there; there are"):
        select_months(selection, THERE)


def test_a_gap_in_a_range_is_an_error() -> None:
    with pytest.raises(AdclickError, match="not all there; there are 2025-11, 2026-01"):
        select_months("2025-11:2026-01", ["2025-11", "2026-01"])


@pytest.mark.parametrize(
    "selection", ["", ":", "2026-13", "2026-1", "latest:0", "latest:", "latest", "2026-02:2026-01"]
)
def test_another_form_is_refused_with_those_there_are(selection: str) -> None:
    with pytest.raises(AdclickError, match=f"months '{selection}': give a month as 2026-07"):
        select_months(selection, THERE)


months = st.builds("{:04}-{:02}".format, st.integers(2000, 2030), st.integers(1, 12))


@given(st.sets(months, min_size=1), st.data())
def test_what_is_chosen_is_there_and_in_order(there: set[str], data: st.DataObject) -> None:
    count = data.draw(st.integers(1, len(there)))
    chosen = select_months(f"latest:{count}", there)
    assert chosen == tuple(sorted(there))[-count:]
    assert select_months(chosen[0], there) == chosen[:1]


def test_only_files_of_the_chosen_months_are_found(tmp_path: Path) -> None:
    data_folder(tmp_path, {month: [good()] for month in ("2024-01", "2024-02", "2024-03")})
    (tmp_path / "2023-12").mkdir()
    found = find_source(str(tmp_path), schema_of(rows="{month}/rows.csv"), "2024-02:")
    assert [file.month for file in found.files] == ["2024-02", "2024-03"]
    with pytest.raises(AdclickError, match="month 2023-12 is empty"):
        find_source(str(tmp_path), schema_of(rows="{month}/rows.csv"), "2023-12:")


def test_files_without_months_cannot_be_chosen_by_month(tmp_path: Path) -> None:
    data_folder(tmp_path, {"2024-01": [good()]})
    with pytest.raises(AdclickError, match=r"'latest:1': files are chosen by month, and `rows` of"):
        find_source(str(tmp_path), schema_of(rows="*/rows.csv"), "latest:1")


def test_a_configuration_says_which_months(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("months: latest:3", encoding="utf-8")
    assert load_config(tmp_path / "mine.yaml").months == "latest:3"
    (tmp_path / "mine.yaml").write_text("months: last:3", encoding="utf-8")
    with pytest.raises(AdclickError, match=r"mine.yaml: months: .*give a month as 2026-07"):
        load_config(tmp_path / "mine.yaml")
