"""The environment as a layer: which variable speaks for a key, and what its text means.

The names are needed by `prefcore get`, so nothing slow is imported here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from prefcore.errors import InvalidValue, PrefcoreError, UsageError
from prefcore.resolution import Layer
from prefcore.values import canonical_text

if TYPE_CHECKING:
    from prefcore.schema import SchemaDocument

__all__ = ["OWN", "Given", "given", "variable_of"]

#: What prefcore itself is configured by; these never speak for a preference.
OWN = (
    "PREFCORE_CONFIG",
    "PREFCORE_STORE",
    "PREFCORE_APP",
    "PREFCORE_ACTOR",
    "PREFCORE_PLUGINS_ALLOW",
    "PREFCORE_PLUGINS_DENY",
)


class Given(NamedTuple):
    """What the environment says of an application's preferences.

    ``variables`` has, by key, the variable that speaks for it (a key that shares its name has
    none); ``layers`` what those that are set hold, or the error that reading the key raises.
    """

    variables: Mapping[str, str] = {}
    layers: Mapping[str, Layer | PrefcoreError] = {}


def variable_of(app: str, key: str) -> str:
    """Give the variable of a key that declares none: ``APP_SECTION__KEY``.

    Letters become capitals, dots between the key's segments two underscores, and all that is no
    ASCII letter or digit one.
    """
    return f"{_word(app)}_{'__'.join(map(_word, key.split('.')))}"


def _word(text: str) -> str:
    return "".join(sign.upper() if sign.isascii() and sign.isalnum() else "_" for sign in text)


def given(document: SchemaDocument, environ: Mapping[str, str]) -> Given:
    """Give what the environment says under a schema; an empty variable counts as unset.

    A declared name goes before those that follow from keys. Of several keys from which one name
    follows none has it, and where it is set reading each of them raises UsageError.
    """
    preferences = document.preferences
    declared = {key: one.env for key, one in preferences.items() if one.env}
    taken = {*declared.values(), *OWN}
    keys_of: dict[str, list[str]] = {}
    for key in preferences:
        name = variable_of(document.app, key)
        if key not in declared and name not in taken:
            keys_of.setdefault(name, []).append(key)
    variables = declared | {keys[0]: name for name, keys in keys_of.items() if len(keys) == 1}
    layers: dict[str, Layer | PrefcoreError] = {
        key: _layer(document, key, name, environ[name])
        for key, name in variables.items()
        if environ.get(name)
    }
    for name, keys in keys_of.items():
        if len(keys) > 1 and environ.get(name):
            error = UsageError(
                f"the variable {name} may mean {' or '.join(keys)}; unset it, and declare env= for "
                "them",
                variable=name,
            )
            layers.update(dict.fromkeys(keys, error))
    return Given(variables, layers)


def _layer(document: SchemaDocument, key: str, name: str, text: str) -> Layer | PrefcoreError:
    place = f"environment/{name}"
    try:
        value = document.parse(key, text)
        problem = document.check(key, value)
        if problem is not None:
            raise document.refusal(key, value, problem, place=place)
        return ("environment", name, canonical_text(value, path=key), 0, "environment", "")
    except InvalidValue as error:
        said = error.message.removeprefix(f"{place} ")
        return InvalidValue(f"the variable {name}: {said}", **{**error.facts, "variable": name})
