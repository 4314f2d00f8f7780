"""The access policies in force: where they stand, read from files that are safe, and checked.

The system's and the user's, never a project's. On the way of ``prefcore get``: where no policy is,
two looks at the file system are all it costs.
"""
# ruff: noqa: PTH111, PTH117, PTH118

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Mapping
from fnmatch import translate
from typing import NoReturn

from prefcore.access.policy import Access, AccessPolicy, Rule
from prefcore.access.roles import ACTIONS, OF_SETS, ROLES
from prefcore.errors import NotPermitted, PolicyRefused, UsageError
from prefcore.host import file_owner, shared_data, system_user, why_untrusted

__all__ = ["access_of", "policy_from_text", "policy_paths", "read_policy"]

FILE_NAME = "access.toml"
_MAX_BYTES = 256 << 10
_MAX_DOTS = 1000
_LISTS = ("roles", "actors", "actions", "scopes", "owners", "keys")
_SCOPES = ("system", "user", "project", "template")


def policy_paths(environ: Mapping[str, str], platform: str = sys.platform) -> tuple[str, str]:
    """Give where the system's policy and the user's stand, whether they are there or not."""
    home = environ.get("HOME") or os.path.expanduser("~")
    if platform == "darwin":
        support = os.path.join("Library", "Application Support", "prefcore", FILE_NAME)
        return os.path.join("/", support), os.path.join(home, support)
    if platform == "win32":
        own = environ.get("APPDATA") or os.path.join(home, "AppData", "Roaming")
        return os.path.join(shared_data(), "prefcore", FILE_NAME), os.path.join(
            own, "prefcore", FILE_NAME
        )
    own = environ.get("XDG_CONFIG_HOME", "")
    if not os.path.isabs(own):
        own = os.path.join(home, ".config")
    return f"/etc/prefcore/{FILE_NAME}", os.path.join(own, "prefcore", FILE_NAME)


def access_of(
    environ: Mapping[str, str],
    actor: str | None = None,
    *,
    paths: tuple[str, ...] | None = None,
) -> Access | None:
    """Give what an actor (by default the operating system's user) may do by the policies there.

    None where there is no policy: then everything is allowed. Raises what ``read_policy`` raises,
    and NotPermitted where it cannot be told whether one is there.
    """
    systems, own = policy_paths(environ)
    found = [
        path
        for path in paths or (systems, own)
        # A home that this user may not enter is another's, as after `sudo -u`. Whoever can choose
        # the home chooses the own policy, so nothing is lost by passing that one over.
        if _is_there(path, must_be_known=path != own)
    ]
    if not found:
        return None
    return Access(actor or system_user(), [read_policy(path) for path in found])


def _is_there(path: str, *, must_be_known: bool) -> bool:
    """Say whether anything stands at a path.

    NotPermitted where a folder on the way may not be entered, unless that counts as nothing there.
    """
    try:
        os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        if not must_be_known and isinstance(error, PermissionError):
            return False
        raise NotPermitted(
            f"whether there is an access policy {path} cannot be told ({error.strerror}), so "
            "nothing is done; let this user enter its folder",
            path=path,
        ) from error
    return True


def read_policy(path: str) -> AccessPolicy:
    """Read a policy file.

    Raises UsageError naming file and line, NotPermitted where it cannot be read, and PolicyRefused
    where it is no regular file, somebody else could have written it, or it locks everybody out.
    """
    try:
        with open(path, "rb", opener=_opened_at_once) as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise PolicyRefused(
                    f"the access policy {path} is no regular file, so nothing is done", path=path
                )
            data = file.read(_MAX_BYTES + 1)
    except OSError as error:
        raise NotPermitted(
            f"the access policy {path} cannot be read ({error.strerror}), so nothing is done",
            path=path,
        ) from error
    reason = why_untrusted(path)
    if reason:
        raise PolicyRefused(
            f"the access policy {path} could be anybody's, so nothing is done: {reason}", path=path
        )
    if len(data) > _MAX_BYTES:
        raise UsageError(f"{path} is larger than {_MAX_BYTES >> 10} KiB", path=path)
    try:
        text = data.decode("utf-8").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise UsageError(f"{path} line {line}: this is no UTF-8", path=path, line=line) from error
    return policy_from_text(text, path, keeper=file_owner(path))


