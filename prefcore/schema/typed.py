"""Typed classes: preferences declared as annotated attributes, and live views of one set.

A class made from ``Schema`` declares an application's preferences; its instances are views that
read and write one set through a ``Binding``::

    class Editor(Schema, app="acme-editor", version="2.1.0"):
        font_size: int = preference(12, ge=6, le=72, help="Points")
        theme: Literal["light", "dark"] = "light"
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, Self, TypeVar, get_origin, get_type_hints

import attrs

from prefcore.errors import InvalidSchema, NotFound
from prefcore.schema.class_faults import class_faults, name_fault
from prefcore.schema.closest import did_you_mean
from prefcore.schema.declaration import SchemaDocument
from prefcore.schema.declared import Preference
from prefcore.schema.fields import Declared, declare, deprecated, preference
from prefcore.schema.secret import Secret
from prefcore.schema.structuring import reader_of, to_portable
from prefcore.schema.validators import Validators, rule, rules_in
from prefcore.values import UNSET

__all__ = ["Binding", "Schema", "Secret", "Section", "deprecated", "preference", "rule"]

V = TypeVar("V", bound="_View")


class Binding(Protocol):
    """What a view reads and writes: one set, or one resolution, of portable values by key."""

    def get(self, key: str) -> object:
        """Give the value in force for a key, or UNSET where there is none."""

    def set(self, key: str, value: object) -> None:
        """Hold a value for a key; refuses what the declaration refuses."""

    def unset(self, key: str) -> None:
        """Hold no value for a key any more."""


class _Attribute:
    """A preference as an attribute of views: reading, assigning and deleting go to the binding."""

    def __init__(
        self, preference: Preference, hint: object, check: Callable[[Any], object] | None
    ) -> None:
        self.preference = preference
        self._key = preference.key
        self._read = reader_of(hint)
        self._check = check

    def read(self, key: str, value: object) -> object:
        """Give a portable value as the declared type."""
        return value if self._read is None else self._read(key, value)

    def __get__(self, view: _View | None, owner: type | None = None) -> object:
        if view is None:
            return self
        key = view._prefix + self._key
        value = view._binding.get(key)
        if value is UNSET:
            raise NotFound(f"{key} has no value and no default; set one", key=key)
        return self.read(key, value)

    def __set__(self, view: _View, value: object) -> None:
        view._binding.set(view._prefix + self._key, to_portable(value))

    def __delete__(self, view: _View) -> None:
        view._binding.unset(view._prefix + self._key)

    def preferences(self, prefix: str) -> Iterator[Preference]:
        yield attrs.evolve(self.preference, key=prefix + self._key)

    def sections(self, prefix: str) -> Iterator[tuple[str, str]]:
        yield from ()

    def attributes(self, prefix: str) -> Iterator[tuple[str, _Attribute]]:
        yield prefix + self._key, self

    def check_of(self, key: str) -> Callable[[object], object] | None:
        """Give the function that judges portable values of the attribute's ``key``, if any."""
        check = self._check
        return None if check is None else lambda value: check(self.read(key, value))


class _SectionAttribute:
    """A section as an attribute of views."""

    def __init__(self, key: str, section: type[Section]) -> None:
        self._key = key
        self._section = section

    def __get__(self, view: _View | None, owner: type | None = None) -> object:
        if view is None:
            return self._section
        return _view(self._section, view._binding, f"{view._prefix}{self._key}.")

    def __set__(self, view: _View, value: object) -> None:
        raise AttributeError(f"{self._key} is a section; assign its preferences one by one")

    def __delete__(self, view: _View) -> None:
        raise AttributeError(f"{self._key} is a section; delete its preferences one by one")

    def preferences(self, prefix: str) -> Iterator[Preference]:
        for attribute in self._section._attributes.values():
            yield from attribute.preferences(f"{prefix}{self._key}.")

    def sections(self, prefix: str) -> Iterator[tuple[str, str]]:
        yield prefix + self._key, inspect.cleandoc(self._section.__dict__.get("__doc__") or "")
        for attribute in self._section._attributes.values():
            yield from attribute.sections(f"{prefix}{self._key}.")

    def attributes(self, prefix: str) -> Iterator[tuple[str, _Attribute]]:
        for attribute in self._section._attributes.values():
            yield from attribute.attributes(f"{prefix}{self._key}.")


