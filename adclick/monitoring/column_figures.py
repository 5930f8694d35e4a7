"""What moved in the columns: distributions, values that come and go, cells that are empty."""

from __future__ import annotations

from collections.abc import Iterator

from adclick.monitoring.cells import column_cells
from adclick.monitoring.checks import DriftChecks
from adclick.monitoring.distance import Distance, Measure, distance
from adclick.monitoring.distribution import Numbers, Values
from adclick.monitoring.figure import Figure
from adclick.monitoring.names import IMAGE, SCORE
from adclick.monitoring.profile import Profile
from adclick.monitoring.verdict import Check
from adclick.statistics.chance import same_share

# rows other than the one value, where none came: chance once in 500 million columns
EXPECTED = 20
NEARLY_ALL = 0.95
NAMED = 3
WORDS: dict[Measure, str] = {
    "psi": "PSI {:.2f}",
    "jensen-shannon": "Jensen-Shannon distance {:.2f}",
    "wasserstein": "moved {:.2f} sd",
}


def column_figures(reference: Profile, current: Profile, checks: DriftChecks) -> Iterator[Figure]:
    """All figures on the columns of the reference; a column that vanished has one alone."""
    for column in reference.columns:
        if (gone := _vanished(reference, current, column)) is not None:
            yield Figure("vanished column", column, 1.0, NEARLY_ALL, gone, structural=True)
            continue
        yield from _missing(reference, current, column, checks)
        if column in reference.values:
            yield from _new_values(reference, current, column, checks)
            yield from _vanished_values(reference, current, column, checks)
        measure, bound = checks.measure_of(column, column in reference.numbers)
        cells = column_cells(reference, current, column, measure)
        found = distance(cells, measure) if cells else Distance(0.0, 0.0, 0.0)
        reason = f"{WORDS[measure].format(found.value)}; {_moved(reference, current, column)}"
        if column.startswith(IMAGE) and found.surely and found.value > checks.broken_image:
            reason += ": images are broken, or others altogether"
            yield Figure("broken images", column, found.value, checks.broken_image, reason)
            continue
        yield Figure(_check_of(column), column, found.value, bound, reason, found.surely)


def _check_of(column: str) -> Check:
    if column == SCORE:
        return "score"
    return "image" if column.startswith(IMAGE) else "drift"


def drifted_columns(figures: list[tuple[str, bool]], checks: DriftChecks) -> Figure | None:
    """The share of columns that drifted, of columns and whether they did."""
    if not figures:
        return None
    drifted = [column for column, ok in figures if not ok]
    share = len(drifted) / len(figures)
    names = f": {', '.join(drifted)}" if drifted else ""
    reason = f"{len(drifted)} of {len(figures)} columns drifted{names}"
    # at least two: one of three columns is no change of the world
    sure = len(drifted) > 1 or len(figures) == 1
    return Figure(
        "drifted columns", None, share, checks.drifted_share, reason, sure, structural=True
    )


def _vanished(reference: Profile, current: Profile, column: str) -> str | None:
    """Why the column says nothing any more, though it did in the reference."""
    before, after = reference.missing.get(column, 0.0), current.missing.get(column, 0.0)
    if column not in current.columns or (after >= NEARLY_ALL and before < NEARLY_ALL):
        return f"{after:.0%} of cells are empty, before {before:.0%}"
    only = _only_value(current, column)
    most = _largest_share(reference, column)
    if only is None or (1 - most) * current.independent(column) < EXPECTED:
        return None
    return f"{only} throughout; before, {1 - most:.0%} of values were others"


def _only_value(profile: Profile, column: str) -> str | None:
    if column in profile.numbers:
        places, _ = profile.numbers[column].cells
        return f"{places[0]:g}" if len(places) == 1 else None
    values = profile.values[column]
    return repr(next(iter(values.counts))[:40]) if values.distinct == 1 else None


def _largest_share(profile: Profile, column: str) -> float:
    of_column: Values | Numbers
    of_column = profile.numbers[column] if column in profile.numbers else profile.values[column]
    return max(of_column.counts.values()) / of_column.total


def _missing(
    reference: Profile, current: Profile, column: str, checks: DriftChecks
) -> Iterator[Figure]:
    before, after = reference.missing.get(column, 0.0), current.missing.get(column, 0.0)
    if before or after:
        sure = not same_share(
            before, after, reference.independent(column), current.independent(column)
        )
        reason = f"{before:.1%} -> {after:.1%} of cells are empty"
        yield Figure("missing", column, after - before, checks.missing_share, reason, sure)


def _new_values(
    reference: Profile, current: Profile, column: str, checks: DriftChecks
) -> Iterator[Figure]:
    """Where the reference's values are all listed; of too many to list nobody knows."""
    known, values = reference.values[column], current.values[column]
    if known.distinct > len(known.counts):
        return
    new = {value: count for value, count in values.counts.items() if value not in known.counts}
    share = sum(new.values()) / values.total
    unseen = _unseen_share(known, reference.independent(column))
    sure = not same_share(unseen, share, reference.independent(column), current.independent(column))
    if share:
        reason = f"{share:.1%} of impressions have values that are new: {_named(new, values)}"
        figure = max(share - unseen, 0.0)
        yield Figure("new values", column, figure, checks.new_share, reason, sure)


def _unseen_share(values: Values, independent: float) -> float:
    """Share of values that chance kept out: that of those drawn once (Good, Biometrika, 1953)."""
    once = values.total / max(independent, 1.0)
    return sum(count for count in values.counts.values() if count <= once) / values.total


def _vanished_values(
    reference: Profile, current: Profile, column: str, checks: DriftChecks
) -> Iterator[Figure]:
    """The largest value that is not there any more, whatever the smaller ones do."""
    values, left = reference.values[column], current.values[column]
    if left.distinct > len(left.counts):
        return
    gone = {value: count for value, count in values.counts.items() if value not in left.counts}
    if gone:
        largest = max(gone.values()) / values.total
        expected = largest * current.independent(column)
        reason = f"values that are gone, with their former share: {_named(gone, values)}"
        yield Figure(
            "vanished values", column, largest, checks.vanished_share, reason, expected >= EXPECTED
        )


def _named(counts: dict[str, int], values: Values) -> str:
    most = sorted(counts, key=lambda value: (-counts[value], value))
    named = ", ".join(
        f"{value[:40]!r} {counts[value] / values.total:.1%}" for value in most[:NAMED]
    )
    return named + (f" and {len(most) - NAMED} more" if len(most) > NAMED else "")


def _moved(reference: Profile, current: Profile, column: str) -> str:
    if column in reference.numbers:
        old, new = (_median(profile.numbers[column]) for profile in (reference, current))
        return f"median {old:.4g} -> {new:.4g}"
    before, after = reference.values[column], current.values[column]
    moves = {
        value: after.counts.get(value, 0) / after.total - before.counts.get(value, 0) / before.total
        for value in sorted({*before.counts, *after.counts})
    }
    most = max(moves, key=lambda value: abs(moves[value]))
    old, new = (side.counts.get(most, 0) / side.total for side in (before, after))
    return f"most: {most[:40]} {old:.1%} -> {new:.1%}"


def _median(numbers: Numbers) -> float:
    places, shown = numbers.cells
    return float(places[(shown.cumsum() >= shown.sum() / 2).argmax()])
