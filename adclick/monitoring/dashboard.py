"""The dashboard of an Evidently project as code: what a person looks at once a month.

Importing this module imports Evidently, 6 to 8 seconds: do it in a function that publishes.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID, uuid5

from evidently.sdk.models import (
    DashboardModel,
    DashboardPanelPlot,
    PanelMetric,
    ProjectModel,
)
from evidently.sdk.panels import bar_plot_panel, line_plot_panel

from adclick.monitoring.checks import Kind
from adclick.monitoring.names import CLICKED, SCORE
from adclick.monitoring.report import DriftReport


def project_model(project: UUID, name: str) -> ProjectModel:
    """The project of a model's reports."""
    description = "Ad clicks: months against the reference, predictions against test rows"
    return ProjectModel(id=project, name=name, description=description)


def dashboard(project: UUID, reports: Sequence[DriftReport]) -> DashboardModel:
    """The panels over time: those of reports on months, then those of reports on predictions.

    Kinds have panels of their own: within one panel Evidently 0.7.23 finds a series' filter by its
    metric alone, so that two tags on one metric show as one.
    """
    columns = reports[0].columns
    panels = [
        line_plot_panel(
            title="Months: click rate",
            description="Clicks per impression, sampled; empty where rows stand for several",
            size="half",
            values=[_metric("months", "MeanValue", "click rate", column=CLICKED)],
        ),
        _drifted("months"),
        _distances("months", columns),
        bar_plot_panel(
            title="Predictions: mean score",
            description="Mean predicted click probability of the predictions compared",
            size="half",
            values=[_metric("predictions", "MeanValue", "mean score", column=SCORE)],
        ),
        _drifted("predictions"),
        _distances("predictions", (SCORE, *columns)),
        bar_plot_panel(
            title="Predictions: rows compared",
            description="Logged predictions in the sample of each report",
            size="half",
            values=[_metric("predictions", "RowCount", "rows")],
        ),
    ]
    for panel in panels:
        # fixed ids: the same code writes the same file
        panel.id = uuid5(project, panel.title)
    return DashboardModel(tabs=[], panels=panels)


def _drifted(kind: Kind) -> DashboardPanelPlot:
    return bar_plot_panel(
        title=f"{kind.capitalize()}: drifted columns",
        description="Share of columns farther from the reference than their bound",
        size="half",
        values=[_metric(kind, "DriftedColumnsCount", "share of columns", value_type="share")],
    )


def _distances(kind: Kind, columns: Sequence[str]) -> DashboardPanelPlot:
    return bar_plot_panel(
        title=f"{kind.capitalize()}: distance from the reference by column",
        description="PSI of categorical columns; shift of numeric ones in standard deviations",
        size="full",
        values=[_metric(kind, "ValueDrift", column, column=column) for column in columns],
    )


def _metric(kind: Kind, metric: str, legend: str, **labels: str) -> PanelMetric:
    return PanelMetric(legend=legend, tags=[kind], metric=metric, metric_labels=labels)
