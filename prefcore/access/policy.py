"""Access: by roles and rules, whether somebody may do something; the one decision, pure.

On the way of ``prefcore get``, so it takes NamedTuples where other modules take attrs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from typing import NamedTuple

from prefcore.access.roles import ACTIONS, GRANTS, OF_SETS, ROLES, held_with
from prefcore.errors import NotPermitted, PolicyRefused

__all__ = ["Access", "AccessPolicy", "Decision", "Rule"]

#: Who has all of these has every other role too.
_EVERY = frozenset(ROLES)
#: So many decisions are remembered at once.
_REMEMBERED = 10_000
#: Stands for whoever is not named.
_ANYBODY = "*"
#: In the owners of a rule, the set of whoever acts.
_SELF = "@self"
#: Nobody is called so: set ids are printable.
_NOBODY = "\0"


class Rule(NamedTuple):
    """One rule of a policy; what it does not name it does not ask for.

    ``place`` says where it stands, for messages. ``owners`` and ``keys`` are globs; ``@self`` among
    the owners is the actor's own set.
    """

    effect: str
    place: str = ""
    roles: tuple[str, ...] = ()
    actors: tuple[str, ...] = ()
    actions: tuple[str, ...] = ()
    scopes: tuple[str, ...] = ()
    owners: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    reason: str = ""

    def speaks_of(
        self, actor: str, roles: frozenset[str], action: str, scope: str, owner: str, key: str
    ) -> bool:
        """Say whether the rule is about this act of this actor."""
        if (self.scopes or self.owners or self.keys) and action not in OF_SETS:
            return False
        return (
            (not self.actions or action in self.actions)
            and (not self.actors or actor in self.actors or _ANYBODY in self.actors)
            and (not self.roles or not roles.isdisjoint(self.roles))
            and (not self.scopes or scope in self.scopes)
            and (not self.owners or any(_is_owner(one, owner, actor, scope) for one in self.owners))
            and (not self.keys or any(fnmatchcase(key, glob) for glob in self.keys))
        )


def _is_owner(glob: str, owner: str, actor: str, scope: str) -> bool:
    if glob == _SELF:
        return scope == "user" and owner == actor
    return fnmatchcase(owner, glob)


class Decision(NamedTuple):
    """Whether something is allowed; if not, by what it is refused and what would allow it."""

    allowed: bool
    why: str
    rule: str = ""
    remedy: str = ""


class AccessPolicy(NamedTuple):
    """One policy: who has which roles, and the rules beside what roles allow.

    ``members`` has the actors of each role, ``*`` for everybody; None gives everybody every role,
    so that only the rules count. ``source`` is the file it is from, and ``keeper`` who may edit it.
    """

    members: Mapping[str, tuple[str, ...]] | None = None
    rules: tuple[Rule, ...] = ()
    source: str = "the policy"
    keeper: str = ""

    def roles_of(self, actor: str) -> frozenset[str]:
        """Give the roles that an actor has, those that they contain among them."""
        if self.members is None:
            return _EVERY
        return frozenset().union(
            *(
                held_with(role)
                for role, actors in self.members.items()
                if actor in actors or _ANYBODY in actors
            )
        )

    def decide(
        self,
        actor: str,
        roles: frozenset[str],
        action: str,
        scope: str = "",
        owner: str = "",
        key: str = "",
        *,
        needed: str | None = None,
        others: tuple[str, ...] = (),
    ) -> Decision:
        """Decide one act. A rule that denies wins; else a role or a rule has to allow it.

        ``needed`` is the role that the key's declaration asks for, ``others`` are names that the
        key had: by them a rule denies, and none allows.
        """
        act = (actor, roles, action, scope, owner)
        for rule in self.rules:
            if rule.effect == "deny":
                name = next((one for one in (key, *others) if rule.speaks_of(*act, one)), None)
                if name is not None:
                    was = "" if name == key else f" by the name {name}, which {key} had"
                    reason = f": {rule.reason}" if rule.reason else ""
                    remedy = f"only a change of that rule{self._by} allows it"
                    why = f"{rule.place} forbids it{was}{reason}"
                    return Decision(False, why, rule.place, remedy)
        if needed is not None and needed not in roles and roles != _EVERY:
            why = f"the schema declares that changing {key} takes the role {needed}"
            return Decision(False, why, f"requires_role of {key}", self._ask(needed, self.source))
        grant = _grant(actor, action, scope, owner)
        by_role = next((role for role in ROLES if role in roles and grant in GRANTS[role]), None)
        if by_role is not None:
            return Decision(True, f"the role {by_role} allows it", by_role)
        for rule in self.rules:
            if rule.effect == "allow" and rule.speaks_of(*act, key):
                return Decision(True, f"{rule.place} allows it", rule.place)
        first = next(role for role in ROLES if grant in GRANTS[role])
        why = f"{self.source} allows it from the role {first} on"
        return Decision(False, why, self.source, self._get(first))

    @property
    def _by(self) -> str:
        return f" by {self.keeper}" if self.keeper else ""

    def _get(self, role: str) -> str:
        return f"{self._ask(role, 'it')}, or for a rule that allows it"

    def _ask(self, role: str, kept: str) -> str:
        asked = f"ask {self.keeper}, who keeps {kept}, for" if self.keeper else "what helps is"
        return f"{asked} the role {role}"

    def refuse_lock_out(self) -> None:
        """Raise PolicyRefused where nobody is left who could set a value or apply a schema."""
        named = {actor for actors in (self.members or {}).values() for actor in actors}
        named |= {actor for rule in self.rules for actor in rule.actors}
        everybody = (*sorted(named - {_ANYBODY}), _NOBODY)
        for action, scope, role in (("write", "system", "admin"), ("apply", "", "security_admin")):
            if not any(
                self.decide(one, self.roles_of(one), action, scope).allowed for one in everybody
            ):
                raise PolicyRefused(
                    f"{self.source} locks everybody out: it leaves nobody who may "
                    f"{ACTIONS[action].split(':')[0]} ({action}); give somebody the role {role} in "
                    f"[roles], or take the rule that forbids it out; until then nothing is done",
                    path=self.source,
                    action=action,
                )


def _grant(actor: str, action: str, scope: str, owner: str) -> str:
    if action not in OF_SETS:
        return action
    return f"{action} {'own' if scope == 'user' and owner == actor else scope}"


class Access:
    """What one actor may do: every policy has to allow it.

    ``roles`` are those that the application vouches for; None leaves them to the policies.
    """

    def __init__(
        self, actor: str, policies: Iterable[AccessPolicy], *, roles: Iterable[str] | None = None
    ) -> None:
        self.actor = actor
        self.policies = tuple(policies)
        given = None if roles is None else frozenset().union(*(held_with(role) for role in roles))
        self._sides = [
            (policy, policy.roles_of(actor) if given is None else given) for policy in self.policies
        ]
        self._tells_keys_apart = any(rule.keys for one in self.policies for rule in one.rules)
        self._decided: dict[tuple[object, ...], Decision | None] = {}

    @property
    def tells_keys_apart(self) -> bool:
        """Whether some rule is of certain keys, so that it matters by which name one is judged."""
        return self._tells_keys_apart

    @property
    def roles(self) -> tuple[str, ...]:
        """The roles that count, in every policy, strongest last."""
        held = [roles for _, roles in self._sides]
        common = frozenset.intersection(*held) if held else _EVERY
        return (*(role for role in ROLES if role in common), *sorted(common - set(ROLES)))

    def refusal(
        self,
        action: str,
        scope: str = "",
        owner: str = "",
        key: str = "",
        *,
        needed: str | None = None,
        others: tuple[str, ...] = (),
    ) -> Decision | None:
        """Give the decision that refuses an act, or None: it is allowed."""
        asked = (action, scope, owner, key, needed, others)
        if asked not in self._decided:
            if len(self._decided) >= _REMEMBERED:  # memory must not grow with the owners there are
                self._decided.clear()
            decisions = self.decisions(action, scope, owner, key, needed=needed, others=others)
            self._decided[asked] = next((one for one in decisions if not one.allowed), None)
        return self._decided[asked]

    def decisions(
        self,
        action: str,
        scope: str = "",
        owner: str = "",
        key: str = "",
        *,
        needed: str | None = None,
        others: tuple[str, ...] = (),
    ) -> Iterator[Decision]:
        """Give what each policy says of an act; ``others`` are names that the key had."""
        act = (action, scope, owner, key)
        for policy, roles in self._sides:
            yield policy.decide(self.actor, roles, *act, needed=needed, others=others)

    def check(
        self,
        action: str,
        scope: str = "",
        owner: str = "",
        key: str = "",
        *,
        needed: str | None = None,
        others: tuple[str, ...] = (),
    ) -> None:
        """Raise NotPermitted where the actor may not: who, what, which rule, and how to get it."""
        found = self.refusal(action, scope, owner, key, needed=needed, others=others)
        if found is not None:
            what = _act(action, scope, owner, key)
            raise NotPermitted(
                f"{self._called} may not {what}: {found.why}; {found.remedy}",
                what=what,
                actor=self.actor,
                roles=self.roles,
                action=action,
                scope=scope,
                owner=owner,
                key=key,
                rule=found.rule,
            )

    @property
    def _called(self) -> str:
        return f"{self.actor} ({', '.join(self.roles) or 'no role'})"


def _act(action: str, scope: str, owner: str, key: str) -> str:
    if action not in OF_SETS:
        return f"{ACTIONS[action].split(':')[0]} ({action})"
    where = f"{scope}/{owner}" if owner else scope
    return f"{action} {where} {key}".rstrip()
