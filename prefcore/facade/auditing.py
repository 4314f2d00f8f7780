"""The audit as applications and the command line hold it: verify a store's log, and sign it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import attrs

from prefcore.engines import auditing
from prefcore.engines.auditing import Anchor, Glance, Told, Trust, Verified, Wanted
from prefcore.engines.backups import SHORT
from prefcore.errors import IntegrityError, NotFound, PrefcoreError, UsageError, WrongKey
from prefcore.facade.backups import Backups, target_named
from prefcore.facade.heads import head_of
from prefcore.facade.notary import Notary
from prefcore.interfaces import Store, StoreProblem
from prefcore.keys import Keys
from prefcore.model import Changeset
from prefcore.plugins.manager import Plugins

if TYPE_CHECKING:
    from prefcore.security.ring import KeyRing

__all__ = ["Audit", "Verdict", "Wanted"]

_KEY_DIGITS = 64
_ALL = Wanted()


@attrs.frozen(kw_only=True)
class Verdict:
    """What verifying found, whether a key ring or signers were there to judge checkpoints by.

    ``compared`` names what was compared with the log besides itself, ``notes`` tell what could not
    be.
    """

    found: Verified
    is_signed: bool
    compared: tuple[str, ...]
    notes: tuple[str, ...]


class Audit:
    """The log of one store, all its applications: to be read, verified and signed.

    ``targets`` has the URLs of backup targets by name, whose manifests hold checkpoints; ``permit``
    raises NotPermitted where the actor may not do what a word of the access policy says.
    """

    def __init__(
        self,
        store: Store,
        *,
        app: str,
        actor: str,
        keys: Keys,
        plugins: Plugins,
        targets: Mapping[str, str],
        permit: Callable[[str], None],
    ) -> None:
        self._store = store
        self._keys = keys
        self._plugins = plugins
        self._targets = targets
        self._permit = permit
        self._notary = Notary(store, keys, actor=actor, app=app)

    def checkpoint(self, *, accept: bool = False) -> Changeset | None:
        """Sign where the log stands; gives the changeset that holds it.

        None where nothing was added since the last one. ``accept`` says that the log is right as it
        is, such as where an older state of the store was put back: what ``disputed`` gives does not
        count any more, nor do checkpoints made elsewhere before. Raises NotFound where the log is
        empty, PolicyRefused where there is no key ring, WrongKey, ReadOnly, and IntegrityError
        where the log is not the one that was signed before.
        """
        self._permit("keys")
        with self._store.snapshot() as view:
            before = next(iter(view.changesets()), None)
        if before is None:
            raise NotFound("the log is empty; there is nothing to sign")
        self._notary.record(branch=0 if accept else None)
        with self._store.snapshot() as view:
            now = next(iter(view.changesets()))
        return now if now.revision > before.revision and now.kind == auditing.KIND else None

    def entries(self, wanted: Wanted = _ALL, *, limit: int | None = None) -> Sequence[Changeset]:
        """Give the changesets that are wanted, of all applications, newest first."""
        with self._store.snapshot() as view:
            return auditing.listed(view, wanted, limit)

    def pruned(self) -> Mapping[str, int]:
        """Give, by application, the revision up to which its history was pruned; 0: not at all."""
        with self._store.snapshot() as view:
            return auditing.pruned_apps(view)

    def show(self, id: str) -> Told:
        """Give one changeset of any application by its UUID or a beginning of it; see ``Told``.

        Raises NotFound.
        """
        with self._store.snapshot() as view:
            return auditing.shown(view, id)

    def export(self, wanted: Wanted = _ALL) -> Iterator[Mapping[str, object]]:
        """Give the wanted part of the log, oldest first, as portable objects without values."""
        with self._store.snapshot() as view:
            yield from auditing.exported(view, wanted)

    def verify(self, *, against: str | None = None, signers: Iterable[str] = ()) -> Verdict:
        """Check the whole store, and the log with all checkpoints that can be had.

        Those in the log, the one remembered beside the key ring, and those in the manifests of all
        configured targets; or with ``against`` in that target alone, named or by its URL, where
        unsigned heads of logs are compared too. ``signers`` are public keys, in hexadecimal, whose
        signatures count besides those of the key ring; then nobody is asked for its passphrase, for
        checking signatures takes no secret. A ring whose passphrase nobody is asked for stays shut:
        then the key that signed last counts, and secrets are not opened. Raises WrongKey or
        IntegrityError where the ring does not open and no signers are given; what is wrong with
        the store is in the verdict.
        """
        notes: list[str] = []
        counted = [_checked_signer(one) for one in signers]
        try:
            ring = self._keys.unasked if counted else self._keys.ring
        except (WrongKey, IntegrityError) as error:
            is_unasked = "unasked" in error.facts
            if not is_unasked and not counted:
                raise
            ring = None
            if is_unasked:
                counted += self._last_signer()
            notes.append(f"secrets were not opened: {error.message}")
        trust = self._trust(ring, counted)
        kept = self._kept(trust, against, notes)
        made = [] if ring is None else sorted(ring.keys, key=lambda key: key.created_at)
        ids = [key.id for key in made]
        found = auditing.verify(
            self._store,
            trust=trust,
            kept=kept,
            sealer=None if ring is None else self._keys.sealer,
            newer_keys={id: ids[number:] for number, id in enumerate(ids)},
        )
        ours = [one.name for one in kept if one.lineage == found.head.lineage]
        return Verdict(
            found=found, is_signed=trust is not None, compared=tuple(ours), notes=tuple(notes)
        )

    def disputed(self) -> Sequence[StoreProblem]:
        """Give what speaks against the log, and what ``checkpoint(accept=True)`` would accept.

        Checkpoints here and in the configured targets that it does not agree with, and what it says
        of signed values that were sealed later. Raises what ``verify`` raises.
        """
        return self.verify().found.disputed

    def glance(self) -> Glance | None:
        """Compare the log with its newest checkpoints and the one remembered beside the key ring.

        It costs the same however long the log is, and asks nobody for a passphrase. None where
        there is no key ring, and no checkpoint is remembered. Raises IntegrityError.
        """
        try:
            ring = self._keys.unasked
        except (WrongKey, IntegrityError):
            ring = None
        trust = self._trust(ring, self._last_signer() if ring is None else ())
        if trust is None:
            return None
        kept = self._notary.kept()
        with self._store.snapshot() as view:
            return auditing.glance(view, [] if kept is None else [kept], trust)

    def _kept(self, trust: Trust | None, against: str | None, notes: list[str]) -> list[Anchor]:
        """Give where the log stood once, as what lies elsewhere tells."""
        kept: list[Anchor] = []
        if trust is not None and against is None:
            kept += self._remembered(notes)
            for name in sorted(self._targets):
                try:
                    kept += self._in_target(name, is_signed=True, is_asked=False)
                except PrefcoreError as error:
                    notes.append(f"backups in {name} were not looked at: {error.message}")
        if against is not None:
            kept += self._in_target(against, is_signed=trust is not None, is_asked=True)
        return kept

    def _last_signer(self) -> list[str]:
        """Give the public key of the checkpoint that is remembered, which lies with the ring."""
        kept = self._notary.kept()
        return [] if kept is None or kept.checkpoint is None else [kept.checkpoint.signer]

    def _trust(self, ring: KeyRing | None, signers: Sequence[str]) -> Trust | None:
        if ring is None and not signers:
            return None
        from prefcore.security.signing import is_genuine

        own = () if ring is None else (ring.public_key.hex(),)
        return Trust({*signers, *own}, is_genuine)

    def _remembered(self, notes: list[str]) -> Iterator[Anchor]:
        try:
            kept = self._notary.kept()
        except PrefcoreError as error:
            notes.append(error.message)
            return
        if kept is None:
            return
        with self._store.snapshot() as view:
            is_other = head_of(view).lineage != kept.lineage
        if is_other:
            notes.append(
                f"another store stood at {self._store.url} when a checkpoint was last signed here, "
                f"at its revision {kept.revision}: if you have not begun anew, look for it"
            )
        yield kept

    def _in_target(self, name: str, *, is_signed: bool, is_asked: bool) -> Iterator[Anchor]:
        """Give what the manifests in a target tell; unsigned heads only where it is asked for."""
        called, url = target_named(name, self._targets)
        with Backups(url, plugins=self._plugins, name=called) as backups:
            whole = backups.list().whole
        for one in whole:
            told = f"backup {one.id[:SHORT]} in {called}"
            if one.checkpoint is not None and is_signed:
                yield Anchor.of(told, one.checkpoint)
            elif is_asked:
                yield Anchor(
                    name=told,
                    lineage=one.lineage,
                    revision=one.revision,
                    chain=one.chain,
                    at=one.created_at,
                )


def _checked_signer(text: str) -> str:
    digits = text.lower()
    if len(digits) != _KEY_DIGITS or not set(digits) <= set("0123456789abcdef"):
        raise UsageError(f"a signer is a public key of 64 hexadecimal digits, not '{text:.80}'")
    return digits
