"""Checks of stacks on Google Cloud, on emulated APIs."""
