"""Environments to start a process in: prefcore installed as by pip, alone or among many others."""

from __future__ import annotations

import compileall
import shutil
import sysconfig
import venv
from importlib.metadata import Distribution, distribution
from pathlib import Path

from prefcore_testing.distributions import write_distribution

__all__ = ["CORE", "OURS", "add_others", "make_environment"]

ROOT = Path(__file__).parent.parent.parent
#: prefcore and what it depends on; and with our plugins and what these depend on.
CORE = ("prefcore", "attrs", "cattrs", "click", "pluggy", "typing_extensions")
OURS = (*CORE, "prefcore-binary", "prefcore-json", "msgspec")

_SCRIPT = """#!{python}
# -*- coding: utf-8 -*-
import re
import sys
from prefcore.cli import main
if __name__ == '__main__':
    sys.argv[0] = re.sub(r'(-script\\.pyw|\\.exe)?$', '', sys.argv[0])
    sys.exit(main())
"""  # what pip 23 writes

_HEAVY = ("asyncio", "http.server", "multiprocessing.pool", "unittest.mock", "xml.dom.minidom")
_GROUPS = ("formats", "merge_strategies", "stores", "backup_targets")
_PLUGIN = """
{imports}
from prefcore.hookspecs import hookimpl

@hookimpl
def prefcore_{group}():
    return []
"""


def make_environment(folder: Path, distributions: tuple[str, ...]) -> Path:
    """Make a virtual environment with copies of installed distributions; gives its site-packages.

    Nothing is downloaded; packages of this repository are copied from their folders, with the
    metadata that their editable installation wrote.
    """
    venv.create(folder, symlinks=True, with_pip=False)
    site = Path(sysconfig.get_path("purelib", "venv", {"base": str(folder)}))
    for name in distributions:
        _copy(distribution(name), site)
    script = folder / "bin" / "prefcore"
    script.write_text(_SCRIPT.format(python=folder / "bin" / "python"))
    script.chmod(0o755)
    return site


def add_others(site: Path, *, plugins: int, heavy: int, others: int) -> None:
    """Install fake distributions: plugins of ours, some importing much, and others."""
    for number in range(plugins):
        group = _GROUPS[number % len(_GROUPS)]
        imports = "\n".join(f"import {name}" for name in _HEAVY) if number < heavy else ""
        write_distribution(
            site,
            f"other-plugin-{number}",
            entry_points={f"prefcore.{group}": {f"other{number}": f"other_plugin_{number}"}},
            modules={f"other_plugin_{number}": _PLUGIN.format(imports=imports, group=group)},
        )
    for number in range(others):
        write_distribution(
            site,
            f"other-{number}",
            entry_points={"console_scripts": {f"other{number}": f"other_{number}:main"}},
            modules={f"other_{number}": "def main():\n    pass\n"},
        )


def compile_all(folder: Path) -> None:
    """Compile an environment's bytecode, as installers do."""
    compileall.compile_dir(folder, quiet=2, workers=1)


def _copy(found: Distribution, site: Path) -> None:
    if found.metadata["Name"].startswith("prefcore"):
        name = found.metadata["Name"]
        source = ROOT if name == "prefcore" else ROOT / "plugins" / name
        package = name.replace("-", "_")
        shutil.copytree(
            source / package, site / package, ignore=shutil.ignore_patterns("__pycache__")
        )
    for file in found.files or ():
        if ".." in file.parts or "__pycache__" in file.parts or file.suffix == ".pth":
            continue
        target = site / file
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(Path(str(found.locate_file(file))), target)
