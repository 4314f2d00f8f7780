"""The suite that every key provider passes: what it wraps comes back, and only as it was.

::

    from prefcore_testing.key_providers import KeyProviderSuite

    class TestMyProvider(KeyProviderSuite):
        def make(self):
            return MyProvider({"slot": "tests"})

        def make_other(self):
            return MyProvider({"slot": "other"})
"""

from __future__ import annotations

import os

import pytest

from prefcore.errors import IntegrityError, PrefcoreError, WrongKey
from prefcore.interfaces import KeyProvider
from prefcore_testing.guard import Suite

__all__ = ["KeyProviderSuite"]

_REFUSALS = (WrongKey, IntegrityError)


class KeyProviderSuite(Suite, kit=True):
    """Checks of ``prefcore.interfaces.KeyProvider``; define ``make`` and ``make_other``.

    ``make`` gives the same root key each time it is called in a check, ``make_other`` another one.
    """

    required = ("make", "make_other")

    def make(self) -> KeyProvider:
        """Open the provider; twice in one check, it has the same root key."""
        raise NotImplementedError("a key provider suite needs a `make` that opens the provider")

    def make_other(self) -> KeyProvider:
        """Open the provider with another root key."""
        raise NotImplementedError("a key provider suite needs a `make_other` with another root key")

    @pytest.mark.parametrize("length", [16, 32, 64])
    def test_what_was_wrapped_comes_back(self, length: int) -> None:
        key = os.urandom(length)
        provider = self.make()
        assert provider.unwrap(provider.wrap(key, context=b"ring"), context=b"ring") == key

    def test_it_comes_back_after_opening_anew(self) -> None:
        key = os.urandom(32)
        wrapped = self.make().wrap(key, context=b"ring")
        assert self.make().unwrap(wrapped, context=b"ring") == key

    @pytest.mark.parametrize("context", [b"", b"another", b"ring\0", b"rin"])
    def test_it_is_bound_to_its_context(self, context: bytes) -> None:
        provider = self.make()
        wrapped = provider.wrap(os.urandom(32), context=b"ring")
        with pytest.raises(_REFUSALS):
            provider.unwrap(wrapped, context=context)

    def test_another_root_key_does_not_open_it(self) -> None:
        wrapped = self.make().wrap(os.urandom(32), context=b"ring")
        with pytest.raises(_REFUSALS):
            self.make_other().unwrap(wrapped, context=b"ring")

    def test_a_bit_flipped_in_any_byte_is_found(self) -> None:
        provider = self.make()
        key = os.urandom(32)
        wrapped = provider.wrap(key, context=b"ring")
        for i in range(len(wrapped)):
            damaged = wrapped[:i] + bytes([wrapped[i] ^ 1]) + wrapped[i + 1 :]
            with pytest.raises(PrefcoreError):
                provider.unwrap(damaged, context=b"ring")

    def test_one_cut_short_is_found(self) -> None:
        provider = self.make()
        wrapped = provider.wrap(os.urandom(32), context=b"ring")
        for length in range(len(wrapped)):
            with pytest.raises(PrefcoreError):
                provider.unwrap(wrapped[:length], context=b"ring")

    def test_the_key_is_not_in_what_wraps_it_nor_in_words(self) -> None:
        provider = self.make()
        key = os.urandom(32)
        wrapped = provider.wrap(key, context=b"ring")
        assert key not in wrapped
        with pytest.raises(_REFUSALS) as caught:
            provider.unwrap(wrapped, context=b"another")
        told = f"{provider!r} {caught.value!r} {caught.value.facts!r}"
        assert key.hex() not in told
        assert repr(key)[2:-1] not in told
