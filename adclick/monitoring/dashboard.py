"""The dashboard of an Evidently project as code: what a person looks at once a month.

Importing this module imports Evidently, 6 to 8 seconds: do it in a function that publishes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID, uuid5

from evidently.sdk.models import DashboardModel, DashboardPanelPlot, PanelMetric, ProjectModel
from evidently.sdk.panels import bar_plot_panel, text_panel

from adclick.monitoring.measured import FIGURE
from adclick.monitoring.point import SECTIONS, Point, Section
from adclick.monitoring.points import MOST_TIMES
from adclick.monitoring.report import DriftReport

# so many colours has a panel
MOST_SERIES = 6
SCALE = f"Above 1 a figure is past its bound; more than {MOST_TIMES:g} times that is drawn there."
HEADINGS: Mapping[Section, str] = {
    "Verdict": "How many checks are past their bound, and what they ask for. Click a bar to open "
    "its report. All figures are exact, of all rows.",
    "Data": f"What came in, against what the model learned from. {SCALE}",
    "Model": f"What the model made of it. {SCALE}",
    "Traffic": "How much was shown and clicked.",
    "Slices": f"Whom the model serves worse than others. {SCALE}",
}


def project_model(project: UUID, name: str) -> ProjectModel:
    """The project of a model's reports."""
    description = "Ad clicks: months against the training months, predictions against test rows"
    return ProjectModel(id=project, name=name, description=description)


def dashboard(project: UUID, reports: Sequence[DriftReport]) -> DashboardModel:
    """The panels of what the reports have over time, section by section.

    Sections are headed by text: Evidently's open-source server answers a dashboard with more than
    one tab with 400, and its pages show none. A panel has the series that went farthest.
    """
    points = [point for report in reports for point in report.points]
    panels = [panel for section in SECTIONS for panel in _section(section, points)]
    for panel in panels:
        # fixed ids: the same code writes the same file
        panel.id = uuid5(project, panel.title)
    return DashboardModel(tabs=[], panels=panels)


def _section(section: Section, points: Iterable[Point]) -> list[DashboardPanelPlot]:
    farthest: defaultdict[str, dict[str, float]] = defaultdict(dict)
    for point in points:
        if point.section == section:
            series = farthest[point.panel]
            before = series.get(point.series, point.distance)
            series[point.series] = max(before, point.distance)
    if not farthest:
        return []
    panels = [_panel(section, panel, series) for panel, series in farthest.items()]
    # narrow ones after one another, so that two share a row
    panels.sort(key=lambda panel: panel.size == "half")
    return [text_panel(title=section.upper(), description=HEADINGS[section]), *panels]


def _panel(section: Section, title: str, farthest: Mapping[str, float]) -> DashboardPanelPlot:
    shown = sorted(farthest, key=lambda series: -farthest[series])[:MOST_SERIES]
    more = len(farthest) - len(shown)
    values = [
        PanelMetric(legend=series, metric=FIGURE, metric_labels={"panel": title, "series": series})
        for series in sorted(shown)
    ]
    description = f"the {len(shown)} that went farthest of {len(farthest)}" if more else None
    size = "full" if len(shown) > 1 else "half"
    # bars, since a line through a single report is nothing to see
    return bar_plot_panel(title, values, description, size, stacked=section == "Verdict")
