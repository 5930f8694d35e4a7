"""Fetching a bundle for a server that starts: `python -m serving.bundle_store URI FOLDER`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from adclick.bundle.store import fetch
from adclick.errors import AdclickError

MODULE = "serving.bundle_store"


def main() -> None:
    """Fetch what the command line names; one line on stderr and exit code 1 when it cannot be."""
    parser = argparse.ArgumentParser(prog=f"python -m {MODULE}", description="Fetch a bundle.")
    parser.add_argument("uri", help="where it was published")
    parser.add_argument("folder", type=Path, help="where to put it")
    options = parser.parse_args()
    try:
        fetch(options.uri, options.folder)
    except AdclickError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
