"""The events of a YAML text: drawn one by one from the parser, each within the limits.

PyYAML's own loading recurses in C, and a deep text crashes the interpreter there. So nothing is
loaded: the parser, which does not recurse, is asked for events, and stops being asked at the first
that is too deep.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import BinaryIO, Protocol, TypeVar

import yaml
from yaml.events import (
    AliasEvent,
    CollectionEndEvent,
    CollectionStartEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
    StreamStartEvent,
)

from prefcore.errors import DamagedDocument, InvalidValue, PrefcoreError, TruncatedDocument
from prefcore.interfaces import Limits
from prefcore.layout import Path, located
from prefcore_yaml._source import Source

__all__ = [
    "PARSERS",
    "AliasEvent",
    "Event",
    "Events",
    "MappingEndEvent",
    "MappingStartEvent",
    "ScalarEvent",
    "SequenceEndEvent",
    "SequenceStartEvent",
]

_Result = TypeVar("_Result")

# How deep a document nests around a value, and a tagged form inside it.
_AROUND_VALUES = 7
_TOO_DEEP = "the text is nested too deep; values may have 64 levels"


class _Parser(Protocol):
    def get_event(self) -> Event | None: ...


#: What makes events of a source: libyaml where PyYAML has it, twenty times as fast, then Python.
#: They are loaders, which are never asked to load.
PARSERS: tuple[Callable[[Source], _Parser], ...] = (
    *((yaml.CBaseLoader,) if yaml.__with_libyaml__ else ()),
    yaml.BaseLoader,
)


class Events:
    """The events of the one document in a source; everything it raises is located."""

    def __init__(self, source: BinaryIO, limits: Limits) -> None:
        self.source = Source(source, limits)
        self.line = 1
        self._depth = 0
        self._deepest = limits.max_depth + _AROUND_VALUES
        self._parser = self._guarded(lambda: PARSERS[0](self.source))
        self._expect(StreamStartEvent)

    def begin(self) -> Event:
        """Give the first event of the document's content."""
        start = self.next()
        self.source.begin()
        if isinstance(start, StreamEndEvent):
            raise self.error(DamagedDocument, "the file holds no preferences, only comments")
        if isinstance(start, DocumentStartEvent) and start.version not in (None, (1, 2)):
            raise self.error(
                DamagedDocument,
                "the file says that it is YAML of another version, where words such as yes mean "
                "something else; remove the line %YAML and look over such words",
            )
        return self.next()

    def end(self) -> None:
        """Take what ends the stream; raises DamagedDocument where something follows."""
        self.next()
        if not isinstance(self.next(), StreamEndEvent):
            message = "a second YAML document stands after the first; make it a file of its own"
            raise self.error(DamagedDocument, message)

    def next(self) -> Event:
        """Give the next event; raises DamagedDocument or InvalidValue."""
        event = self._guarded(self._parser.get_event)
        if event is None:
            raise self.error(TruncatedDocument, "the text ends here; get a whole copy")
        self.source.went_on()
        if event.start_mark is not None:
            self.line = event.start_mark.line + 1
        if isinstance(event, CollectionStartEvent):
            self._depth += 1
            if self._depth > self._deepest:
                raise self.error(InvalidValue, _TOO_DEEP)
        elif isinstance(event, CollectionEndEvent):
            self._depth -= 1
        return event

    def error(
        self, kind: type[PrefcoreError], message: str, *, path: Path = (), line: int | None = None
    ) -> PrefcoreError:
        """Give an error that names a line, that of the last event by default."""
        return located(kind, message, line=self.line if line is None else line, path=path)

    def _expect(self, kind: type[Event]) -> None:
        assert isinstance(self.next(), kind)

    def _guarded(self, call: Callable[[], _Result]) -> _Result:
        try:
            result = call()
        except yaml.YAMLError as error:
            raise self.source.fault or self._syntax_error(error) from error
        if self.source.fault is not None:
            raise self.source.fault
        return result

    def _syntax_error(self, error: yaml.YAMLError) -> PrefcoreError:
        problem = getattr(error, "problem", None) or getattr(error, "reason", None) or "bad YAML"
        context = getattr(error, "context", None)
        said = f"{context}: {problem}" if context else str(problem)
        mark = getattr(error, "problem_mark", None)
        if mark is None:
            return located(DamagedDocument, f"{said}; mend the syntax", line=self.line)
        place = {"line": mark.line + 1, "column": mark.column + 1}
        if "maximum nesting depth" in problem:  # libyaml's own limit, met while it looks ahead
            return located(InvalidValue, _TOO_DEEP, **place)
        if self.source.ended and mark.index >= self.source.characters:
            return located(TruncatedDocument, f"the text ends here ({said}); complete it", **place)
        return located(DamagedDocument, f"{said}; mend the syntax", **place)
