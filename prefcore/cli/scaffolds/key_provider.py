"""The files of a new key provider."""

from __future__ import annotations

__all__ = ["FILES"]

FILES = {
    "<PACKAGE>/__init__.py": '''
"""The plugin <DISTRIBUTION>: declares the key provider <NAME>; what it does is in _provider.py."""

from collections.abc import Mapping

from prefcore.hookspecs import hookimpl
from prefcore.interfaces import KeyProvider, KeyProviderInfo

#: The versions of the hooks that this plugin is written for.
prefcore_hook_api = ">=1,<2"


@hookimpl
def prefcore_key_providers() -> list[KeyProviderInfo]:
    return [
        KeyProviderInfo(
            id="<NAME>",
            summary="where <NAME> keeps root keys, in a line",
            factory=_factory,
            # Settings of two roots that `prefcore plugins check <NAME>` may make and use.
            trials=[{"slot": "trial"}, {"slot": "another trial"}],
        )
    ]


def _factory(settings: Mapping[str, object]) -> KeyProvider:
    # Imported late: a plugin is imported to be listed too, and that has to be quick.
    from <PACKAGE>._provider import <CLASS>Provider

    return <CLASS>Provider(settings)
''',
    "<PACKAGE>/_provider.py": '''
"""The key provider <NAME>: holds a root key elsewhere, and wraps the key of a key ring with it."""

from collections.abc import Mapping


class <CLASS>Provider:
    """A root key (``prefcore.interfaces.KeyProvider``).

    ``settings`` are what ``prefcore keys init --provider <NAME> --setting slot=mine`` told, texts
    that stand in clear in the ring's file: no secret is among them. What is shown of this object
    shows no key.
    """

    def __init__(self, settings: Mapping[str, object]) -> None:
        self.settings = settings

    def wrap(self, key: bytes, *, context: bytes) -> bytes:
        raise NotImplementedError("encrypt the key under the root key, bound to the context")

    def unwrap(self, wrapped: bytes, *, context: bytes) -> bytes:
        raise NotImplementedError(
            "give the key back; raise prefcore.errors.WrongKey where root key or context is another"
        )
''',
    "tests/test_<MODULE>_key_provider.py": '''
"""The key provider <NAME> passes the suite that all key providers pass."""

from <PACKAGE> import prefcore_key_providers
from prefcore.interfaces import KeyProvider
from prefcore_testing.key_providers import KeyProviderSuite

(INFO,) = prefcore_key_providers()


class Test<CLASS>(KeyProviderSuite):
    def make(self) -> KeyProvider:
        return INFO.factory({"slot": "tests"})

    def make_other(self) -> KeyProvider:
        return INFO.factory({"slot": "other tests"})
''',
}
