"""Nodes: data composed of events, with the line of each part, for errors found later."""

from __future__ import annotations

from typing import NamedTuple

from prefcore.errors import DamagedDocument, InvalidValue, PrefcoreError
from prefcore.interfaces import Limits
from prefcore.layout import Path
from prefcore.values import kind_of
from prefcore_yaml._events import (
    AliasEvent,
    Event,
    Events,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)
from prefcore_yaml._scalars import Refused, meaning_of, tagged_meaning_of, unknown_tag

__all__ = ["Composer", "Items", "Mapping", "line_of"]


class Mapping(dict[str, object]):
    """A mapping, and the line of each key."""

    __slots__ = ("lines",)

    def __init__(self) -> None:
        super().__init__()
        self.lines: dict[str, int] = {}


class Items(list[object]):
    """A sequence, and the line of each item."""

    __slots__ = ("lines",)

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[int] = []


def line_of(data: object, path: Path, line: int) -> int:
    """Give the line of what stands at a path in composed data that begins on ``line``."""
    for step in path:
        if isinstance(data, Mapping) and step in data:
            line, data = data.lines[str(step)], data[str(step)]
        elif isinstance(data, Items) and isinstance(step, int) and step < len(data):
            line, data = data.lines[step], data[step]
        else:
            break
    return line


class _Anchored(NamedTuple):
    """What an anchor names: its value, how large that is, and how deep."""

    value: object
    size: int
    height: int


class Composer:
    """Makes data of events, within the limits; nothing is made of a tag but portable values.

    ``size`` is counted as one for each node and character, so that the aliases of a file cannot
    make it much larger than it is.
    """

    def __init__(self, events: Events, limits: Limits) -> None:
        self._events = events
        self._limits = limits
        # None marks an anchor whose value is not complete.
        self._anchors: dict[str, _Anchored | None] | None = {}
        self._nodes = 0
        self._size = self._added = 0
        self._deepest = 0

    def begin(self) -> None:
        """Count from here what is held at once."""
        self._nodes = 0

    def refuse_anchors(self) -> None:
        """Refuse anchors and aliases from here on: what they name would have to be held."""
        self._anchors = None

    def value(self, event: Event, path: Path, depth: int = 0) -> object:
        """Give the data that begins with an event; raises a located error."""
        self._count(path)
        if isinstance(event, AliasEvent):
            return self._aliased(event, path, depth)
        anchor = event.anchor  # type: ignore[attr-defined]  # all other nodes have one
        if anchor is None:
            return self._node(event, path, depth)
        if self._anchors is None:
            raise self._refused("a document has no anchors; remove it", path)
        self._anchors[anchor] = None
        before, deepest = self._size, self._deepest
        self._deepest = depth
        value = self._node(event, path, depth)
        self._anchors[anchor] = _Anchored(value, self._size - before, self._deepest - depth)
        self._deepest = max(self._deepest, deepest)
        return value

    def key(self, event: Event, path: Path, seen: dict[str, int]) -> str:
        """Give a mapping's key, which is text and not among those ``seen``; puts it there."""
        line = self._events.line
        if not isinstance(event, (ScalarEvent, AliasEvent)):
            raise self._refused("a key is text, not a collection; write it as text", path)
        if isinstance(event, ScalarEvent) and event.value == "<<" and not event.style:
            message = "merge keys (<<) are not of YAML 1.2; write the keys out, or quote this one"
            raise self._refused(message, path)
        key = self.value(event, path)
        if not isinstance(key, str):
            raise self._refused(f"a key is text, and this one is {kind_of(key)}; quote it", path)
        if key in seen:
            message = f"the key '{key[:80]}' stands twice in one mapping; remove one"
            raise self._events.error(DamagedDocument, message, path=(*path, key), line=line)
        seen[key] = line
        return key

    def _node(self, event: Event, path: Path, depth: int) -> object:
        if isinstance(event, ScalarEvent):
            self._size += 1 + len(event.value)
            return self._scalar(event, path)
        self._size += 1
        self._deepest = max(self._deepest, depth + 1)
        if isinstance(event, MappingStartEvent):
            self._check_tag(event.tag, "map", path)
            return self._mapping(path, depth + 1)
        assert isinstance(event, SequenceStartEvent)
        self._check_tag(event.tag, "seq", path)
        return self._items(path, depth + 1)

    def _scalar(self, event: ScalarEvent, path: Path) -> object:
        try:
            if event.tag is not None:
                return tagged_meaning_of(event.value, event.tag)
            return event.value if event.style else meaning_of(event.value)
        except Refused as refused:
            raise self._events.error(InvalidValue, str(refused), path=path) from refused

    def _mapping(self, path: Path, depth: int) -> Mapping:
        made = Mapping()
        while not isinstance(event := self._events.next(), MappingEndEvent):
            key = self.key(event, path, made.lines)
            made[key] = self.value(self._events.next(), (*path, key), depth)
        return made

    def _items(self, path: Path, depth: int) -> Items:
        made = Items()
        while not isinstance(event := self._events.next(), SequenceEndEvent):
            made.lines.append(self._events.line)
            made.append(self.value(event, (*path, len(made)), depth))
        return made

    def _aliased(self, event: AliasEvent, path: Path, depth: int) -> object:
        if self._anchors is None:
            raise self._refused("a document has no aliases; write the value out", path)
        name = str(event.anchor)
        if name not in self._anchors:
            raise self._refused(f"no anchor before this is called '{name[:80]}'", path)
        found = self._anchors[name]
        if found is None:
            raise self._refused("this alias names what it stands in, which never ends", path)
        self._added += found.size
        self._size += found.size
        if self._added > (most := self._limits.max_alias_bytes):
            raise self._refused(
                f"the aliases make the file larger by more than {most} (max_alias_bytes); "
                "write out what they stand for, or raise the limit if you trust the file",
                path,
            )
        if depth + found.height > self._limits.max_depth + 1:
            message = "by this alias, the value is nested deeper than 64 levels"
            raise self._events.error(InvalidValue, message, path=path[:4])
        self._deepest = max(self._deepest, depth + found.height)
        return found.value

    def _check_tag(self, tag: str | None, kind: str, path: Path) -> None:
        if tag not in (None, "!", f"tag:yaml.org,2002:{kind}"):
            refused = unknown_tag(str(tag))
            raise self._events.error(InvalidValue, str(refused), path=path)

    def _count(self, path: Path) -> None:
        self._nodes += 1
        if self._nodes > (most := self._limits.max_values):
            message = f"more than {most} values have to be held at once (max_values)"
            raise self._refused(f"{message}; split the file, or raise the limit", path[:1])

    def _refused(self, message: str, path: Path) -> PrefcoreError:
        return self._events.error(DamagedDocument, message, path=path)
