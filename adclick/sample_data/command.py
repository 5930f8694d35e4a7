"""Making a sample ad log of a wanted size, for people to look at and to try things on."""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from adclick.errors import AdclickError
from adclick.sample_data.generate import SampleData, generate
from adclick.sample_data.options import SampleOptions
from adclick.schema import describe


def make_sample(impressions: int | None, months: str | None, out: Path) -> SampleData:
    """The sample of so many impressions and months at `out`; None means the default.

    Raises AdclickError where a number is none, or out of range.
    """
    wanted = {"impressions": impressions, "months": months}
    given = {name: value for name, value in wanted.items() if value is not None}
    try:
        options = SampleOptions.model_validate(given)
    except ValidationError as error:
        raise AdclickError(f"sample data: {describe(error)}") from error
    return generate(options, out)
