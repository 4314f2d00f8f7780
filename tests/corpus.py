"""Feeds every file of a folder to an import, in each format that it may be, and tells how it went.

    python tests/corpus.py FOLDER [--jobs N] [--seconds S]

Each file goes to ``import --dry-run`` as it is, and, where several formats may read it or none is
sure, with ``--format`` for each of them. It has to be read, or refused in one sentence. A
traceback, a hang, a crash of the interpreter or a changed store fails the run, which then exits
with 1. The imports run in processes of their own, a few megabytes of files at a time.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import resource
import select
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

import attrs
from click.testing import CliRunner

from prefcore.cli import cli
from prefcore.detection import pick_format
from prefcore.errors import ForeignFile
from prefcore.interfaces import Likeness
from prefcore.plugins.manager import Plugins

#: Address space of a process that imports.
_MEMORY = 2 << 30


@attrs.frozen
class Trial:
    """One import: the file, and the format it is said to be in; none is found by detection."""

    file: Path
    format: str = ""


@attrs.frozen
class Outcome:
    """How an import went: ``read``, ``refused``, or what must not happen; and its sentence."""

    trial: Trial
    verdict: str
    said: str = ""

    @property
    def is_good(self) -> bool:
        """Whether it was read or cleanly refused."""
        return self.verdict in ("read", "refused")


# --------------------------------------------------------------------------------- what to try


def trials(folder: Path) -> Iterator[Trial]:
    """Give the trials of every file below a folder."""
    plugins = Plugins.from_environment()
    formats = [plugins.formats.get(id) for id in plugins.formats.ids()]
    for file in sorted(one for one in folder.rglob("*") if one.is_file()):
        yield Trial(file)
        with file.open("rb") as source:
            head = source.read(4096)
        maybe = {one.id for one in formats if one.detect(head) > Likeness.NO}
        maybe |= {one.id for one in formats if file.name.lower().endswith(one.suffixes)}
        try:
            maybe -= {pick_format(file.name, head, formats).id}
        except ForeignFile:
            maybe = maybe or {one.id for one in formats}
        for id in sorted(maybe):
            yield Trial(file, id)


# ---------------------------------------------------------------------- the process that imports


def work(folder: Path) -> None:
    """Import what is asked for on standard input, a line each, and answer on standard output."""
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    os.chdir(folder)
    os.environ.update(HOME=str(folder), XDG_DATA_HOME=str(folder))
    _prepare(folder)
    store = folder / "prefs.db"
    before = hashlib.sha256(store.read_bytes()).hexdigest()
    for line in sys.stdin:
        file, format = json.loads(line)
        words = ["import", file, "--unknown", "keep", "--dry-run", "--no-input"]
        result = CliRunner().invoke(cli, [*words, *(["--format", format] if format else [])])
        verdict, said = _judged(result.exit_code, result.stderr, result.exception)
        if hashlib.sha256(store.read_bytes()).hexdigest() != before:
            verdict = "CHANGED THE STORE"
        print(json.dumps([verdict, said]), flush=True)


def _prepare(folder: Path) -> None:
    schemas = folder / "schemas"
    schemas.mkdir()
    (schemas / "1.0.0.json").write_text('{"type": "object", "properties": {}}')
    words = ["--app", "corpus", "--store", "prefs.db", "init", "--schemas", "schemas"]
    made = CliRunner().invoke(cli, words)
    assert made.exit_code == 0, made.output


def _judged(code: int, err: str, raised: BaseException | None) -> tuple[str, str]:
    if raised is not None and not isinstance(raised, SystemExit):
        return "TRACEBACK", f"{type(raised).__name__}: {raised}"
    errors = [line for line in err.splitlines() if line.startswith("prefcore: error: ")]
    said = errors[-1].removeprefix("prefcore: error: ") if errors else ""
    if code == 0:
        return "read", ""
    if "Traceback" in err or not said:
        return "TRACEBACK", err[-300:]
    # 1 is a conflict or what --dry-run found in the way; 18 a plugin that failed.
    return ("PLUGIN FAILED" if code == 18 else "refused"), said


# ------------------------------------------------------------------------- the one that watches


class Watched:
    """A process that imports, begun anew where it crashed or hung."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._process: subprocess.Popen[str] | None = None
        self._folder: TemporaryDirectory[str] | None = None

    def outcome(self, trial: Trial) -> Outcome:
        """Give how a trial went."""
        process = self._process or self._begun()
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps([str(trial.file.resolve()), trial.format]) + "\n")
        process.stdin.flush()
        if not select.select([process.stdout], [], [], self._seconds)[0]:
            self.end()
            return Outcome(trial, "HUNG", f"no answer in {self._seconds:g} s")
        answer = process.stdout.readline()
        if not answer:
            code = process.wait()
            self.end()
            return Outcome(trial, "CRASHED", f"the interpreter ended with {code}")
        return Outcome(trial, *json.loads(answer))

    def _begun(self) -> subprocess.Popen[str]:
        self._folder = TemporaryDirectory(prefix="prefcore-corpus-")
        self._process = subprocess.Popen(
            [sys.executable, __file__, "--worker", self._folder.name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        return self._process

    def end(self) -> None:
        """End the process."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None


def tried(found: list[Trial], *, jobs: int, seconds: float) -> list[Outcome]:
    """Give how the trials went, in their order."""

    def share(part: list[Trial]) -> list[Outcome]:
        watched = Watched(seconds)
        try:
            return [watched.outcome(trial) for trial in part]
        finally:
            watched.end()

    parts = [found[i::jobs] for i in range(jobs)]
    with ThreadPoolExecutor(jobs) as pool:
        outcomes = [one for part in pool.map(share, parts) for one in part]
    return sorted(outcomes, key=lambda one: (one.trial.file, one.trial.format))


def table(folder: Path, outcomes: list[Outcome]) -> Iterator[str]:
    """Give the lines of the report: each import, then how many went how."""
    width = max((len(str(one.trial.file.relative_to(folder))) for one in outcomes), default=0)
    for one in outcomes:
        name = str(one.trial.file.relative_to(folder))
        yield f"{name:{width}}  {one.trial.format or 'detected':8}  {one.verdict:8}  {one.said}"
    for format in sorted({one.trial.format for one in outcomes}):
        counts = Counter(one.verdict for one in outcomes if one.trial.format == format)
        said = ", ".join(f"{count} {verdict}" for verdict, count in counts.most_common())
        yield f"{format or 'detected'}: {said}"


def main() -> int:
    """Run from the shell."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        work(options.folder)
        return 0
    outcomes = tried(list(trials(options.folder)), jobs=options.jobs, seconds=options.seconds)
    for line in table(options.folder, outcomes):
        print(line)
    bad = [one for one in outcomes if not one.is_good]
    print(f"{len(outcomes)} imports, {len(bad)} of them bad")
    return 1 if bad or not outcomes else 0


if __name__ == "__main__":
    sys.exit(main())
