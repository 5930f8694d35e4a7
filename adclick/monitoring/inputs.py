"""Which months are monitored."""

from __future__ import annotations

from adclick.adlog import AdLog
from adclick.errors import AdclickError
from adclick.scoring.source import of_months


def monitored_months(log: AdLog, learned: AdLog, months: str) -> AdLog:
    """The log with these months of it alone, to be compared with the one the champion learned from.

    Months before the champion's first are left out: that it does badly on what was before its time
    asks for nothing. Raises AdclickError where months are not there or none is left, or where they
    lack a column that the champion learned.
    """
    schema = log.ad_schema
    if missing := [name for name in learned.ad_schema.features if name not in schema.columns]:
        raise AdclickError(
            f"schema {schema.name}: there is no column {missing[0]!r}, which the champion learned: "
            "monitor months that have it, or train anew without it"
        )
    chosen = of_months(log, months)
    first = learned.month_names[0]
    kept = tuple(month for month in chosen.months if month.month >= first)
    if not kept:
        raise AdclickError(
            f"{chosen.month_names[-1]} is before {first}, the first month that the champion was "
            "trained on: monitor later months"
        )
    return chosen.model_copy(update={"months": kept})
