"""Emulated: a Google Cloud project on this machine, in namespaces of its own.

`python -m tests.gcp.cloud --state DIR -- COMMAND` runs COMMAND in it as on a machine of the project:
the real client libraries reach real host names over TLS. Nothing of it is Google's.
"""
