"""Root keys in files: one key to a file, which only its user may read."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from stat import S_IMODE, S_ISREG

from prefcore.errors import IntegrityError, NotFound, NotPermitted, WrongKey
from prefcore.security.ciphers import KEY_BYTES
from prefcore.security.ring_text import MAX_BYTES
from prefcore.security.roots import RootKey
from prefcore.whole_files import put_whole

__all__ = ["ROOT_FILES", "file_bytes", "new_root_file", "root_file"]

#: What a glob finds them by.
ROOT_FILES = "root-*.key"
_NAMES = r"root-[0-9a-f]{8}\.key"
_KEY_MAGIC = "prefcore-root-key 1"


def new_root_file(
    folder: Path, random: Callable[[int], bytes]
) -> tuple[RootKey, dict[str, object]]:
    """Make a root key in a file of its own; gives it, and what describes it."""
    name = f"root-{random(4).hex()}.key"
    secret = random(KEY_BYTES)
    text = f"{_KEY_MAGIC}\n{secret.hex()}\n"
    put_whole(folder / name, text.encode(), names=_NAMES)
    described: dict[str, object] = {"kind": "file", "file": name}
    return RootKey(secret, random, str(folder / name)), described


def root_file(path: Path, random: Callable[[int], bytes]) -> RootKey:
    """Give the root key that a file holds; raises WrongKey, NotPermitted or IntegrityError."""
    try:
        found = path.stat()
    except OSError as error:
        raise WrongKey(
            f"{path}, the root key of your key ring, is not there; put it back, or take "
            "in the copy that `prefcore keys export` made: prefcore keys import FILE",
            path=str(path),
        ) from error
    if os.name == "posix" and (not S_ISREG(found.st_mode) or S_IMODE(found.st_mode) & 0o077):
        raise NotPermitted(
            f"{path} can be read by others than you; chmod 600 it, and if somebody may have: "
            "prefcore keys rewrap, then prefcore keys rotate",
            path=str(path),
        )
    magic, _, rest = file_bytes(path).partition(b"\n")
    try:
        secret = bytes.fromhex(rest.strip().decode("ascii"))
    except ValueError:
        secret = b""
    if magic != _KEY_MAGIC.encode() or len(secret) != KEY_BYTES:
        raise IntegrityError(f"{path} is no root key, or is damaged", path=str(path))
    return RootKey(secret, random, str(path))


def file_bytes(path: Path) -> bytes:
    """Give what a small file of the folder holds; raises NotFound and NotPermitted."""
    try:
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except FileNotFoundError as error:
        raise NotFound(
            f"there is no key ring at {path.parent}; make one with: prefcore keys init",
            path=str(path),
        ) from error
    except OSError as error:
        raise NotPermitted(f"{path} cannot be read: {error.strerror}", path=str(path)) from error
