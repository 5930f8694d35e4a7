"""Which months are monitored, and what they must have in common with what was learned."""

from __future__ import annotations

from pathlib import Path

import pytest

from adclick.errors import AdclickError
from adclick.ingest.ingest import ingest
from adclick.ingest.sources import find_source
from adclick.monitoring.inputs import monitored_months
from adclick.schema import load_schema
from tests.e2e.shops import COLUMNS, write_months, write_schema


def test_months_are_chosen_and_must_have_the_columns_that_were_learned(tmp_path: Path) -> None:
    schema = load_schema(write_schema(tmp_path))
    data = write_months(tmp_path / "data", ["2024-01", "2024-02", "2024-03"], rows=20)
    log = ingest(find_source(str(data), schema), schema, str(tmp_path / "store"))
    assert monitored_months(log, log, "all") == log
    assert monitored_months(log, log, "latest:2").month_names == ("2024-02", "2024-03")
    with pytest.raises(AdclickError, match="2024-04"):
        monitored_months(log, log, "2024-04")
    less = {name: column for name, column in COLUMNS.items() if name != "weather"}
    narrow = load_schema(write_schema(tmp_path, name="narrow", columns=less))
    with pytest.raises(AdclickError, match="schema narrow: there is no column 'weather'"):
        monitored_months(log.model_copy(update={"ad_schema": narrow}), log, "all")


def test_months_before_the_champion_s_time_ask_for_nothing(tmp_path: Path) -> None:
    schema = load_schema(write_schema(tmp_path))
    data = write_months(tmp_path / "data", ["2024-01", "2024-02", "2024-03"], rows=20)
    log = ingest(find_source(str(data), schema), schema, str(tmp_path / "store"))
    learned = log.model_copy(update={"months": log.months[1:2]})
    assert monitored_months(log, learned, "all").month_names == ("2024-02", "2024-03")
    with pytest.raises(AdclickError, match="2024-01 is before 2024-02, the first month"):
        monitored_months(log, learned, "2024-01")
