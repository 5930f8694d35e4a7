"""Emulated: a Google Cloud project on this machine, in namespaces of its own.

`python -m tests.gcp.cloud --state DIR -- COMMAND` runs COMMAND in it as on one of the project's
machines: the real client libraries reach real host names over TLS. Nothing of it is Google's.
Buckets and records are kept in memory and end with it; its logs stay in DIR.
"""
