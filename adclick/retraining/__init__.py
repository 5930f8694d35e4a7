"""Retraining: whether what monitoring found asks for it, and what came of it."""
