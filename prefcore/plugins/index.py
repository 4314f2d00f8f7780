"""Which plugins there are, known from metadata before any is imported."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Literal

import attrs

from prefcore.errors import PluginError, PluginMissing
from prefcore.plugins.problems import Problem, did_you_mean

if TYPE_CHECKING:
    from importlib.metadata import Distribution

__all__ = [
    "KINDS",
    "PluginEntry",
    "Status",
    "absence",
    "builtin_entries",
    "normal",
    "requirements",
    "scan",
]

#: Kind (entry points ``prefcore.<kind>``) to what messages call one. ``hookspecs.KINDS`` has the
#: same kinds with hook and type; it needs pluggy, which a listing does not.
KINDS = {
    "formats": "format",
    "merge_strategies": "merge strategy",
    "migrations": "set of migrations",
    "backup_targets": "backup target",
    "stores": "store",
    "key_providers": "key provider",
    "watchers": "watcher",
}

_GROUP = "prefcore."
_CORE = "prefcore"
_CORE_DOOR = "prefcore.builtin.hooks"
#: Core's own plugins stand here and not in entry points: frozen applications have no metadata.
_CORE_IDS = {
    "merge_strategies": ("ask", "base", "fail", "newest", "oldest", "ours", "theirs"),
    "stores": ("memory", "sqlite"),
}

#: Ids of our own packages, to say what to install.
_PACKAGES = {
    "formats.binary": "prefcore-binary",
    "formats.json": "prefcore-json",
    "formats.jsonc": "prefcore-json",
    "formats.toml": "prefcore-toml",
    "formats.yaml": "prefcore-yaml",
    "backup_targets.file": "prefcore-local",
    "backup_targets.s3": "prefcore-s3",
}

Status = Literal["found", "loaded", "denied", "clash", "incompatible", "broken"]


@attrs.frozen
class PluginEntry:
    """One id that one distribution offers.

    ``value`` is where the plugin is (``module`` or ``module:object``). ``distribution`` is empty
    for a plugin that the application passed in. ``status``: ``found`` (may be used, not imported
    yet), ``loaded``, or why it cannot be used, which ``reason`` says in words.
    """

    kind: str
    id: str
    distribution: str
    version: str
    value: str
    status: Status = "found"
    reason: str = ""

    @property
    def name(self) -> str:
        """Kind and id, as rules and settings name it: ``formats.toml``."""
        return f"{self.kind}.{self.id}"

    @property
    def origin(self) -> str:
        """What messages call the place it comes from: ``prefcore-toml 1.2``."""
        return f"{self.distribution} {self.version}".strip() or f"the application ({self.value})"

    @property
    def is_usable(self) -> bool:
        """Whether it may be asked for, as far as is known."""
        return self.status in ("found", "loaded")

    @property
    def is_core(self) -> bool:
        """Whether it is one of core's own."""
        return self.distribution == _CORE and self.value == _CORE_DOOR


def normal(name: str) -> str:
    """Give a distribution's name as it compares: ``Prefcore_TOML`` is ``prefcore-toml``.

    https://packaging.python.org/en/latest/specifications/name-normalization/
    """
    return re.sub(r"[-_.]+", "-", name).lower()


def builtin_entries(version: str = "") -> list[PluginEntry]:
    """Give core's own plugins; the version is prefcore's where metadata tells it."""
    return [
        PluginEntry(kind, id, _CORE, version, _CORE_DOOR)
        for kind, ids in _CORE_IDS.items()
        for id in ids
    ]


def scan(path: Sequence[str] | None = None) -> tuple[list[PluginEntry], list[Problem]]:
    """Give what the installed distributions and core offer, from metadata alone.

    ``path`` stands for ``sys.path``. Of a distribution that is there twice, the first counts, as
    for imports.
    """
    from importlib.metadata import Distribution, distributions  # late: 25 to 60 ms

    folders = list(sys.path if path is None else path)
    offers: dict[str, Distribution] = {}
    problems: list[Problem] = []
    for found in distributions(path=folders):
        try:
            # Only metadata of distributions that speak of us is parsed: 200 others cost little.
            if f"[{_GROUP}" not in (found.read_text("entry_points.txt") or ""):
                continue
            name = found.metadata["Name"]
            if not name:
                raise ValueError("its METADATA has no Name")
            # None is found by its name whose folder is called otherwise: then it is the one read.
            first = next(iter(Distribution.discover(name=name, path=folders)), found)
            offers.setdefault(normal(name), first)
        except Exception as error:  # noqa: BLE001  # damaged metadata, of any kind, is a finding
            problems.append(_unreadable(found, error))
    entries: set[PluginEntry] = set()
    for distribution in offers.values():
        try:
            more, doubts = _offered(distribution)
        except Exception as error:  # noqa: BLE001  # as above
            problems.append(_unreadable(distribution, error))
        else:
            entries.update(more)
            problems += doubts
    core = next(iter(Distribution.discover(name=_CORE, path=folders)), None)
    problems.sort(key=lambda problem: (problem.distribution, problem.message))
    return [*builtin_entries(core.version if core else ""), *entries], problems


def _offered(distribution: Distribution) -> tuple[list[PluginEntry], list[Problem]]:
    name, version = distribution.metadata["Name"], distribution.version
    entries, problems = [], []
    for point in distribution.entry_points:
        if not point.group.startswith(_GROUP):
            continue
        kind = point.group.removeprefix(_GROUP)
        if kind in KINDS:
            entries.append(PluginEntry(kind, point.name, name, version, point.value))
        elif hint := did_you_mean(kind, KINDS):  # else it is for a prefcore to come
            error = PluginError(f"there is no kind of plugins '{kind}'")
            problems.append(Problem(name, version, kind, point.name, "metadata", error, hint))
    return entries, problems


def _unreadable(distribution: Distribution, error: Exception) -> Problem:
    # The folder is the only name that is certain; PathDistribution keeps it in a private field.
    folder = str(getattr(distribution, "_path", distribution))
    return Problem(
        re.split(r"[\\/]", folder)[-1], "", "", "", "metadata", error, f"reinstall it: {folder}"
    )


def requirements(distribution: str) -> frozenset[str]:
    """Give the names of what an installed distribution requires; none where it is not found."""
    from importlib.metadata import Distribution  # late: 25 to 60 ms

    found = next(iter(Distribution.discover(name=distribution)), None)
    required = [] if found is None else found.requires or []
    names = (re.match(r"[A-Za-z0-9._-]+", one) for one in required)
    return frozenset(normal(one[0]) for one in names if one is not None)


def absence(entries: Iterable[PluginEntry], kind: str, id: str) -> PluginError:
    """Give the error that says why the index has nothing to load for an id, and what to do."""
    same = [entry for entry in entries if entry.kind == kind]
    for entry in same:
        if entry.id == id:
            message = f"plugin {entry.name} of {entry.origin} is not used: {entry.reason}"
            return PluginError(message, kind=kind, id=id, distribution=entry.distribution)
    known = tuple(sorted(entry.id for entry in same if entry.is_usable))
    package = _PACKAGES.get(f"{kind}.{id}", "")
    parts = [
        f"there is no {KINDS[kind]} '{id}'",
        f"installed are {', '.join(known)}" if known else "none is installed",
        f"install it with: pip install {package}" if package else did_you_mean(id, known),
    ]
    message = "; ".join(filter(None, parts))
    return PluginMissing(message, kind=kind, id=id, known=known, distribution=package)
