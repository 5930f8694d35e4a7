"""Names of what is made from something: equal content, equal name."""

from __future__ import annotations

import hashlib


def content_key(content: str) -> str:
    """16 hexadecimal digits (64 bits) of the content's SHA-256, for a file's or folder's name."""
    return hashlib.sha256(content.encode()).hexdigest()[:16]
