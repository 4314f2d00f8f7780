"""The canonical content of a document: what its digest is over, whatever the format.

The content is a sequence of UTF-8 lines, each ended by a line feed, hashed with SHA-256::

    {"app":…,"schema":…}                                    once
    {"owner":"alice","scope":"user"}                        for each set
    "editor.font_size": {"value": 14, "updated_at": "2026-01-31T12:00:00.000000Z", …}
                                                            for each of its entries
    {"data":…,"kind":…}                                     for each record

In a document of several applications the first line is
``{"app":"","apps":[[…,…]],"schema":null}``, with name and schema version of each, and a set's
begins with ``"app":…,``.

All are canonical texts (``prefcore.values``) but the entry line, which is what the JSON format
writes too: key and value are canonical texts, the time is UTC with six digits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from typing import Generic, TypeVar

from prefcore.model import (
    Header,
    PreferenceSet,
    Record,
    Row,
    Trailer,
    from_micros,
    to_micros,
)
from prefcore.values import canonical_text

__all__ = ["LastMade", "Tally", "entry_lines", "iso_time", "micros_of"]

_K = TypeVar("_K")
_Made = TypeVar("_Made")


class Tally:
    """Counts and hashes a document as it flows by."""

    def __init__(self, header: Header) -> None:
        self._hash = sha256()
        self._sets = self._entries = self._records = 0
        head: dict[str, object] = {"app": header.app, "schema": header.schema}
        if header.apps:
            head["apps"] = [[one.app, one.schema] for one in header.apps]
        self._line(canonical_text(head))

    def sets(self, sets: Iterable[PreferenceSet]) -> Iterator[PreferenceSet]:
        """Pass sets on, taking each into the tally."""
        for one in sets:
            self._sets += 1
            self._entries += len(one.rows)
            self._line(_set_line(one))
            if one.lines is not None:
                self._line(one.lines)
            elif one.rows:
                self._line("\n".join(entry_lines(one.rows)))
            yield one

    def records(self, records: Iterable[Record]) -> Iterator[Record]:
        """Pass records on, taking each into the tally."""
        for one in records:
            self._records += 1
            text = canonical_text(one.data) if one.text is None else one.text
            self._line(f'{{"data":{text},"kind":{QUOTED[one.kind]}}}')
            yield one

    def trailer(self) -> Trailer:
        """Give counts and digest of what has flowed by so far."""
        return Trailer(self._sets, self._entries, self._records, "sha256:" + self._hash.hexdigest())

    def _line(self, text: str) -> None:
        self._hash.update(text.encode())
        self._hash.update(b"\n")


def _set_line(one: PreferenceSet) -> str:
    app = f'"app":{QUOTED[one.app]},' if one.app else ""
    owner = canonical_text(one.owner)  # of each there is one, and of keys there are many
    return f'{{{app}"owner":{owner},"scope":{QUOTED[str(one.scope)]}}}'


def entry_lines(rows: Iterable[Row]) -> Sequence[str]:
    """Give the canonical line of each row, without line ends.

    Asked again for the same tuple of rows right away, as by a tally and then by a format, it
    gives the lines it made.
    """
    return _made(rows)


class LastMade(Generic[_Made]):
    """A pure function of the rows of a set (and texts), which remembers what it made last.

    Only of a tuple, for nobody can change that, and by its identity: that costs nothing.
    """

    def __init__(self, make: Callable[..., _Made]) -> None:
        self._make = make
        # Replaced at once: threads may miss it, but never mix it up.
        self._last: tuple[object, tuple[str, ...], _Made] | None = None

    def __call__(self, rows: Iterable[Row], *texts: str) -> _Made:
        last = self._last
        if last is not None and last[0] is rows and last[1] == texts:
            return last[2]
        made = self._make(rows, *texts)
        if isinstance(rows, tuple):
            self._last = rows, texts, made
        return made


def _entry_lines(rows: Iterable[Row]) -> list[str]:
    quoted, hours, seconds, digits = QUOTED, _HOURS, _SECONDS, _DIGITS
    lines = []
    last = moment = None
    for key, text, micros, source, actor in rows:
        if micros != last:  # what was imported or saved together has one time
            last = micros
            whole, part = divmod(micros, 1_000_000)  # in smaller numbers all else takes half
            moment = (
                f"{hours[whole // 3600]}{seconds[whole % 3600]}"
                f"{digits[part // 1000]}{digits[part % 1000]}Z"
            )
        lines.append(
            f'{quoted[key]}: {{"value": {text}, "updated_at": "{moment}", '
            f'"source": {quoted[source]}, "actor": {quoted[actor]}}}'
        )
    return lines


_made = LastMade(_entry_lines)


def iso_time(micros: int) -> str:
    """Give microseconds since 1970 as ``2026-01-31T12:00:00.000000Z``."""
    hour, rest = divmod(micros, 3_600_000_000)
    return f"{_HOURS[hour]}{_SECONDS[rest // 1_000_000]}{rest % 1_000_000:06d}Z"


class _Remembered(dict[_K, str]):
    """Results of a pure function, emptied when they are many: an lru_cache costs thrice a hit."""

    def __init__(self, make: Callable[[_K], str]) -> None:
        self._make = make

    def __missing__(self, key: _K) -> str:
        if len(self) >= 8192:
            self.clear()
        made = self[key] = self._make(key)
        return made


# Keys, sources, actors, hours and seconds of the hour repeat endlessly.
#: Text → its canonical text.
QUOTED = _Remembered[str](canonical_text)
_HOURS = _Remembered[int](lambda hour: from_micros(hour * 3_600_000_000).isoformat()[:14])
_SECONDS = _Remembered[int](lambda second: f"{second // 60:02d}:{second % 60:02d}.")
_DIGITS = _Remembered[int]("{:03d}".format)


def micros_of(text: str) -> int:
    """Give the microseconds since 1970 of an ISO 8601 time with a zone; raises ValueError."""
    moment = datetime.fromisoformat(text)
    if moment.utcoffset() is None:
        raise ValueError(f"the time {text!r} has no zone")
    try:
        return to_micros(moment.astimezone(UTC))
    except OverflowError as error:
        raise ValueError(f"the time {text!r} is out of range in UTC") from error
