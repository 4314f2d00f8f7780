"""Options that several verbs share: which set is meant, which sets are selected, and the act's."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, NamedTuple, TypeVar

import click

from prefcore.cli.completing import owners, scopes
from prefcore.errors import UsageError

__all__ = [
    "Target",
    "acting",
    "backing_up",
    "newest",
    "one_set",
    "owner_name",
    "reading",
    "resolving",
    "selecting",
    "targeting",
    "trusting",
]

_F = TypeVar("_F", bound=Callable[..., Any])


class Target(NamedTuple):
    """Whose preferences are meant; ``user`` is None where only others were named."""

    user: str | None = None
    project: str | None = None
    system: bool = False
    template: str | None = None

    def to_read(self, me: Callable[[], str]) -> Target:
        """Give the layers that resolution walks: this user's, unless others are asked for alone."""
        if self.template is not None and self.named > 1:
            raise UsageError("a template stands alone: leave out --user, --project and --system")
        if self.system and self.named > 1:
            raise UsageError("--system shows the system alone: leave out --user and --project")
        if self.user is None and not self.system and self.template is None:
            return self._replace(user=_me(me))
        return self

    def to_change(self, me: Callable[[], str]) -> tuple[str, str]:
        """Give scope and owner of the one set that is meant; raises UsageError for several."""
        if self.named > 1:
            raise UsageError("name one set: --user, --project, --system or --template")
        if self.project is not None:
            return "project", self.project
        if self.template is not None:
            return "template", self.template
        if self.system:
            return "system", ""
        return "user", self.user if self.user is not None else _me(me)

    @property
    def named(self) -> int:
        """How many of the options were given."""
        owners = (self.user, self.project, self.template)
        return sum(one is not None for one in owners) + self.system


def _me(me: Callable[[], str]) -> str:
    return owner_name(me(), "--user")


def owner_name(name: str, what: str) -> str:
    """Give a name back that an owner may have; raises UsageError, which says what takes it."""
    if not name or not name.isprintable() or len(name) > 500:
        raise UsageError(f"{what} takes a printable name of 1 to 500 characters, not {name!r:.60}")
    return name


def _checked_owner(context: click.Context, option: click.Parameter, value: str | None) -> object:
    if value is not None and not context.resilient_parsing:
        owner_name(value, f"--{option.name}")
    return value


def _owner_option(name: str, metavar: str, text: str) -> Callable[[_F], _F]:
    return click.option(
        f"--{name}", metavar=metavar, help=text, callback=_checked_owner, shell_complete=owners
    )


def targeting(*texts: str) -> Callable[[_F], _F]:
    """Add the options that name sets, with these helps; the function gets them as ``target``.

    The helps are of ``--user``, ``--project``, ``--system`` and, where it applies, ``--template``.
    """

    def decorate(function: _F) -> _F:
        @wraps(function)
        def called(
            *args: Any,
            user: str | None,
            project: str | None,
            system: bool,
            template: str | None = None,
            **more: Any,
        ) -> Any:
            return function(*args, target=Target(user, project, system, template), **more)

        options = (
            _owner_option("user", "ID", texts[0]),
            _owner_option("project", "ID", texts[1]),
            click.option("--system", is_flag=True, help=texts[2]),
            *(_owner_option("template", "NAME", text) for text in texts[3:]),
        )
        decorated: Any = called
        for option in reversed(options):
            decorated = option(decorated)
        return decorated  # type: ignore[no-any-return]  # the same function, with options

    return decorate


#: More than any log holds, and still a number that Python counts to.
_MOST = 10**12

#: For verbs that list what was done.
newest = click.option(
    "-n",
    "--limit",
    type=click.IntRange(0, _MOST),
    default=20,
    metavar="N",
    help="Show the newest N (default 20; 0 for all).",
)

#: For verbs that change one set.
one_set = targeting(
    "In this user's set (default: yours).",
    "In this project's set.",
    "In the system's set.",
    "In this template.",
)

_LAYERS = ("For this user (default: you).", "In this project.", "Only what the system's set says.")

#: For verbs that resolve a value through the layers, of which templates are none.
resolving = targeting(*_LAYERS)

#: For verbs that read what holds, in the layers or in a template.
reading = targeting(*_LAYERS, "Only what this template holds.")


#: For verbs that read what holds, and for those that take values from somewhere.
trusting = click.option(
    "--trust", is_flag=True, help="Take values of keys that are declared trusted_only too."
)


def selecting(function: _F) -> _F:
    """Add ``--scope``, ``--owner`` and ``--key``; the function gets them as ``selection``."""

    @wraps(function)
    def called(
        *args: Any,
        scope: tuple[str, ...],
        owner: tuple[str, ...],
        key: tuple[str, ...],
        **more: Any,
    ) -> Any:
        from prefcore.model import Scope, Selection

        selection = Selection(
            scopes=(Scope.named(name).value for name in scope), owners=owner, keys=key
        )
        if selection.owners and set(selection.scopes) == {Scope.SYSTEM.value}:
            raise UsageError("the system's set has no owner: leave out --owner, or --scope system")
        return function(*args, selection=selection, **more)

    from prefcore.cli.completing import keys

    options = (
        click.option(
            "--scope",
            multiple=True,
            metavar="SCOPE",
            help="Only sets of this scope: system, user, project or template. Repeatable.",
            shell_complete=scopes,
        ),
        click.option(
            "--owner",
            multiple=True,
            metavar="ID",
            help="Only sets of this owner. Repeatable.",
            shell_complete=owners,
        ),
        click.option(
            "--key",
            multiple=True,
            metavar="GLOB",
            help="Only keys that match, such as 'editor.*'. Repeatable.",
            shell_complete=keys,
        ),
    )
    decorated: Any = called
    for option in reversed(options):
        decorated = option(decorated)
    return decorated  # type: ignore[no-any-return]  # the same function, with options


def acting(function: _F) -> _F:
    """Add ``--dry-run`` and ``--reason``, for verbs that make a changeset."""
    function = click.option("--reason", default="", metavar="TEXT", help="Why, for the history.")(
        function
    )
    return click.option(
        "--dry-run", is_flag=True, help="Say what would be done, and change nothing."
    )(function)


def backing_up(function: _F) -> _F:
    """Add ``--no-backup``, for verbs that take a backup first; the function gets ``back_up``."""

    @wraps(function)
    def called(*args: Any, no_backup: bool, **more: Any) -> Any:
        if no_backup:
            from prefcore.cli.output import warn

            warn("no backup is taken first; the safety copy beside the store is all there is")
        return function(*args, back_up=not no_backup, **more)

    decorated: Any = click.option(
        "--no-backup", is_flag=True, help="Take no backup first, where one would be taken."
    )(called)
    return decorated  # type: ignore[no-any-return]  # the same function, with an option
