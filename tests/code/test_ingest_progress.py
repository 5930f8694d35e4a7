from __future__ import annotations

import io

from rich.console import Console

from adclick.ingest.progress import Quiet, Shown, progress_here


def test_bars_show_rows_images_rate_and_time_left() -> None:
    screen = io.StringIO()
    with Shown(Console(file=screen, force_terminal=True, width=120)) as progress:
        progress.expect_bytes(1_000)
        progress.read(500, 12_345)
        progress.expect_images(80)
        progress.decoded(20)
        progress.expect_images(20)
    text = screen.getvalue()
    assert "12,345 rows" in text
    assert "20 images" in text
    assert "/s" in text


def test_nothing_is_shown_where_nobody_looks_on() -> None:
    assert isinstance(progress_here(), Quiet)
