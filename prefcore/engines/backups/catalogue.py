"""The catalogue: which backups a target holds, whole or not, and what else lies there."""

from __future__ import annotations

import attrs

from prefcore.engines.backups.ids import SHORT, id_of, manifest_name
from prefcore.engines.backups.manifests import MOST_BYTES, Manifest, read_manifest
from prefcore.errors import IntegrityError, NewerFormat, NotFound, PrefcoreError
from prefcore.interfaces import StoredObject, Target

__all__ = ["LATEST", "Catalogue", "Listed", "catalogue", "manifest_in"]

#: The word for the newest whole backup, wherever an id is asked for.
LATEST = "latest"


@attrs.frozen
class Listed:
    """One backup in a target: its manifest, or what is wrong with it.

    ``state`` is ``ok``; ``incomplete`` for a document without a manifest, as a backup that was cut
    off leaves it; ``damaged`` where the manifest is, or its document is missing or of another
    size; ``newer`` where a newer prefcore made it.
    """

    id: str
    state: str
    manifest: Manifest | None = None
    problem: PrefcoreError | None = None

    @property
    def short(self) -> str:
        """The beginning of the id that is shown."""
        return self.id[:SHORT]


@attrs.frozen
class Catalogue:
    """What a target holds: backups, oldest first, and the names of what is none."""

    backups: tuple[Listed, ...]
    foreign: tuple[str, ...]

    @property
    def whole(self) -> tuple[Manifest, ...]:
        """The manifests of those that are whole, oldest first."""
        return tuple(one.manifest for one in self.backups if one.manifest and one.state == "ok")

    def named(self, id: str, *, lineage: str | None = None) -> Manifest:
        """Give the backup of that id, of a unique beginning of it, or the ``latest``.

        The latest is the newest whole one, of the store with that ``lineage`` if one is given.
        Raises NotFound where none or several are called so, and what is wrong with the one that
        is: IntegrityError or NewerFormat.
        """
        if id == LATEST:
            ours = [one for one in self.whole if lineage in (None, one.lineage)]
            if not ours:
                of = "" if lineage is None else " of this store"
                raise NotFound(f"there is no whole backup{of} in the target", backup=id)
            return ours[-1]
        one = self.listed(id)
        if one.manifest is None or one.problem is not None:
            raise one.problem or IntegrityError(f"backup {one.id} is {one.state}", backup=one.id)
        return one.manifest

    def listed(self, id: str) -> Listed:
        """Give the backup of that id, or of a unique beginning of it, whole or not.

        Raises NotFound where none or several are called so.
        """
        found = [one for one in self.backups if id and one.id.startswith(id)]
        if len(found) != 1:
            what = "several backups begin" if found else "no backup begins"
            raise NotFound(f"{what} with '{id}'; `prefcore backup list` shows them", backup=id)
        return found[0]


def catalogue(target: Target) -> Catalogue:
    """Look at all that lies in a target; what is wrong with one backup is told of that one."""
    objects: dict[str, StoredObject] = {}
    ids: dict[str, bool] = {}
    foreign = []
    for stored in target.list():
        named = id_of(stored.name)
        if named is None:
            foreign.append(stored.name)
        else:
            objects[stored.name] = stored
            ids[named[0]] = ids.get(named[0], False) or named[1]
    backups = [
        _listed(target, id, objects) if is_told else _incomplete(id)
        for id, is_told in sorted(ids.items())
    ]
    told = {one.manifest.name for one in backups if one.manifest is not None}
    told |= {manifest_name(id) for id, is_told in ids.items() if is_told}
    whole = {one.id for one in backups if one.manifest is not None}
    foreign += [name for name in objects if name not in told and _id(name) in whole]
    return Catalogue(tuple(backups), tuple(sorted(foreign)))


def _id(name: str) -> str:
    named = id_of(name)
    return named[0] if named else ""


def _incomplete(id: str) -> Listed:
    problem = IntegrityError(
        f"backup {id} has no manifest: it was cut off while it was made; use another one",
        backup=id,
    )
    return Listed(id, "incomplete", problem=problem)


def _listed(target: Target, id: str, objects: dict[str, StoredObject]) -> Listed:
    try:
        manifest = manifest_in(target, id)
    except NewerFormat as error:
        return Listed(id, "newer", problem=error)
    except (IntegrityError, NotFound) as error:
        return Listed(id, "damaged", problem=error)
    document = objects.get(manifest.name)
    if document is None or document.size != manifest.size:
        what = "is missing" if document is None else f"has {document.size:,} bytes"
        problem = IntegrityError(
            f"backup {id}: its document {what}, and should have {manifest.size:,}; use another "
            "backup",
            backup=id,
        )
        return Listed(id, "damaged", manifest, problem)
    return Listed(id, "ok", manifest)


def manifest_in(target: Target, id: str) -> Manifest:
    """Read the manifest of a backup; raises NotFound, IntegrityError or NewerFormat."""
    name = manifest_name(id)
    with target.get(name) as source:
        text = b""
        while len(text) <= MOST_BYTES and (piece := source.read(MOST_BYTES + 1 - len(text))):
            text += piece
    if len(text) > MOST_BYTES:
        raise IntegrityError(f"{name} is no manifest of a backup: it is too large", name=name)
    return read_manifest(text, name)
