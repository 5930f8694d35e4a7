"""Published reports: once each, in files that Evidently reads, found without Evidently."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import fsspec
import pytest
from test_monitoring import report, same_world, world

from adclick.monitoring.project import project_id
from adclick.monitoring.quiet import quiet_evidently
from adclick.monitoring.report import DriftReport
from adclick.monitoring.workspace import open_workspace, publish


def runs(workspace: Path) -> list[tuple[str | None, list[str]]]:
    """Name and tags of what Evidently finds in the project."""
    with quiet_evidently():
        from evidently.ui.workspace import Workspace

        opened = Workspace(str(workspace))
        [project] = opened.list_projects()
        snapshots = [
            opened.get_run(project.id, snapshot) for snapshot in opened.list_runs(project.id)
        ]
    return [(snapshot.name, snapshot.tags) for snapshot in snapshots if snapshot]


def is_published(report: DriftReport, address: str, project: str) -> bool:
    return not open_workspace(address).missing([report], project_id(project))


def test_a_report_is_published_once(tmp_path: Path):
    found = same_world()
    assert not is_published(found, str(tmp_path), "ads")
    assert publish([found], str(tmp_path), "ads") == 1
    assert is_published(found, str(tmp_path), "ads")
    assert not is_published(found, str(tmp_path), "other ads")
    assert publish([found], str(tmp_path), "ads") == 0
    assert runs(tmp_path) == [("2026-06", ["months", "fine"])]


def test_other_content_takes_the_place_of_the_older_report(tmp_path: Path):
    first, second = same_world(), report(world(2))
    publish([first], str(tmp_path), "ads")
    publish([report(world(3), name="2026-07")], str(tmp_path), "ads")
    publish([second], str(tmp_path), "ads")
    assert not is_published(first, str(tmp_path), "ads")
    assert is_published(second, str(tmp_path), "ads")
    assert sorted(name or "" for name, _ in runs(tmp_path)) == ["2026-06", "2026-07"]


def test_every_panel_finds_its_series(tmp_path: Path):
    """The dashboard asks for metrics by name and label: each must be in the snapshots."""
    import asyncio

    predictions = [world(seed).drop(columns="clicked").assign(score=0.1) for seed in (0, 1)]
    scored = report(predictions[1], predictions[0], name="p")
    publish([same_world(), scored], str(tmp_path), "ads")
    with quiet_evidently():
        from evidently.ui.service.base import SeriesFilter
        from evidently.ui.service.storage.local.base import InMemoryDataStorage
        from evidently.ui.workspace import Workspace

        [project] = Workspace(str(tmp_path)).list_projects()
        storage = InMemoryDataStorage(str(tmp_path))
        panels = project.dashboard.model().panels
        headings = [panel.title for panel in panels if not panel.values]
        assert headings == ["VERDICT", "DATA", "MODEL", "TRAFFIC"]
        for panel in panels:
            if not panel.values:
                continue
            filters = [
                SeriesFilter(
                    tags=value.tags,
                    metadata=value.metadata,
                    metric=value.metric,
                    metric_labels=value.metric_labels,
                )
                for value in panel.values
            ]
            found = asyncio.run(storage.get_data_series(project.id, filters, None, None))
            assert {series.filter_index for series in found.series} == set(range(len(filters)))
            assert len(found.sources) == 1, panel.title


def test_a_workspace_can_be_any_filesystem():
    found = same_world()
    publish([found], "memory://reports/evidently", "ads")
    assert is_published(found, "memory://reports/evidently", "ads")
    names = fsspec.filesystem("memory").find("/reports/evidently")
    assert len(names) == 3


def test_looking_for_a_report_costs_no_evidently(tmp_path: Path):
    for name, text in same_world().files().items():
        (tmp_path / name).write_text(text)
    publish([same_world()], str(tmp_path / "workspace"), "ads")
    code = f"""
import pathlib, sys
from adclick.monitoring.report import DriftReport
from adclick.monitoring.project import project_id
from adclick.monitoring.workspace import open_workspace, publish
folder = pathlib.Path({str(tmp_path)!r})
names = ("report.json", "snapshot.json", "report.html")
report = DriftReport.from_files({{name: (folder / name).read_text() for name in names}})
workspace = str(folder / "workspace")
assert not open_workspace(workspace).missing([report], project_id("ads"))
assert publish([report], workspace, "ads") == 0
sys.exit("evidently" in sys.modules or "pandas" in sys.modules)
"""
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_report_from_files_is_published_as_it_was(tmp_path: Path):
    found = same_world()
    loaded = type(found).from_files(found.files())
    publish([loaded], str(tmp_path), "ads")
    assert is_published(found, str(tmp_path), "ads")
    changed = replace(found, fingerprint="other")
    assert not is_published(changed, str(tmp_path), "ads")


@pytest.fixture(autouse=True)
def _no_memory_left() -> None:
    fsspec.filesystem("memory").store.clear()
