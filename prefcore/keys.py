"""The key ring in use: found, opened when it is first needed, and again when its file changes.

On the way of everything that meets a sealed value, so what loads the ciphers is imported late.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Protocol

from prefcore.errors import (
    NotFound,
    PluginError,
    PolicyRefused,
    PrefcoreError,
    UsageError,
    WrongKey,
)
from prefcore.host import data_folder

if TYPE_CHECKING:
    from prefcore.security.ring import KeyRing
    from prefcore.security.ring_folder import RingFolder, Stamp
    from prefcore.security.ring_text import Root
    from prefcore.security.sealing import Sealer

__all__ = ["FILE", "NEW", "RING", "Keys", "default_folder", "passphrase_of"]

#: Where passphrases are looked for: of the ring, of the one that is to be, of encrypted files.
RING = "PREFCORE_PASSPHRASE"
NEW = "PREFCORE_NEW_PASSPHRASE"
FILE = "PREFCORE_FILE_PASSPHRASE"
#: A passphrase read from a descriptor ends at its first line end.
_MOST_PASSPHRASE = 4096


def default_folder(environ: Mapping[str, str]) -> str:
    """Give where the key ring stands: PREFCORE_KEYS, else in the user's data folder."""
    named = environ.get("PREFCORE_KEYS")
    if named and not os.path.isabs(named):  # noqa: PTH117  # pathlib costs 5 ms
        raise UsageError(f"PREFCORE_KEYS names an absolute folder, not {named}")
    return named or os.path.join(data_folder(environ), "keys")  # noqa: PTH118  # as above


def passphrase_of(
    environ: Mapping[str, str], name: str, what: str, ask: Callable[[str], str] | None
) -> str:
    """Give a passphrase: from the descriptor in NAME_FD, from NAME, or from who is asked.

    ``what`` it is of, for the question. Raises WrongKey where it comes from nowhere.
    """
    descriptor = environ.get(f"{name}_FD")
    if descriptor:
        try:
            data = os.read(int(descriptor), _MOST_PASSPHRASE)
        except (ValueError, OSError) as error:
            raise UsageError(f"{name}_FD is no open descriptor: {descriptor:.20}") from error
        return data.partition(b"\n")[0].decode(errors="replace")
    if environ.get(name):
        return environ[name]
    if ask is None:
        raise WrongKey(
            f"the passphrase of {what} is needed, and nobody can be asked; set {name}_FD or {name}",
            unasked=name,
        )
    return ask(what)


class OpenProvider(Protocol):
    """Opens a plugin's key provider by its id and settings."""

    def __call__(self, id: str, settings: Mapping[str, object]) -> Root:
        """Give the root; raises PluginMissing."""


class _Provided:
    """A plugin's root; what its code should not have raised, or given, becomes a PluginError."""

    def __init__(self, id: str, root: Root) -> None:
        self._id = id
        self._root = root

    def wrap(self, key: bytes, *, context: bytes) -> bytes:
        try:
            return self._bytes(self._root.wrap(key, context=context))
        except PrefcoreError:
            raise
        except Exception as error:  # noqa: BLE001  # a plugin may raise whatever it likes
            # Neither its text nor its frames: they may hold the key.
            raise _failed(self._id, type(error).__name__) from None

    def unwrap(self, wrapped: bytes, *, context: bytes) -> bytes:
        try:
            return self._bytes(self._root.unwrap(wrapped, context=context))
        except PrefcoreError:
            raise
        except Exception as error:
            raise _failed(self._id, f"{type(error).__name__}: {error}") from error

    def _bytes(self, given: object) -> bytes:
        if not isinstance(given, bytes):
            raise _failed(self._id, f"it gave {type(given).__name__}, not bytes")
        return given


def _failed(id: str, what: str) -> PluginError:
    return PluginError(
        f"the key provider '{id}' failed ({what:.200}), so the key ring stays as it is; where it "
        "cannot be had any more: prefcore keys import FILE --force",
        id=id,
    )


class Keys:
    """The key ring in a folder, if there is one.

    ``ask`` gives passphrases where the environment does not, each once; it is told of what.
    """

    def __init__(
        self,
        folder: str,
        *,
        environ: Mapping[str, str],
        ask: Callable[[str], str] | None = None,
        provider: OpenProvider | None = None,
    ) -> None:
        self.path = folder
        self._environ = environ
        self._ask = ask
        self._provider = provider
        self._passphrases: dict[str, str] = {}
        self._folder: RingFolder | None = None
        self._read: tuple[Stamp | None, KeyRing | None, Sealer | None] = (None, None, None)

    @property
    def folder(self) -> RingFolder:
        """The folder, for what changes the ring."""
        if self._folder is None:
            from prefcore.security.ring_folder import RingFolder

            self._folder = RingFolder(
                self.path, passphrase=self.passphrase, provider=self._open_provider
            )
        return self._folder

    def passphrase(self, name: str = RING, what: str = "your key ring") -> str:
        """Give a passphrase, looked for or asked for once; see ``passphrase_of``."""
        if name not in self._passphrases:
            self._passphrases[name] = passphrase_of(self._environ, name, what, self._ask)
        return self._passphrases[name]

    def remember(self, name: str, passphrase: str) -> None:
        """Take a passphrase that was given already, so that nobody is asked for it again."""
        self._passphrases[name] = passphrase

    def _open_provider(self, id: str, settings: Mapping[str, object]) -> Root:
        if self._provider is None:
            raise WrongKey(f"the root key is kept by '{id}', and no plugins are loaded here")
        try:
            return _Provided(id, self._provider(id, settings))
        except PrefcoreError:
            raise
        except Exception as error:
            raise _failed(id, f"{type(error).__name__}: {error}") from error

    @property
    def is_open(self) -> bool:
        """Whether the ring was opened already, so that using it costs and asks nothing."""
        return self._read[1] is not None

    @property
    def ring(self) -> KeyRing | None:
        """The ring as it is now; None where there is none. Raises what opening it raises."""
        return self._current()[1]

    @property
    def unasked(self) -> KeyRing | None:
        """The ring as ``ring`` gives it, but nobody is asked for a passphrase for it.

        Raises WrongKey, with the fact ``unasked``, where somebody would be.
        """
        ask, self._ask = self._ask, None
        try:
            return self.ring
        finally:
            self._ask = ask

    @property
    def sealer(self) -> Sealer | None:
        """What seals and opens values; None where there is no ring."""
        return self._current()[2]

    def needed(self, what: str) -> Sealer:
        """Give what seals ``what``; raises PolicyRefused where there is no ring."""
        sealer = self.sealer
        if sealer is None:
            raise PolicyRefused(
                f"there is no key ring to encrypt {what} with; make one: prefcore keys init"
            )
        return sealer

    def _current(self) -> tuple[Stamp | None, KeyRing | None, Sealer | None]:
        stamp = self.folder.stamp()
        if stamp != self._read[0]:
            try:
                ring = self.folder.open()
            except NotFound:  # removed since the look at its stamp
                self._read = (None, None, None)
            else:
                self._read = (stamp, ring, ring.sealer(os.urandom))
        elif stamp is None:
            self._read = (None, None, None)
        return self._read
