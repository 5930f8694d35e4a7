"""Emulated: which machine types Vertex AI trains on, and how many of which GPU each may have.

From https://cloud.google.com/vertex-ai/docs/training/configure-compute as read in November 2026
(TPUs are left out).
"""

from __future__ import annotations

from typing import Final

_FAMILIES: Final = {
    "a2-highgpu": "1g 2g 4g 8g",
    "a2-megagpu": "16g",
    "a2-ultragpu": "1g 2g 4g 8g",
    "a3-highgpu": "1g 2g 4g 8g",
    "a3-megagpu": "8g",
    "a3-ultragpu": "8g",
    "a4-highgpu": "8g",
    "a4x-highgpu": "4g",
    "c2-standard": "4 8 16 30 60",
    "e2-highcpu": "16 32",
    "e2-highmem": "2 4 8 16",
    "e2-standard": "4 8 16 32",
    "g2-standard": "4 8 12 16 24 32 48 96",
    "g4-standard": "48 96 192 384",
    "m1-megamem": "96",
    "m1-ultramem": "40 80 160",
    "n1-highcpu": "16 32 64 96",
    "n1-highmem": "2 4 8 16 32 64 96",
    "n1-standard": "4 8 16 32 64 96",
    "n2-highcpu": "16 32 48 64 80",
    "n2-highmem": "2 4 8 16 32 48 64 80",
    "n2-standard": "4 8 16 32 48 64 80",
    "n4-highcpu": "2 4 8 16 32 48 64 80",
    "n4-highmem": "2 4 8 16 32 48 64 80",
    "n4-standard": "2 4 8 16 32 48 64 80",
}
# machine families whose GPUs are part of the machine
_BUILT_IN: Final = {
    "a2-highgpu": "NVIDIA_TESLA_A100",
    "a2-megagpu": "NVIDIA_TESLA_A100",
    "a2-ultragpu": "NVIDIA_A100_80GB",
    "a3-highgpu": "NVIDIA_H100_80GB",
    "a3-megagpu": "NVIDIA_H100_MEGA_80GB",
    "a3-ultragpu": "NVIDIA_H200_141GB",
    "a4-highgpu": "NVIDIA_B200",
    "a4x-highgpu": "NVIDIA_GB200",
    "g2-standard": "NVIDIA_L4",
    "g4-standard": "NVIDIA_RTX_PRO_6000",
}
_BUILT_IN_COUNTS: Final = {
    "g2-standard": {"24": 2, "48": 4, "96": 8},
    "g4-standard": {"96": 2, "192": 4, "384": 8},
}
# GPUs that are added to N1 machines, by the machine's virtual processors
_ADDED: Final = {
    "NVIDIA_TESLA_P4": {16: (1, 2, 4), 32: (2, 4), 96: (4,)},
    "NVIDIA_TESLA_P100": {16: (1, 2, 4), 32: (2, 4)},
    "NVIDIA_TESLA_T4": {16: (1, 2, 4), 32: (2, 4), 96: (4,)},
    "NVIDIA_TESLA_V100": {8: (1, 2, 4, 8), 16: (2, 4, 8), 32: (4, 8), 96: (8,)},
}


def known(machine: str) -> bool:
    """Whether Vertex AI trains on machines of this type."""
    family, _, size = machine.rpartition("-")
    return size in _FAMILIES.get(family, "").split()


def gpu_counts(machine: str, gpu: str) -> tuple[int, ...]:
    """How many of these GPUs a machine of this type may have; none at all if it can't have any."""
    family, _, size = machine.rpartition("-")
    if family in _BUILT_IN:
        counts = _BUILT_IN_COUNTS.get(family)
        built_in = counts.get(size, 1) if counts else int(size.removesuffix("g"))
        return (built_in,) if _BUILT_IN[family] == gpu else ()
    if not family.startswith("n1-") or gpu not in _ADDED:
        return ()
    if (machine, gpu) == ("n1-highcpu-64", "NVIDIA_TESLA_P100"):
        return (4,)
    fitting = [counts for most, counts in _ADDED[gpu].items() if int(size) <= most]
    return fitting[0] if fitting else ()


def gpu_counts_anywhere(gpu: str) -> frozenset[int]:
    """How many of these GPUs some machine may have: for tasks that leave the machine to Vertex."""
    machines = [f"{family}-{size}" for family, sizes in _FAMILIES.items() for size in sizes.split()]
    return frozenset(count for machine in machines for count in gpu_counts(machine, gpu))


def needs_gpus(machine: str) -> str | None:
    """The GPU that is part of this machine type and has to be asked for with it, or None."""
    return _BUILT_IN.get(machine.rpartition("-")[0])
