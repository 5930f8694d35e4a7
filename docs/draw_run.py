"""Draws docs/run.svg, the README's picture of a run, from the summary of the last one."""

from __future__ import annotations

import io
import re
from pathlib import Path

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console

from adclick.summary import RunSummary
from adclick.views.summary import WIDTH, summary_view

REPOSITORY = Path(__file__).resolve().parent.parent
# the picture is to need nothing from the network: the reader's own monospace font will do
FORMAT = re.sub(r"@font-face \{\{.*?\}\}|<!--.*?-->", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)


def main() -> None:
    """Write docs/run.svg from .adclick/runs/latest.json."""
    latest = REPOSITORY / ".adclick" / "runs" / "latest.json"
    summary = RunSummary.model_validate_json(latest.read_bytes())
    console = Console(record=True, width=WIDTH, file=io.StringIO(), highlight=False)
    console.print(summary_view(summary))
    console.save_svg(str(REPOSITORY / "docs" / "run.svg"), title="make run", code_format=FORMAT)


if __name__ == "__main__":
    main()
