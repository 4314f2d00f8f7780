"""Backups as applications and the command line hold them: those in one target."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO

import attrs

from prefcore import __version__
from prefcore.engines import backups as engine
from prefcore.engines.backups import Catalogue, Manifest, OpenedBackup
from prefcore.errors import IntegrityError, NotFound, PrefcoreError, UsageError, WrongKey
from prefcore.facade.heads import Head, head_of
from prefcore.facade.notary import Notary
from prefcore.host import data_folder
from prefcore.interfaces import Capability, FormatInfo, Store
from prefcore.keys import Keys
from prefcore.model import Progress, Stages
from prefcore.plugins.manager import Plugins
from prefcore.schema.secret import Secret
from prefcore.sealed_files import decrypted, encrypting
from prefcore.security.checkpoints import Checkpoint

__all__ = ["Backups", "Taken", "begun_folder", "target_named"]

#: The target that is meant where none is named.
DEFAULT = "default"


@attrs.frozen
class Taken:
    """What came of a backup: its manifest, and whether it is new.

    It is not where nothing changed since the newest backup, which then is the one given.
    ``swept`` has the ids of backups that were cut off, and of which the rest was removed.
    ``warning`` says what should be known of it all the same.
    """

    manifest: Manifest
    is_new: bool
    swept: tuple[str, ...] = ()
    warning: str = ""


def begun_folder(environ: Mapping[str, str]) -> Path:
    """Give where this user's notes of begun backups stand."""
    return Path(data_folder(environ), "begun")


def target_named(name: str | None, targets: Mapping[str, str]) -> tuple[str, str]:
    """Give name and URL of a target: a configured one by its name, or any by its URL.

    None means the one called ``default``, or the only one. Raises UsageError, naming those there
    are.
    """
    known = ", ".join(sorted(targets))
    if name is None:
        name = DEFAULT if DEFAULT in targets else next(iter(targets), None)
        if name is None:
            raise UsageError(
                "no backup target is configured; name one with --target, or add it to "
                'prefcore.toml: [targets.default] with url = "file:backups"'
            )
        if name != DEFAULT and len(targets) > 1:
            raise UsageError(
                f"several backup targets are configured ({known}), and none is called "
                f"'{DEFAULT}'; name one with --target"
            )
    if name in targets:
        return name, targets[name]
    if ":" not in name:
        raise UsageError(
            f"there is no backup target '{name}'; configured are {known or 'none'}; or give a URL",
            target=name,
        )
    return name, name


