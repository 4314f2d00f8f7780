"""Soundness: what is called compatible is, and every witness is one, by an independent validator.

Schemas are drawn at random from a fixed seed and changed at random; so the same are judged each
time, and a failure names its seed.
"""

from __future__ import annotations

import json
from itertools import islice, pairwise
from pathlib import Path
from random import Random
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from prefcore.schema import Snapshots
from prefcore.schema.compatibility import Comparison, Finding, Verdict, compare, in_order
from prefcore.schema.compatibility.inclusion import Inclusion
from prefcore.schema.witnesses import candidates
from prefcore.values import UNSET
from tests.schema.compatibility.world import declared, document, judge, shape

ROOT = Path(__file__).parents[3]
GO = ROOT / "docs/examples/first-upgrade/schemas"
LAZYGIT = ROOT / "tests/data/lazygit"

KINDS = ["null", "boolean", "integer", "number", "string", "array", "object"]
DEFINITIONS = {
    "tree": {"type": "object", "additionalProperties": {"$ref": "#/definitions/tree"}},
    "few": {"enum": [1, "a", None, [1]]},
    "list": {
        "type": "object",
        "properties": {"next": {"$ref": "#/definitions/list"}, "a": {"type": "integer"}},
    },
}
BASE = 20_260
SEEDS = 700


