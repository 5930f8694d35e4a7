"""Whether contenders left out the same rows."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable


def digest(ids: Iterable[str]) -> str:
    """How many ids there are, and a hash of them in any order."""
    ordered = sorted(ids)
    return f"{len(ordered)} {hashlib.sha256('\n'.join(ordered).encode()).hexdigest()[:12]}"
