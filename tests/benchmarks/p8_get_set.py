"""P8: one value read warm, and one written durably, in a store of 1,000 keys."""

from __future__ import annotations

import json
import shutil
import subprocess
from itertools import count, cycle, islice
from pathlib import Path
from statistics import median

from prefcore.builtin.sqlite_store import SqliteStore
from prefcore.plugins.manager import Plugins
from prefcore.preferences import Preferences
from prefcore.schema import Preference, SchemaDocument, Shape
from prefcore.schema import Schema as AnySchema
from tests.benchmarks import limits
from tests.benchmarks.measuring import Finding, finding, seconds, take_turns

__all__ = ["NODE_MODULES", "run"]

KEYS = [f"section{i % 10}.key{i}" for i in range(1000)]
OWNER = "alice"
#: Where ``npm install --prefix build/node conf`` puts electron-store's ``conf``.
NODE_MODULES = Path(__file__).parent.parent.parent / "build/node/node_modules"

_GET, _SET = "get, warm", "set, durable"
_RAW_GET, _RAW_SET = "raw SELECT + loads", "raw durable UPDATE"
_CONF = "conf (Node)"


def run(
    folder: Path, *, rounds: int = 21, reads: int = 5000, writes: int = 100, settle: int = 1500
) -> list[Finding]:
    """Measure P8 in a folder: on its disk, ours and the limit's files side by side."""
    folder.mkdir()
    prefs = _prepared(folder / "prefs.db")
    raw = limits.make(folder / "raw.db", OWNER, [(key, 0) for key in KEYS])
    numbers = count(1)
    keys = cycle(KEYS)

    def our_get() -> None:
        for key in islice(keys, reads):
            prefs.get(key, user=OWNER)

    def raw_get() -> None:
        for key in islice(keys, reads):
            limits.read(raw, OWNER, key)

    def our_set() -> None:
        for key in islice(keys, writes):
            prefs.set(key, next(numbers), user=OWNER)

    def raw_set() -> None:
        for key in islice(keys, writes):
            limits.update(raw, OWNER, key, next(numbers))

    for key in KEYS:
        assert prefs.get(key, user=OWNER) == limits.read(raw, OWNER, key) == 0
    # A log that still grows makes every fdatasync dearer, and the raw one grows for longest.
    for _ in range(settle // writes):
        our_set()
        raw_set()
    gets = take_turns({_GET: lambda: seconds(our_get), _RAW_GET: lambda: seconds(raw_get)}, rounds)
    sets = take_turns({_SET: lambda: seconds(our_set), _RAW_SET: lambda: seconds(raw_set)}, rounds)
    prefs.close()
    raw.close()
    conf = _conf(folder / "conf", rounds=min(rounds, 5)) or {}
    return [
        finding(gets, _GET, _RAW_GET, number="P8", work=_GET, goal=3.0, units=reads),
        _against_conf(_GET, median(gets[_GET]) / reads, conf.get("get"), goal=0.05),
        finding(sets, _SET, _RAW_SET, number="P8", work=_SET, goal=1.5, units=writes),
        _against_conf(_SET, median(sets[_SET]) / writes, conf.get("set"), goal=0.25),
    ]


def _prepared(path: Path) -> Preferences[AnySchema]:
    preferences = {key: Preference(key, Shape(kinds=("integer",))) for key in KEYS}
    prefs: Preferences[AnySchema] = Preferences(
        SqliteStore.open(f"sqlite:{path}", create=True),
        "bench",
        schema=SchemaDocument("bench", "1.0.0", preferences),
        plugins=Plugins(),
    )
    prefs.set_many("user", OWNER, dict.fromkeys(KEYS, 0))
    return prefs


def _against_conf(work: str, ours: float, conf: float | None, *, goal: float) -> Finding:
    note = "" if conf else "needs node, and: npm install --prefix build/node conf"
    return Finding(
        number="P8",
        work=work,
        against=_CONF,
        goal=goal,
        ours=ours,
        other=conf,
        ratio=ours / conf if conf else None,
        note=note,
    )


_SCRIPT = """
import Conf from "conf";
const [folder, names] = process.argv.slice(2);
const keys = JSON.parse(names);
const conf = new Conf({cwd: folder, projectName: "bench", accessPropertiesByDotNotation: false});
conf.store = Object.fromEntries(keys.map((key) => [key, 0]));
const timed = (times, work) => {
  const began = process.hrtime.bigint();
  for (let i = 0; i < times; i++) work(keys[i % keys.length], i);
  return Number(process.hrtime.bigint() - began) / 1e9 / times;
};
const get = timed(200, (key) => conf.get(key));
const set = timed(50, (key, i) => conf.set(key, i + 1));
console.log(JSON.stringify({get, set}));
"""


def _conf(folder: Path, *, rounds: int) -> dict[str, float] | None:
    """Give the seconds that ``conf`` takes for one get and one set; None where it is not there."""
    node = shutil.which("node")
    if node is None or not (NODE_MODULES / "conf").is_dir():
        return None
    script = NODE_MODULES.parent / "prefcore-bench.mjs"
    script.write_text(_SCRIPT, encoding="utf-8")
    told = [
        subprocess.run(
            [node, script, folder, json.dumps(KEYS)], check=True, capture_output=True, text=True
        )
        for _ in range(rounds)
    ]
    times = [json.loads(one.stdout) for one in told]
    return {name: median(one[name] for one in times) for name in ("get", "set")}
