"""Thin ZenML wrappers around the domain library, one step a file."""
