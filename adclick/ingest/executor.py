"""Who runs units of work: threads of this process, or a Ray cluster."""

from __future__ import annotations

import logging
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import Any, Protocol

from adclick.errors import AdclickError

ENGINE, ADDRESS = "ADCLICK_ENGINE", "RAY_ADDRESS"  # variables that a stack sets for its steps
UNITS_AHEAD = 2  # of each worker: enough that none waits, few enough that results stay few


class Executor(Protocol):
    """Runs pure functions of units; what it returns does not depend on where they ran."""

    def run[U, R](self, function: Callable[[U], R], units: Iterable[U]) -> Iterator[R]:
        """The results in the order of the units, as they come; raises the first unit's error."""
        ...


class Threads:
    """Units in threads of this process: what they do is done outside of Python's lock."""

    def __init__(self, threads: int | None = None) -> None:
        self._threads = threads or os.cpu_count() or 1

    def run[U, R](self, function: Callable[[U], R], units: Iterable[U]) -> Iterator[R]:
        """The results in the order of the units."""
        pool = ThreadPoolExecutor(self._threads, thread_name_prefix="unit")
        waiting = iter(units)
        try:
            running = deque(
                pool.submit(function, unit)
                for unit in islice(waiting, self._threads * (1 + UNITS_AHEAD))
            )
            while running:
                result = running.popleft().result()
                running.extend(pool.submit(function, unit) for unit in islice(waiting, 1))
                yield result
        finally:
            pool.shutdown(cancel_futures=True)


class Ray:
    """Units as tasks of a Ray cluster, whose nodes reach the sources and the store.

    Ray runs a task again when its node is lost. `address` is as `ray.init` takes it; without one
    Ray starts on this machine.
    """

    def __init__(self, address: str | None = None) -> None:
        # imported here: only stacks that say so need it
        import ray

        import adclick

        if not ray.is_initialized():
            ray.init(
                address=address,
                # the cluster needs our libraries installed, our code comes along
                runtime_env={"py_modules": [adclick]},
                log_to_driver=False,
                logging_level=logging.WARNING,
            )
        self._ray: Any = ray

    def run[U, R](self, function: Callable[[U], R], units: Iterable[U]) -> Iterator[R]:
        """The results in the order of the units."""
        ray = self._ray
        remote = ray.remote(_call).options(max_retries=-1)
        ahead = max(1, int(ray.cluster_resources().get("CPU", 1))) * (1 + UNITS_AHEAD)
        waiting = iter(units)
        running = deque(remote.remote(function, unit) for unit in islice(waiting, ahead))
        try:
            while running:
                result = self._result(running.popleft())
                running.extend(remote.remote(function, unit) for unit in islice(waiting, 1))
                yield result
        finally:
            for task in running:
                ray.cancel(task)

    def _result(self, task: Any) -> Any:
        try:
            return self._ray.get(task)
        except self._ray.exceptions.RayTaskError as error:
            raise error.cause from error


def executor_here(environment: Mapping[str, str] = os.environ) -> Executor:
    """The executor that the stack chose: `threads`, or `ray` at an address.

    Raises AdclickError for another engine, and where Ray is not installed or does not answer.
    """
    engine = environment.get(ENGINE) or "threads"
    if engine == "threads":
        return Threads()
    if engine != "ray":
        raise AdclickError(f"engine {engine!r}: a stack's engine is threads or ray")
    address = environment.get(ADDRESS)
    try:
        return Ray(address)
    except (ImportError, ConnectionError) as error:
        raise AdclickError(f"Ray at {address or 'this machine'}: {error}") from error


def _call[U, R](function: Callable[[U], R], unit: U) -> R:
    return function(unit)
