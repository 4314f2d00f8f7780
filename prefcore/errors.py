"""Every error prefcore raises: one root, facts as attributes, an exit code per family.

The exit codes are a public contract (docs/reference/errors.md). A message is one sentence that
says what went wrong, where, and what to do; it never holds a sensitive value.
"""

from __future__ import annotations

__all__ = [
    "AppMismatch",
    "BrokenSeal",
    "ConflictError",
    "DamagedDocument",
    "DamagedStore",
    "DamagedValue",
    "ForeignFile",
    "HistoryPruned",
    "IntegrityError",
    "InvalidSchema",
    "InvalidStep",
    "InvalidValue",
    "LockedError",
    "MigrationRequired",
    "MissingStep",
    "NewerFormat",
    "NoSpace",
    "NotFound",
    "NotPermitted",
    "PartialSuccess",
    "PluginError",
    "PluginMissing",
    "PolicyRefused",
    "PrefcoreError",
    "ReadOnly",
    "StalePlan",
    "StepFailed",
    "StoreMoved",
    "TargetUnreachable",
    "TruncatedDocument",
    "UnknownKey",
    "UsageError",
    "ValidatorFailed",
    "WrongKey",
]


class PrefcoreError(Exception):
    """The root of all errors of prefcore.

    ``exit_code`` is what the command line exits with. ``facts`` holds what the message was made
    of (key, scope, owner, path, line …), also readable as attributes, for programs.
    """

    exit_code = 1

    def __init__(self, message: str, **facts: object) -> None:
        super().__init__(message)
        self.message = message
        self.facts = facts

    def again(self) -> PrefcoreError:
        """Give the same error anew, for what is found once and raised each time it is met."""
        return type(self)(self.message, **self.facts)

    def __getattr__(self, name: str) -> object:
        facts = self.__dict__.get("facts", {})
        if name in facts:
            return facts[name]
        raise AttributeError(name)


class ConflictError(PrefcoreError):
    """Changes that exclude each other were left unresolved; nothing was written."""

    exit_code = 1


class StalePlan(ConflictError):
    """The state moved after the plan was made, and the plan would do something else now."""


class UsageError(PrefcoreError):
    """The request itself is malformed: an unknown scope, strategy or option, a missing setting."""

    exit_code = 2


class PartialSuccess(PrefcoreError):
    """Part of the work was done; what was left out is listed."""

    exit_code = 3


class NotPermitted(PrefcoreError):
    """The operating system or the access policy forbids this actor the act."""

    exit_code = 4


class InvalidValue(PrefcoreError):
    """A value is not portable, or not allowed by its declaration."""

    exit_code = 5


class InvalidSchema(PrefcoreError):
    """A schema, a version or a declaration contradicts itself or cannot be read."""

    exit_code = 5


class InvalidStep(InvalidSchema):
    """A migration step contradicts itself or the schemas it stands between."""


class NotFound(PrefcoreError):
    """Something asked for by name is not there."""

    exit_code = 10


class HistoryPruned(NotFound):
    """What is asked for takes a part of the history that was pruned."""


class UnknownKey(NotFound):
    """The schema declares no such key."""


class MissingStep(NotFound):
    """No path of migration steps leads from one version to the other."""


class LockedError(PrefcoreError):
    """Another process holds the store longer than we wait."""

    exit_code = 11


class StoreMoved(LockedError):
    """Another process migrated or replaced the store while this one had it open: open it again."""


class WrongKey(PrefcoreError):
    """A passphrase or key is wrong, or the key that something is sealed under is not here."""

    exit_code = 12


class IntegrityError(PrefcoreError):
    """Something is damaged, truncated or not ours."""

    exit_code = 13


class BrokenSeal(IntegrityError):
    """What is encrypted was changed, cut, or moved here from elsewhere; nothing is released."""


class DamagedValue(IntegrityError, ValueError):
    """A text that should be a canonical one is none: a stored value was edited or damaged."""


class DamagedStore(IntegrityError):
    """The store's file does not hold what its own structure promises."""


class DamagedDocument(IntegrityError):
    """A document's text breaks the rules of its format; ``line`` or ``byte`` says where."""


class TruncatedDocument(DamagedDocument):
    """A document ends before its trailer."""


class ForeignFile(IntegrityError):
    """The file belongs to another program, or is no document of a known format."""


class AppMismatch(IntegrityError):
    """The document or store is of another application."""


class NoSpace(PrefcoreError):
    """The disk is full or refuses the write; the state before stands."""

    exit_code = 14


class TargetUnreachable(PrefcoreError):
    """A target of backups does not answer: unmounted, offline, or its disk fails."""

    exit_code = 15


class NewerFormat(PrefcoreError):
    """A file was written by a newer prefcore, or at a newer schema, than this one understands."""

    exit_code = 16


class PolicyRefused(PrefcoreError):
    """A rule of the declaration or of prefcore forbids the act."""

    exit_code = 17


class PluginError(PrefcoreError):
    """A plugin could not be imported, declares something wrong, or failed in use."""

    exit_code = 18


class PluginMissing(PluginError):
    """No installed plugin has the id asked for; the message names the distribution to install."""


class StepFailed(PluginError):
    """A migration step raised; nothing was written."""


class ValidatorFailed(PluginError):
    """An application's function that judges values raised something else than ValueError."""


class MigrationRequired(PrefcoreError):
    """The store is at an older schema version than the program, and was not to be migrated."""

    exit_code = 17


class ReadOnly(PrefcoreError):
    """The store can only be read."""

    exit_code = 19