class _View:
    """What schemas and sections share: their attributes, and the binding of an instance."""

    _attributes: ClassVar[Mapping[str, _Attribute | _SectionAttribute]] = {}
    _binding: Binding
    _prefix: str

    def __init__(self) -> None:
        raise TypeError(
            f"{type(self).__name__} is a view of stored preferences; get one from "
            "Preferences.open(…), such as prefs.user('alice')"
        )

    def __repr__(self) -> str:
        return f"<{type(self).__name__} view>"  # no values: some are sensitive

    # Type checkers and editors must not see these: they would accept any attribute.
    if not TYPE_CHECKING:

        def __getattr__(self, name):
            raise AttributeError(_no_attribute(self, name))

        def __setattr__(self, name, value):
            if name not in self._attributes:
                raise AttributeError(_no_attribute(self, name))
            object.__setattr__(self, name, value)

        def __delattr__(self, name):
            if name not in self._attributes:
                raise AttributeError(_no_attribute(self, name))
            object.__delattr__(self, name)


class Section(_View):
    """A group of preferences inside a Schema or another Section; its keys stand under its name.

    Used by annotating an attribute with it, or as a nested class, whose section is named like it in
    small letters (``Ui`` → ``ui``). Its docstring is the section's help.
    """

    def __init_subclass__(cls, **arguments: Any) -> None:
        super().__init_subclass__(**arguments)
        _collect(cls, sys._getframe(1).f_locals)


class Schema(_View):
    """The base of typed schemas: subclass it with ``app`` and ``version`` (SemVer).

    ``baseline`` is the version to assume of a store that records none; ``reserved`` are keys that
    may not come back. Without ``app`` and ``version`` the subclass is a base for others. Raises
    InvalidSchema, naming the attribute, when the class is made and something in it can't be.
    """

    _document: ClassVar[SchemaDocument | None] = None

    def __init_subclass__(
        cls,
        *,
        app: str | None = None,
        version: str | None = None,
        baseline: str | None = None,
        reserved: Iterable[str] = (),
        **arguments: Any,
    ) -> None:
        super().__init_subclass__(**arguments)
        _collect(cls, sys._getframe(1).f_locals)
        cls._document = None
        if app is None and version is None:
            return
        if app is None or version is None:
            raise InvalidSchema(f"{cls.__qualname__}: a schema needs both app= and version=")
        if (fault := name_fault(app, version)) is not None:
            raise InvalidSchema(f"{cls.__qualname__}: {fault}")
        found = cls._attributes.values()
        sections = dict(pair for attribute in found for pair in attribute.sections(""))
        cls._document = SchemaDocument(
            app,
            version,
            [preference for attribute in found for preference in attribute.preferences("")],
            baseline=baseline,
            reserved=tuple(reserved),
            description=inspect.cleandoc(cls.__dict__.get("__doc__") or ""),
            sections={name: text for name, text in sections.items() if text},
            validators=_validators(cls),
        )
        for fault in class_faults(cls._document.preferences):
            raise InvalidSchema(f"{cls.__qualname__}: {fault}")

    @classmethod
    def document(cls) -> SchemaDocument:
        """Give the schema document that the class declares; always the same one.

        Raises InvalidSchema for a class without app and version.
        """
        if cls._document is None:
            raise InvalidSchema(f"{cls.__qualname__} has no app and version; give it both")
        return cls._document

    @classmethod
    def bound(cls, binding: Binding) -> Self:
        """Give a live view: attributes read, assign and delete through ``binding``."""
        return _view(cls, binding, "")


