"""The report: one table for people, one JSON file for programs."""

from __future__ import annotations

import json
import os
import platform
import sqlite3
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import attrs

from tests.benchmarks.measuring import Finding

__all__ = ["table", "write_json"]

_HEADS = ("", "work", "against", "ours", "theirs", "ratio", "CPU", "goal", "", "")


def table(findings: Sequence[Finding]) -> str:
    """Give the findings as a text table, a line each."""
    rows = [_HEADS, *map(_row, findings)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )


def write_json(findings: Sequence[Finding], file: Path) -> None:
    """Write the findings, with what machine they were made on."""
    file.parent.mkdir(parents=True, exist_ok=True)
    data = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": {
            "cpus": os.cpu_count(),
            "load": os.getloadavg()[0],
            "platform": platform.platform(),
            "python": platform.python_version(),
            "sqlite": sqlite3.sqlite_version,
        },
        "findings": [{**attrs.asdict(one), "verdict": one.verdict} for one in findings],
    }
    file.write_text(json.dumps(data, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _row(one: Finding) -> tuple[str, ...]:
    return (
        one.number,
        one.work,
        one.against,
        _amount(one.ours, one.unit),
        "" if one.other is None else _amount(one.other, one.unit),
        "" if one.ratio is None else f"{one.ratio:.3g}×",
        "" if one.cpu is None else f"{one.cpu:.3g}×",
        "" if one.goal is None else f"≤ {one.goal:g}×",
        one.verdict,
        one.note,
    )


def _amount(amount: float, unit: str) -> str:
    return _time(amount) if unit == "s" else f"{amount:.1f} {unit}"


def _time(seconds: float) -> str:
    if seconds < 1e-3:
        return f"{seconds * 1e6:.1f} µs"
    return f"{seconds * 1e3:.2f} ms"
