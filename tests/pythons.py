"""``make test-pythons``: the suite on every Python from 3.11 on that this machine has.

Each gets an environment of its own in ``build/pythons/X.Y``, installed from the lock, hashes
checked, and kept for the next time. Prints a table; exits with 1 where one of them fails.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

__all__ = ["interpreters", "main"]

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "build" / "pythons"
OLDEST = (3, 11)
#: Where version managers keep what they install.
_HOMES = ("~/.pyenv/versions/*/bin/python", "~/.local/share/uv/python/*/bin/python3")
_ASK = "import sys; print('%d.%d.%d' % sys.version_info[:3], sys.implementation.name)"


def main(arguments: Sequence[str] | None = None) -> None:
    """Test on each interpreter; what follows ``--`` goes to pytest."""
    parser = argparse.ArgumentParser(prog="python -m tests.pythons", description=__doc__)
    parser.add_argument("--jobs", default="2", help="processes that share the tests")
    parser.add_argument("pytest", nargs="*", help="further arguments of pytest")
    given = parser.parse_args(arguments)
    rows = []
    for version, python in interpreters(os.environ).items():
        began = time.monotonic()
        print(f"Python {version}: {python}", flush=True)
        outcome, last = _tested(version, python, ["-n", given.jobs, *given.pytest])
        rows.append((version, outcome, f"{time.monotonic() - began:.0f} s", last))
    if not rows:
        sys.exit(f"no Python from {'.'.join(map(str, OLDEST))} on was found")
    print()
    for version, outcome, took, last in rows:
        print(f"{version:9} {outcome:7} {took:>7}  {last}")
    sys.exit(any(outcome != "passed" for _, outcome, _, _ in rows))


def interpreters(environ: Mapping[str, str]) -> dict[str, Path]:
    """Give the newest CPython of each minor version that is here, by its full version."""
    found: dict[tuple[int, ...], Path] = {}
    for python in _candidates(environ):
        asked = subprocess.run([python, "-c", _ASK], capture_output=True, text=True, check=False)
        match = re.fullmatch(r"(\d+)\.(\d+)\.(\d+) cpython\n", asked.stdout)
        if match is not None:
            version = tuple(map(int, match.groups()))
            if version >= OLDEST:
                found.setdefault(version, python)
    newest = {version[:2]: version for version in sorted(found)}
    return {".".join(map(str, version)): found[version] for version in newest.values()}


def _candidates(environ: Mapping[str, str]) -> Iterable[Path]:
    home = environ.get("HOME", "")
    for pattern in _HOMES if home else ():
        yield from sorted(Path(home).glob(pattern.removeprefix("~/")))
    for minor in range(OLDEST[1], OLDEST[1] + 10):
        if there := shutil.which(f"python3.{minor}", path=environ.get("PATH")):
            yield Path(there)


def _tested(version: str, python: Path, arguments: list[str]) -> tuple[str, str]:
    """Run the suite on one interpreter; give how it ended, and the last line it printed."""
    environment = FOLDER / version
    log = environment.parent / f"{version}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    test: list[str | Path] = [_python(environment), "-m", "pytest", *arguments]
    steps = [*_install(environment, python), test]
    code, begun = 0, 0
    with log.open("w", encoding="utf-8") as out:
        while begun < len(steps) and code == 0:
            command = list(map(str, steps[begun]))
            code = subprocess.call(command, cwd=ROOT, stdout=out, stderr=subprocess.STDOUT)
            begun += 1
    last = log.read_text(encoding="utf-8").strip().splitlines()[-1].strip("= ")
    if code == 0:
        return "passed", last
    told = last if begun == len(steps) else f"not installed: {last}"
    return "failed", f"{told}; see {log.relative_to(ROOT)}"


def _install(environment: Path, python: Path) -> list[list[str | Path]]:
    """Give the commands that make an environment, where the lock is another than last time."""
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    stamp = environment / "requirements.lock"
    pip: list[str | Path] = [_python(environment), "-m", "pip", "--disable-pip-version-check"]
    folders = [ROOT, *sorted(file.parent for file in ROOT.glob("plugins/*/pyproject.toml"))]
    editable = [word for folder in folders for word in ("--editable", str(folder))]
    ours = [*pip, "install", "--quiet", "--no-deps", "--no-build-isolation", *editable]
    if stamp.is_file() and stamp.read_text(encoding="utf-8") == lock:
        return [ours]
    shutil.rmtree(environment, ignore_errors=True)
    locked = [*pip, "install", "--quiet", "--require-hashes", "--requirement", "requirements.lock"]
    keep = f"import shutil; shutil.copyfile('requirements.lock', {str(stamp)!r})"
    return [
        [python, "-m", "venv", environment],
        locked,
        [_python(environment), "-c", keep],
        ours,
    ]


def _python(environment: Path) -> Path:
    return environment / "bin" / "python"


if __name__ == "__main__":
    main()
