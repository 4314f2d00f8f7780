"""The population of the bulk benchmarks: an application of 120 keys, and many owners with 40 each.

Everything follows from numbers, so the same size is the same document on every machine.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

import prefcore_json

from prefcore.canonical import Tally
from prefcore.model import Document, Header, PreferenceSet, Row, to_micros
from prefcore.schema import Preference, SchemaDocument, Shape, Snapshots
from prefcore.values import canonical_text

__all__ = [
    "APP",
    "KINDS",
    "LATER",
    "NEW",
    "OLD",
    "RENAMED",
    "SCALED",
    "changed",
    "document",
    "key",
    "project",
]

APP = "bench"
#: Documents are at the first; the second renames and converts a key, the third changes all.
OLD, NEW, LATER = "1.0.0", "2.0.0", "3.0.0"
KEYS, PER_OWNER = 120, 40
_SECRETS = range(2, 108, 18)

_CHOICES = ("light", "dark", "system", "high contrast")
_SHAPES = (
    Shape(kinds=("integer",), minimum=0, maximum=1_000_000),
    Shape(kinds=("boolean",)),
    Shape(kinds=("string",), max_length=200),
    Shape(kinds=("string",), enum=_CHOICES),
    Shape(kinds=("number",), minimum=0),
    Shape(kinds=("array",), items=Shape(kinds=("string",))),
)
#: The Python types of a key's values, by its number modulo six.
KINDS = ((int,), (bool,), (str,), (str,), (int, float), (list,))
_BEGAN = to_micros(datetime(2026, 1, 31, 12, tzinfo=UTC))
_DAY = 86_400_000_000


def key(number: int) -> str:
    """Give the name of a key, 0 to 119; they sort by their number."""
    return f"section{number // 12:02}.key{number:03}"


#: The first step renames the one to the other, and multiplies an integer by ten.
RENAMED = (key(1), f"{key(1)}_renamed")
SCALED = key(6)

#: What the second step makes of the choices.
OTHER = {"light": "dark", "dark": "light", "system": "high contrast", "high contrast": "system"}

_STEPS = {
    NEW: f"""from prefcore import Step, convert, rename

step = Step(
    "{OLD}", "{NEW}", rename("{RENAMED[0]}", "{RENAMED[1]}"), convert("{SCALED}", scale=10)
)
""",
    LATER: f"""from prefcore import Step, python

KEYS = {[key(i) if i != 1 else RENAMED[1] for i in range(KEYS)]}
OTHER = {OTHER}


def forth(values):
    return {{key: changed(value) for key, value in values.items()}}


def changed(value):
    if isinstance(value, bool):
        return not value
    if isinstance(value, str):
        return OTHER.get(value, value + "/x")
    if isinstance(value, list):
        return [*value, "x"]
    return value + 1


step = Step("{NEW}", "{LATER}", python(forth, reads=KEYS, writes=KEYS))
""",
}


def changed(value: Any) -> Any:
    """Give what the second step makes of a value."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, str):
        return OTHER.get(value, value + "/x")
    if isinstance(value, list):
        return [*value, "x"]
    return value + 1


def schema(version: str, *, secrets: bool = False) -> SchemaDocument:
    """Give the application's schema at a version: a sixth of the keys of each type.

    With ``secrets`` six of the texts are sensitive, and so are 5% of all values.
    """
    names = [key(i) for i in range(KEYS)]
    if version != OLD:
        names[1] = RENAMED[1]
    preferences = [
        Preference(name, _SHAPES[i % len(_SHAPES)], sensitive=secrets and i in _SECRETS)
        for i, name in enumerate(names)
    ]
    return SchemaDocument(APP, version, {one.key: one for one in preferences})


def project(folder: Path, *, secrets: bool = False) -> None:
    """Make a folder with ``prefcore.toml``, the three schemas and the two steps."""
    (folder / "migrations").mkdir(parents=True)
    (folder / "schemas").mkdir()
    snapshots = Snapshots(folder / "schemas", APP)
    for version in (OLD, NEW, LATER):
        snapshots.write(schema(version, secrets=secrets))
    for version, text in _STEPS.items():
        (folder / "migrations" / f"{version}.py").write_text(text, encoding="utf-8")
    (folder / "prefcore.toml").write_text(
        f'app = "{APP}"\nstore = "sqlite:prefs.db"\nschemas = "schemas"\n'
        'migrations = "migrations"\n',
        encoding="utf-8",
    )


def value(number: int, random: Random) -> object:
    """Give a value for a key, as settings are: few choices, some free text, some numbers."""
    kind = number % len(_SHAPES)
    if kind == 0:
        return random.randrange(10_000)
    if kind == 1:
        return random.random() < 0.5
    if kind == 2:
        return f"/home/user{random.randrange(100_000)}/projects/Gerät {number}"
    if kind == 3:
        return random.choice(_CHOICES)
    if kind == 4:
        return round(random.uniform(0, 4), 2)
    return [f"pattern{random.randrange(50)}/**" for _ in range(random.randrange(4))]


def sets(entries: int) -> Iterator[PreferenceSet]:
    """Give so many entries, 40 to an owner, as the sets of a document.

    Half of an owner's came at once, as from a template; the others one by one.
    """
    for owner in range(entries // PER_OWNER):
        random = Random(owner)
        began = _BEGAN + random.randrange(_DAY)
        rows: list[Row] = []
        for number in sorted(random.sample(range(KEYS), PER_OWNER)):
            text = canonical_text(value(number, random))
            at = began if random.random() < 0.5 else began + random.randrange(_DAY)
            rows.append((key(number), text, at, "manual", f"user{owner % 97:02}"))
        yield PreferenceSet("user", f"user{owner:07}", rows)


def document(path: Path, entries: int) -> None:
    """Write so many entries as a JSON document."""
    header = Header(app=APP, schema=OLD, generator="benchmarks")
    tally = Tally(header)
    (info,) = prefcore_json.prefcore_formats()
    with path.open("wb") as out:
        info.factory().write(Document(header, tally.sets(sets(entries)), (), tally.trailer), out)