class Backups:
    """The backups in one target; close it, or use it in a ``with`` block.

    ``name`` is what the target is called, by configuration or by its URL. ``keys`` is the key ring
    that backups are encrypted and signed with, ``actor`` who makes them. Everything raises what
    the target raises: TargetUnreachable, NotPermitted, NoSpace, ReadOnly, PluginMissing. ``begun``
    is the folder of the notes by which the rest of backups that were cut off is found and removed
    (``begun_folder``); without one, nothing ever is. ``stages`` may be set to what tells of long
    acts while they last.
    """

    stages: Stages = staticmethod(lambda label: lambda entries, part: None)

    def __init__(
        self,
        url: str,
        *,
        plugins: Plugins,
        name: str = "",
        keys: Keys | None = None,
        actor: str = "",
        begun: Path | None = None,
    ) -> None:
        self.url = url
        self.name = name or url
        self._keys = keys
        self._actor = actor
        self._plugins = plugins
        self._target = plugins.backup_targets.get(url.partition(":")[0]).factory(url)
        self._begun = engine.BegunBackups(begun, url, self._target)

    def __enter__(self) -> Backups:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Give up what the target holds open."""
        self._target.close()

    def create(
        self,
        store: Store,
        *,
        format: str | None = None,
        always: bool = False,
        encrypt: bool | None = None,
        passphrase: Secret[str] | None = None,
        in_act: bool = False,
    ) -> Taken:
        """Back a whole store up, all applications with their history, as it is at one moment.

        Where nothing changed since the newest backup, which is read to see that it is undamaged,
        that one is given instead, unless ``always``. The default format is ``binary`` where it is
        installed, else ``json``. It is encrypted to the ``passphrase``, or else to the key ring if
        there is one; ``encrypt`` False leaves it in clear, and True wants the ring. With a ring, a
        signed checkpoint of the log goes into the manifest, and into the log, unless a changeset
        of this thread is open: ``in_act``. What this user's backups that were cut off left in the
        target is removed first.

        Raises NotFound where the store holds nothing, PolicyRefused where the ring that is wanted
        is missing, WrongKey where it does not open, and IntegrityError where the target gives back
        something else than it took; then no backup was made.
        """
        info = self._format(format)
        encryption = self._encryption(encrypt, passphrase)
        at = datetime.now(UTC)
        swept = tuple(self._begun.sweep(at.timestamp()))
        if not always:
            fitting = partial(self._is_fitting, encryption)
            same = engine.unchanged(store, self._target, self.list(), fitting)
            if same is not None:
                return Taken(same, is_new=False, swept=swept)
        sign, warning = self._signing(store, at, encryption, in_act=in_act)
        made = engine.create(
            store,
            self._target,
            info,
            stages=self.stages,
            id=engine.new_id(at, os.urandom(10)),
            at=at,
            generator=f"prefcore {__version__}",
            formats=self._formats(),
            begun=self._begun,
            sign=sign,
            encryption=encryption,
        )
        return Taken(made, is_new=True, swept=swept, warning=warning)

    def _encryption(
        self, encrypt: bool | None, passphrase: Secret[str] | None
    ) -> engine.Encryption | None:
        phrase = None if passphrase is None else passphrase.reveal()
        keys = self._keys
        if phrase is not None and encrypt is False:
            raise UsageError("a backup that is not encrypted has no passphrase")
        is_wanted = phrase is not None or encrypt
        if keys is None or encrypt is False or not (is_wanted or keys.ring):
            if is_wanted:
                raise UsageError("to encrypt backups, they have to be opened with keys=")
            return None
        active = None if phrase is not None else keys.needed("the backup").active
        return engine.Encryption(
            key=active,
            encrypting=lambda out: encrypting(out, keys, phrase),
            decrypting=lambda source, name: decrypted(source, name, keys, passphrase=phrase),
        )

    def _is_fitting(self, wanted: engine.Encryption | None, one: Manifest) -> bool:
        """Say whether a backup is as well protected as one made now would be."""
        if wanted is None:
            return not one.encrypted
        return one.encrypted and one.key == wanted.key

    def _signing(
        self, store: Store, at: datetime, wanted: engine.Encryption | None, *, in_act: bool
    ) -> tuple[Callable[[Head], Checkpoint] | None, str]:
        """Give what signs the head of the log, after a checkpoint was put into it, or why not."""
        if self._keys is None:
            return None, ""
        notary = Notary(store, self._keys, actor=self._actor)
        try:
            if not notary.is_able:
                return None, ""
            sign = notary.sign(at)
            warning = self._checkpointed(notary, in_log=not in_act)
        except WrongKey as error:
            if wanted is not None:
                raise
            return None, f"it holds no checkpoint of the audit chain: {error.message}"
        except IntegrityError as error:  # all the more it should be kept, and be looked at
            return None, f"it holds no checkpoint of the audit chain: {error.message}"

        def signed(head: Head) -> Checkpoint:
            assert head.lineage is not None, "what is empty is not backed up"
            return sign(lineage=head.lineage, revision=head.revision, chain=head.chain)

        return signed, warning

    def _checkpointed(self, notary: Notary, *, in_log: bool) -> str:
        """Put a checkpoint into the log and beside the ring, as far as that goes; say what did not.

        A store that is in use, or whose disk is full, is backed up all the same.
        """
        try:
            notary.record(in_log=in_log)
        except (WrongKey, IntegrityError):
            raise
        except PrefcoreError as error:
            return f"its checkpoint is in its manifest alone: {error.message}"
        return ""

    def list(self) -> Catalogue:
        """Give what the target holds: backups, oldest first, whole or not, and foreign files."""
        return engine.catalogue(self._target)

    def find(self, id: str, *, store: Store | None = None) -> Manifest:
        """Give a backup by its id, a unique beginning of it, or ``latest``.

        The latest is the newest whole one; that of a ``store``, if one is given. Raises NotFound,
        IntegrityError where it is incomplete or damaged, NewerFormat.
        """
        lineage = None
        if store is not None:
            with store.snapshot() as view:
                lineage = head_of(view).lineage
        return self.list().named(id, lineage=lineage)

    def verify(self, manifest: Manifest, *, level: int = 2) -> None:
        """Look at a backup: whether it is there (0), its bytes (1), what it holds (2), or all (3).

        Level 3 makes a scratch store of it, in a temporary folder, and compares that. What is
        wrong is raised: NotFound, IntegrityError, NewerFormat, PluginMissing, and WrongKey where
        it is encrypted and its key is not here.
        """
        if not 0 <= level < len(engine.LEVELS):
            raise UsageError(f"levels are 0 to {len(engine.LEVELS) - 1}, not {level}")
        formats = self._formats()
        if level < 3:
            engine.verify(
                self._target,
                manifest,
                formats,
                level=level,
                decrypting=self._decrypting,
                progress=self.stages("verifying"),
            )
            return
        with TemporaryDirectory(prefix="prefcore-") as folder:
            url = f"sqlite:{Path(folder, 'scratch.db')}"
            scratch = self._plugins.stores.get("sqlite").open(url, create=True, read_only=False)
            try:
                engine.verify(
                    self._target,
                    manifest,
                    formats,
                    level=level,
                    scratch=scratch,
                    decrypting=self._decrypting,
                    progress=self.stages("verifying"),
                )
            finally:
                scratch.close()

    def load(self, manifest: Manifest, into: Store) -> None:
        """Make a store that holds nothing hold all of a backup, with its history.

        In one transaction, and only if the backup proves to be what its manifest says. With a key
        ring, a signed checkpoint says from where the log goes on, for checkpoints made after that
        backup, which are of a log that is given up. Raises
        UsageError where the store holds something, and what ``verify`` raises.
        """
        with self.opened(manifest, self.stages("restoring")) as backup:
            into.load(backup.sets(), backup.records())
        if self._keys is not None:
            Notary(into, self._keys, actor=self._actor).branched()

    @contextmanager
    def opened(
        self, manifest: Manifest, progress: Progress = lambda entries, part: None
    ) -> Iterator[OpenedBackup]:
        """Open a backup for reading: sets, then records, at whose end it has proved itself."""
        formats, decrypting = self._formats(), self._decrypting
        with engine.opened_backup(self._target, manifest, formats, decrypting, progress) as backup:
            yield backup

    @property
    def _decrypting(self) -> Callable[[BinaryIO, str], BinaryIO] | None:
        keys = self._keys
        return None if keys is None else lambda source, name: decrypted(source, name, keys)

    def _format(self, id: str | None) -> FormatInfo:
        if id is not None:
            return self._plugins.formats.get(id)
        known = {
            one.id: one for one in self._formats() if Capability.FULL_STATE in one.capabilities
        }
        for wanted in ("binary", "json"):
            if wanted in known:
                return known[wanted]
        raise NotFound(
            "no format is installed that carries a whole store; `pip install prefcore-json` "
            "brings one"
        )

    def _formats(self) -> tuple[FormatInfo, ...]:
        return self._plugins.formats.all()
