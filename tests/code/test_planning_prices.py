"""The price table: what it gives for an hour, and what is wrong with one in a line."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adclick.errors import AdclickError
from adclick.planning.plan import PRICES
from adclick.planning.prices import Prices, load_prices
from adclick.resources import StepResources

REPOSITORY = Path(__file__).parents[2]
PRICED = load_prices(REPOSITORY / PRICES / "gcp.yaml")


@given(st.integers(1, 63), st.booleans())
def test_more_workers_cost_more_an_hour(workers: int, spot: bool) -> None:
    def hourly(count: int) -> float:
        resources = StepResources(machine="n1-standard-8", workers=count, spot=spot, retries=1)
        price = PRICED.hourly("us-central1", resources)
        assert isinstance(price, float)
        return price

    assert hourly(workers + 1) > hourly(workers)
    assert hourly(workers) == pytest.approx(workers * hourly(1))


def test_prices_are_those_of_the_page_that_was_read() -> None:
    """One price of Vertex AI's own page, which the rule in the table's head has to give."""
    bare = PRICED.regions["us-central1"].model_copy(
        update={
            "disk_gb_month": PRICED.regions["us-central1"].disk_gb_month.model_copy(
                update={"price": 0.0}
            )
        }
    )
    prices = PRICED.model_copy(update={"regions": {"us-central1": bare}})
    price = prices.hourly("us-central1", StepResources(machine="n1-standard-4"))
    assert price == pytest.approx(0.21849885, rel=1e-4)


def test_a_spot_machine_pays_the_fee_of_an_on_demand_one() -> None:
    machine = PRICED.regions["us-central1"].machines.types["n1-standard-4"]
    assert machine.of(spot=True, fee=0.15) == pytest.approx(0.05223 + 0.15 * 0.19)
    assert machine.of(spot=False, fee=0.15) == pytest.approx(1.15 * 0.19)


def test_a_type_without_a_spot_price_has_none() -> None:
    prices = PRICED.model_dump(by_alias=True)
    prices["regions"]["us-central1"]["machines"]["types"]["n1-standard-8"]["spot"] = None
    resources = StepResources(machine="n1-standard-8", spot=True, retries=1)
    found = Prices.model_validate(prices).hourly("us-central1", resources)
    assert found == ("n1-standard-8 spot",)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("share: 0.15", "share: -1", r"service_fee\.share"),
        ("source: bill}", "source: hearsay}", "source hearsay is not among"),
        ("low: 1,", "low: 9,", "not in order"),
        ("cpus: 4,", "cores: 4,", "Field required"),
        ("currency: USD", "currency: [", "is no YAML"),
    ],
)
def test_a_wrong_price_table_is_refused_with_its_place(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    text = (REPOSITORY / PRICES / "gcp.yaml").read_text(encoding="utf-8")
    (tmp_path / "mine.yaml").write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(AdclickError, match=rf"mine\.yaml.*{message}"):
        load_prices(tmp_path / "mine.yaml")
