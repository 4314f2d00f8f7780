"""Watchers: plugins that may refuse an act before it is committed, or are told of it afterwards.

Both are told of acts only, never of reading. A veto that fails refuses; an observer that fails is
logged, and the act stands.
"""

from __future__ import annotations

from prefcore.errors import NotPermitted, PluginError, PrefcoreError
from prefcore.interfaces import Transaction
from prefcore.model import Changeset, Draft
from prefcore.plugins.manager import Plugins
from prefcore.plugins.problems import describe

__all__ = ["Watch"]


class Watch:
    """The watchers of one set of plugins that are in use."""

    def __init__(self, plugins: Plugins) -> None:
        self._plugins = plugins

    def judge(self, draft: Draft, transaction: Transaction) -> None:
        """Ask every veto whether the act may be committed; raises what one of them raises.

        What is no PrefcoreError, and a watcher that is named and cannot be loaded, becomes a
        PluginError: where it is not known whether an act is allowed, it is not.
        """
        for watcher in self._plugins.watching():
            if watcher.veto is None:
                continue
            try:
                watcher.veto(draft, transaction.pending())
            except NotPermitted as refused:  # with what a record of the denial says
                told = {"action": draft.kind, "what": draft.kind, **refused.facts}
                # Who acted, and who refuses, no watcher says otherwise.
                rule = f"the watcher '{watcher.id}'"
                refused.facts = {**told, "actor": draft.actor, "rule": rule}
                raise
            except PrefcoreError:
                raise
            except Exception as error:
                raise PluginError(
                    f"the watcher '{watcher.id}' failed, so nothing was changed: "
                    f"{describe(error)}; report it to its authors",
                    id=watcher.id,
                ) from error

    def tell(self, changeset: Changeset | None) -> None:
        """Tell every observer what was committed; of those that fail the log is told."""
        if changeset is None:
            return
        for watcher in self._plugins.watching():
            if watcher.observe is not None:
                try:
                    watcher.observe(changeset)
                except Exception as error:  # noqa: BLE001  # the act is done, whatever this raises
                    self._plugins.warn(
                        f"the watcher '{watcher.id}' failed after changeset {changeset.id[:8]} "
                        f"was made: {describe(error)}; the change stands"
                    )
