"""Checkpoints: what a signed one says of an audit chain; known without loading the ciphers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime

import attrs

from prefcore.errors import IntegrityError
from prefcore.model import from_micros, to_micros
from prefcore.security.framing import framed

__all__ = ["Checkpoint"]

_PURPOSE = "prefcore checkpoint 1"
_FIELDS = ("lineage", "revision", "chain", "at", "branch", "signer", "signature")
_DIGITS = re.compile("[0-9a-f]+")
_HEX = {"chain": 64, "signer": 64, "signature": 128}


@attrs.frozen(kw_only=True)
class Checkpoint:
    """A signed statement: the log that began with this changeset had this link at this revision.

    ``lineage`` is the UUID of the log's first changeset. ``signer`` is the Ed25519 public key and
    ``signature`` what it signed, both in hexadecimal. ``branch`` is None but where an older state
    was put back on purpose: then checkpoints of later revisions than that, made before, are of a
    log that was given up.
    """

    lineage: str
    revision: int
    chain: str
    at: datetime
    branch: int | None = None
    signer: str
    signature: str = ""

    @property
    def message(self) -> bytes:
        """What is signed: each part after its length, so that no two statements are one."""
        branch = "" if self.branch is None else str(self.branch)
        return framed(
            _PURPOSE,
            self.lineage,
            str(self.revision),
            self.chain,
            str(to_micros(self.at)),
            branch,
            self.signer,
        )

    def as_data(self) -> dict[str, object]:
        """Give it as a portable object of texts and numbers."""
        data = attrs.asdict(self)
        return {**data, "at": to_micros(self.at)}

    @classmethod
    def from_data(cls, data: object) -> Checkpoint:
        """Read what ``as_data`` gave; raises IntegrityError. The signature is not looked at."""
        if not isinstance(data, Mapping) or set(data) != set(_FIELDS):
            raise IntegrityError("it has not the fields of a checkpoint")
        texts = {name: data[name] for name in ("lineage", *_HEX)}
        branch = data["branch"]
        numbers = [data["revision"], data["at"], 0 if branch is None else branch]
        if not all(isinstance(one, str) and one.isprintable() for one in texts.values()):
            raise IntegrityError("a field of it is no text")
        if any(type(one) is not int or one < 0 for one in numbers):
            raise IntegrityError("a revision or time of it is no number from 0")
        for name, length in _HEX.items():
            if len(texts[name]) != length or not _DIGITS.fullmatch(texts[name]):
                raise IntegrityError(f"its {name} is not {length} hexadecimal digits")
        try:
            at = from_micros(data["at"])
        except OverflowError as error:
            raise IntegrityError("its time is none") from error
        return cls(at=at, revision=data["revision"], branch=branch, **texts)
