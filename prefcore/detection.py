"""Detection: which format a file is in, by its content first, then by its suffix."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import PurePath
from typing import Protocol

from prefcore.compression import split_suffix
from prefcore.errors import ForeignFile, PluginError, PluginMissing, PrefcoreError
from prefcore.interfaces import FormatInfo, Likeness

__all__ = ["SUFFIXES", "FormatSource", "formats_for", "guarded", "pick_format"]

#: Suffixes of our own packages' formats: only an imported plugin tells its own.
SUFFIXES = {
    ".json": "json",
    ".jsonc": "jsonc",
    ".yaml": "yaml",
    ".yml": "yaml",
    ".toml": "toml",
    ".msgpack": "binary",
}


class FormatSource(Protocol):
    """The formats there are, each imported when it is asked for."""

    def ids(self) -> tuple[str, ...]:
        """Give the ids of all, importing none."""

    def get(self, id: str) -> FormatInfo:
        """Give one; raises PluginError."""

    def all(self) -> tuple[FormatInfo, ...]:
        """Give all that are not broken."""


def formats_for(name: str, source: FormatSource) -> Iterator[FormatInfo]:
    """Give the formats that a file may be in, that of its suffix first, each when it is drawn.

    Where that one is certain of the content no other is drawn, so none that hangs is imported. A
    format of others is known by a suffix that is its id.
    """
    suffix = PurePath(split_suffix(name)[0].lower()).suffix
    first = SUFFIXES.get(suffix, suffix[1:])
    if first in source.ids():
        try:
            yield source.get(first)
        except PluginError:
            first = ""  # ``all`` tells of it, or raises again
    for one in source.all():
        if one.id != first:
            yield one


def pick_format(name: str, head: bytes, formats: Iterable[FormatInfo]) -> FormatInfo:
    """Give the format of a file by its first bytes, then by its suffix.

    They are drawn until one is certain that prefers the file's suffix, which has it.
    The one format that is certain has it; else, of those that the bytes may be, the one with the
    file's suffix, the surest of several, or the one that prefers the suffix; else the one that is
    surest. Where the bytes look like none, the suffix's format says better what is wrong with them.

    Raises ForeignFile, listing the formats, when none or several fit.
    """
    plain = split_suffix(name)[0].lower()
    found: list[FormatInfo] = []
    sure: dict[str, int] = {}
    for one in formats:
        found.append(one)
        with guarded(one):
            sure[one.id] = int(one.detect(head))
        if sure[one.id] >= Likeness.CERTAIN and plain.endswith(one.suffixes[:1]):
            return one
    formats = sorted(found, key=lambda one: one.id)
    if not formats:
        raise PluginMissing("no format is installed; `pip install prefcore-json` brings JSON")
    by_suffix = [one for one in formats if any(plain.endswith(end) for end in one.suffixes)]
    by_content = [one for one in formats if sure[one.id] > Likeness.NO]
    surest = [one for one in by_content if sure[one.id] == max(sure.values())]
    certain = [one for one in surest if sure[one.id] >= Likeness.CERTAIN]
    both = [one for one in certain or by_content if one in by_suffix]
    both = [one for one in both if sure[one.id] == max(sure[one.id] for one in both)]
    named = both if by_content else by_suffix
    preferring = [one for one in named if plain.endswith(one.suffixes[0])]
    for candidates in (certain, named, preferring, surest):
        if len(candidates) == 1:
            return candidates[0]
    if by_content or by_suffix:
        ids = ", ".join(one.id for one in both or surest or by_suffix)
        raise ForeignFile(f"{name} may be {ids}; say which with --format", file=name)
    if not head:
        raise ForeignFile(f"{name} is empty; give a file with preferences", file=name)
    known = ", ".join(one.id for one in formats)
    raise ForeignFile(
        f"{name} is in no format known here (known: {known}); its plugin may be missing",
        file=name,
    )


@contextmanager
def guarded(format: FormatInfo) -> Iterator[None]:
    """Turn what a format's code should not have raised into PluginError, naming the format."""
    try:
        yield
    except (PrefcoreError, OSError):
        raise
    except Exception as error:
        raise PluginError(
            f"the format plugin '{format.id}' failed with {type(error).__name__}: {error}; "
            "report it to its authors",
            format=format.id,
        ) from error
