"""Secrets: what they cost an export that holds some, and one that holds none; and rotation.

Two projects hold the same values; in one of them 5% are sealed. A tenth of all values are then
sealed anew, as a rotation does.
"""

from __future__ import annotations

from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from statistics import median
from time import process_time

import prefcore_json

from prefcore.builtin.sqlite_store import SqliteStore
from prefcore.engines.exporting import Secrets, export_document
from prefcore.engines.reencrypting import reencrypt
from prefcore.keys import Keys
from prefcore.model import Draft, PreferenceSet, Row, Selection, from_micros
from prefcore.security.places import STORE, Place
from prefcore.values import canonical_text
from prefcore.vault import Vault
from tests.benchmarks import population
from tests.benchmarks.bulk import Size
from tests.benchmarks.measuring import Finding, finding, take_turns
from tests.benchmarks.population import APP, OLD
from tests.benchmarks.processes import Work, measured, prefcore, run_rounds

__all__ = ["run"]

_NUMBER = "secrets"
#: Seconds of CPU that a value may take to be sealed anew.
_ROTATED = 1 / 50_000


def run(folder: Path, *, rounds: int, entries: int) -> list[Finding]:
    """Measure exports of so many entries, and a rotation of a tenth as many secrets."""
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
        _rotation(some, folder / "rotated.db", max(entries // 10, 100), rounds),
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


def _rotation(some: Size, path: Path, secrets: int, rounds: int) -> Finding:
    """Give the CPU time of sealing one value anew, in a store of so many in 40 keys."""
    keys = Keys(str(some.folder / ".local/share/prefcore/keys"), environ={})
    sealer = keys.needed("the benchmark")
    store = SqliteStore.open(f"sqlite:{path}", create=True)
    with store.changeset(_draft(APP), version=None) as transaction:
        uuids = {f"key{n:02}": transaction.mint(f"key{n:02}") for n in range(40)}
        for number in range(-(-secrets // 40)):
            owner = f"user{number:07}"
            rows: list[Row] = []
            for key, uuid in uuids.items():
                text = canonical_text(f"token {owner} of {key}")
                sealed = sealer.seal(text, Place(STORE, APP, "user", owner, uuid))
                rows.append((key, canonical_text(sealed), 0, "manual", "bench"))
            transaction.write("user", owner, PreferenceSet("user", owner, rows).rows)
    times = []
    for _ in range(rounds):
        measured(Work(prefcore("keys", "rotate"), some.folder))
        began = process_time()
        told = reencrypt(store, _draft, lambda: keys.needed("the benchmark"))
        times.append((process_time() - began) / told.done)
    store.close()
    return Finding(
        number=_NUMBER,
        work="rotation, CPU for a value",
        against="50,000 a second",
        goal=1.0,
        ours=median(times),
        other=_ROTATED,
        ratio=median(times) / _ROTATED,
        note=f"{1 / median(times):,.0f} values a second",
    )


def _draft(app: str) -> Draft:
    return Draft(app, "bench", "keys", datetime.now(UTC))
