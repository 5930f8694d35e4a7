"""Errors that a person can mend."""


class AdclickError(Exception):
    """Bad input or a setting that cannot work.

    The message is one line that names the file, row, column or setting and says what to do.
    The command line prints it without a traceback and exits with 2.
    """


class RequestError(AdclickError):
    """A prediction request that cannot be scored; a server answers it with status 400."""
