"""The page of an ad log: what came in, what was kept, and how the months differ."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from markupsafe import Markup

from adclick.adlog import AdLog, Month
from adclick.views.charts import bar_chart, line_chart
from adclick.views.contact_sheet import contact_sheet
from adclick.views.html import render, table
from adclick.views.text import count, percent, shortened, size

MOST_REASONS = 20
MOST_SOURCES = 50
MOST_UNDECLARED = 50


def adlog_page(log: AdLog) -> str:
    """HTML that shows whether the log is fit to learn from: counts, click rate, quarantine.

    Reads the images of a few creatives from the log's files, and nothing else.
    """
    rows_in = sum(month.rows_in for month in log.months)
    quarantined = sum(month.rows_quarantined for month in log.months)
    impressions = sum(month.impressions for month in log.months)
    clicks = sum(month.clicks for month in log.months)
    return render(
        "adlog.html.j2",
        log=log,
        rows_in=rows_in,
        rows_kept=rows_in - quarantined,
        rows_quarantined=quarantined,
        bad_share=quarantined / rows_in,
        impressions=impressions,
        clicks=clicks,
        click_rate=clicks / impressions,
        months=_months(log.months),
        impressions_chart=bar_chart(
            "Impressions by month", log.month_names, [month.impressions for month in log.months]
        ),
        click_rate_chart=line_chart(
            "Click rate by month",
            log.month_names,
            [month.click_rate for month in log.months],
            as_percent=True,
            from_zero=True,
        ),
        reasons=_reasons(log.months, rows_in),
        defaults=_defaults(log.months, rows_in),
        undeclared=_listed(log.undeclared_columns),
        sheet=contact_sheet(log),
        sources=_sources(log),
    )


def _months(months: Iterable[Month]) -> Markup:
    heads = (
        "month",
        "rows in",
        "kept",
        "quarantined",
        "bad share",
        "impressions",
        "clicks",
        "click rate",
    )
    rows = [
        (
            month.month,
            count(month.rows_in),
            count(month.rows_kept),
            count(month.rows_quarantined),
            percent(month.bad_share),
            count(month.impressions),
            count(month.clicks),
            percent(month.click_rate),
        )
        for month in months
    ]
    return table(heads, rows)


def _reasons(months: Iterable[Month], rows_in: int) -> Markup:
    rows: Counter[str] = Counter()
    for month in months:
        rows.update(month.reasons)
    return _counted("reason", rows, rows_in, MOST_REASONS)


def _defaults(months: Iterable[Month], rows_in: int) -> Markup | None:
    rows: Counter[str] = Counter()
    for month in months:
        rows.update(month.defaults)
    return _counted("column", rows, rows_in, MOST_REASONS) if rows else None


def _counted(head: str, counter: Counter[str], rows_in: int, most: int) -> Markup:
    rows = [
        (shortened(name, 160), count(found), percent(found / rows_in))
        for name, found in counter.most_common()
    ]
    return table((head, "rows", "of rows in"), rows, most=most)


def _listed(names: tuple[str, ...]) -> str:
    listed = ", ".join(shortened(name, 40) for name in names[:MOST_UNDECLARED])
    more = len(names) - MOST_UNDECLARED
    return f"{listed} and {more:,} more" if more > 0 else listed


def _sources(log: AdLog) -> Markup:
    rows = [
        (shortened(source.uri, 160), source.month or "by time", size(source.size))
        for source in log.sources
    ]
    total = size(sum(source.size for source in log.sources))
    heads = (f"file ({len(log.sources):,})", "month", f"size ({total} in all)")
    return table(heads, rows, text_columns=2, most=MOST_SOURCES)
