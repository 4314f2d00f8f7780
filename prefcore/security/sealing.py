"""Sealing single values: encrypted under a data key, bound to the place where they belong.

A sealed value's data is a random 12-byte nonce and the AES-256-GCM ciphertext of the padded
canonical text, under HKDF-SHA-256 of the data key for ``prefcore value 1``. The additional data is
``framed("prefcore value 1", *place, tag)``, so it opens nowhere else and under no other tag. The
tag, by which equal values are known, is the first 16 bytes of HMAC-SHA-256 over
``framed("prefcore tag 1", *place, canonical text)`` under a key that no rotation changes.
"""

from __future__ import annotations

from binascii import a2b_base64, b2a_base64
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache, partial
from typing import NamedTuple

from prefcore.errors import BrokenSeal, WrongKey
from prefcore.security.ciphers import (
    AESGCM,
    DOES_NOT_OPEN,
    NONCE_BYTES,
    cipher,
    hkdf,
    hmac_sha256,
    unsealed,
)
from prefcore.security.framing import framed, framed_bytes
from prefcore.security.padding import padded, unpadded
from prefcore.security.places import DOCUMENT, STORE, Place
from prefcore.values import Sealed, canonical_text, from_text

__all__ = ["Cell", "Depart", "Renew", "Renewed", "Sealer"]

_VALUE = "prefcore value 1"
_TAG = "prefcore tag 1"
_TAG_BYTES = 16

#: A sealed text of a store: scope, owner, the key's UUID and its name, text.
Cell = tuple[str, str, str, str, str]
#: Gives texts under the active key; raises BrokenSeal.
Renew = Callable[[Sequence[Cell]], "Renewed"]
#: Gives texts sealed for a document, by scope, owner, and of each the key's UUID, its name and the
#: text. None stands for one that only ``open`` may know, or can say what is wrong with.
Depart = Callable[[str, str, Sequence[tuple[str, str, str]]], "list[str | None]"]
#: Why a text is not opened the short way: it is damaged, not of here, or only written otherwise.
_UNUSUAL = (KeyError, BrokenSeal, *DOES_NOT_OPEN)


class Renewed(NamedTuple):
    """Texts in the order they were given: ``current`` of them were under the active key already.

    ``locked`` are under keys that are not here, and stay as they are.
    """

    texts: list[str]
    current: int
    locked: int


