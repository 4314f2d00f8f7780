"""Moving: values out of a store into documents, and from documents into the store."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from prefcore import __version__
from prefcore.compression import compressing
from prefcore.engines import exporting, updating
from prefcore.engines.importing import ImportRequest
from prefcore.errors import UsageError
from prefcore.facade.act import Act, Begun
from prefcore.facade.acts import import_act
from prefcore.facade.inspecting import audited_in
from prefcore.facade.other_versions import NewerStore
from prefcore.facade.performing import Performer, silent
from prefcore.interfaces import Snapshot
from prefcore.model import Plan, Progress, Selection
from prefcore.schema import SchemaDocument
from prefcore.schema.secret import Secret
from prefcore.sealed_files import encrypting
from prefcore.values import is_sealed_text

__all__ = ["Mover"]

_GENERATOR = f"prefcore {__version__}"


class Mover(Performer):
    """Exports selected sets, and imports files."""

    def export(
        self,
        out: BinaryIO,
        *,
        format: str,
        selection: Selection = Selection(),
        plain: bool = False,
        compress: str = "none",
        secrets: str = "sealed",
        encrypt: bool = False,
        passphrase: Secret[str] | None = None,
        progress: Progress = silent,
    ) -> exporting.Exported:
        """Write the selected sets to ``out`` in a format; raises PluginMissing, NotFound.

        ``compress`` is ``none``, ``zstd`` or ``gzip``. ``secrets`` are ``sealed`` for the document,
        under the key ring (left out where it is not here, and of a plain file), ``redacted``, or
        ``clear``, which is recorded in the history. With ``encrypt`` all of it is encrypted: to
        the ``passphrase``, or else to the key ring.
        ``progress`` is told after each set of a document of how many entries more were written,
        and which part of the store that makes.
        """
        info = self.plugins.formats.get(format)
        treated = self._treatment(secrets, plain=plain)
        if secrets == "clear":
            encrypted = encrypt or passphrase is not None
            with self._recorded(), self._whole() as (view, document):
                self._check_export(view, selection, secrets)
                read = Counter(audited_in(view.sets(self.app, selection), document))
            if read:  # once for all: of which keys how many values
                self._record("read", {"keys": dict(read)}, reason="read for an export in clear")
            self._record(
                "export", {"secrets": "clear", "encrypted": encrypted}, reason="secrets in clear"
            )
        with self._recorded(), ExitStack() as stack:
            view, document = stack.enter_context(self._whole())
            self._check_export(view, selection, secrets)
            if encrypt or passphrase is not None:
                known = None if passphrase is None else passphrase.reveal()
                out = stack.enter_context(encrypting(out, self.keys, known))
            out = stack.enter_context(compressing(out, compress))
            if plain:
                return exporting.export_plain(view, document, selection, info, out, secrets=treated)
            return exporting.export_document(
                view,
                document,
                selection,
                info,
                out,
                at=datetime.now(UTC),
                generator=_GENERATOR,
                secrets=treated,
                progress=progress,
            )

    def _check_export(self, view: Snapshot, selection: Selection, secrets: str) -> None:
        """Raise NotPermitted where something selected may not leave the store so."""
        self._check_selected(view, selection)
        judge = self._judge_of(view)
        if judge is not None and secrets == "clear":
            for one in view.sets(self.app, selection):
                for row in one.rows:
                    if is_sealed_text(row[1]):
                        judge.check("reveal", one.scope, one.owner, row[0])

    def update(
        self, held: Mapping[str, object], *, selection: Selection = Selection()
    ) -> updating.Updated:
        """Say what a plain file with these values is to hold when it tells of the selected set.

        Names in it that nobody knows stay. Raises UsageError when several sets are selected,
        NotFound when the set holds nothing, and InvalidValue where the file spells a key twice.
        """
        with self._recorded(), self._whole() as (view, document):
            self._check_selected(view, selection)
            sets = view.sets(self.app, Selection(selection.scopes, selection.owners))
            one = exporting.only_set(sets)
            known = {key.name for key in view.keys(self.app)}
            return updating.updated_values(held, one, document, known, selection)

    @contextmanager
    def _whole(self) -> Iterator[tuple[Snapshot, SchemaDocument]]:
        """Give all that is stored and its schema: of a newer store also what is not understood."""
        store = self._store
        if isinstance(store, NewerStore):
            with store.behind.snapshot() as view:
                yield view, self._workplace.known.load(view, str(view.version(self.app)))
        else:
            with self._view() as view:
                yield view, self.schema

    def _treatment(self, secrets: str, *, plain: bool) -> exporting.Secrets:
        vault = self._workplace.vault
        sealed = vault.redacted if plain else vault.for_documents()
        treatments = {"sealed": sealed, "redacted": vault.redacted, "clear": vault.in_clear}
        if secrets not in treatments:
            raise UsageError(f"secrets are sealed, redacted or clear, not '{secrets}'")
        return treatments[secrets]

    def plan_import(self, source: str | Path | ImportRequest, *, reason: str = "") -> Plan:
        """Say what importing a file would do; ``apply`` does it.

        A path alone takes everything in the document, and decides no conflict. Raises what
        reading the file raises; refused values and conflicts are in the plan.
        """
        return self._plan(self._importing(source, reason))

    def begin_import(
        self,
        source: str | Path | ImportRequest,
        *,
        reason: str = "",
        rehearsed: bool = False,
        progress: Progress = silent,
    ) -> AbstractContextManager[Begun]:
        """Import a file in a transaction that stays open: look at its ``plan``, then ``commit``.

        It reads the file once, where ``plan_import`` and ``apply`` read it twice, and holds the
        store's write lock until then. What is not committed in the block leaves no trace. With
        ``rehearsed`` it works on a private copy of the store, and can only be looked at.
        ``progress`` is told after each set of how many entries more were read, and which part of
        the file that makes.
        """
        act = self._importing(source, reason)
        return self._begun(act, rehearsed=rehearsed, progress=progress)

    def _importing(self, source: str | Path | ImportRequest, reason: str) -> Act:
        self._refuse_if_newer()
        if isinstance(source, ImportRequest):
            request = source
        else:
            request = ImportRequest(path=Path(source), name=str(source))
        return import_act(self._workplace, request, self._version, reason=reason)
