"""What all tests share: how hypothesis searches, and a small ad log with a model of it."""

from __future__ import annotations

from hypothesis import settings

# machines are shared: the time that one example takes says nothing
settings.register_profile("adclick", deadline=None, max_examples=50)
settings.load_profile("adclick")
