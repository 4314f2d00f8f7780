"""Whole documents encrypted as a stream of chunks, to the key ring or to a passphrase.

A file is: ``prefcore-sealed`` and a line feed; the header's length in four bytes, big end first;
the header, a canonical JSON object; the SHA-256 of all that; chunks. The header says who may open
it (``to``), the chunk size (``chunk``, 64 KiB to 1 MiB), and holds the file's own random key,
wrapped (``wrapped``: a nonce, then AES-256-GCM). Each chunk is that many bytes, the last one fewer
or none, encrypted with AES-256-GCM under HKDF-SHA-256 of the file's key; the nonce is the chunk's
number in 11 bytes and then 1 for the last chunk, 0 for others; the additional data is the hash of
the header. So no chunk can be changed, left out, doubled, moved, or taken for the last. (The
construction is STREAM, https://eprint.iacr.org/2015/189.)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from hashlib import sha256
from io import SEEK_CUR, SEEK_END, SEEK_SET, BufferedReader, RawIOBase
from typing import TYPE_CHECKING, BinaryIO, cast

import attrs

from prefcore.errors import BrokenSeal, IntegrityError, NewerFormat, PrefcoreError, WrongKey
from prefcore.security.ciphers import (
    AES_256_GCM,
    AESGCM,
    KEY_BYTES,
    NONCE_BYTES,
    cipher,
    unsealed,
)
from prefcore.security.framing import framed
from prefcore.security.magic import MAGIC, is_encrypted
from prefcore.security.objects import object_of
from prefcore.security.ring import KeyRing
from prefcore.security.roots import KdfParameters, RootKey, passphrase_root
from prefcore.values import canonical_text

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

__all__ = [
    "CHUNK",
    "EncryptedFile",
    "Recipient",
    "SealingWriter",
    "to_passphrase",
    "to_ring",
]

CHUNK = 64 << 10
_CHUNKS = range(64 << 10, (1 << 20) + 1)
_MAX_HEADER = 64 << 10
_TAG_BYTES = 16
_FILE = "prefcore stream 1"
_WRAP = "prefcore stream key 1"

_Random = Callable[[int], bytes]


@attrs.frozen
class Recipient:
    """Who may open a file: the root of its key, and what its header says of that."""

    root: RootKey = attrs.field(repr=False)
    described: Mapping[str, object]


def to_ring(ring: KeyRing, random: _Random, key_id: str | None = None) -> Recipient:
    """Give the recipient that is a key ring: its active key, or the one named."""
    key = ring.active if key_id is None else ring.key(key_id)
    return Recipient(RootKey(key.secret, random, "the key ring"), {"key": key.id})


def to_passphrase(
    passphrase: str, random: _Random, parameters: KdfParameters | None = None
) -> Recipient:
    """Give the recipient that is who knows a passphrase."""
    parameters = parameters or KdfParameters.fresh(random)
    return Recipient(passphrase_root(passphrase, parameters, random), parameters.as_object())


class SealingWriter(RawIOBase):
    """Encrypts what is written to it into ``out``, chunk by chunk; ``finish`` writes the last.

    A file without its last chunk does not open, so one that was cut short is never taken for a
    whole one. ``out`` stays open.
    """

    def __init__(self, out: BinaryIO, recipient: Recipient, *, random: _Random) -> None:
        key = random(KEY_BYTES)
        described = {"version": 1, "cipher": AES_256_GCM, "chunk": CHUNK}
        described |= {"to": dict(recipient.described)}
        wrapped = recipient.root.wrap(key, context=_context(described))
        header = canonical_text({**described, "wrapped": wrapped}).encode()
        front = MAGIC + len(header).to_bytes(4, "big") + header
        self._bound = sha256(front).digest()
        self._cipher = _file_cipher(key, self._bound)
        self._out = out
        self._waiting = bytearray()
        self._number = 0
        out.write(front + self._bound)

    def writable(self) -> bool:
        return True

    def write(self, data: object, /) -> int:
        """Take bytes in; a chunk is written out as soon as more follows it."""
        self._waiting += memoryview(data)  # type: ignore[arg-type]  # what BinaryIO promises: bytes
        while len(self._waiting) > CHUNK:
            self._put(bytes(self._waiting[:CHUNK]), last=False)
            del self._waiting[:CHUNK]
        return len(memoryview(data))  # type: ignore[arg-type]  # as above

    def finish(self) -> None:
        """Write the last chunk, which makes the file whole."""
        self._put(bytes(self._waiting), last=True)
        self._waiting.clear()

    def _put(self, data: bytes, *, last: bool) -> None:
        nonce = _nonce(self._number, last=last)
        self._out.write(self._cipher.encrypt(nonce, data, self._bound))
        self._number += 1


@attrs.frozen
class EncryptedFile:
    """An encrypted file of which the header was read; ``source`` stands at its first chunk."""

    source: BinaryIO
    name: str
    header: Mapping[str, object]
    bound: bytes

    @classmethod
    def begin(cls, source: BinaryIO, name: str) -> EncryptedFile:
        """Read the header; raises IntegrityError or NewerFormat, naming the file."""
        front = source.read(len(MAGIC) + 4)
        length = int.from_bytes(front[len(MAGIC) :], "big")
        if not is_encrypted(front) or len(front) < len(MAGIC) + 4 or length > _MAX_HEADER:
            raise BrokenSeal(f"{name} is no encrypted document, or its beginning is damaged")
        header, told = source.read(length), source.read(KEY_BYTES)
        bound = sha256(front + header).digest()
        if bound != told:
            raise BrokenSeal(f"{name} is damaged: its header is not what its hash says")
        fields = object_of(header, name)
        version, cipher = fields.get("version"), fields.get("cipher")
        sound = type(version) is int and version > 0 and isinstance(cipher, str)
        if not sound or not isinstance(fields.get("to"), dict):
            raise IntegrityError(f"{name}: its header is none that any version wrote", file=name)
        if version != 1 or cipher != AES_256_GCM:
            raise NewerFormat(
                f"{name} is encrypted with {cipher:.40}, version {version!s:.20}, which is not "
                "known here; upgrade prefcore",
                file=name,
            )
        return cls(source, name, fields, bound)

    @property
    def key_id(self) -> str | None:
        """The data key of the ring it was encrypted to; None where a passphrase opens it."""
        key = self._to.get("key")
        return key if isinstance(key, str) else None

    @property
    def _to(self) -> Mapping[str, object]:
        to = self.header.get("to")
        return to if isinstance(to, dict) else {}

    def recipient(self, *, ring: KeyRing | None, passphrase: Callable[[], str]) -> Recipient:
        """Give what opens it: the ring's key, or a passphrase, for which is asked.

        Raises WrongKey where the ring, or that key in it, is missing.
        """
        random = _no_randomness
        if self.key_id is None:
            parameters = KdfParameters.from_object(self._to)
            return to_passphrase(passphrase(), random, parameters)
        if ring is None or self.key_id not in {key.id for key in ring.keys}:
            raise WrongKey(
                f"{self.name} is encrypted under the key {self.key_id:.40}, which is not in your "
                "key ring; import the ring it was made with: prefcore keys import",
                key_id=self.key_id,
            )
        return to_ring(ring, random, self.key_id)

    def opened(self, recipient: Recipient, spool: BinaryIO) -> BinaryIO:
        """Give what was encrypted, to be read and sought in, once all of it was authenticated.

        ``spool`` is an empty file that takes the chunks in as they are, encrypted: nothing in clear
        is written anywhere. It is closed with what this gives. Raises WrongKey, and BrokenSeal
        where a chunk was changed, moved or is missing.
        """
        chunk = self.header.get("chunk")
        wrapped = self.header.get("wrapped")
        if type(chunk) is not int or chunk not in _CHUNKS or not isinstance(wrapped, bytes):
            raise IntegrityError(
                f"{self.name}: its header asks for what is not taken", file=self.name
            )
        described = {name: one for name, one in self.header.items() if name != "wrapped"}
        try:
            key = recipient.root.unwrap(wrapped, context=_context(described))
        except WrongKey as error:
            raise WrongKey(f"{self.name} stays locked: {error.message}") from error
        chunks = _Chunks(self, _file_cipher(key, self.bound), spool, chunk)
        chunks.take_in()
        return cast(BinaryIO, BufferedReader(chunks, chunk))

    def broken(self, number: int) -> PrefcoreError:
        """Give the error that says which chunk does not open."""
        return BrokenSeal(
            f"{self.name} is damaged, cut short or was put together from parts: chunk "
            f"{number + 1} does not open; nothing of it is used",
            file=self.name,
        )


class _Chunks(RawIOBase):
    """The chunks of an encrypted file, in a spool: each is decrypted as it is read."""

    def __init__(self, file: EncryptedFile, cipher: AESGCM, spool: BinaryIO, chunk: int) -> None:
        self._file = file
        self._cipher = cipher
        self._spool = spool
        self._chunk = chunk
        self._count = self._size = self._at = 0

    def take_in(self) -> None:
        """Take the chunks over from the file to its end, and see that each opens."""
        source, length = self._file.source, self._chunk + _TAG_BYTES
        data = source.read(length)
        while True:
            following = source.read(length)
            self._size += len(self._opened(data, self._count, last=not following))
            self._spool.write(data)
            self._count += 1
            if not following:
                return
            data = following

    def _opened(self, data: bytes, number: int, *, last: bool) -> bytes:
        nonce = _nonce(number, last=last)
        try:
            return unsealed(self._cipher, nonce, data, self._file.bound, what="a chunk")
        except BrokenSeal:
            raise self._file.broken(number) from None

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = SEEK_SET, /) -> int:
        starts = {SEEK_SET: 0, SEEK_CUR: self._at, SEEK_END: self._size}
        self._at = max(starts[whence] + offset, 0)
        return self._at

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        """Give what is left of the chunk where it stands."""
        number, start = divmod(self._at, self._chunk)
        if self._at >= self._size:
            return 0
        self._spool.seek(number * (self._chunk + _TAG_BYTES))
        data = self._spool.read(self._chunk + _TAG_BYTES)
        last = number == self._count - 1
        view = memoryview(buffer)
        piece = self._opened(data, number, last=last)[start : start + len(view)]
        view[: len(piece)] = piece
        self._at += len(piece)
        return len(piece)

    def close(self) -> None:
        self._spool.close()
        super().close()


def _context(described: Mapping[str, object]) -> bytes:
    return framed(_WRAP, canonical_text(dict(described)))


def _file_cipher(key: bytes, bound: bytes) -> AESGCM:
    return cipher(key, _FILE, bound)


def _nonce(number: int, *, last: bool) -> bytes:
    return number.to_bytes(NONCE_BYTES - 1, "big") + bytes([last])


def _no_randomness(count: int) -> bytes:
    raise AssertionError("opening draws no randomness")
