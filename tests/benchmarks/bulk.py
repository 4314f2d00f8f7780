"""P2 to P7, and P11: a document of very many entries, out, in, in again, up and back.

Everything is a process, prefcore's own command line among them. Peers are so slow that they do a
tenth of the work; prefcore does that too, beside them.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Mapping
from itertools import pairwise
from math import log
from pathlib import Path
from statistics import median

import attrs

from prefcore.builtin.sqlite_store import SqliteStore
from prefcore.model import Draft, from_micros
from tests.benchmarks import population
from tests.benchmarks.measuring import Finding, seconds
from tests.benchmarks.population import APP, LATER, NEW, OLD, RENAMED
from tests.benchmarks.processes import Runs, Work, measured, prefcore, run_rounds

__all__ = ["run"]

_MB = 1 << 20
_TARGET = ("--target", "file:backups")
_LIMIT, _UTILS, _ALEMBIC, _DJANGO = "raw sqlite3 + codec", "sqlite-utils", "Alembic", "Django"


@attrs.frozen
class Size:
    """A folder with everything of one size: documents, ours and the limit's store, the peers'."""

    folder: Path
    entries: int

    @property
    def store(self) -> Path:
        return self.folder / "prefs.db"

    @property
    def raw(self) -> Path:
        return self.folder / "raw.db"

    def ours(self, *arguments: str, fresh: bool = False) -> Work:
        """Give a work of prefcore's; ``fresh`` on an empty store."""
        return Work(prefcore(*arguments), self.folder, self._empty if fresh else lambda: None)

    def limit(self, *arguments: str, start: str = "") -> Work:
        """Give a work of the limit's, on its database or, where named, on a copy of another."""
        command = ("tests.benchmarks.bulk_limits", *arguments)
        return Work(command, self.folder, lambda: self._copied(start, "raw.db"))

    def peer(self, *arguments: str, start: str = "", database: str = "peer.db") -> Work:
        """Give a work of a peer's, likewise."""
        command = ("tests.benchmarks.peers", *arguments)
        return Work(command, self.folder, lambda: self._copied(start, database))

    def without_backups(self) -> None:
        """Remove the backups of the round before."""
        shutil.rmtree(self.folder / "backups", ignore_errors=True)

    def _empty(self) -> None:
        _remove(self.store)
        measured(Work(prefcore("init"), self.folder))

    def _copied(self, start: str, database: str) -> None:
        if start:
            _remove(self.folder / database)
            if (self.folder / start).exists():
                shutil.copyfile(self.folder / start, self.folder / database)


