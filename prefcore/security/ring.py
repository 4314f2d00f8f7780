"""The key ring: data keys with their states, and what may be done with them; pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from uuid import UUID

import attrs

from prefcore.errors import NotFound, UsageError
from prefcore.security.ciphers import AES_256_GCM, KEY_BYTES, public_key
from prefcore.security.sealing import Sealer

__all__ = ["ACTIVE", "COMPROMISED", "DECRYPT_ONLY", "STATES", "DataKey", "KeyRing"]

#: Seals and opens; exactly one key does.
ACTIVE = "active"
#: Opens what was sealed before a rotation, or elsewhere.
DECRYPT_ONLY = "decrypt-only"
#: Somebody else may have it: it opens, so that what it sealed can be sealed anew.
COMPROMISED = "compromised"
STATES = (ACTIVE, DECRYPT_ONLY, COMPROMISED)

_Random = Callable[[int], bytes]


@attrs.frozen
class DataKey:
    """One data key; ``algorithm`` says what it is for."""

    id: str
    state: str
    created_at: datetime
    secret: bytes = attrs.field(repr=False)
    algorithm: str = AES_256_GCM

    @classmethod
    def fresh(cls, at: datetime, random: _Random) -> DataKey:
        """Give a new active key."""
        return cls(f"k{random(8).hex()}", ACTIVE, at, random(KEY_BYTES))


def _keys(keys: Iterable[DataKey]) -> tuple[DataKey, ...]:
    return tuple(keys)


@attrs.frozen(kw_only=True)
class KeyRing:
    """Data keys, oldest first; the key of equality tags; a seed to sign audit checkpoints with.

    ``copied_at`` is when a copy of the ring was last made, None before: without one, a lost disk
    loses every secret.
    """

    id: str
    keys: tuple[DataKey, ...] = attrs.field(converter=_keys)
    tag_key: bytes = attrs.field(repr=False)
    signing_seed: bytes = attrs.field(repr=False)
    copied_at: datetime | None = None

    def __attrs_post_init__(self) -> None:
        if [key.state for key in self.keys].count(ACTIVE) != 1:
            raise UsageError("a key ring has exactly one active key")

    @classmethod
    def fresh(cls, at: datetime, random: _Random) -> KeyRing:
        """Give a new ring with one key."""
        return cls(
            id=str(UUID(bytes=random(16), version=4)),
            keys=[DataKey.fresh(at, random)],
            tag_key=random(KEY_BYTES),
            signing_seed=random(KEY_BYTES),
        )

    @property
    def active(self) -> DataKey:
        """The key that seals."""
        return next(key for key in self.keys if key.state == ACTIVE)

    @property
    def public_key(self) -> bytes:
        """What checks the audit checkpoints that this ring signs."""
        return public_key(self.signing_seed)

    def key(self, id: str) -> DataKey:
        """Give a key by its id or a unique beginning of it; raises NotFound."""
        found = [key for key in self.keys if id and key.id.startswith(id)]
        if len(found) > 1:
            raise NotFound(
                f"{len(found)} keys begin with '{id}': {', '.join(key.id for key in found)}; say "
                "more of the one that is meant",
                key_id=id,
            )
        if not found:
            raise NotFound(f"there is no key '{id}'; `prefcore keys list` shows them", key_id=id)
        return found[0]

    def sealer(self, random: _Random) -> Sealer:
        """Give what seals and opens values with this ring."""
        secrets = {key.id: key.secret for key in self.keys}
        return Sealer(secrets, self.active.id, self.tag_key, random=random)

    def rotated(self, at: datetime, random: _Random) -> KeyRing:
        """Give the ring with a new active key; the one before still opens."""
        return self._with_new_key(self.active.id, DECRYPT_ONLY, at, random)

    def compromised(self, id: str, at: datetime, random: _Random) -> KeyRing:
        """Give the ring with a key marked compromised, and a new active one where it was that."""
        key = self.key(id)
        if key.state == ACTIVE:
            return self._with_new_key(key.id, COMPROMISED, at, random)
        return attrs.evolve(self, keys=self._with_state(key.id, COMPROMISED))

    def _with_new_key(self, id: str, state: str, at: datetime, random: _Random) -> KeyRing:
        keys = [*self._with_state(id, state), DataKey.fresh(at, random)]
        return attrs.evolve(self, keys=keys)

    def _with_state(self, id: str, state: str) -> list[DataKey]:
        return [attrs.evolve(key, state=state) if key.id == id else key for key in self.keys]

    def merged(self, other: KeyRing) -> KeyRing:
        """Give this ring with the keys of another.

        Those of the same ring elsewhere keep the worse of their two states; a stranger's open
        only. Our active key stays, unless the other knows it as compromised or rotated out: then
        the other's active one takes over.
        """
        theirs = {key.id: key for key in other.keys}
        same = other.id == self.id
        keys = [_worse(key, theirs.get(key.id)) for key in self.keys]
        known = {key.id for key in keys}
        active = next((key.id for key in keys if key.state == ACTIVE), None)
        for key in other.keys:
            if key.id in known:
                continue
            takes_over = same and active is None and key.state == ACTIVE
            state = DECRYPT_ONLY if key.state == ACTIVE and not takes_over else key.state
            keys.append(attrs.evolve(key, state=state))
        return attrs.evolve(self, keys=keys)

    def copied(self, at: datetime) -> KeyRing:
        """Give the ring that knows of a copy of itself."""
        return attrs.evolve(self, copied_at=at)


def _worse(ours: DataKey, theirs: DataKey | None) -> DataKey:
    if theirs is None or STATES.index(theirs.state) <= STATES.index(ours.state):
        return ours
    return attrs.evolve(ours, state=theirs.state)
