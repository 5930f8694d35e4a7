"""What is unusual about a column of a month."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from adclick.statistics.anomaly import AnomalyOptions, Check
from adclick.statistics.chance import same_share
from adclick.statistics.distance import column_distance, value_shares
from adclick.statistics.month import ColumnStatistics, MonthStatistics, ValuesOfColumn

EXPECTED = 10  # rows other than the one value, where none came: chance once in 22,000 months
NAMED = 3


@dataclass(frozen=True)
class Change:
    """How far one figure of a column moved, and how far it may; `what` says it in words.

    `beyond` says that the change is past the bound, and not by chance. `by_usual` says that only
    what the column does in other months can tell whether the figure is unusual.
    """

    check: Check
    figure: float
    bound: float
    beyond: bool
    what: str
    by_usual: bool = False


def vanished(before: MonthStatistics, after: MonthStatistics, name: str) -> str | None:
    """Why the column says nothing any more, though it did before; None where it still does."""
    earlier, column = before.columns[name], after.columns[name]
    if column.defaults == after.rows:
        given = 1 - earlier.defaults / before.rows
        if given * after.rows >= EXPECTED:
            return f"every cell is empty; {given:.1%} were given in {before.month}"
    only = _only_value(column)
    if only is not None and _other_share(earlier, before) * after.independent(name) >= EXPECTED:
        return f"{only} throughout; {_other_share(earlier, before):.1%} differed in {before.month}"
    return None


def missing_rise(
    before: MonthStatistics, after: MonthStatistics, name: str, options: AnomalyOptions
) -> str | None:
    """How much more of the column is empty than before; None where it is within its bound."""
    share, now = (month.columns[name].missing / month.rows_in for month in (before, after))
    by_chance = same_share(share, now, before.rows_in, after.rows_in)
    if now - share <= options.missing_rise or by_chance:
        return None
    bound = f"a rise of more than {options.missing_rise:.1%}"
    return f"{now:.1%} of cells empty after {share:.1%}: {bound}"


def changes(
    before: MonthStatistics, after: MonthStatistics, name: str, options: AnomalyOptions
) -> Iterator[Change]:
    """The column's new values, vanished values and distance between two months.

    Nothing of creatives, which are made to come and go.
    """
    if name == after.creative:
        return
    pair = [month.columns[name] for month in (before, after)]
    few = all(not _many(column, options.few_values) for column in pair)
    if name in after.text and few:
        yield _values_apart("new values", before, after, name, options.new_share)
        yield _values_apart("vanished values", after, before, name, options.vanished_share)
    distance = column_distance(before, after, name)
    beyond = distance.value > max(options.distance, distance.by_chance)
    what = f"distance {distance.value:.2f} from {before.month}, {_moved(before, after, name)}"
    yield Change("distribution", distance.value, options.distance, beyond, what, not few)


def _values_apart(
    check: Check, without: MonthStatistics, having: MonthStatistics, name: str, bound: float
) -> Change:
    known = set(without.text[name].values)
    shares = value_shares(having.text[name], having.impressions)
    apart = {value: share for value, share in shares.items() if value not in known}
    share = sum(apart.values())
    unseen = _unseen_share(without, name)
    by_chance = same_share(unseen, share, without.independent(name), having.independent(name))
    named = ", ".join(f"{value[:40]!r} {part:.1%}" for value, part in list(apart.items())[:NAMED])
    what = f"{share:.1%} of {having.month}'s impressions have values that {without.month} lacks"
    beyond = share - unseen > bound and not by_chance
    return Change(check, share, bound, beyond, f"{what} ({named})")


def _unseen_share(month: MonthStatistics, name: str) -> float:
    """Share of impressions of values that chance kept out of a month: that of those drawn once.

    Source: Good, The population frequencies of species, 1953.
    """
    one = month.impressions / month.independent(name)
    counts = month.text[name].impressions
    return sum(count for count in counts if count <= one) / month.impressions


def _many(column: ColumnStatistics, few: int) -> bool:
    return isinstance(column, ValuesOfColumn) and column.distinct > few


def _only_value(column: ColumnStatistics) -> str | None:
    if isinstance(column, ValuesOfColumn):
        return repr(column.values[0][:40]) if column.distinct == 1 else None
    return f"{column.least:g}" if column.least == column.most else None


def _other_share(column: ColumnStatistics, month: MonthStatistics) -> float:
    most: Sequence[int] = (
        column.impressions if isinstance(column, ValuesOfColumn) else column.counts
    )
    return 1 - max(most) / month.impressions


def _moved(before: MonthStatistics, after: MonthStatistics, name: str) -> str:
    if name in after.numeric:
        median = len(after.numeric[name].quantiles) // 2
        old, new = (month.numeric[name].quantiles[median] for month in (before, after))
        return f"median {new:.4g} after {old:.4g}"
    old_shares, new_shares = (value_shares(m.text[name], m.impressions) for m in (before, after))
    move = {
        value: abs(new_shares.get(value, 0) - old_shares.get(value, 0))
        for value in {**old_shares, **new_shares}
    }
    most = max(move, key=lambda value: move[value])
    shares = f"{new_shares.get(most, 0):.1%} after {old_shares.get(most, 0):.1%}"
    return f"most {most[:40]!r}: {shares}"