class Sealer:
    """Seals under the active data key and opens under all there are.

    ``keys`` holds the data keys by id, ``active`` the id of the one that seals. What is derived
    of them is kept, which costs 30 µs a key: one value costs 4 µs.
    """

    def __init__(
        self,
        keys: Mapping[str, bytes],
        active: str,
        tag_key: bytes,
        *,
        random: Callable[[int], bytes],
    ) -> None:
        self.active = active
        self._ciphers = {id: cipher(key, _VALUE) for id, key in keys.items()}
        self._hmac = hmac_sha256(hkdf(tag_key, framed(_TAG)))
        self._random = random
        #: What the text of a value begins with that is sealed under the active key.
        self._begin = canonical_text(Sealed(active, b"", b"")).partition(",")[0] + ","

    def seal(self, text: str, place: Place) -> Sealed:
        """Give a canonical text sealed for a place."""
        encoded = text.encode()
        tag = self.tag(encoded, place)
        return Sealed(self.active, self._encrypted(padded(encoded), _bound(place, tag)), tag)

    def tag(self, text: bytes, place: Place) -> bytes:
        """Give the equality tag that a canonical text's UTF-8 has in a place."""
        message = _TAG_FRAME + _framed_place(place) + framed_bytes(text)
        return self._hmac(message)[:_TAG_BYTES]

    def _encrypted(self, filled: bytes, bound: bytes) -> bytes:
        nonce = self._random(NONCE_BYTES)
        made: bytes = self._ciphers[self.active].encrypt(nonce, filled, bound)
        return nonce + made

    def open(self, sealed: Sealed, place: Place) -> str:
        """Give the canonical text that was sealed for this place.

        Raises WrongKey where its data key is not here, and BrokenSeal where it was changed, or
        sealed for another place.
        """
        return unpadded(self._opened(sealed, place, _bound(place, sealed.tag))).decode()

    def _opened(self, sealed: Sealed, place: Place, bound: bytes) -> bytes:
        """Give the text as it was filled up to its bucket."""
        data = sealed.data
        nonce, encrypted = data[:NONCE_BYTES], data[NONCE_BYTES:]
        return unsealed(
            self._cipher(sealed, place), nonce, encrypted, bound, what=partial(_what, place)
        )

    def _cipher(self, sealed: Sealed, place: Place) -> AESGCM:
        found = self._ciphers.get(sealed.key_id)
        if found is None:
            raise WrongKey(
                f"{_what(place)} is sealed under the key {sealed.key_id:.40}, which is not in "
                "your key ring; import the ring it was made with: prefcore keys import",
                key_id=sealed.key_id,
            )
        return found

    def resealed(self, sealed: Sealed, place: Place) -> Sealed:
        """Give the same value, with the same tag, sealed under the active key."""
        bound = _bound(place, sealed.tag)
        filled = self._opened(sealed, place, bound)
        unpadded(filled)  # raises where another program sealed it
        return Sealed(self.active, self._encrypted(filled, bound), sealed.tag)

    def renewing(self, app: str) -> Renew:
        """Give what does to texts of one application's store as ``resealed``, at half its cost.

        A rotation does it to all there are, so no value is taken further apart than it must be.
        """
        ciphers, encrypt, begin = self._ciphers, self._ciphers[self.active].encrypt, self._begin

        def renewed(cells: Sequence[Cell]) -> Renewed:
            # One call for all costs a third of a call for each. They are used up before this
            # returns, so that none is left which a forked process would use once more.
            nonces = self._random(NONCE_BYTES * len(cells))
            texts = []
            current = locked = end = 0
            for scope, owner, uuid, _, text in cells:
                end += NONCE_BYTES
                if text.startswith(begin):
                    current += 1
                    texts.append(text)
                    continue
                try:
                    id, data, tag = _parts(text)
                    place = _framed_set(STORE, app, scope, owner) + _framed_key(uuid)
                    bound = _VALUE_FRAME + place + _TAG_LENGTH + tag
                    filled = ciphers[id].decrypt(data[:NONCE_BYTES], data[NONCE_BYTES:], bound)
                    unpadded(filled)
                    nonce = nonces[end - NONCE_BYTES : end]
                    made = _base64(nonce + encrypt(nonce, filled, bound))
                    texts.append(f'{begin}"{made}","{_base64(tag)}"]}}')
                except _UNUSUAL:
                    try:
                        texts.append(self._renewed(text, Place(STORE, app, scope, owner, uuid)))
                    except WrongKey:
                        locked += 1
                        texts.append(text)
            return Renewed(texts, current, locked)

        return renewed

    def departing(self, app: str) -> Depart:
        """Give what brings texts of a set from an application's store into a document.

        That is what ``open`` and ``seal`` do to one, at half their cost.
        """
        ciphers, encrypt, begin = self._ciphers, self._ciphers[self.active].encrypt, self._begin
        application, hmac = framed(app), self._hmac

        def departed(
            scope: str, owner: str, cells: Sequence[tuple[str, str, str]]
        ) -> list[str | None]:
            nonces = self._random(NONCE_BYTES * len(cells))  # as above
            held_by = application + framed_bytes(scope.encode()) + framed_bytes(owner.encode())
            here, there = _VALUE_FRAME + _STORE_FRAME + held_by, _DOCUMENT_FRAME + held_by
            texts: list[str | None] = []
            end = 0
            for uuid, key, text in cells:
                end += NONCE_BYTES
                try:
                    id, data, old = _parts(text)
                    bound = here + _framed_key(uuid) + _TAG_LENGTH + old
                    filled = ciphers[id].decrypt(data[:NONCE_BYTES], data[NONCE_BYTES:], bound)
                    opened, place = unpadded(filled), there + _framed_key(key)
                    message = _TAG_FRAME + place + len(opened).to_bytes(4, "big") + opened
                    tag = hmac(message)[:_TAG_BYTES]
                    nonce = nonces[end - NONCE_BYTES : end]
                    made = encrypt(nonce, filled, _VALUE_FRAME + place + _TAG_LENGTH + tag)
                    texts.append(f'{begin}"{_base64(nonce + made)}","{_base64(tag)}"]}}')
                except _UNUSUAL:
                    texts.append(None)
            return texts

        return departed

    def _renewed(self, text: str, place: Place) -> str:
        sealed = from_text(text)
        assert isinstance(sealed, Sealed), "a store gives sealed texts alone"
        return canonical_text(self.resealed(sealed, place))


def _parts(text: str) -> tuple[str, bytes, bytes]:
    """Give key id, data and tag of a sealed text; raises ValueError where it is spelt unusually."""
    _, _, _, id, _, data, _, tag, _ = text.split('"')
    return id, a2b_base64(data, strict_mode=True), a2b_base64(tag, strict_mode=True)


def _base64(data: bytes) -> str:
    return b2a_base64(data, newline=False).decode()


def _bound(place: Place, tag: bytes) -> bytes:
    return _VALUE_FRAME + _framed_place(place) + framed_bytes(tag)


def _framed_place(place: Place) -> bytes:
    return _framed_set(*place[:4]) + _framed_key(place[4])


# Framing the parts one by one is framing them all. Sets and keys repeat, and framing them anew
# would cost a value more than its ciphers do.
_VALUE_FRAME, _TAG_FRAME = framed(_VALUE), framed(_TAG)
_TAG_LENGTH = _TAG_BYTES.to_bytes(4, "big")
_STORE_FRAME, _DOCUMENT_FRAME = framed(STORE), framed(DOCUMENT)
_framed_set = lru_cache(maxsize=1024)(framed)
_framed_key = lru_cache(maxsize=4096)(framed)


def _what(place: Place) -> str:
    owner = f"{place.scope}/{place.owner}" if place.owner else place.scope
    if place.container == DOCUMENT:
        return f"the sealed value of {owner} {place.key}"
    return f"a sealed value of {owner}"
