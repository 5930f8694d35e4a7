"""Emulated: Vertex AI's PipelineService, which runs what is submitted as processes here.

The real client libraries submit to it over gRPC and TLS. Nothing of it is Google's: no machine,
GPU, image or quota is behind it; what a job asks for is checked, kept for tests to read, and not
given.
"""
