"""Which version may take which role, and what is meant to serve once it did."""

from __future__ import annotations

from dataclasses import replace

from adclick.errors import AdclickError
from serving.local.intent import Intent, Trial


def check_role(version: str, intent: Intent, traffic: int, shadow: bool) -> None:
    """Raise AdclickError where this version cannot get this share of requests."""
    if not 1 <= traffic <= 100:
        raise AdclickError(f"traffic of {traffic} %: give 1 to 100")
    if not shadow and traffic == 100:
        return
    if intent.champion is None:
        raise AdclickError(
            f"nothing serves that version {version} could be tried beside: deploy one with all of "
            "the traffic first"
        )
    if version == intent.champion:
        raise AdclickError(
            f"version {version} is the champion and cannot be on trial beside itself"
        )


def with_version(intent: Intent, version: str, trial: Trial | None) -> Intent:
    """What is meant once `version` is on `trial`, or without one is the champion.

    The champion deployed again stays what it is, and so does the trial beside it.
    """
    if trial is not None:
        return replace(intent, trial=trial)
    if version == intent.champion:
        return intent
    return replace(intent, champion=version, trial=None, former=intent.champion)
