"""Which columns say whether an impression was clicked, or how many of them were."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from adclick.arrays import Array, Float64
from adclick.columns import ClicksColumn, ImpressionsColumn, LabelColumn
from adclick.errors import AdclickError
from adclick.numbers import parse_numbers
from adclick.schema_inference.guess import Guess, ignored
from adclick.schema_inference.sample import Sample
from adclick.schema_inference.seen import NEARLY_ALL, Seen

CLICK_WORDS = {"click", "clicks", "clicked", "clk"}
LABEL_WORDS = {"label", "target", "y"}
IMPRESSION_WORDS = {"impressions", "imps", "impression", "views", "shows", "displays", "shown"}
RATE_WORDS = {"ctr", "rate"}
FEWEST_ROWS = 100  # that show what goes along with a click
MOST_LEAKING_VALUES = 20


def guess_outcome(sample: Sample, columns: Sequence[Seen], uri: str) -> dict[str, Guess]:
    """The label, or clicks and impressions: whole numbers that never are more than the impressions.

    Raises AdclickError when there is neither, or several may be it.
    """
    if found := _aggregated(sample, columns):
        shown, clicked = found
        both = f"at most {clicked.numbers.max():,.0f} of {shown.numbers.max():,.0f} in a row"
        return {
            shown.name: Guess(ImpressionsColumn(role="impressions"), "impressions of a row"),
            clicked.name: Guess(ClicksColumn(role="clicks"), f"clicks of a row, {both}"),
        }
    label = _label(columns, uri)
    clicks = label.share(label.numbers == 1)
    return {label.name: Guess(LabelColumn(role="label"), f"{clicks:.2%} of the rows are clicked")}


def guess_leaks(
    sample: Sample, columns: Sequence[Seen], outcome: dict[str, Guess]
) -> dict[str, Guess]:
    """Columns that are known only once there was a click, to be kept from the model."""
    leaks = {}
    clicked = clicks_of(sample, outcome) > 0
    for seen in columns:
        if seen.words & RATE_WORDS and seen.words & (CLICK_WORDS | {"ctr"}):
            leaks[seen.name] = ignored("a click rate, which is what is to be predicted")
        elif 0 < seen.empty < seen.rows and len(clicked) >= FEWEST_ROWS:
            filled = np.asarray(sample.cells.column(seen.name).to_numpy() != "")
            if (filled == clicked).mean() >= 1 - 1e-3:
                leaks[seen.name] = ignored(
                    "filled where there was a click: it would tell the label"
                )
        elif _tells(sample, seen, clicked):
            leaks[seen.name] = ignored(
                "each value has only clicks or none: it would tell the label"
            )
    return leaks


def clicks_of(sample: Sample, outcome: dict[str, Guess]) -> Float64:
    """Clicks of each row (n,), NaN where they are no number."""
    name = next(n for n, g in outcome.items() if g.column.role in ("label", "clicks"))
    return parse_numbers(sample.cells.column(name).combine_chunks())


def _tells(sample: Sample, seen: Seen, clicked: Array) -> bool:
    if not 2 <= seen.distinct <= MOST_LEAKING_VALUES or clicked.sum() < FEWEST_ROWS:
        return False
    cells = sample.cells.column(seen.name).to_numpy()
    shares = [clicked[cells == value].mean() for value in seen.values.to_pylist()]
    return all(share in (0, 1) for share in shares) and len(set(shares)) == 2


def _aggregated(sample: Sample, columns: Sequence[Seen]) -> tuple[Seen, Seen] | None:
    counts = [seen for seen in columns if seen.nearly_all(seen.numbers >= 0) and seen.whole]
    shown = [
        seen
        for seen in counts
        if seen.words & IMPRESSION_WORDS and "id" not in seen.words and (seen.numbers > 1).any()
    ]
    clicked = [seen for seen in counts if seen.words & CLICK_WORDS and "id" not in seen.words]
    for whole in shown:
        for part in clicked:
            if whole is not part and _part_of(sample, part, whole):
                return whole, part
    return None


def _part_of(sample: Sample, part: Seen, whole: Seen) -> bool:
    few, many = (
        parse_numbers(sample.cells.column(seen.name).combine_chunks()) for seen in (part, whole)
    )
    return bool(((few <= many) & (many >= 1)).mean() >= NEARLY_ALL)


def _label(columns: Sequence[Seen], uri: str) -> Seen:
    binary = [seen for seen in columns if seen.nearly_all(np.isin(seen.numbers, (0, 1)))]
    named = [seen for seen in binary if seen.words & CLICK_WORDS] or [
        seen for seen in binary if seen.words & LABEL_WORDS
    ]
    both = [seen for seen in binary if (seen.numbers == 0).any() and (seen.numbers == 1).any()]
    if len(candidates := named or both) == 1:
        return candidates[0]
    raise AdclickError(f"{uri}: {_problem(columns, candidates)}")


def _problem(columns: Sequence[Seen], candidates: Sequence[Seen]) -> str:
    if candidates:
        names = ", ".join(repr(seen.name) for seen in candidates)
        return (
            f"columns {names} hold 0 and 1: name the one that says whether it was clicked `click`"
        )
    words = CLICK_WORDS | LABEL_WORDS
    held = [f"{s.name!r} holds {s.examples()}" for s in columns if s.words & words and s.distinct]
    what = "no column can be the label: write 1 where an impression was clicked and 0 where not, or"
    told = f" (column {held[0]})" if held else ""
    return f"{what} whole numbers in columns `impressions` and `clicks`{told}"
