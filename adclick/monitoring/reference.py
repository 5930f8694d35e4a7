"""What periods are compared with: the champion's training months, and how much those differ."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Self

from pydantic import BaseModel, ConfigDict

from adclick.errors import AdclickError
from adclick.monitoring.checks import DriftChecks
from adclick.monitoring.click_figures import click_figures
from adclick.monitoring.clicks import Clicks
from adclick.monitoring.column_figures import column_figures
from adclick.monitoring.figure import Figure
from adclick.monitoring.images import ImageBasis
from adclick.monitoring.performance import Performance
from adclick.monitoring.profile import Profile, by_period, merged

FEWEST_MONTHS = 3  # two differ by one figure, of which nobody knows whether it is a usual one


class Reference(BaseModel):
    """The profiles of training months, and how the model did on the rows that it was tested on.

    `usual` is the most that one of the training months surely differs by from the others, by
    figure. `clicks` are those of training and test months: what was shown last is clicked most like
    what is shown next. `asked` is the profile of the test rows as requests, with the scores that
    they get, `basis` is what embeddings of creatives are compared along.

    Small, whatever the number of rows: kept with the model version that learned from them.
    """

    model_config = ConfigDict(frozen=True)

    months: tuple[Profile, ...]
    usual: dict[str, float]
    clicks: Clicks | None
    tested: Performance | None = None
    asked: Profile | None = None
    basis: ImageBasis | None = None

    @cached_property
    def whole(self) -> Profile:
        """All months together."""
        return merged(self.months)

    @classmethod
    def of(
        cls, months: Sequence[Profile], checks: DriftChecks, tested_on: Sequence[Profile] = ()
    ) -> Self:
        """The reference of these training and test months; raises AdclickError without training."""
        if not months:
            raise AdclickError("monitoring: there is no training month to compare with")
        months = by_period(months)
        usual: defaultdict[str, float] = defaultdict(float)
        if len(months) >= FEWEST_MONTHS:
            for number, month in enumerate(months):
                others = merged([*months[:number], *months[number + 1 :]])
                for figure in profile_figures(others, month, others.clicks, checks):
                    if figure.sure:
                        usual[figure.key] = max(usual[figure.key], figure.value)
        clicks = merged([*months, *by_period(tested_on)]).clicks
        return cls(months=months, usual=dict(usual), clicks=clicks)


def profile_figures(
    reference: Profile, current: Profile, clicks: Clicks | None, checks: DriftChecks
) -> Iterator[Figure]:
    """The figures on columns, and those against `clicks` where the current rows have labels."""
    yield from column_figures(reference, current, checks)
    if clicks is not None and current.clicks is not None:
        yield from click_figures(clicks, current.clicks, checks)