class Drawing:
    """Draws schemas, changes of schemas, and values, from one seed."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)  # samples, no secrets

    def schema(self, depth: int = 3) -> Any:
        if depth == 0 or self.random.random() < 0.08:
            return self.random.choice([True, False, {"type": "string"}, {"type": "integer"}])
        words = self.random.sample(sorted(self._words(depth)), self.random.randint(1, 4))
        return {word: self._words(depth)[word]() for word in words}

    def _words(self, depth: int) -> dict[str, Any]:
        random = self.random

        def one() -> Any:
            return self.schema(depth - 1)

        def several() -> list[Any]:
            return [one() for _ in range(random.randint(1, 3))]

        def count() -> int:
            return random.randint(0, 3)

        def bound() -> float:
            return random.choice([random.randint(-4, 4), random.randint(-4, 4) + 0.5])

        def names() -> list[str]:
            return random.sample("abc", random.randint(1, 2))

        return {
            "type": lambda: random.choice([random.choice(KINDS), random.sample(KINDS, 2)]),
            "enum": lambda: [self.value(1) for _ in range(random.randint(1, 4))],
            "minimum": bound,
            "maximum": bound,
            "exclusiveMinimum": bound,
            "exclusiveMaximum": bound,
            "multipleOf": lambda: random.choice([1, 2, 3, 4]),
            "minLength": count,
            "maxLength": count,
            "pattern": lambda: random.choice(["^a", "b", "1$", "[ab]+"]),
            "items": one,
            "prefixItems": several,
            "minItems": count,
            "maxItems": count,
            "uniqueItems": lambda: random.choice([True, False]),
            "properties": lambda: {name: one() for name in names()},
            "required": names,
            "additionalProperties": one,
            "minProperties": count,
            "maxProperties": count,
            "anyOf": several,
            "oneOf": several,
            "allOf": several,
            "$ref": lambda: f"#/definitions/{random.choice(sorted(DEFINITIONS))}",
        }

    def changed(self, schema: Any, depth: int = 3) -> Any:
        """Give a schema that differs a little: by one keyword, perhaps inside."""
        if not isinstance(schema, dict) or not schema or self.random.random() < 0.05:
            return self.schema(depth)
        made = dict(schema)
        word = self.random.choice(sorted(made))
        inner = made[word]
        act = self.random.random()
        if act < 0.25:
            del made[word]
        elif act < 0.5:
            added = self.random.choice(sorted(self._words(depth)))
            made[added] = self._words(depth)[added]()
        elif word in ("items", "additionalProperties"):
            made[word] = self.changed(inner, depth - 1)
        elif word == "properties" and inner:
            name = self.random.choice(sorted(inner))
            made[word] = {**inner, name: self.changed(inner[name], depth - 1)}
        elif word in ("anyOf", "oneOf", "allOf", "prefixItems"):
            i = self.random.randrange(len(inner))
            made[word] = [*inner[:i], self.changed(inner[i], depth - 1), *inner[i + 1 :]]
        else:
            made[word] = self._words(max(depth, 1))[word]()
        return made

    def value(self, depth: int = 2) -> Any:
        random = self.random
        choice = random.random()
        if depth and choice < 0.2:
            return [self.value(depth - 1) for _ in range(random.randint(0, 3))]
        if depth and choice < 0.4:
            names = random.sample("abc", random.randint(0, 3))
            return {name: self.value(depth - 1) for name in names}
        half = random.randint(-5, 5) + 0.5
        text = "".join(random.choices("ab1", k=random.randint(0, 3)))
        return random.choice([None, True, False, random.randint(-5, 5), half, text])


def drawn(seed: int) -> tuple[Comparison, Drawing]:
    drawing = Drawing(BASE + seed)
    before = drawing.schema()
    after = drawing.changed(before)
    if drawing.random.random() < 0.3:
        after = drawing.changed(after)
    older, newer = (
        document(
            declared("a", one), version=version, definitions=DEFINITIONS, dialect="json-schema"
        )
        for one, version in ((before, "1.0.0"), (after, "2.0.0"))
    )
    return compare(older, newer), drawing


@pytest.fixture(scope="module")
def all_drawn() -> list[tuple[Comparison, Drawing]]:
    return [drawn(seed) for seed in range(SEEDS)]


def broken(comparison: Comparison, side: str) -> list[Finding]:
    return [one for one in comparison.findings if getattr(one, side) is not Verdict.COMPATIBLE]


def test_ten_thousand_values_bear_out_what_is_called_compatible(
    all_drawn: list[tuple[Comparison, Drawing]],
) -> None:
    sampled = compatible = incompatible = undecided = 0
    for seed, (comparison, drawing) in enumerate(all_drawn):
        older, newer = comparison.older, comparison.newer
        judges = judge(older, "a"), judge(newer, "a")
        values = [drawing.value() for _ in range(30)]
        for doc in (older, newer):
            one = doc.preferences["a"].shape
            values += [v for v in islice(candidates(one, doc.definitions), 30) if _is_json(v)]
        for side, (yes, no) in (("backward", judges), ("forward", judges[::-1])):
            verdicts = {getattr(one, side) for one in broken(comparison, side)}
            incompatible += Verdict.INCOMPATIBLE in verdicts
            undecided += verdicts == {Verdict.UNDECIDED}
            if verdicts:
                continue
            compatible += 1
            for value in values:
                if yes.is_valid(value):
                    sampled += 1
                    assert no.is_valid(value), (seed, side, value)
    assert sampled >= 10_000
    assert (compatible > 300, incompatible > 300) == (True, True)
    # Undecided is honest, but an engine that decides little would be of little use.
    assert undecided < 0.1 * (compatible + incompatible + undecided)


def _is_json(value: object) -> bool:
    try:
        json.dumps(value)
    except TypeError:  # bytes and dates, which that validator does not know
        return False
    # To JSON Schema 1.0 is an integer; to us it is none.
    return "." not in str(value) or not isinstance(value, float) or not value.is_integer()


def test_every_witness_is_confirmed(all_drawn: list[tuple[Comparison, Drawing]]) -> None:
    confirmed = 0
    for seed, (comparison, _) in enumerate(all_drawn):
        judges = judge(comparison.older, "a"), judge(comparison.newer, "a")
        for finding in comparison.findings:
            for witness, (yes, no) in (
                (finding.refused, judges),
                (finding.unknown, judges[::-1]),
            ):
                if witness is not UNSET and _is_json(witness) and not _holds_whole_float(witness):
                    assert yes.is_valid(witness), (seed, finding)
                    assert not no.is_valid(witness), (seed, finding)
                    confirmed += 1
    assert confirmed > 700


def _holds_whole_float(value: object) -> bool:
    if isinstance(value, (list, dict)):
        inner = value.values() if isinstance(value, dict) else value
        return any(map(_holds_whole_float, inner))
    return isinstance(value, float) and value.is_integer()


@pytest.mark.parametrize(("folder", "app"), [(GO, "golang.go"), (LAZYGIT, "lazygit")])
def test_the_real_histories_bear_it_out_too(folder: Path, app: str) -> None:
    snapshots = Snapshots(folder, app)
    documents = [snapshots.load(version) for version in snapshots.versions]
    values: list[Any] = [
        None,
        True,
        0,
        1,
        -1,
        1.5,
        "",
        "x",
        [],
        ["x"],
        {},
        {"x": 1},
        [{}],
        {"x": "y"},
    ]
    for (older, newer), comparison in zip(pairwise(documents), in_order(documents), strict=True):
        changed = {one.key for one in comparison.findings if one.key in older.preferences}
        for key in sorted(changed & newer.preferences.keys()):
            yes, no = judge(older, key), judge(newer, key)
            mine = [one for one in comparison.findings if one.key == key]
            shapes = older.preferences[key].shape, older.definitions
            drawn = [v for v in islice(candidates(*shapes), 20) if _is_json(v)]
            if all(one.backward is Verdict.COMPATIBLE for one in mine):
                for value in (*values, *drawn):
                    assert no.is_valid(value) or not yes.is_valid(value), (newer.version, key)
            for one in mine:
                if one.rule[0] in "TNEO" and one.refused is not UNSET:
                    assert _refuses(yes, no, one.refused), one
                if one.rule[0] in "TNEO" and one.unknown is not UNSET:
                    assert _refuses(no, yes, one.unknown), one


def _refuses(yes: Draft202012Validator, no: Draft202012Validator, value: object) -> bool:
    return yes.is_valid(value) and not no.is_valid(value)


@pytest.mark.parametrize(
    ("older", "newer"),
    [
        pytest.param({"$ref": "#/definitions/list"}, {"$ref": "#/definitions/list"}, id="itself"),
        pytest.param(
            {"$ref": "#/definitions/list"},
            {"type": "object", "properties": {"next": {"$ref": "#/definitions/list"}}},
            id="unrolled",
        ),
        pytest.param(
            {"type": ["integer", "string"], "minimum": 3},
            {"anyOf": [{"type": "integer", "minimum": 1}, {"type": "string"}]},
            id="type by type",
        ),
        pytest.param(
            {"type": "integer", "minimum": 1, "maximum": 3}, {"enum": [1, 2, 3]}, id="few"
        ),
        pytest.param({"type": "integer", "multipleOf": 6}, {"multipleOf": 1.5}, id="multiples"),
        pytest.param(
            {"allOf": [{"maxItems": 3}, {"type": "array", "items": {"enum": ["a"]}}]},
            {"type": "array", "maxItems": 5, "items": {"type": "string", "maxLength": 1}},
            id="all of",
        ),
        pytest.param(
            {"type": "object", "required": ["a"], "additionalProperties": {"type": "string"}},
            {"type": "object", "minProperties": 1, "properties": {"a": {"type": "string"}}},
            id="members",
        ),
        pytest.param(
            {"type": "array", "prefixItems": [{"type": "string"}], "items": False},
            {"type": "array", "maxItems": 1},
            id="closed tuple",
        ),
        pytest.param(
            {"type": "integer"},
            {"oneOf": [{"type": "integer"}, {"type": "string"}]},
            id="one of disjoint",
        ),
        pytest.param(
            {"type": "array", "minItems": 2, "maxItems": 1}, {"type": "null"}, id="nothing"
        ),
        pytest.param(
            {"type": "object", "required": ["a"], "properties": {"a": False}}, False, id="no member"
        ),
    ],
)
def test_an_inclusion_is_proven(older: object, newer: object) -> None:
    definitions = {name: shape(one) for name, one in DEFINITIONS.items()}
    inclusion = Inclusion(definitions, definitions)
    assert inclusion.proves(shape(older), shape(newer))


def test_a_proof_that_takes_too_long_is_given_up() -> None:
    many = {"anyOf": [{"type": "integer", "minimum": n} for n in range(8)]}
    wide = shape({"type": "integer", "allOf": [many] * 12})
    assert not Inclusion({}, {}).proves(wide, shape({"type": "integer", "maximum": 3}))


def test_a_shape_too_large_to_be_compared_is_undecided_at_once() -> None:
    def wide(low: int) -> object:
        return {"anyOf": [{"type": "integer", "minimum": low + n} for n in range(6_000)]}

    comparison = compare(
        document(declared("a", wide(0))), document(declared("a", wide(1)), version="2.0.0")
    )
    (finding,) = comparison.findings
    assert (finding.rule, finding.backward, finding.forward) == (
        "O02",
        Verdict.UNDECIDED,
        Verdict.UNDECIDED,
    )
    assert finding.bump() == "major"


def test_thousands_of_keys_that_went_and_came_are_told_one_by_one() -> None:
    older = document(*(declared(f"old{i}", {"type": "string"}) for i in range(2_000)))
    newer = document(
        *(declared(f"new{i}", {"type": "string"}) for i in range(2_000)),
        version="2.0.0",
        reserved=list(older.preferences),
    )
    found = compare(older, newer).findings
    assert len(found) == 4_000
    assert not any("If it became" in one.message for one in found)
