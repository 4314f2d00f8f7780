"""Ranges of versions, in the grammar and meaning of node-semver.

Source: https://github.com/npm/node-semver#ranges. ``^1.2``, ``~1.2.3``, ``1.x``, ``1.2 - 2.3``,
``>=1 <3`` (white space means and), ``a || b``. A pre-release fits only where the range names one of
the same ``major.minor.patch``. Build metadata does not count. One difference: a version or a range
that is malformed is an error here, where node-semver's loose mode guesses.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

import attrs

from prefcore.errors import InvalidSchema
from prefcore.schema.versions import MAX_LENGTH, Version

__all__ = ["Range"]

#: More alternatives than this are refused.
_MAX_ALTERNATIVES = 100

_NUMBER = r"(?:0|[1-9][0-9]*|[xX*])"
_TAIL = r"(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?"
_PARTIAL = rf"[vV=]?{_NUMBER}(?:\.{_NUMBER}(?:\.{_NUMBER}{_TAIL})?)?"
_SIMPLE = re.compile(rf"(?P<sign>>=|<=|>|<|=|\^|~>|~|)\s*(?P<partial>{_PARTIAL})")
_HYPHEN = re.compile(rf"(?P<low>{_PARTIAL})\s+-\s+(?P<high>{_PARTIAL})")
_PIECES = re.compile(r"[vV=]?(?P<numbers>[0-9xX*.]+)(?:-(?P<prerelease>[0-9A-Za-z.-]+))?(?:\+.*)?")

_Core = tuple[int, int, int]


@attrs.frozen
class _Comparator:
    """One bound: a sign and a version; ``<0.0.0-0`` is below everything."""

    sign: str
    version: Version

    def holds(self, version: Version) -> bool:
        one, other = version.precedence, self.version.precedence
        if self.sign == "=":
            return one == other
        if self.sign[0] == ">":
            return one > other or (self.sign == ">=" and one == other)
        return one < other or (self.sign == "<=" and one == other)

    def __str__(self) -> str:
        return f"{'' if self.sign == '=' else self.sign}{self.version}"


@attrs.frozen
class _Partial:
    """A version of which numbers may be missing or ``x``: those are None."""

    major: int | None
    minor: int | None
    patch: int | None
    prerelease: str

    @classmethod
    def parse(cls, text: str) -> _Partial:
        match = _PIECES.fullmatch(text)
        assert match is not None  # the grammar before was stricter
        numbers: list[int | None] = []
        for part in match["numbers"].split("."):
            numbers.append(None if part in "xX*" else int(part))
            if numbers[-1] is not None and None in numbers:
                raise InvalidSchema(f"the range of versions {text[:30]!r} has a number after an x")
        major, minor, patch = [*numbers, None, None][:3]
        prerelease = match["prerelease"] or ""
        return cls(major, minor, patch, prerelease if patch is not None else "")

    @property
    def lowest(self) -> Version:
        return _version((self.major or 0, self.minor or 0, self.patch or 0), self.prerelease)

    @property
    def is_whole(self) -> bool:
        return self.patch is not None

    def after(self, place: int) -> Version:
        """Give the lowest version whose number at ``place`` (0: major) is one higher."""
        core = [self.major or 0, self.minor or 0, self.patch or 0]
        core[place] += 1
        for i in range(place + 1, 3):
            core[i] = 0
        return _version((core[0], core[1], core[2]), "0")

    @property
    def last_given(self) -> int:
        """The place of the last number that is given; -1 for ``x``."""
        return sum(number is not None for number in (self.major, self.minor, self.patch)) - 1


@attrs.frozen
class Range:
    """A range of versions; ``in`` asks whether a version lies in it.

    Two ranges are equal when their normal forms (``str``) are.
    """

    alternatives: tuple[tuple[_Comparator, ...], ...]

    @classmethod
    def parse(cls, text: str) -> Range:
        """Give the range that the text spells; an empty one means every release.

        Raises InvalidSchema, naming the part that can't be read.
        """
        parts = text.split("||")
        if len(text) > 10 * MAX_LENGTH or len(parts) > _MAX_ALTERNATIVES:
            raise InvalidSchema(f"the range of versions {text[:40]!r}… is too long", range=text)
        return cls(tuple(tuple(dict.fromkeys(_comparators(part, text))) for part in parts))

    def __contains__(self, version: Version | str) -> bool:
        """Say whether a version lies in the range; raises InvalidSchema for text that is none."""
        if isinstance(version, str):
            version = Version.parse(version)
        return any(_fits(version, alternative) for alternative in self.alternatives)

    def best(self, versions: Iterable[str]) -> str | None:
        """Give the highest of the versions that lies in the range, or None."""
        found = [one for one in map(Version.parse, versions) if one in self]
        return str(max(found)) if found else None

    def __str__(self) -> str:
        return " || ".join(" ".join(map(str, one)) or "*" for one in self.alternatives)


def _fits(version: Version, comparators: tuple[_Comparator, ...]) -> bool:
    if not all(one.holds(version) for one in comparators):
        return False
    if not version.prerelease:
        return True
    core = _core(version)
    return any(one.version.prerelease and _core(one.version) == core for one in comparators)


def _core(version: Version) -> _Core:
    return version.major, version.minor, version.patch


def _version(core: _Core, prerelease: str) -> Version:
    text = ".".join(map(str, core))
    return Version.parse(f"{text}-{prerelease}" if prerelease else text)


def _comparators(text: str, whole: str) -> Iterator[_Comparator]:
    hyphen = _HYPHEN.fullmatch(text.strip())
    if hyphen is not None:
        yield from _hyphenated(_Partial.parse(hyphen["low"]), _Partial.parse(hyphen["high"]))
        return
    at = 0
    text = text.strip()
    while at < len(text):
        match = _SIMPLE.match(text, at)
        end = match.end() if match is not None else at
        if match is None or not (end == len(text) or text[end].isspace()):
            part = text[at:].split()[0]
            raise InvalidSchema(
                f"the range of versions {whole[:60]!r} can't be read at {part[:30]!r}; write one "
                "like ^1.2, ~1.2.3, 1.x, >=1.2 <3 or 1.2 - 2, joined by ||",
                range=whole,
            )
        yield from _simple(match["sign"], _Partial.parse(match["partial"]))
        at = end + len(text[end:]) - len(text[end:].lstrip())


def _simple(sign: str, partial: _Partial) -> Iterator[_Comparator]:
    if partial.major is None:
        if sign in ("<", ">"):  # nothing lies below or above everything
            yield _Comparator("<", _version((0, 0, 0), "0"))
        return
    if sign in ("^", "~", "~>", "", "=") and not (sign in ("", "=") and partial.is_whole):
        yield _Comparator(">=", partial.lowest)
        yield _Comparator("<", partial.after(_place(sign, partial)))
    elif sign in ("", "="):
        yield _Comparator("=", partial.lowest)
    elif partial.is_whole or sign in (">=", "<"):
        version = partial.lowest
        if sign == "<" and not partial.is_whole:
            version = _version(_core(version), "0")
        yield _Comparator(sign, version)
    elif sign == ">":
        yield _Comparator(">=", _release(partial.after(partial.last_given)))
    else:
        yield _Comparator("<", partial.after(partial.last_given))


def _place(sign: str, partial: _Partial) -> int:
    """Give the number that must not change: of ``^`` the first that is not 0."""
    if sign == "^":
        given = (partial.major, partial.minor, partial.patch)
        return next((i for i, number in enumerate(given) if number), max(partial.last_given, 0))
    return min(partial.last_given, 1)


def _release(version: Version) -> Version:
    return _version(_core(version), "")


def _hyphenated(low: _Partial, high: _Partial) -> Iterator[_Comparator]:
    if low.major is not None:
        yield _Comparator(">=", low.lowest)
    if high.major is not None:
        if high.is_whole:
            yield _Comparator("<=", high.lowest)
        else:
            yield _Comparator("<", high.after(high.last_given))
