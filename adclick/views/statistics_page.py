"""The page of a log's statistics: what is unusual first, then every column by month."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from adclick.statistics.anomaly import Anomaly
from adclick.statistics.log import LogStatistics, Validation
from adclick.statistics.month import MonthStatistics
from adclick.views.charts import bar_chart, line_chart
from adclick.views.columns import number_table, text_table
from adclick.views.html import render, table
from adclick.views.text import count, percent, shortened

MOST_MONTHS = 6
MOST_ANOMALIES = 50


def statistics_page(statistics: LogStatistics) -> str:
    """HTML that shows what is unusual about a log, and how its columns went month by month.

    Draws the newest MOST_MONTHS; columns with anomalies come first.
    """
    months = statistics.months[-MOST_MONTHS:]
    newest = months[-1]
    return render(
        "statistics.html.j2",
        name=statistics.name,
        all_months=statistics.months,
        newest=newest,
        unusual=_unusual(statistics.anomalies),
        months=_months(statistics.months),
        days=_days(newest),
        hours=_hours(newest),
        text=text_table(months, _ordered(tuple(newest.text), statistics.anomalies)),
        numeric=number_table(months, _ordered(tuple(newest.numeric), statistics.anomalies)),
    )


def validation_page(validation: Validation) -> str:
    """HTML that shows the warnings that a run went on in spite of."""
    return render("validation.html.j2", unusual=_unusual(validation.anomalies))


def _unusual(anomalies: Sequence[Anomaly]) -> Markup | None:
    if not anomalies:
        return None
    ordered = sorted(anomalies, key=lambda anomaly: anomaly.severity)
    rows = [
        (
            Markup('<span class="second-text">{}</span>').format(anomaly.severity),
            anomaly.month,
            shortened(anomaly.column or "", 40),
            anomaly.check,
            shortened(anomaly.what, 300),
        )
        for anomaly in ordered
    ]
    heads = ("severity", "month", "column", "check", "what")
    return table(heads, rows, text_columns=len(heads), most=MOST_ANOMALIES)


def _ordered(names: tuple[str, ...], anomalies: Sequence[Anomaly]) -> list[str]:
    unusual = {anomaly.column for anomaly in anomalies}
    return sorted(names, key=lambda name: name not in unusual)


def _months(months: Sequence[MonthStatistics]) -> Markup:
    heads = ("month", "rows", "quarantined", "impressions", "click rate", "creatives")
    rows = [
        (
            month.month,
            count(month.rows),
            percent(month.bad_share),
            count(month.impressions),
            percent(month.click_rate),
            count(month.text[month.creative].distinct) if month.creative else "",
        )
        for month in reversed(months)
    ]
    return table(heads, rows)


def _days(month: MonthStatistics) -> Markup:
    days = [str(day + 1) for day in range(len(month.impressions_by_day))]
    return bar_chart(f"Impressions by day of {month.month}", days, month.impressions_by_day)


def _hours(month: MonthStatistics) -> Markup:
    hours = [str(hour) for hour in range(24)]
    rates = [
        clicks / shown if shown else float("nan")
        for clicks, shown in zip(month.clicks_by_hour, month.impressions_by_hour, strict=True)
    ]
    return bar_chart(
        f"Impressions by hour of {month.month}", hours, month.impressions_by_hour
    ) + line_chart("Click rate by hour", hours, rates, as_percent=True, from_zero=True)
