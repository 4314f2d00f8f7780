"""Secrets: what they cost an export that holds some, and one that holds none; and rotation.

Two projects hold the same values; in one of them 5% are sealed. A rotation is of a store of its
own, with a tenth as many secrets.
"""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from statistics import median
from time import process_time

import prefcore_json

from prefcore.builtin.sqlite_store import SqliteStore
from prefcore.engines.exporting import Secrets, export_document
from prefcore.keys import Keys
from prefcore.model import Selection, from_micros
from prefcore.vault import Vault
from tests.benchmarks import population, rotation
from tests.benchmarks.bulk import Size
from tests.benchmarks.measuring import Finding, finding, take_turns
from tests.benchmarks.population import APP, OLD
from tests.benchmarks.processes import Work, measured, prefcore, run_rounds

__all__ = ["run"]

_NUMBER = "secrets"


def run(folder: Path, *, rounds: int, entries: int) -> list[Finding]:
    """Measure exports of so many entries, and rotations of a tenth as many secrets."""
    some, none = Size(folder / "some", entries), Size(folder / "none", entries)
    for size in (some, none):
        population.project(size.folder, secrets=size is some)
        population.document(size.folder / "in.json", entries)
        commands = [("keys", "init")] if size is some else []
        for command in (*commands, ("init",), ("import", "in.json", "--from-schema", OLD)):
            measured(Work(prefcore(*command), size.folder))
    return [
        _exports(some, none, rounds),
        _looking(none, max(rounds, 5)),
        *rotation.run(folder / "rotation", rounds=rounds, secrets=max(entries // 10, 400)),
    ]


def _exports(some: Size, none: Size, rounds: int) -> Finding:
    runs = run_rounds(
        {"some": some.ours("export", "out.json"), "none": none.ours("export", "out.json")}, rounds
    )
    wall, cpu = runs["some"].ratio(runs["none"])
    return Finding(
        number=_NUMBER,
        work="export, 5% of it secrets",
        against="without",
        goal=1.3,
        ours=median(runs["some"].wall),
        other=median(runs["none"].wall),
        ratio=wall,
        cpu=cpu,
    )


def _looking(none: Size, rounds: int) -> Finding:
    """Give what looking for secrets costs an export that has none, within one process."""
    (info,) = prefcore_json.prefcore_formats()[:1]
    vault = Vault(APP, _keys(none.folder))
    store = SqliteStore.open(f"sqlite:{none.store}")
    schema = population.schema(OLD)

    def export(secrets: Secrets) -> float:
        began = process_time()
        with store.snapshot() as view:
            export_document(
                view,
                schema,
                Selection(),
                info,
                BytesIO(),
                at=from_micros(0),
                generator="benchmarks",
                secrets=secrets,
                progress=lambda entries, part: None,
            )
        return process_time() - began

    times = take_turns(
        {
            "looking": lambda: export(vault.for_documents()),
            "not looking": lambda: export(lambda view, one, left_out: one),
        },
        rounds,
    )
    store.close()
    return finding(
        times, "looking", "not looking", number=_NUMBER, work="export without secrets", goal=1.05
    )


def _keys(folder: Path) -> Keys:
    return Keys(str(folder / "keys"), environ={})
