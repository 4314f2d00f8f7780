"""Version bumps: which versions may follow another after a change, and the smallest of them.

In 0.y versions the minor acts as the major and the patch as the minor, as everybody practises.
A pre-release belongs to the release that it leads to.
"""

from __future__ import annotations

from prefcore.schema.compatibility.rules import BUMPS
from prefcore.schema.versions import Version

__all__ = ["bump_between", "is_enough", "smallest_version"]


def smallest_version(last: str, bump: str) -> str:
    """Give the smallest version that may follow ``last`` after a change that asks for ``bump``.

    After a pre-release whose release allows the change already, it is the next pre-release.
    """
    version = Version.parse(last)
    if version.prerelease and _rank(_level(version)) >= _rank(bump):
        return f"{_text(_core(version))}-{_next_prerelease(version.prerelease)}"
    core = [version.major, version.minor, version.patch]
    place = 2 - _rank(bump)
    if version.major == 0:
        place = min(place + 1, 2)
    core[place] += 1
    return _text((*core[: place + 1], *(0 for _ in core[place + 1 :])))


def bump_between(last: str, version: str) -> str:
    """Give the bump that somebody took from one version to a higher one; "" where it is none."""
    one, other = Version.parse(last), Version.parse(version)
    if other.precedence <= one.precedence:
        return ""
    before, after = _core(one), _core(other)
    if before == after:  # from a pre-release to a later one, or to its release
        return _level(one)
    place = next(i for i in range(3) if before[i] != after[i])
    if one.major == 0 and other.major == 0:
        place = max(place - 1, 0)
    return BUMPS[2 - place]


def is_enough(last: str, version: str, bump: str) -> bool:
    """Say whether ``version`` may follow ``last`` after a change that asks for ``bump``."""
    taken = bump_between(last, version)
    return bool(taken) and _rank(taken) >= _rank(bump)


def _rank(bump: str) -> int:
    return BUMPS.index(bump)


def _core(version: Version) -> tuple[int, int, int]:
    return version.major, version.minor, version.patch


def _text(core: tuple[int, ...]) -> str:
    return ".".join(map(str, core))


def _level(version: Version) -> str:
    """Give the bump that a pre-release's own numbers tell of."""
    if version.major == 0:
        return "major" if version.patch == 0 else "minor"
    return "patch" if version.patch else "minor" if version.minor else "major"


def _next_prerelease(prerelease: str) -> str:
    parts = prerelease.split(".")
    for i in range(len(parts) - 1, -1, -1):
        if parts[i].isdigit():
            parts[i] = str(int(parts[i]) + 1)
            return ".".join(parts)
    return f"{prerelease}.1"
