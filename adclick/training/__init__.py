"""Fitting the click model to months of an ad log."""
