"""When pipelines run by themselves, and how that is said to cron."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from croniter import CroniterError, croniter
from pydantic import BaseModel, ConfigDict, field_validator

# what cron, Vertex AI and Kubernetes all understand
FORM = re.compile(r"[\d*/,-]+( [\d*/,-]+){4}")


class ScheduleOptions(BaseModel):
    """`cron` has minute, hour, day of month, month and day of week, by default the third, at six.

    Google Cloud reads it in UTC, cron of a machine in that machine's time.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    cron: str = "0 6 3 * *"

    @field_validator("cron")
    @classmethod
    def _is_one(cls, cron: str) -> str:
        try:
            # what is well formed may still name a day that never comes
            fits = bool(FORM.fullmatch(cron)) and croniter(cron).get_next() > 0
        except CroniterError:
            fits = False
        if not fits:
            raise ValueError(
                f"{cron!r} is no cron expression: give minute, hour, day of month, month and day "
                "of week in numbers, such as '0 6 3 * *'"
            )
        return cron

    def after(self, time: datetime) -> datetime:
        """The first time after this one, in its time zone."""
        following: datetime = croniter(self.cron, time).get_next(datetime)
        return following


def cron_line(
    cron: str, folder: Path, variables: Sequence[str], command: Sequence[str], log: Path
) -> str:
    """The line of a crontab that runs the command in the folder and appends what it says to `log`.

    `variables` are settings as NAME=VALUE, which cron would not have otherwise.
    """
    words = shlex.join(["env", *variables, *command] if variables else command)
    line = f"cd {shlex.quote(str(folder))} && {words} >> {shlex.quote(str(log))} 2>&1"
    # to cron an unescaped % is the end of the command
    return f"{cron} {line}".replace("%", r"\%")
