"""Resolution: which layer's value holds for a key, and why the others do not.

A locked system value wins over everything; then, from the strongest: the environment, project,
user, system, the schema's default. On the start-up path of `prefcore get`, so without attrs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from prefcore.values import UNSET, from_text

__all__ = ["Declared", "ExplainedLayer", "Layer", "explain", "trusted", "untrusted", "winner"]

#: One layer of a point read: scope, owner, canonical text, updated_at in µs, source, actor.
Layer = tuple[str, str, str, int, str, str]

_STRENGTH = {"environment": 4, "project": 3, "user": 2, "system": 1}


class Declared(NamedTuple):
    """What resolving a key needs of its declaration; ``default`` is UNSET where there is none.

    ``variable`` may speak for the key in the environment; whether it does, the whole schema tells.
    ``deprecated`` has the fields of its deprecation, if it is deprecated. ``key`` is the key's own
    name where it was asked for by one that it had in an earlier version. What a project says of a
    ``trusted_only`` key counts only for who trusts the project; each opening of an ``audited`` one
    is recorded.
    """

    default: object = UNSET
    locked: bool = False
    sensitive: bool = False
    variable: str = ""
    deprecated: Mapping[str, str] | None = None
    key: str = ""
    trusted_only: bool = False
    audited: bool = False


class ExplainedLayer(NamedTuple):
    """One layer of an explanation, strongest first.

    ``state`` is ``wins``, ``shadowed`` (a stronger layer holds a value), ``unset``, ``not
    understood`` (a newer program wrote it, and this one cannot take it), or ``not trusted`` (of a
    project that is not, for a key that asks for that); ``origin`` names the set,
    ``default``, or a variable (``environment/NAME``); times are µs since 1970 UTC.
    """

    origin: str
    state: str
    value: object
    updated_at: int | None = None
    source: str = ""
    actor: str = ""
    locked: bool = False


def untrusted(key: str, where: str) -> str:
    """Say that a value is left out, for its key asks for trust and nobody gave it."""
    return (
        f"{where} {key}: the key is declared trusted_only, so it was left out; take it with trust "
        "(--trust) if you trust where it comes from"
    )


def trusted(declared: Declared, layers: Iterable[Layer], *, trust: bool) -> list[Layer]:
    """Give the layers that count: without ``trust``, no project's where the key asks for it."""
    if trust or not declared.trusted_only:
        return list(layers)
    return [layer for layer in layers if layer[0] != "project"]


def winner(declared: Declared, layers: Iterable[Layer]) -> Layer | None:
    """Give the layer whose value holds, or None where only the default is left."""
    strongest: Layer | None = None
    rank = 0
    for layer in layers:
        strength = _strength(declared, layer[0])
        if strength > rank:
            strongest, rank = layer, strength
    return strongest


def _strength(declared: Declared, scope: str) -> int:
    if declared.locked and scope == "system":
        return 9
    return _STRENGTH[scope]


def explain(
    declared: Declared,
    layers: Iterable[Layer],
    sets: Iterable[tuple[str, str]],
    strange: Iterable[Layer] = (),
    *,
    trust: bool = False,
) -> list[ExplainedLayer]:
    """Give every layer that could hold a value, strongest first, the default last.

    ``strange`` layers hold what is not understood, and count for nothing. Without ``trust``,
    neither does what a project says of a ``trusted_only`` key.
    """
    held = {(layer[0], layer[1]): layer for layer in layers}
    winning = winner(declared, trusted(declared, held.values(), trust=trust))
    passed_over = {(layer[0], layer[1]): layer for layer in strange}
    held |= passed_over
    explained = []
    for scope, owner in sorted(sets, key=lambda one: -_strength(declared, one[0])):
        layer = held.get((scope, owner))
        origin = f"{scope}/{owner}" if owner else scope
        locked = declared.locked and scope == "system"
        if layer is None:
            explained.append(ExplainedLayer(origin, "unset", UNSET, locked=locked))
            continue
        _, _, text, at, source, actor = layer
        state = "wins" if layer is winning else "shadowed"
        if declared.trusted_only and scope == "project" and not trust:
            state = "not trusted"
        if (scope, owner) in passed_over:
            state = "not understood"
        explained.append(
            ExplainedLayer(origin, state, from_text(text), at or None, source, actor, locked)
        )
    if declared.default is UNSET:
        state = "unset"
    else:
        state = "wins" if winning is None else "shadowed"
    explained.append(ExplainedLayer("default", state, declared.default))
    return explained