def _opened_at_once(path: str, flags: int) -> int:
    """Open a file; of a pipe nobody is waited for."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def policy_from_text(text: str, source: str, *, keeper: str = "") -> AccessPolicy:
    """Give the policy that a TOML text holds; raises UsageError and PolicyRefused."""
    for number, line in enumerate(text.split("\n"), 1):
        if line.count(".") > _MAX_DOTS:  # tomllib takes seconds for a key of 20,000 parts
            raise UsageError(f"{source} line {number}: it is nested too deeply", path=source)
    import tomllib  # late: 4 ms, and mostly there is no policy

    try:
        table = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        what = "it is nested too deeply" if isinstance(error, RecursionError) else error
        raise UsageError(f"the access policy {source}: {what}", path=source) from error
    reader = _Reader(source, text)
    policy = AccessPolicy(reader.members(table), reader.rules(table), source, keeper)
    policy.refuse_lock_out()
    return policy


class _Reader:
    """Checks the tables of a policy; every complaint names the line."""

    def __init__(self, source: str, text: str) -> None:
        self.source = source
        self.lines = text.split("\n")
        self.roles = dict.fromkeys(ROLES)

    def members(self, table: Mapping[str, object]) -> Mapping[str, tuple[str, ...]] | None:
        for name in table:
            if name not in ("roles", "rules"):
                self.complain(name, f"there is no setting '{name}'; known are roles and rules")
        roles = table.get("roles")
        if roles is None:
            return None
        if not isinstance(roles, dict):
            self.complain("roles", "'roles' is a table of roles, each with a list of actors")
        self.roles.update(dict.fromkeys(roles))
        return {role: self.role(role, actors) for role, actors in roles.items()}

    def role(self, role: str, actors: object) -> tuple[str, ...]:
        from difflib import get_close_matches

        near = get_close_matches(role, ROLES, n=1, cutoff=0.8)
        if role not in ROLES and near:
            self.complain(role, f"there is no role '{role}'; did you mean '{near[0]}'?")
        return self.texts(role, actors, f"the actors of '{role}'")

    def rules(self, table: Mapping[str, object]) -> tuple[Rule, ...]:
        rules = table.get("rules", [])
        if not isinstance(rules, list) or not all(isinstance(one, dict) for one in rules):
            self.complain("rules", "rules are tables, each under [[rules]]")
        starts = [
            number
            for number, line in enumerate(self.lines, 1)
            if line.replace(" ", "").startswith("[[rules]]")
        ]
        return tuple(
            self.rule(rule, starts[i] if len(starts) == len(rules) else 0)
            for i, rule in enumerate(rules)
        )

    def rule(self, rule: Mapping[str, object], line: int) -> Rule:
        for name in rule:
            if name not in ("effect", "reason", *_LISTS):
                known = ", ".join(("effect", *_LISTS, "reason"))
                self.complain(name, f"a rule has no '{name}'; known are {known}", after=line)
        effect, reason = rule.get("effect"), rule.get("reason", "")
        if effect not in ("allow", "deny"):
            self.complain("effect", "a rule's effect is 'allow' or 'deny'", after=line)
        if not isinstance(reason, str) or not reason.isprintable():
            self.complain("reason", "a rule's reason is one line of text", after=line)
        lists = {name: self.named(name, rule, line) for name in _LISTS}
        self.known("actions", lists["actions"], tuple(ACTIONS), line)
        self.known("scopes", lists["scopes"], _SCOPES, line)
        self.known("roles", lists["roles"], tuple(self.roles), line)
        for name in ("owners", "keys"):
            for glob in lists[name]:
                if not _may_fit(glob):
                    self.complain(name, f"nothing fits the glob '{glob}'", after=line)
        bound = [name for name in ("scopes", "owners", "keys") if lists[name]]
        others = [one for one in lists["actions"] if one not in OF_SETS]
        if bound and others:
            self.complain(
                bound[0],
                f"{others[0]} has no {bound[0]}; only {', '.join(OF_SETS)} have",
                after=line,
            )
        place = f"the rule in line {line} of {self.source}" if line else f"a rule of {self.source}"
        return Rule(str(effect), place, reason=reason, **lists)

    def named(self, name: str, rule: Mapping[str, object], line: int) -> tuple[str, ...]:
        """Give a list of a rule; one that is left out asks for nothing, and so would an empty."""
        if name not in rule:
            return ()
        found = self.texts(name, rule[name], f"'{name}' of a rule", after=line)
        if not found:
            self.complain(
                name, f"'{name}' of a rule is empty; name some, or leave it out for all", after=line
            )
        return found

    def known(self, name: str, found: tuple[str, ...], known: tuple[str, ...], line: int) -> None:
        for one in found:
            if one not in known:
                self.complain(
                    name, f"'{one}' is none of the {name}: {', '.join(known)}", after=line
                )

    def texts(self, name: str, found: object, what: str, *, after: int = 0) -> tuple[str, ...]:
        if not isinstance(found, list) or not all(isinstance(one, str) and one for one in found):
            self.complain(name, f"{what} are a list of names", after=after)
        return tuple(found)

    def complain(self, name: str, what: str, *, after: int = 0) -> NoReturn:
        line = self.line(name, after)
        where = f"{self.source} line {line}" if line else self.source
        raise UsageError(
            f"the access policy {where}: {what}; until it is mended, nothing is done",
            path=self.source,
            line=line,
        )

    def line(self, name: str, after: int) -> int:
        """Give the line where a name stands first, from a line on; 0 where it is not found."""
        for number, line in enumerate(self.lines[after:], after + 1):
            head = line.partition("=")[0].strip().strip("\"'[] ")
            if head == name:
                return number
        return after


def _may_fit(glob: str) -> bool:
    """Say whether a glob's brackets are closed, and leave something to fit."""
    opened = glob.find("[")
    while opened >= 0:
        first = opened + 1 + (glob[opened + 1 : opened + 2] == "!")
        closed = glob.find("]", first + 1)  # a bracket that comes first is one of those meant
        if closed < 0:
            return False
        opened = glob.find("[", closed)
    return "(?!)" not in translate(glob)  # so it puts a range that holds nothing
