"""Errors that a person can mend, and how errors are told in few lines."""

from __future__ import annotations

from collections.abc import Iterator


class AdclickError(Exception):
    """Bad input or a setting that cannot work.

    The message is one line that names the file, row, column or setting and says what to do.
    The command line prints it without a traceback and exits with 2.
    """


class RequestError(AdclickError):
    """A prediction request that cannot be scored; a server answers it with status 400."""


def mendable_cause(error: BaseException) -> AdclickError | None:
    """What a person can mend behind an error: itself or one that led to it, the last one first."""
    return next((cause for cause in _causes(error) if isinstance(cause, AdclickError)), None)


def brief(error: BaseException) -> str:
    """An error's type and message as one line, and lines that were indented below it as they are.

    A remote step's log is told so; what libraries break into lines is not.
    """
    first, *rest = str(error).split("\n    ")
    return "\n    ".join([" ".join(f"{type(error).__name__}: {first}".split()), *rest])


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
