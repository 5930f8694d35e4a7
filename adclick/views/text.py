"""Numbers and values as a reader sees them: with their unit, and never endless."""

from __future__ import annotations

import math

NO_NUMBER = "n/a"
MINUS = "−"
UNITS = ("B", "kB", "MB", "GB", "TB")


def number(value: float, digits: int) -> str:
    """The value with so many decimals, thousands apart; n/a where it is no finite number."""
    if not math.isfinite(value):
        return NO_NUMBER
    # what rounds to 0 has no sign
    return f"{round(value, digits) + 0.0:,.{digits}f}".replace("-", MINUS)


def signed(value: float, digits: int) -> str:
    """A difference: as `number`, and always with its sign."""
    if not math.isfinite(value):
        return NO_NUMBER
    return f"{value:+,.{digits}f}".replace("-", MINUS)


def significant(value: float) -> str:
    """The value with four significant digits or all whole ones, for numbers of unknown size."""
    if 1_000 <= abs(value) < 1e12:
        return number(value, 0)
    return f"{value:.4g}".replace("-", MINUS)


def count(value: int) -> str:
    """A whole number, thousands apart."""
    return number(value, 0)


def percent(share: float) -> str:
    """A share of 1 in percent with two decimals."""
    shown = number(100 * share, 2)
    return shown if shown == NO_NUMBER else f"{shown} %"


def size(count_of_bytes: int) -> str:
    """A file's size in the unit in which it is below 1,000."""
    value, unit = float(count_of_bytes), 0
    while value >= 999.95 and unit < len(UNITS) - 1:
        value, unit = value / 1000, unit + 1
    return f"{number(value, 1 if unit else 0)} {UNITS[unit]}"


def shortened(text: str, most: int = 80) -> str:
    """The text, or its beginning and an ellipsis: no value of somebody's data fills a page."""
    return text if len(text) <= most else f"{text[: most - 1]}…"
