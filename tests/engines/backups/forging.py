"""Forging: backups that agree with themselves and lie, and plugins that cannot do all."""

from __future__ import annotations

import io
from hashlib import sha256
from types import ModuleType

import attrs
import prefcore_json
import prefcore_local
from prefcore_json import prefcore_formats

from prefcore.canonical import Tally
from prefcore.engines.backups.ids import manifest_name
from prefcore.engines.backups.manifests import Manifest, manifest_bytes
from prefcore.hookspecs import hookimpl
from prefcore.interfaces import Capability, FormatInfo, Limits
from prefcore.model import Document, PreferenceSet
from prefcore.plugins.manager import Plugins
from prefcore_testing.documents import Contents
from tests.engines.backups.world import World

__all__ = ["forge", "plugins_without_full_state"]


def forge(here: World) -> Manifest:
    """Back a store up, and write another value into the backup, all digests made anew."""
    manifest = here.backups().create(here.store).manifest
    path = here.target / manifest.name
    format = prefcore_formats()[0].factory()
    with path.open("rb") as source:
        document = format.read(source, Limits())
        assert isinstance(document, Document)
        contents, _ = Contents.drawn_from(document)
    one = next(one for one in contents.sets if one.owner == "bob")
    row = one.rows[0]
    rows = ((row[0], '"forged"', *row[2:]), *one.rows[1:])
    forged = PreferenceSet(one.scope, one.owner, rows, one.app)
    sets = [forged if each is one else each for each in contents.sets]
    tally, out = Tally(contents.header), io.BytesIO()
    format.write(
        Document(contents.header, tally.sets(sets), tally.records(contents.records), tally.trailer),
        out,
    )
    path.write_bytes(out.getvalue())
    told = attrs.evolve(
        manifest,
        size=len(out.getvalue()),
        digest="sha256:" + sha256(out.getvalue()).hexdigest(),
        content=tally.trailer().digest,
    )
    (here.target / manifest_name(told.id)).write_bytes(manifest_bytes(told))
    return told


def plugins_without_full_state() -> Plugins:
    """Give plugins whose one format, ``json``, declares that it carries no whole store."""
    (info,) = prefcore_json.prefcore_formats()
    less = attrs.evolve(info, capabilities=info.capabilities - {Capability.FULL_STATE})
    module = ModuleType("less_json")

    @hookimpl
    def prefcore_formats() -> list[FormatInfo]:
        return [less]

    module.prefcore_formats = prefcore_formats  # type: ignore[attr-defined]  # a plugin's hook
    return Plugins([module, prefcore_local])
