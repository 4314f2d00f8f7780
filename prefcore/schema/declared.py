"""One preference's declaration: its key, shape and default, and the rules around its value."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import attrs

from prefcore.deprecation import sentence
from prefcore.errors import InvalidSchema, InvalidValue
from prefcore.schema.closest import did_you_mean
from prefcore.schema.shape import ANY, Shape
from prefcore.schema.versions import Version
from prefcore.values import UNSET, canonical_text, kind_of

__all__ = [
    "MAX_KEY_LENGTH",
    "SCOPES",
    "Deprecation",
    "Preference",
    "check_key",
    "mended",
    "read_field",
]

#: Where a value may be held, weakest first. (Templates hold what the sets made from them may.)
SCOPES = ("system", "user", "project")
MAX_KEY_LENGTH = 500


def check_key(key: object, *, path: str = "") -> str:
    """Give the key back; raises InvalidSchema, saying why, when it is none.

    A key is segments joined by dots; a segment is one or more printable characters but the dot.
    ``path`` is what the message begins with.
    """
    if not isinstance(key, str):
        place = f"{path}: " if path else ""
        raise InvalidSchema(f"{place}a key is text, not {type(key).__name__}")
    if key and key.isprintable() and len(key) <= MAX_KEY_LENGTH:
        if key[0] != "." != key[-1] and ".." not in key:
            return key
        fault = "it has an empty segment"
    elif not key:
        fault = "it is empty"
    elif len(key) > MAX_KEY_LENGTH:
        fault = f"it is longer than {MAX_KEY_LENGTH} characters"
    else:
        bad = next(sign for sign in key if not sign.isprintable())
        fault = f"it holds the unprintable character U+{ord(bad):04X}"
    place = f"{path}: " if path else ""
    raise InvalidSchema(f"{place}{key[:80]!r} is no key: {fault}", key=key)


@attrs.frozen
class Deprecation:
    """That a preference should no longer be used: since which version, and what to use instead.

    ``since`` and ``remove_in`` are versions (SemVer) or empty, ``use`` is a key or empty.
    """

    message: str = ""
    since: str = ""
    use: str = ""
    remove_in: str = ""

    def __attrs_post_init__(self) -> None:
        for name in _DEPRECATION:
            said = getattr(self, name)
            if not isinstance(said, str):
                raise InvalidSchema(f"deprecated: {name} takes text, not {type(said).__name__}")
        for version in (self.since, self.remove_in):
            if version:
                Version.parse(version)

    @property
    def sentence(self) -> str:
        """What a warning says after the key's name."""
        return sentence(self.fields)

    @property
    def fields(self) -> dict[str, str]:
        """The fields that say something, by name."""
        return {name: text for name in _DEPRECATION if (text := str(getattr(self, name)))}


def _scopes(names: Iterable[str]) -> tuple[str, ...]:
    found = tuple(map(str, names))
    for name in found:
        if name not in SCOPES:
            raise InvalidSchema(
                f"there is no scope '{name}'; a preference may stand in {', '.join(SCOPES)}",
                scope=name,
            )
    if not found:
        raise InvalidSchema("a preference needs a scope to stand in; name one or more")
    return tuple(name for name in SCOPES if name in found)


def _values(examples: Iterable[object]) -> tuple[object, ...]:
    return tuple(examples)


