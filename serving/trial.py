"""What may be asked of a deployer, given what serves: refused in the same words everywhere."""

from __future__ import annotations

from adclick.errors import AdclickError
from serving.deployment import Role, Served, Status, Trial

NOTHING_TO_ROLL_BACK = (
    "nothing to roll back: no version is on trial, and none is known that served before"
)


class TrialOverError(AdclickError):
    """The trial that was to be ended is none any more: somebody else was faster."""


def role_asked(status: Status, version: str, traffic: int, shadow: bool) -> Role:
    """The role in which `version` is to be deployed beside what serves.

    Raises AdclickError where that cannot be: it may be no trial of the champion against itself, and
    none while nothing serves.
    """
    if not 1 <= traffic <= 100:
        raise AdclickError(f"traffic must be 1 to 100 per cent, not {traffic}")
    if traffic == 100 and not shadow:
        return Role.CHAMPION
    role = Role.SHADOW if shadow else Role.CANARY
    if status.champion is None:
        raise AdclickError(
            f"nothing serves that a {role} could be compared with: deploy version {version} with "
            "100 % of traffic first"
        )
    if status.version == version:
        raise AdclickError(
            f"version {version} is the champion: only another version can be its {role}"
        )
    return role


def on_trial(status: Status, seen: Trial | None = None) -> Served:
    """The version on trial; raises AdclickError where there is none, TrialOverError for another.

    Another than was `seen`, or beside another champion.
    """
    if seen is not None and (
        status.trial is None or seen != Trial(status.trial.version, str(status.version))
    ):
        raise TrialOverError(
            f"version {seen.version} is not on trial beside {seen.champion} any more: look again "
            "(`python run.py status`)"
        )
    if status.trial is None:
        raise AdclickError(
            "no version is on trial: deploy one with less than 100 % of traffic, or as a shadow"
        )
    return status.trial
