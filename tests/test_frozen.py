"""An application that is frozen names its plugins: the zipapp of the guide, without metadata."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import zipapp
from importlib.metadata import distribution
from pathlib import Path

import attr
import attrs
import cattrs
import click
import pluggy
import prefcore_json

import prefcore
from tests.installing import ROOT, needs

_PURE = (attr, attrs, cattrs, click, pluggy, prefcore, prefcore_json)


def _packages_of(name: str) -> set[str]:
    """Give what a distribution puts at the top of site-packages, its metadata left out."""
    files = distribution(name).files or ()
    tops = {file.parts[0] for file in files if file.parts[0] != ".."}
    return {top for top in tops if not top.endswith((".dist-info", "__pycache__", ".pth"))}


def test_the_zipapp_of_the_guide_runs_where_there_is_no_metadata(tmp_path: Path) -> None:
    build, lib = tmp_path / "build", tmp_path / "lib"
    lib.mkdir()
    page = (ROOT / "docs/how-to/freeze-an-application.md").read_text("utf-8")
    for name, text in re.findall(r"^```python\n# (\S+\.py)\n(.*?)^```$", page, re.M | re.S):
        (build / name).parent.mkdir(exist_ok=True)
        (build / name).write_text(text, "utf-8")
    inside = set()
    for package in _PURE:
        folder = Path(str(package.__file__)).parent
        shutil.copytree(folder, build / folder.name, ignore=shutil.ignore_patterns("__pycache__"))
        inside.add(folder.name)
    for name in {*needs("prefcore"), *needs("prefcore-json")}:
        site = Path(str(distribution(name).locate_file("")))
        for top in _packages_of(name) - inside:
            if not (lib / top).exists():
                (lib / top).symlink_to(site / top)
    with (build / "__main__.py").open("a", encoding="utf-8") as main:
        main.write("from importlib.metadata import distributions\nprint([*distributions()])\n")
    zipapp.create_archive(build, tmp_path / "acme.pyz")
    (tmp_path / "data").mkdir()
    # Isolated, and without site-packages.
    done = subprocess.run(
        [sys.executable, "-I", "-S", tmp_path / "acme.pyz", tmp_path / "data"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout, done.stderr, done.returncode) == ("14 json\n[]\n", "", 0)
    assert (tmp_path / "data/prefs.db").is_file()
