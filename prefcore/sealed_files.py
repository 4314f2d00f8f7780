"""Files that may be encrypted: opened in clear only when all of them was authenticated."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import BinaryIO, cast

from prefcore.keys import FILE, Keys
from prefcore.security.magic import MAGIC, is_encrypted

__all__ = ["decrypted", "encrypting", "in_clear", "opened_file"]

#: So much of an encrypted file stays in memory; more goes to a file without a name.
_IN_MEMORY = 8 << 20


@contextmanager
def opened_file(path: Path, name: str, keys: Keys) -> Iterator[BinaryIO]:
    """Open a file for reading, in clear; see ``in_clear``. Raises OSError too."""
    with path.open("rb") as source, in_clear(source, name, keys) as clear:
        yield clear


@contextmanager
def in_clear(source: BinaryIO, name: str, keys: Keys) -> Iterator[BinaryIO]:
    """Give a file that holds in clear what another does: itself, where that is not encrypted.

    Nothing of what is decrypted is given before its end was authenticated, and none of it is
    written anywhere: a large file is kept as it is, encrypted, in a temporary one without a name.
    Raises WrongKey and IntegrityError, naming the file.
    """
    encrypted = is_encrypted(source.read(len(MAGIC)))
    source.seek(0)
    if encrypted:
        with decrypted(source, name, keys) as clear:
            yield clear
    else:
        yield source


def decrypted(
    source: BinaryIO, name: str, keys: Keys, *, passphrase: str | None = None
) -> BinaryIO:
    """Give what an encrypted file holds, once all of it was authenticated; see ``in_clear``.

    A ``passphrase`` that is given is not asked for. The caller closes what it gets.
    """
    from prefcore.security.stream import EncryptedFile

    file = EncryptedFile.begin(source, name)
    ring = keys.ring if file.key_id is not None else None
    recipient = file.recipient(
        ring=ring,
        passphrase=lambda: keys.passphrase(FILE, name) if passphrase is None else passphrase,
    )
    spool = cast(BinaryIO, SpooledTemporaryFile(_IN_MEMORY))  # noqa: SIM115  # the caller closes it
    try:
        return file.opened(recipient, spool)
    except BaseException:
        spool.close()
        raise


@contextmanager
def encrypting(out: BinaryIO, keys: Keys, passphrase: str | None) -> Iterator[BinaryIO]:
    """Give a file of which all that is written stands encrypted in ``out``.

    To a passphrase, or where none is given to the key ring. Raises PolicyRefused where there is
    no ring. A block that raises leaves a file that does not open.
    """
    from prefcore.security.stream import SealingWriter, to_passphrase, to_ring

    random = os.urandom
    if passphrase is not None:
        recipient = to_passphrase(passphrase, random)
    else:
        keys.needed("the document to encrypt")
        ring = keys.ring
        assert ring is not None, "it was needed, and is there"
        recipient = to_ring(ring, random)
    writer = SealingWriter(out, recipient, random=random)
    yield cast(BinaryIO, writer)
    writer.finish()