def run(folder: Path, *, rounds: int, entries: int) -> list[Finding]:
    """Measure in a folder; ``entries`` is the size of the store, of which peers do a tenth."""
    large, small, least = (
        Size(folder / word, max(entries // part, 40 * parts))
        for word, part, parts in (("large", 1, 100), ("small", 10, 10), ("least", 100, 1))
    )
    for size in (large, small, least):
        population.project(size.folder)
        population.document(size.folder / "in.json", size.entries)
    works = {**_works(large, ""), **_works(small, " small"), **_peers(small)}
    works |= {f"{name} least": work for name, work in _ours(least).items()}
    runs = run_rounds(works, rounds)
    return [
        *_against_limits(runs),
        *_against_peers(runs),
        *_sizes(runs, large, small, least),
        _rename(folder, large, small, rounds),
    ]


def _ours(size: Size) -> dict[str, Work]:
    return {
        "import": size.ours("import", "in.json", "--from-schema", OLD, fresh=True),
        "export": size.ours("export", "out.json"),
        "again": size.ours("import", "out.json"),
        "back up": attrs.evolve(
            size.ours("backup", "create", "--always", *_TARGET), before=size.without_backups
        ),
        "verify": size.ours("backup", "verify", *_TARGET),
        "verify deep": size.ours("backup", "verify", "--level=3", *_TARGET),
        "restore": attrs.evolve(
            size.ours("backup", "restore", "latest", "--to", "sqlite:restored.db", *_TARGET),
            before=lambda: _remove(size.folder / "restored.db"),
        ),
        "up": size.ours("migrate", "up", "--to", NEW),
        "down": size.ours("migrate", "down", "--to", OLD),
        "up again": size.ours("migrate", "up", "--to", NEW),
        "function": size.ours("migrate", "up", "--to", LATER),
    }


def _works(size: Size, word: str) -> dict[str, Work]:
    """Give our works and the limit's, each beside the other."""
    limits = {
        "import": size.limit("import", "in.json", "raw.db", start="none"),
        "export": size.limit("export", "raw.db", "raw.json"),
        "again": attrs.evolve(
            size.limit("import-again", "in.json", "raw.db"), before=lambda: _keep(size.raw)
        ),
        "back up": size.limit("back-up", "raw.db", "raw.backup"),
        "verify": size.limit("verify", "raw.backup"),
        "restore": attrs.evolve(
            size.limit("restore", "raw.backup", "raw-restored.db"),
            before=lambda: _remove(size.folder / "raw-restored.db"),
        ),
        "up": size.limit("migrate", "raw.db", start="raw.db.kept"),
        "function": size.limit("function", "raw.db", start="raw.db.kept"),
    }
    works = {}
    for name, work in _ours(size).items():
        works[name + word] = work
        if name in limits:
            works[f"{name} limit{word}"] = limits[name]
    return works


def _peers(small: Size) -> dict[str, Work]:
    prepared = small.peer(
        "django-prepare", "in.json", "fixture.json", "django.db", start="none", database="django.db"
    )
    return {
        "utils insert": small.peer("insert", "in.json", "peer.db", start="none"),
        "utils dump": small.peer("dump", "peer.db", "peer.json"),
        "utils upsert": small.peer("upsert", "in.json", "peer.db"),
        "alembic up": small.peer("alembic-migrate", "peer.db"),
        "alembic function": small.peer("alembic-function", "peer.db"),
        "django load": Work(
            ("tests.benchmarks.peers", "django-load", "fixture.json", "django.db"),
            small.folder,
            lambda: measured(prepared),
        ),
        "django dump": small.peer("django-dump", "django.db", "django.json"),
    }


def _keep(database: Path) -> None:
    """Keep the limit's database as it was imported, its log moved into it."""
    connection = sqlite3.connect(database)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    shutil.copyfile(database, f"{database}.kept")


def _remove(database: Path) -> None:
    for file in database.parent.glob(f"{database.name}*"):
        if file.is_dir():
            shutil.rmtree(file)
        elif not file.name.endswith(".kept"):
            file.unlink()


# --------------------------------------------------------------------------------- the findings


def _against(
    runs: Mapping[str, Runs],
    number: str,
    work: str,
    ours: str,
    other: str,
    goal: float | None,
    who: str,
) -> Finding:
    wall, cpu = runs[ours].ratio(runs[other])
    return Finding(
        number=number,
        work=work,
        against=who,
        goal=goal,
        ours=median(runs[ours].wall),
        other=median(runs[other].wall),
        ratio=wall,
        cpu=cpu,
    )


_OF_LIMITS = (
    ("P2", "export", "export", 1.6),
    ("P3", "import into an empty store", "import", 2.0),
    ("P4", "import again, nothing changed", "again", 1.6),
    ("P5", "migrate: rename and convert", "up", 2.0),
    ("P6", "migrate: a function over all", "function", 2.0),
    ("P7", "backup create, read back", "back up", None),
    ("P7", "backup verify", "verify", None),
    ("P7", "backup restore into a new store", "restore", None),
)
_OF_PEERS = (
    ("P2", "export, a tenth", "export", "utils dump", 0.4, _UTILS),
    ("P2", "export, a tenth", "export", "django dump", 0.4, _DJANGO),
    ("P3", "import, a tenth", "import", "utils insert", 0.3, _UTILS),
    ("P3", "import, a tenth", "import", "django load", 0.3, _DJANGO),
    ("P4", "import again, a tenth", "again", "utils upsert", 1.0, _UTILS),
    ("P5", "migrate, a tenth", "up", "alembic up", 1.0, _ALEMBIC),
    ("P6", "function, a tenth", "function", "alembic function", 0.25, _ALEMBIC),
)


def _against_limits(runs: Mapping[str, Runs]) -> list[Finding]:
    found = [
        _against(runs, number, work, name, f"{name} limit", goal, _LIMIT)
        for number, work, name, goal in _OF_LIMITS
    ]
    back = _against(runs, "P5", "migrate back", "down", "up", 1.3, "forward")
    found.insert(4, back)
    return found


def _against_peers(runs: Mapping[str, Runs]) -> list[Finding]:
    return [
        _against(runs, number, work, f"{ours} small", other, goal, who)
        for number, work, ours, other, goal, who in _OF_PEERS
    ]


#: Megabytes that a work may hold; none, where no goal is set but that it does not grow.
_MOST_MEMORY = {
    "export": 128,
    "import": 160,
    "again": 160,
    "back up": 0,
    "verify": 0,
    "verify deep": 0,
    "restore": 0,
    "up": 0,
    "function": 0,
}


def _sizes(runs: Mapping[str, Runs], large: Size, small: Size, least: Size) -> list[Finding]:
    """Give P11: memory against that of a tenth, and what more entries cost against fewer more.

    The latter is what the entries from a tenth to all take each, against what those from a
    hundredth to a tenth do: so that starting a process does not count.
    """
    found = []
    for name, most in _MOST_MEMORY.items():
        all_, tenth, hundredth = (runs[name + word] for word in ("", " small", " least"))
        ours, theirs = max(all_.memory) / _MB, max(tenth.memory) / _MB
        found.append(
            Finding(
                number="P11",
                work=f"{name}: memory",
                against=f"{small.entries} entries",
                goal=1.1,
                ours=ours,
                other=theirs,
                ratio=ours / theirs,
                unit="MB",
                note=f"goal ≤ {most} MB: {'met' if ours <= most else 'missed'}" if most else "",
            )
        )
        cpu = [median(one.cpu) for one in (all_, tenth, hundredth)]
        more = (cpu[0] - cpu[1]) / (large.entries - small.entries)
        fewer = (cpu[1] - cpu[2]) / (small.entries - least.entries)
        found.append(
            Finding(
                number="P11",
                work=f"{name}: CPU for an entry more",
                against=f"up to {small.entries}",
                goal=1.1,
                ours=more,
                other=fewer,
                ratio=more / fewer,
                note=f"grows with n^{1 + log(more / fewer, 10):.2f}" if more / fewer > 0 else "",
            )
        )
    return found


def _rename(folder: Path, large: Size, small: Size, rounds: int) -> Finding:
    """Give P5's last: a rename alone, applied in a store, takes as long in a small one."""
    times = {size: median(_renames(size.store, max(rounds, 5))) for size in (large, small)}
    return Finding(
        number="P5",
        work="rename alone, applied",
        against=f"{small.entries} entries",
        goal=1.3,
        ours=times[large],
        other=times[small],
        ratio=times[large] / times[small],
    )


def _renames(path: Path, times: int) -> list[float]:
    """Rename a key so often, each time to a name that is new; give the seconds of each."""
    store = SqliteStore.open(f"sqlite:{path}")
    draft = Draft(APP, "bench", "migrate", from_micros(0))
    names = [RENAMED[1], *(f"renamed{i}" for i in range(times))]

    def rename(key: str, to: str) -> None:
        with store.changeset(draft, version=LATER) as transaction:
            transaction.rename(key, to)

    took = [seconds(lambda pair=pair: rename(*pair)) for pair in pairwise(names)]  # type: ignore[misc]  # bound now
    store.close()
    return took
