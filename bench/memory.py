"""Largest resident memory of a process and its children, from /proc. Standard library only."""

from __future__ import annotations

from pathlib import Path


def peak_mb(pid: int) -> float:
    """Sum of the peaks, MB of 10^6 bytes."""
    kilobytes = sum(_status(p, "VmHWM") for p in _family(pid))
    return kilobytes * 1024 / 1e6


def _family(pid: int) -> set[int]:
    parents = {
        int(d.name): _status(int(d.name), "PPid")
        for d in Path("/proc").iterdir()
        if d.name.isdigit()
    }
    found = {pid}
    while more := {p for p, parent in parents.items() if parent in found} - found:
        found |= more
    return found


def _status(pid: int, key: str) -> int:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:  # it has ended meanwhile
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith(f"{key}:")), 0)
