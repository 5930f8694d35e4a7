# The image that steps run in: what our locks name and CUDA's libraries; each step downloads the code.
# ZenML builds it with the stack's image builder, or, by BuildKit, which reads the .dockerignore
# beside it: docker build -f stacks/steps.Dockerfile .
# Give BASE by digest for a build that can be repeated to the byte.
ARG BASE=python:3.12-slim-bookworm

FROM ${BASE}
COPY requirements-gcp.txt requirements-gpu.txt /requirements/
# ZenML looks for uv or pip beside the interpreter that runs
RUN python -m venv /venv \
    && /venv/bin/pip install --no-cache-dir --disable-pip-version-check \
        "$(grep -o '^uv==[^ ]*' /requirements/requirements-gcp.txt)" \
    && /venv/bin/uv pip install --no-cache --compile-bytecode --python /venv/bin/python \
        -r /requirements/requirements-gcp.txt -r /requirements/requirements-gpu.txt
# where ZenML puts the code that it downloads
RUN useradd --uid 10001 --create-home adclick && mkdir /app && chown adclick /app
ENV PATH=/venv/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
WORKDIR /app
USER 10001
