"""The click model: towers, head, calibration, baseline."""
