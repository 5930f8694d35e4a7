"""Versions as processes of this machine behind one Envoy, kept running by a keeper."""
