"""Schema documents: an application's preferences at one version."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256

import attrs

from prefcore.errors import InvalidSchema, InvalidValue, PolicyRefused, UnknownKey, UsageError
from prefcore.model.sets import place
from prefcore.schema.checks import Check, Problem, compile_check, kinds_of
from prefcore.schema.closest import did_you_mean
from prefcore.schema.contradictions import contradictions, unreadable_patterns
from prefcore.schema.declared import SCOPES, Deprecation, Preference, check_key, mended
from prefcore.schema.layout import LAYOUT, OWN, read_document
from prefcore.schema.problems import join_path
from prefcore.schema.reading import flatten_values, read_value, sections_of, spelled
from prefcore.schema.shape import Shape
from prefcore.schema.validators import NONE, Validators
from prefcore.schema.versions import Version
from prefcore.values import UNSET, canonical_text, from_text

__all__ = ["SCOPES", "Deprecation", "Preference", "SchemaDocument", "check_key"]


def _by_key(preferences: Mapping[str, Preference] | Iterable[Preference]) -> dict[str, Preference]:
    given = preferences.values() if isinstance(preferences, Mapping) else preferences
    made: dict[str, Preference] = {}
    for preference in given:
        if preference.key in made:
            raise InvalidSchema(f"{preference.key}: it is declared twice", key=preference.key)
        made[preference.key] = preference
    return dict(sorted(made.items()))


def _mended(declared: object) -> object:
    return mended(declared) if isinstance(declared, dict) else declared


def _shapes(definitions: Mapping[str, Shape]) -> dict[str, Shape]:
    return dict(sorted(definitions.items()))


def _texts(sections: Mapping[str, str]) -> dict[str, str]:
    return dict(sorted(sections.items()))


def _tuple(notes: Iterable[str]) -> tuple[str, ...]:
    return tuple(notes)


def _names(reserved: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(reserved)))


@attrs.frozen(eq=False)
class SchemaDocument:
    """What an application's preferences are at one version.

    ``preferences`` are sorted by key, ``definitions`` what their shapes refer to by name,
    ``baseline`` the version to assume of a store that records none, ``reserved`` names that may
    not come back, ``sections`` the help of dotted names above keys. ``dialect`` is ``prefcore``, or
    the foreign form it was read from: there, contradictions stand in ``notes`` beside what was not
    understood; in our own they are errors. ``validators`` are functions of the application, which
    no text holds. Two documents are equal when their texts are; notes and validators do not count.
    Raises InvalidSchema for a bad version or key, or a contradiction.
    """

    app: str
    version: str
    preferences: Mapping[str, Preference] = attrs.field(factory=dict, converter=_by_key)
    definitions: Mapping[str, Shape] = attrs.field(factory=dict, converter=_shapes, kw_only=True)
    baseline: str | None = attrs.field(default=None, kw_only=True)
    reserved: tuple[str, ...] = attrs.field(default=(), converter=_names, kw_only=True)
    description: str = attrs.field(default="", kw_only=True)
    sections: Mapping[str, str] = attrs.field(factory=dict, converter=_texts, kw_only=True)
    dialect: str = attrs.field(default=OWN, kw_only=True)
    notes: tuple[str, ...] = attrs.field(default=(), converter=_tuple, kw_only=True)
    validators: Validators = attrs.field(default=NONE, kw_only=True)
    # Made when first asked for: checks by key, and "text", "digest" and "sections".
    _checks: dict[str, Check] = attrs.field(factory=dict, init=False, repr=False)
    _made: dict[str, str] = attrs.field(factory=dict, init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        if not self.app or not self.app.isprintable():
            raise InvalidSchema(f"an application needs a printable name, not {self.app!r}")
        for version in filter(None, (self.version, self.baseline)):
            Version.parse(version)
        for name in self.reserved:
            check_key(name, path=f"{self.app} {self.version}: reserved")
        found = contradictions(self.preferences, self.definitions, self.reserved, self.check)
        if self.dialect == OWN:
            # Foreign patterns were noted where they were read.
            for sentence in (*found, *unreadable_patterns(self.preferences, self.definitions)):
                raise InvalidSchema(
                    f"{self.app} {self.version}: {sentence}", app=self.app, version=self.version
                )
        else:
            object.__setattr__(self, "notes", tuple(dict.fromkeys((*self.notes, *found))))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SchemaDocument) and self.text == other.text

    def __hash__(self) -> int:
        return hash(self.text)

    def as_document(self) -> dict[str, object]:
        """Give the document as a portable object; ``from_document`` reads it back."""
        more = {
            "definitions": {name: shape.to_json() for name, shape in self.definitions.items()},
            "baseline": self.baseline,
            "reserved": list(self.reserved),
            "description": self.description,
            "sections": dict(self.sections),
            "dialect": "" if self.dialect == OWN else self.dialect,
        }
        return {
            "prefcore_schema": LAYOUT,
            "app": self.app,
            "version": self.version,
            "preferences": {k: p.as_document() for k, p in self.preferences.items()},
        } | {name: value for name, value in more.items() if value}

    @classmethod
    def from_document(cls, mapping: Mapping[str, object], *, path: str = "") -> SchemaDocument:
        """Give the document that ``as_document`` described; ``path`` is what messages begin with.

        Raises InvalidSchema, naming the field, when it is malformed, and NewerFormat when a newer
        prefcore wrote it.
        """
        return cls(**read_document(mapping, path))  # type: ignore[arg-type]  # its types are checked

    @classmethod
    def registered(cls, text: str) -> SchemaDocument:
        """Give the document of a text that a store keeps; its ``text`` is just that.

        A class could once declare what no document can say, such as a ``help`` that is no text: so
        that such a version can be left, it is read as ``mended`` gives it. Raises InvalidSchema.
        """
        found = from_text(text)
        if not isinstance(found, dict):
            raise InvalidSchema("a registered schema is no object; the store is damaged")
        try:
            return cls.from_document(found)
        except InvalidSchema:
            declared = found.get("preferences")
            if not isinstance(declared, dict):
                raise
            found["preferences"] = {key: _mended(one) for key, one in declared.items()}
            document = cls.from_document(found)
        document._made["text"] = text
        return document

    @property
    def text(self) -> str:
        """The document's canonical text (``values.canonical_text``)."""
        if "text" not in self._made:
            try:
                self._made["text"] = canonical_text(self.as_document())
            except InvalidValue as error:
                raise InvalidSchema(f"{self.app} {self.version}: {error}") from error
        return self._made["text"]

    @property
    def digest(self) -> str:
        """The SHA-256 of ``text``, as ``sha256:`` and hex."""
        if "digest" not in self._made:
            self._made["digest"] = "sha256:" + sha256(self.text.encode()).hexdigest()
        return self._made["digest"]

    def only(self, *keys: str) -> SchemaDocument:
        """Give the document of some of the keys, with the definitions they need.

        Its text stands alone: it is what a store keeps as one key's declaration. Raises UnknownKey.
        """
        chosen = [self.preference(key) for key in keys]
        return attrs.evolve(
            self,
            preferences=chosen,
            definitions=self._needed(*(preference.shape for preference in chosen)),
            reserved=(),
            description="",
            sections={},
            notes=(),
            validators=self.validators.only(keys),
        )

    def declarations(self) -> dict[str, str]:
        """Give, for each key, the text of its declaration alone, for ``from_declaration``.

        It holds neither application nor version, so that it is the same text for as long as the
        declaration stays the same.
        """
        texts = {}
        for key, preference in self.preferences.items():
            more = {
                "definitions": {n: s.to_json() for n, s in self._needed(preference.shape).items()},
                "dialect": "" if self.dialect == OWN else self.dialect,
            }
            declared = {"preference": preference.as_document()}
            texts[key] = canonical_text(declared | {k: v for k, v in more.items() if v})
        return texts

    @classmethod
    def from_declaration(cls, app: str, version: str, key: str, text: str) -> SchemaDocument:
        """Give a document of one key, from the text that ``declarations`` gave for it."""
        declared = from_text(text)
        if not isinstance(declared, dict) or "preference" not in declared:
            raise InvalidSchema(f"{key}: the text is no declaration", key=key)
        preference = declared.pop("preference")
        head = {"prefcore_schema": LAYOUT, "app": app, "version": version}
        return cls.from_document({**head, "preferences": {key: _mended(preference)}, **declared})

    def preference(self, key: str) -> Preference:
        """Give a key's declaration; raises UnknownKey, naming the closest known one."""
        if not isinstance(key, str):
            raise UsageError(f"a preference is named by text, not by {key!r:.40}")
        preference = self.preferences.get(key)
        if preference is None:
            hint = did_you_mean(key, self.preferences)
            inside = sum(one.startswith(f"{key}.") for one in self.preferences)
            if inside:
                hint = f"; it is a section of {inside}: prefcore list '{key}.*' --defaults"
            raise UnknownKey(
                f"{self.app} {self.version} has no preference '{key}'{hint}",
                key=key,
                app=self.app,
                version=self.version,
            )
        return preference

    def key_of(self, name: str) -> str:
        """Give the key that a name means: the one that had it in an earlier version, or itself."""
        if name in self.preferences:
            return name
        found = (key for key, one in self.preferences.items() if name in one.aliases)
        return next(found, name)

    def check_of(self, key: str) -> Check:
        """Give the compiled check of a key's values, for loops; raises UnknownKey."""
        check = self._checks.get(key)
        if check is None:
            preference = self.preference(key)
            check = compile_check(preference.shape, self.definitions)
            check = self.validators.after(key, check, hidden=preference.sensitive)
            self._checks[key] = check
        return check

    def check(self, key: str, value: object) -> Problem | None:
        """Give what is wrong with a value for a key, or None; raises UnknownKey."""
        return (self._checks.get(key) or self.check_of(key))(value)

    def validate(self, key: str, value: object, *, scope: str, place: str) -> None:
        """Refuse what the declaration refuses.

        ``place`` is what messages call the set (``user/alice``). Raises UnknownKey; PolicyRefused
        when the key may not stand in the scope; InvalidValue, with key, place, rule, path and
        (unless it is sensitive) the value as facts.
        """
        preference = self.preferences.get(key) or self.preference(key)
        # A template holds what its copies may: each of them is validated in its own scope.
        if scope not in preference.scopes and scope != "template":
            raise PolicyRefused(
                f"{place} {key}: this preference may stand only in {', '.join(preference.scopes)}",
                key=key,
                place=place,
                scope=str(scope),
            )
        problem = self.check(key, value)
        if problem is not None:
            raise self.refusal(key, value, problem, place=place)

    def refusal(self, key: str, value: object, problem: Problem, *, place: str) -> InvalidValue:
        """Give the error that says a problem in one sentence; a sensitive value is not in it."""
        at = f"{place} " if place else ""
        facts = {"key": key, "place": place, "rule": problem.rule}
        if self.preference(key).sensitive:
            return InvalidValue(f"{at}{key}: the value {problem.requirement}", path="", **facts)
        message = f"{at}{join_path(key, problem.path)}: {problem.message}"
        return InvalidValue(message, path=problem.path, value=value, **facts)

    def broken_rules(
        self, values: Mapping[str, object], changed: Iterable[str], *, scope: str, owner: str
    ) -> Iterator[InvalidValue]:
        """Give an error for each rule across keys that a set breaks, of those on changed keys.

        ``values`` are the set's own; where it holds none of a key, the schema's default stands.
        """
        touched = set(changed)
        for rule in self.validators.rules:
            if touched.isdisjoint(rule.keys):
                continue
            preferences = [self.preference(key) for key in rule.keys]
            held = [values.get(one.key, one.default) for one in preferences]
            hidden = any(one.sensitive for one in preferences)
            fault = None if UNSET in held else rule.fault(held, hidden=hidden)
            if fault is not None:
                where = place(scope, owner)
                yield InvalidValue(
                    f"{where} {', '.join(rule.keys)}: {fault}",
                    key=rule.keys[0],
                    keys=rule.keys,
                    scope=str(scope),
                    owner=owner,
                    place=where,
                    rule=rule.name,
                )

    def parse(self, key: str, text: str) -> object:
        """Give the value that a command line's text means for a key.

        A key that holds only text takes it as it stands; others take JSON first, then text, then
        ISO 8601 or base64 by type. Bounds are for ``validate``. Raises UnknownKey, and InvalidValue
        when no reading has an allowed type.
        """
        preference = self.preference(key)
        if not isinstance(text, str):
            raise UsageError(f"{key}: what is parsed is text, not {type(text).__name__}", key=key)
        try:
            return read_value(
                text, kinds_of(preference.shape, self.definitions), self.check_of(key)
            )
        except ValueError as error:
            said = "the value can't be read by its declared type" if preference.sensitive else error
            raise InvalidValue(f"{key}: {said}", key=key, rule="type") from (
                None if preference.sensitive else error
            )

    def spelled(self, key: str, value: object) -> object:
        """Give the value that a plain file's means for a declared key.

        That is the value itself, but for a text where the key takes none and a date, a time or
        bytes: people write those as texts, and not every format has types of its own for them.
        """
        if not isinstance(value, str):
            return value
        kinds = kinds_of(self.preference(key).shape, self.definitions)
        found = [] if "string" in kinds else spelled(value, kinds)
        check = self.check_of(key)
        return next((one for one in found if check(one) is None), found[0] if found else value)

    def flatten(self, values: Mapping[str, object]) -> tuple[dict[str, object], list[str]]:
        """Give the values by declared key, and the dotted names that no key takes, sorted.

        A name that a key had in an earlier version (``aliases``) means that key. Names may be
        nested, dotted, or both; going down stops at the first declared key, so an object-typed
        preference takes its whole object. Raises InvalidValue when two spellings name one key.
        """
        names = {alias: key for key, one in self.preferences.items() for alias in one.aliases}
        names |= {key: key for key in self.preferences}
        return flatten_values(values, names, sections_of(names))

    def changed_keys(
        self, newer: SchemaDocument
    ) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
        """Give the keys that ``newer`` adds, removes and changes, each sorted.

        Changed are those whose scopes differ, or whose shape (with all it refers to, annotations
        left out): values of other keys need no new check.
        """
        added = tuple(key for key in newer.preferences if key not in self.preferences)
        removed = tuple(key for key in self.preferences if key not in newer.preferences)
        changed = []
        for key, before in self.preferences.items():
            after = newer.preferences.get(key)
            if after is not None and (
                before.scopes != after.scopes
                or not before.shape.same_rules(after.shape)
                or not self._same_needs(before.shape, newer)
            ):
                changed.append(key)
        return added, removed, tuple(changed)

    def _same_needs(self, shape: Shape, newer: SchemaDocument) -> bool:
        return all(
            name in newer.definitions and needed.same_rules(newer.definitions[name])
            for name, needed in self._needed(shape).items()
        )

    def _needed(self, *shapes: Shape) -> dict[str, Shape]:
        """Give the definitions that shapes refer to, directly or through others."""
        needed: dict[str, Shape] = {}
        waiting = [name for shape in shapes for name in shape.references()]
        while waiting:
            name = waiting.pop()
            if name in self.definitions and name not in needed:
                needed[name] = self.definitions[name]
                waiting += needed[name].references()
        return dict(sorted(needed.items()))
