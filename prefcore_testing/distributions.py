"""Fake installed distributions: metadata and modules in a folder, as an installer leaves them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from textwrap import dedent

__all__ = ["write_distribution"]


def write_distribution(
    folder: Path,
    name: str,
    version: str = "1.0",
    *,
    entry_points: Mapping[str, Mapping[str, str]] | None = None,
    modules: Mapping[str, str] | None = None,
) -> Path:
    """Write a distribution into a folder and give its ``.dist-info``; it counts once on sys.path.

    ``entry_points`` is group → name → value, ``modules`` dotted module name → source (indented as
    it pleases; ``a.__init__`` makes a package).
    """
    info = folder / f"{re.sub(r'[-_.]+', '_', name)}-{version}.dist-info"
    files = {info / "METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"}
    if entry_points:
        files[info / "entry_points.txt"] = "\n".join(
            f"[{group}]\n" + "".join(f"{key} = {value}\n" for key, value in points.items())
            for group, points in entry_points.items()
        )
    for module, source in (modules or {}).items():
        files[folder.joinpath(*module.split(".")).with_suffix(".py")] = dedent(source)
    record = [f"{path.relative_to(folder).as_posix()},," for path in [*files, info / "RECORD"]]
    files[info / "RECORD"] = "\n".join(record) + "\n"
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return info
