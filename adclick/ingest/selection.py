"""Which months are wanted: `2026-07`, `2026-07:2026-09`, `2026-07:`, `latest:3` or `all`."""

from __future__ import annotations

import re
from collections.abc import Iterable

from adclick.errors import AdclickError

ALL = "all"
MONTH = re.compile(r"\d{4}-(0[1-9]|1[0-2])")
_ONE = MONTH.pattern
_FORM = re.compile(rf"all|latest:[1-9]\d*|{_ONE}|{_ONE}:|:{_ONE}|{_ONE}:{_ONE}")
FORMS = "give a month as 2026-07, a range as 2026-07:2026-09 or 2026-07:, latest:3, or all"


def check_selection(selection: str) -> str:
    """The selection itself; raises AdclickError for one of another form."""
    first, _, last = selection.partition(":")
    if not _FORM.fullmatch(selection) or (first != "latest" and last and first > last):
        raise AdclickError(f"months {selection!r}: {FORMS}")
    return selection


def select_months(selection: str, there: Iterable[str]) -> tuple[str, ...]:
    """The months wanted out of those that are there, oldest first.

    Raises AdclickError for a selection of another form, and when one of the months wanted is not
    there, between others too: a run on less than was asked for would go unnoticed.
    """
    known = sorted(set(there))
    first, colon, last = check_selection(selection).partition(":")
    if selection == ALL or not known:
        return tuple(known)
    if first == "latest":
        wanted = known[-int(last) :]
        missing = int(last) > len(known)
    else:
        wanted = _from_to(first or known[0], last or (known[-1] if colon else first))
        missing = not wanted or not set(wanted) <= set(known)
    if missing:
        raise AdclickError(f"months {selection!r} are not all there; there are {', '.join(known)}")
    return tuple(wanted)


def _from_to(first: str, last: str) -> list[str]:
    """All months from the first to the last; none where the last comes before the first."""
    begin, end = (int(name[:4]) * 12 + int(name[5:]) - 1 for name in (first, last))
    return [f"{month // 12:04}-{month % 12 + 1:02}" for month in range(begin, end + 1)]