def _validators(cls: type[Schema]) -> Validators:
    attributes = dict(
        pair for attribute in cls._attributes.values() for pair in attribute.attributes("")
    )
    checks = {key: check for key, one in attributes.items() if (check := one.check_of(key))}
    # Those of bases first; a name that a subclass gives anew is the subclass's.
    members = {name: value for base in reversed(cls.__mro__) for name, value in vars(base).items()}
    rules = rules_in(members.items(), lambda key, value: attributes[key].read(key, value))
    for one in rules:
        for key in one.keys:
            if key not in attributes:
                hint = did_you_mean(key, attributes)
                raise InvalidSchema(
                    f"{cls.__qualname__}.{one.name}: the rule is about '{key}', which is not "
                    f"declared{hint}",
                    key=key,
                )
    return Validators(checks, rules)


def _view(cls: type[V], binding: Binding, prefix: str) -> V:
    view = object.__new__(cls)
    object.__setattr__(view, "_binding", binding)
    object.__setattr__(view, "_prefix", prefix)
    return view


def _no_attribute(view: _View, name: str) -> str:
    hint = did_you_mean(name, view._attributes)
    return f"{type(view).__name__} declares no preference '{name}'{hint}"


def _collect(cls: type[_View], around: Mapping[str, object]) -> None:
    """Turn a class's annotated attributes into preferences; ``around`` resolves local names."""
    attributes: dict[str, _Attribute | _SectionAttribute] = {}
    for base in reversed(cls.__mro__[1:]):
        attributes |= base.__dict__.get("_attributes", {})
    hints = _hints(cls, around)
    for name, hint in hints.items():
        place = f"{cls.__qualname__}.{name}"
        if hasattr(Schema if issubclass(cls, Schema) else _View, name):
            raise InvalidSchema(f"{place}: this name is taken; use another, with key='{name}'")
        given = cls.__dict__.get(name, UNSET)
        declared = given if isinstance(given, Declared) else Declared(default=given)
        key = declared.key or name
        if isinstance(hint, type) and issubclass(hint, Section):
            attributes[name] = _SectionAttribute(key, hint)
        else:
            attributes[name] = _Attribute(declare(place, key, hint, declared), hint, declared.check)
    used = set(map(id, hints.values()))
    for name, value in list(cls.__dict__.items()):
        if isinstance(value, Declared) and name not in hints:
            raise InvalidSchema(f"{cls.__qualname__}.{name}: it needs an annotation for its type")
        if isinstance(value, type) and issubclass(value, Section) and id(value) not in used:
            attributes[name] = _SectionAttribute(_small(name), value)
    for name, attribute in attributes.items():
        setattr(cls, name, attribute)
    cls._attributes = attributes


def _hints(cls: type, around: Mapping[str, object]) -> dict[str, object]:
    """Give the class's own annotations, evaluated; private and class variables left out."""
    local = {**around, **{n: v for n, v in cls.__dict__.items() if isinstance(v, type)}}
    hints: dict[str, object] = {}
    for name, written in inspect.get_annotations(cls).items():
        if name.startswith("_"):
            continue
        # A class that carries one annotation, so that an error names its attribute.
        holder = type(cls.__name__, (), {"__annotations__": {name: written}})
        try:
            hint = get_type_hints(
                holder, vars(sys.modules[cls.__module__]), local, include_extras=True
            )[name]
        except (NameError, TypeError, SyntaxError) as error:
            place = f"{cls.__qualname__}.{name}"
            raise InvalidSchema(
                f"{place}: its annotation {written!r} can't be evaluated: {error}", field=place
            ) from error
        if hint is not ClassVar and get_origin(hint) is not ClassVar:
            hints[name] = hint
    return hints


def _small(name: str) -> str:
    return "".join(
        f"_{sign.lower()}" if i and sign.isupper() and not name[i - 1].isupper() else sign.lower()
        for i, sign in enumerate(name)
    )
