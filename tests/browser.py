"""Pages in a real browser without a display or a network."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from adclick.exports.runtimes import BROWSERS

LONGEST_SECONDS = 120
# what a page loads is told by the page itself: the browser's own requests are no concern of it
TELL = """<script>addEventListener("load", () => setTimeout(() => {
  const names = performance.getEntriesByType("resource").map(entry => entry.name);
  document.title = "LOADED" + JSON.stringify(names) + "LOADED";
}, 4000))</script></body>"""


@dataclass(frozen=True)
class Rendered:
    """The page as it is after its scripts have run, and what they and it have loaded."""

    text: str
    loaded: list[str]


def browser() -> str | None:
    """A browser of this machine, if there is one."""
    return next(filter(None, map(shutil.which, BROWSERS)), None)


def render(page: str, folder: Path) -> Rendered:
    """The HTML page in the browser, from a file, with no host to be found."""
    file = folder / "page.html"
    file.write_text(page.replace("</body>", TELL), encoding="utf-8")
    words = ["--headless=new", "--no-sandbox", "--disable-gpu", "--dump-dom"]
    words += [f"--user-data-dir={folder / 'browser'}", "--virtual-time-budget=15000"]
    words += ["--host-resolver-rules=MAP * ~NOTFOUND", file.as_uri()]
    found = subprocess.run(
        [str(browser()), *words],
        check=True,
        capture_output=True,
        text=True,
        timeout=LONGEST_SECONDS,
    )
    body = re.sub(r"<script.*?</script>", "", found.stdout, flags=re.DOTALL)
    told = re.search("LOADED(.*?)LOADED", found.stdout, flags=re.DOTALL)
    assert told is not None
    return Rendered(
        text=html.unescape(re.sub(r"<[^>]+>", "\n", body)),
        loaded=json.loads(html.unescape(told[1])),
    )
