"""The page of what monitoring compares with."""

from __future__ import annotations

from collections.abc import Iterator

from adclick.monitoring.distribution import Numbers, Values
from adclick.monitoring.profile import Profile
from adclick.monitoring.reference import Reference
from adclick.views.html import render, table
from adclick.views.text import count, percent, shortened, significant

MOST_VALUES = 5


def reference_page(reference: Reference) -> str:
    """HTML that shows the training months' columns, and how far months usually differ."""
    whole = reference.whole
    performance = reference.tested
    return render(
        "reference.html.j2",
        whole=whole,
        months=len(reference.months),
        columns=table(
            ("column", "what it holds", "independent draws", "usual drift"),
            list(_columns(whole, reference)),
            text_columns=2,
        ),
        performance=performance
        and table(
            ("metric", "value", "from", "to"),
            [
                (name.replace("_", " "), *map(significant, (one.value, one.low, one.high)))
                for name, one in performance.metrics.items()
            ],
        ),
        tested=performance and performance.impressions,
    )


def _columns(whole: Profile, reference: Reference) -> Iterator[tuple[str, ...]]:
    for name in whole.columns:
        usual = max(
            (x for key, x in reference.usual.items() if key in (f"drift/{name}", f"image/{name}")),
            default=None,
        )
        column = whole.values[name] if name in whole.values else whole.numbers[name]
        yield (
            shortened(name, 40),
            _values(column) if isinstance(column, Values) else _numbers(column),
            count(round(whole.independent(name))),
            significant(usual) if usual is not None else "",
        )


def _values(values: Values) -> str:
    frequent = sorted(values.counts, key=lambda value: (-values.counts[value], value))
    shown = [f"{shortened(v, 24)} {percent(values.counts[v] / values.total)}" for v in frequent]
    return ", ".join(shown[:MOST_VALUES]) + (", …" if values.distinct > MOST_VALUES else "")


def _numbers(numbers: Numbers) -> str:
    return f"mean {significant(numbers.mean)}, deviation {significant(numbers.deviation)}"
