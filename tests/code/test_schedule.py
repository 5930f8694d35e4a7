"""When pipelines run by themselves, and the crontab's line that has them do."""

from __future__ import annotations

import shlex
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import ValidationError

from adclick.schedule import ScheduleOptions, cron_line


@pytest.mark.parametrize("cron", ["0 6 3 * *", "*/15 * * * *", "5,35 0-6 1 1-12/3 0"])
def test_a_cron_expression_is_taken(cron: str) -> None:
    assert ScheduleOptions(cron=cron).cron == cron


@pytest.mark.parametrize(
    "cron",
    ["", "daily", "@monthly", "0 6 3 *", "0 6 3 * * *", "60 * * * *", "0 6 31 2 *", "0 6 L * *"],
)
def test_what_is_none_or_never_comes_is_refused(cron: str) -> None:
    with pytest.raises(ValidationError, match="is no cron expression"):
        ScheduleOptions(cron=cron)


def test_the_next_time_is_told() -> None:
    now = datetime(2026, 12, 3, 6, tzinfo=UTC)
    assert ScheduleOptions().after(now) == datetime(2027, 1, 3, 6, tzinfo=UTC)


def test_a_shell_does_what_the_line_says_as_cron_hands_it_over(tmp_path: Path) -> None:
    folder = tmp_path / "a checkout"
    folder.mkdir()
    log = folder / "it's.log"
    code = "import os, sys; print(os.getcwd(), os.environ['HOME_OF'], sys.argv[1])"
    command = ["python3", "-c", code, "100% of 'it'"]
    line = cron_line("0 6 3 * *", folder, ["HOME_OF=a b"], command, log)
    assert line.startswith("0 6 3 * * cd ")
    assert "\n" not in line
    # cron takes the backslash before a % away
    handed = line.removeprefix("0 6 3 * * ").replace(r"\%", "%")
    for _ in range(2):
        subprocess.run(["sh", "-c", handed], check=True)
    assert log.read_text() == f"{folder} a b 100% of 'it'\n" * 2
    assert shlex.split(handed)[0] == "cd"
