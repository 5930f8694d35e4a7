"""Times in a TensorFlow graph: a strptime pattern as regular expressions, and the calendar."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import tensorflow as tf

from adclick.encoding.requests import format_time
from adclick.errors import AdclickError

ISO = r"(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::\d{2}(?:[.,]\d+)?)?(Z|[+-]\d{2}:\d{2})?)?"
ISO_GROUPS = {"Y": 1, "m": 2, "d": 3, "H": 4, "M": 5, "z": 6}
# what a directive matches; of these a time is made, others cannot be said in a graph
DIRECTIVES = {
    "Y": r"(\d{4})",
    "y": r"(\d{2})",
    "m": r"(1[0-2]|0[1-9]|[1-9])",
    "d": r"(3[01]|[12]\d|0[1-9]|[1-9])",
    "H": r"(2[0-3]|[01]\d|\d)",
    "M": r"([0-5]\d|\d)",
    "S": r"(6[01]|[0-5]\d|\d)",
    "f": r"(\d{1,6})",
    "z": r"([+-]\d{2}:?[0-5]\d|Z)",
}
MONTH_DAYS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
# what Python takes for space
WIDE = r"\x{85}\x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}"
AROUND = rf"^[\t-\r\x1c-\x20{WIDE}]+|[\t-\r\x1c-\x20{WIDE}]+$"
DAYS_TO_1970 = 719_468  # from the first of March of the year 0


def pattern_of(time_format: str) -> tuple[str, dict[str, int]]:
    """A regular expression (RE2) for times of a format, and the group of each directive.

    Raises AdclickError for a format with words in it, which a graph cannot read.
    """
    if time_format == "iso":
        return ISO, ISO_GROUPS
    pattern = ""
    groups: dict[str, int] = {}
    for part in re.findall(r"%.|[^%]+", time_format):
        if part == "%%":
            pattern += "%"
        elif part[0] != "%":
            pattern += re.escape(part)
        elif part[1] not in DIRECTIVES:
            raise AdclickError(
                f"times of the format {time_format!r} cannot be read in a graph: {part} is none of "
                f"%{', %'.join(DIRECTIVES)}; export to another runtime"
            )
        else:
            groups[part[1]] = len(groups) + 1
            pattern += DIRECTIVES[part[1]]
    return pattern, groups


def hours_since_1970(texts: tf.Tensor, time_format: str, name: str) -> tf.Tensor:
    """Whole hours since 1970 in UTC, int64 (n,), of texts (n,).

    An assertion in the graph fails, with the column's name, for what is no time of the format.
    """
    pattern, groups = pattern_of(time_format)
    texts = trimmed(texts)
    matching = tf.strings.regex_full_match(texts, pattern)
    # of other texts no number could be made, and that would be said instead
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    texts = tf.where(matching, texts, str(format_time(epoch, time_format)))
    _assert(matching, f"column {name} is no time of the format {time_format}")

    def group(directive: str, default: int) -> tf.Tensor:
        if directive not in groups:
            return tf.fill(tf.shape(texts), tf.constant(default, tf.int64))
        digits = tf.strings.regex_replace(texts, pattern, rf"\{groups[directive]}")
        return tf.strings.to_number(tf.where(digits == "", str(default), digits), tf.int64)

    year = group("Y", 1970)
    if "y" in groups:
        short = group("y", 70)
        year = short + tf.where(short < 69, tf.constant(2000, tf.int64), 1900)
    month, day = group("m", 1), group("d", 1)
    leap = (year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0))
    lengths = tf.gather(tf.constant(MONTH_DAYS, tf.int64), tf.clip_by_value(month, 1, 12) - 1)
    lengths += tf.cast(leap & (month == 2), tf.int64)
    real = (year >= 1) & (month >= 1) & (month <= 12) & (day >= 1) & (day <= lengths)
    hour, minute = group("H", 0), group("M", 0)
    real &= (hour < 24) & (minute < 60)
    _assert(real, f"column {name} is no day of the calendar")
    minutes = _days(year, month, day) * 1440 + hour * 60 + minute
    if "z" in groups:
        minutes -= _offset(tf.strings.regex_replace(texts, pattern, rf"\{groups['z']}"))
    return tf.math.floordiv(minutes, 60)


def trimmed(texts: tf.Tensor) -> tf.Tensor:
    """Texts (n,) without spaces around."""
    return tf.strings.regex_replace(texts, AROUND, "")


def _days(year: tf.Tensor, month: tf.Tensor, day: tf.Tensor) -> tf.Tensor:
    """Days since 1970, counted in years that begin in March (Hinnant, days_from_civil, 2013)."""
    year = tf.where(month <= 2, year - 1, year)
    era = tf.math.floordiv(year, 400)
    of_era = year - era * 400
    of_year = tf.math.floordiv(153 * ((month + 9) % 12) + 2, 5) + day - 1
    days = of_era * 365 + tf.math.floordiv(of_era, 4) - tf.math.floordiv(of_era, 100) + of_year
    return era * 146_097 + days - DAYS_TO_1970


def _offset(zones: tf.Tensor) -> tf.Tensor:
    """Minutes east of UTC, of texts such as +05:30, Z or none."""
    digits = tf.strings.regex_replace(zones, "[^0-9]", "")
    given = tf.strings.length(digits) >= 4
    digits = tf.where(given, digits, "0000")
    hours = tf.strings.to_number(tf.strings.substr(digits, 0, 2), tf.int64)
    minutes = tf.strings.to_number(tf.strings.substr(digits, 2, 2), tf.int64)
    west = tf.strings.substr(tf.where(given, zones, "+"), 0, 1) == "-"
    return tf.where(west, tf.constant(-1, tf.int64), 1) * (hours * 60 + minutes)


def _assert(holds: tf.Tensor, message: str) -> None:
    tf.debugging.Assert(tf.reduce_all(holds), [message])
