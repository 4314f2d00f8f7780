"""Verifying: how far a backup was looked at, and whether it is what it should be."""

from __future__ import annotations

from collections.abc import Iterable

from prefcore.canonical import Tally
from prefcore.engines.backups.manifests import Manifest
from prefcore.engines.backups.reading import Decrypting, digest_of_bytes, opened_backup
from prefcore.errors import IntegrityError, NotFound
from prefcore.interfaces import FormatInfo, Store, Target
from prefcore.model import Header, PreferenceSet, Progress

__all__ = ["LEVELS", "verify"]

#: What each level looks at; each looks at what those below it do.
LEVELS = (
    "the document is there, in its size",
    "its bytes have the digest of the manifest",
    "it can be read, and holds what it and the manifest say",
    "a scratch store made of it holds the same, and its history and audit chain agree",
)


def verify(
    target: Target,
    manifest: Manifest,
    formats: Iterable[FormatInfo],
    *,
    level: int = 2,
    scratch: Store | None = None,
    decrypting: Decrypting | None = None,
    progress: Progress = lambda entries, part: None,
) -> None:
    """Look at a backup as far as one of ``LEVELS``; what is wrong is raised.

    Level 3 needs an empty ``scratch`` store, levels 2 and 3 ``decrypting`` for what is encrypted;
    both tell ``progress`` of the sets read. Raises NotFound, IntegrityError, NewerFormat,
    PluginMissing or WrongKey.
    """
    if level == 0:
        _check_presence(target, manifest)
    if level == 1 and digest_of_bytes(target, manifest) != manifest.digest:
        raise IntegrityError(
            f"backup {manifest.id}: its document was damaged, its digest differs; use another "
            "backup",
            backup=manifest.id,
        )
    if level == 2:
        with opened_backup(target, manifest, formats, decrypting, progress) as opened:
            for _ in opened.sets():
                pass
            for _ in opened.records():
                pass
    if level == 3:
        assert scratch is not None  # the caller's side of the bargain
        with opened_backup(target, manifest, formats, decrypting, progress) as opened:
            scratch.load(opened.sets(), opened.records())
        _check_scratch(scratch, manifest)


def _check_presence(target: Target, manifest: Manifest) -> None:
    found = next((one for one in target.list(manifest.name) if one.name == manifest.name), None)
    if found is None:
        raise NotFound(f"backup {manifest.id}: its document is missing", backup=manifest.id)
    if found.size != manifest.size:
        raise IntegrityError(
            f"backup {manifest.id}: its document has {found.size:,} bytes, and should have "
            f"{manifest.size:,}; use another backup",
            backup=manifest.id,
        )


def _check_scratch(scratch: Store, manifest: Manifest) -> None:
    problem = next(iter(scratch.check()), None)
    if problem is not None:
        raise IntegrityError(
            f"backup {manifest.id}: a store made of it does not agree with itself: {problem.what} "
            f"({problem.where}); use another backup",
            backup=manifest.id,
        )
    with scratch.snapshot() as view:
        apps = manifest.apps
        tally = Tally(Header("", None, full_state=True, apps=apps))
        for one in apps:
            for each in view.sets(one.app):
                named = PreferenceSet(str(each.scope), each.owner, each.rows, one.app)
                for _ in tally.sets((named,)):
                    pass
        for _ in tally.records(view.records()):
            pass
    if tally.trailer().digest != manifest.content:
        raise IntegrityError(
            f"backup {manifest.id}: a store made of it holds something else than it; report this",
            backup=manifest.id,
        )
