"""Making checks: at the same time where they are independent, and never with an exception."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import requests

from adclick.errors import AdclickError
from stacks.checks.check import Check, CheckResult, Finding, Status, fails, not_checked
from stacks.checks.web import ApiError, host_of, unreachable

USER_OF_URL = re.compile(r"(?<=://)[^/@\s]+@")


def make_checks(checks: Sequence[Check], secrets: Collection[str]) -> tuple[CheckResult, ...]:
    """The checks' results in their order; none of `secrets` is in them.

    A check stands after those that it needs: it waits for them, and is not made unless they hold.
    """
    if not checks:
        return ()
    made: dict[str, Future[Finding]] = {}
    with ThreadPoolExecutor(max_workers=len(checks)) as threads:
        for check in checks:
            needed = {name: made[name] for name in check.needs}
            made[check.name] = threads.submit(_finding, check, needed)
    return tuple(_result(check.name, made[check.name].result(), secrets) for check in checks)


def _finding(check: Check, needed: dict[str, Future[Finding]]) -> Finding:
    for name, future in needed.items():
        if future.result().status != Status.HOLDS:
            return not_checked(f"needs {name}")
    try:
        return check.look()
    # a row of the table says more than a traceback in its place
    except Exception as error:
        if isinstance(error, ApiError) and error.off:
            return not_checked(f"needs {error.off}, which is not enabled")
        if isinstance(error, requests.RequestException) and error.request is not None:
            return fails(unreachable(error), f"curl --head https://{host_of(error)}")
        return fails(_words(error))


def _words(error: Exception) -> str:
    in_words = isinstance(error, ApiError | AdclickError)
    return str(error) if in_words else f"{type(error).__name__}: {error}"


def _result(name: str, finding: Finding, secrets: Collection[str]) -> CheckResult:
    mend = None if finding.mend is None else _shown(finding.mend, secrets)
    return CheckResult(_shown(name, secrets), finding.status, _shown(finding.found, secrets), mend)


def _shown(text: str, secrets: Collection[str]) -> str:
    """The text in one line, without what nobody else should read."""
    for secret in secrets:
        text = text.replace(secret, "***")
    return USER_OF_URL.sub("***@", " ".join(text.split()))