def _names(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(names)


@attrs.frozen(kw_only=True, hash=False)
class Preference:
    """The declaration of one key.

    ``default`` is UNSET where there is none; ``required`` then asks for a value. ``locked`` lets
    the system's value win over all others, ``portable=False`` keeps the value out of exports,
    ``trusted_only`` out of projects that nobody has trusted. ``audited`` records each reading of a
    sensitive value. ``merge`` names a strategy,
    ``requires_role`` the role that may change it, ``env`` its environment variable, ``aliases`` the
    names that it had in earlier versions, ``order`` its place in its category. Raises InvalidSchema
    for a bad key, alias or scope, or a default that is not portable.
    """

    key: str = attrs.field(kw_only=False)
    shape: Shape = attrs.field(default=ANY, kw_only=False)
    default: object = attrs.field(
        default=UNSET, eq=lambda value: value if value is UNSET else canonical_text(value)
    )
    required: bool = False
    scopes: tuple[str, ...] = attrs.field(default=SCOPES, converter=_scopes)
    sensitive: bool = False
    locked: bool = False
    portable: bool = True
    trusted_only: bool = False
    audited: bool = False
    deprecated: Deprecation | None = None
    merge: str | None = None
    requires_role: str | None = None
    env: str | None = None
    aliases: tuple[str, ...] = attrs.field(default=(), converter=_names)
    unit: str = ""
    category: str = ""
    title: str = ""
    help: str = ""
    order: int | None = None
    examples: tuple[object, ...] = attrs.field(default=(), converter=_values)
    # What contradicts itself in it whatever the document, once somebody has looked.
    _faults: tuple[str, ...] | None = attrs.field(default=None, init=False, eq=False, repr=False)

    def __attrs_post_init__(self) -> None:
        check_key(self.key)
        self._check_fields()
        for alias in self.aliases:
            check_key(alias, path=f"{self.key}: its alias")
        if self.audited and not self.sensitive:
            raise InvalidSchema(
                f"{self.key} is declared audited, and only readings of secrets are recorded; "
                "declare it sensitive too",
                key=self.key,
            )
        if self.default is not UNSET:
            try:
                canonical_text(self.default)
            except InvalidValue as error:
                raise InvalidSchema(f"{self.key}: its default: {error}", key=self.key) from error

    def _check_fields(self) -> None:
        """Raise InvalidSchema for what could not be read back from a schema document."""
        for name, (kind, what) in _KINDS.items():
            value = getattr(self, name)
            if value is _DEFAULTS[name]:
                continue
            if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
                raise InvalidSchema(
                    f"{self.key}: {name} takes {what}, not {type(value).__name__}",
                    key=self.key,
                    field=name,
                )
        said = {name: getattr(self, name) for name in (*_TEXTS, "order")}
        try:
            canonical_text({**said, "examples": [*self.examples]})
        except InvalidValue as error:
            raise InvalidSchema(f"{self.key}: {error}", key=self.key) from error

    def faults(self, look: Callable[[], Iterable[str]]) -> tuple[str, ...]:
        """Give what ``look`` finds wrong in it, by itself; it is looked at once.

        A schema's versions share most of their preferences, and each version is looked through.
        """
        if self._faults is None:
            object.__setattr__(self, "_faults", tuple(look()))
        return self._faults or ()

    def as_document(self) -> dict[str, object]:
        """Give the declaration without its key as a portable object: only what is not default."""
        document: dict[str, object] = {}
        for name, default in _DEFAULTS.items():
            value = getattr(self, name)
            if value is default or (default is not UNSET and value == default):
                continue
            if isinstance(value, Shape):
                value = value.to_json()
            elif isinstance(value, Deprecation):
                value = value.fields
            elif isinstance(value, tuple):
                value = list(value)
            document[name] = value
        return document

    @classmethod
    def from_document(
        cls,
        key: str,
        mapping: Mapping[str, object],
        *,
        path: str = "",
        notes: list[str] | None = None,
    ) -> Preference:
        """Give the preference that ``as_document`` described.

        ``path`` is what messages begin with. Raises InvalidSchema, naming the field, for an unknown
        field or a value the field can't take. What the shape holds that is not understood is an
        error too, unless there are ``notes`` to put it in.
        """
        place = f"{path}: {key}" if path else key
        fields: dict[str, object] = {}
        for name, value in mapping.items():
            try:
                fields[name] = read_field(name, value)
            except ValueError as error:
                raise InvalidSchema(f"{place}: {error}", key=key, field=name) from error
        faults: list[str] = []
        if "shape" in fields:
            fields["shape"] = Shape.from_json(fields["shape"], path=key, notes=faults)
        if faults and notes is None:
            raise InvalidSchema(f"{path}: {faults[0]}" if path else faults[0], key=key)
        if notes is not None:
            notes.extend(faults)
        return cls(key, **fields)  # type: ignore[arg-type]  # _READ gives each field its type


def read_field(name: str, value: object) -> object:
    """Give what a declaration's field takes from its portable form (a shape stays as it is).

    Raises ValueError, naming the field, when there is none of that name or the value does not fit.
    """
    read = _READ.get(name)
    if read is None:
        raise ValueError(f"a preference has no field '{name}'{did_you_mean(name, _READ)}")
    try:
        return read(value)
    except (ValueError, InvalidSchema) as error:
        raise ValueError(f"{name} {error}") from error


def _instance(kind: type, name: str) -> Callable[[object], object]:
    def read(value: object) -> object:
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            raise ValueError(f"takes {name}, not {kind_of(value)}")
        return value

    return read


_flag = _instance(bool, "true or false")
_text = _instance(str, "text")
_list = _instance(list, "a list")
_object = _instance(dict, "an object")


def _texts(value: object) -> object:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise ValueError("takes a list of texts")
    return tuple(value)


def _read_scopes(value: object) -> object:
    if not isinstance(value, list):
        raise ValueError(f"takes a list, not {kind_of(value)}")
    return _scopes(value)


def _read_deprecation(value: object) -> object:
    if not isinstance(value, dict):
        raise ValueError(f"takes an object, not {kind_of(value)}")
    unknown = sorted(value.keys() - set(_DEPRECATION))
    if unknown:
        raise ValueError(f"has no field '{unknown[0]}'{did_you_mean(unknown[0], _DEPRECATION)}")
    return Deprecation(**{name: str(_text(text)) for name, text in value.items()})


_DEPRECATION = tuple(field.name for field in attrs.fields(Deprecation))
_DEFAULTS = {
    field.name: field.default
    for field in attrs.fields(Preference)
    if field.init and field.name != "key"
}
_FLAGS = ("required", "sensitive", "locked", "portable", "trusted_only", "audited")
#: What only tells people of a key.
_TOLD = ("unit", "category", "title", "help")
_TEXTS = ("merge", "requires_role", "env", *_TOLD)
_KINDS: dict[str, tuple[type, str]] = {
    **dict.fromkeys(_FLAGS, (bool, "True or False")),
    **dict.fromkeys(_TEXTS, (str, "text")),
    "order": (int, "an integer"),
    "deprecated": (Deprecation, "what deprecated(…) gives"),
}
_READ: dict[str, Callable[[object], object]] = {
    "shape": lambda value: value if isinstance(value, bool) else _object(value),
    "default": lambda value: value,
    "scopes": _read_scopes,
    "deprecated": _read_deprecation,
    "order": _instance(int, "an integer"),
    "examples": _list,
    "aliases": _texts,
    **dict.fromkeys(_FLAGS, _flag),
    **dict.fromkeys(_TEXTS, _text),
}


def mended(mapping: Mapping[str, object]) -> dict[str, object]:
    """Give a preference's fields as the program that wrote them took them, where it did not check.

    What only tells people of the key is left out where it can't be read, and a flag that is neither
    true nor false is what Python takes it for. All else stays, to be refused.
    """
    found = {name: value for name, value in mapping.items() if not _is_bad(name, value)}
    flags = {name: bool(value) for name, value in mapping.items() if name in _FLAGS}
    return found | flags


def _is_bad(name: str, value: object) -> bool:
    if name not in (*_TOLD, "order"):
        return False
    try:
        read_field(name, value)
    except ValueError:
        return True
    return False
