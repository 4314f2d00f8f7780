"""The suite of key providers passes the core's own roots, and finds what each check is about."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest

from prefcore.errors import PrefcoreError
from prefcore.interfaces import KeyProvider
from prefcore.security.roots import KdfParameters, RootKey, passphrase_root
from prefcore_testing.key_providers import KeyProviderSuite

_SECRET = os.urandom(32)
_QUICK = KdfParameters(salt=b"s" * 16, memory_kib=8 << 10, passes=1, lanes=1)


class TestRootKey(KeyProviderSuite):
    """A root key in a file."""

    def make(self) -> KeyProvider:
        return RootKey(_SECRET, os.urandom)

    def make_other(self) -> KeyProvider:
        return RootKey(b"o" * 32, os.urandom)


class TestPassphrase(KeyProviderSuite):
    """A root key made of a passphrase."""

    def make(self) -> KeyProvider:
        return passphrase_root("sesame", _QUICK, os.urandom)

    def make_other(self) -> KeyProvider:
        return passphrase_root("parsley", _QUICK, os.urandom)


class Faulty:
    """A provider that does one thing wrong."""

    def __init__(self, fault: str, secret: bytes = _SECRET) -> None:
        self.fault = fault
        self._root = RootKey(secret if fault != "forgets" else os.urandom(32), os.urandom)
        self.last = b""

    def __repr__(self) -> str:
        return f"Faulty({self.last.hex()})" if self.fault == "shows" else "Faulty()"

    def wrap(self, key: bytes, *, context: bytes) -> bytes:
        self.last = key
        if self.fault == "clear":
            return key + self._root.wrap(key, context=context)
        used = b"" if self.fault == "unbound" else context
        return self._root.wrap(key[:32] if self.fault == "short" else key, context=used)

    def unwrap(self, wrapped: bytes, *, context: bytes) -> bytes:
        if self.fault == "clear":
            wrapped = wrapped[-60:]
        used = b"" if self.fault == "unbound" else context
        try:
            return self._root.unwrap(wrapped, context=used)
        except PrefcoreError as error:
            if self.fault == "guesses":
                return b"k" * 32
            if self.fault == "bare":
                raise ValueError("does not open") from error
            raise


FAULTS = {
    "short": "what_was_wrapped_comes_back",
    "forgets": "it_comes_back_after_opening_anew",
    "unbound": "it_is_bound_to_its_context",
    "one for all": "another_root_key_does_not_open_it",
    "guesses": "a_bit_flipped_in_any_byte_is_found",
    "bare": "one_cut_short_is_found",
    "shows": "the_key_is_not_in_what_wraps_it_nor_in_words",
}


def _suite(fault: str) -> KeyProviderSuite:
    class TestFaulty(KeyProviderSuite):
        def make(self) -> KeyProvider:
            return Faulty(fault)

        def make_other(self) -> KeyProvider:
            return Faulty(fault, _SECRET if fault == "one for all" else b"o" * 32)

    return TestFaulty()


@pytest.mark.parametrize(("fault", "check"), FAULTS.items(), ids=list(FAULTS))
def test_each_check_finds_its_fault(fault: str, check: str) -> None:
    run: Callable[..., None] = getattr(_suite(fault), f"test_{check}")
    marks = getattr(run, "pytestmark", ())
    names, cases = marks[0].args if marks else ("", [None])

    def all_cases() -> None:
        for case in cases:
            run(**({names: case} if names else {}))

    with pytest.raises((Exception, pytest.fail.Exception)):
        all_cases()


def test_every_check_finds_a_fault() -> None:
    assert {f"test_{check}" for check in FAULTS.values()} == set(KeyProviderSuite.checks())
