"""Trust: folders of others that were allowed, each bound to the code and schemas it held then."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Mapping
from datetime import datetime
from hashlib import sha256
from pathlib import Path

import attrs

from prefcore.config import FILE_NAME, Config
from prefcore.errors import (
    DamagedDocument,
    NotFound,
    NotPermitted,
    PolicyRefused,
)
from prefcore.host import data_folder, why_untrusted
from prefcore.origins import digest_of, why_not_own, why_not_own_schemas
from prefcore.whole_files import make_private, put_whole, unwritable

__all__ = ["Allowed", "Trusted"]


@attrs.frozen
class Allowed:
    """One folder that is allowed as long as it is what it was: its digest, and since when.

    ``config`` is the file that leads to the code, which is hardly ever called otherwise than
    ``prefcore.toml``.
    """

    folder: str
    config: str
    digest: str
    at: datetime


def _named(config: Config) -> str:
    """Give the words of a command line that name a configuration."""
    return config.folder if Path(config.path).name == FILE_NAME else f"--config {config.path}"


class Trusted:
    """The folders that a user allowed, each a file of its own in the user's data folder."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.path = Path(data_folder(environ), "trusted")

    def allowed(self, folder: str) -> Allowed | None:
        """Give what was allowed of a folder; None where nothing was."""
        try:
            return self._read(self._file(folder))
        except NotFound:
            return None

    def check(self, config: Config, what: str) -> bool:
        """Raise PolicyRefused where code of a configuration may be another's and was not allowed.

        ``what`` is code, in the beginning of a sentence. Gives whether it is one's own; where it
        was only allowed, Python neither uses nor makes what is compiled beside code from then on,
        for no digest covers that.
        """
        reason = why_not_own(config)
        if not reason:
            return True
        self._require(config, f"{what} that is not safe to run: {reason}")
        # For good: steps and schemas import more while they run.
        sys.pycache_prefix, sys.dont_write_bytecode = str(self.path / "compiled"), True
        return False

    def check_schemas(self, config: Config) -> None:
        """Raise PolicyRefused where its schemas may be another's and were not allowed.

        They say what is protected: who takes one into a store takes its word for that.
        """
        reason = why_not_own_schemas(config)
        if reason:
            what = "its schemas are not safe to take into a store, where they say what is protected"
            self._require(config, f"{config.path}: {what}: {reason}")

    def _require(self, config: Config, refusal: str) -> None:
        found = self.allowed(config.folder) if config.folder else None
        if found is None or found.digest != digest_of(config):
            was = "it is not what it was when you allowed it; " if found is not None else ""
            raise PolicyRefused(
                f"{refusal}; {was}if it is to be as it is, read it, and allow it: prefcore trust "
                f"{_named(config)}",
                path=config.path,
            )

    def allow(self, config: Config, at: datetime) -> Allowed:
        """Allow the code and schemas of a configuration as they are now, durably."""
        folder = os.path.realpath(config.folder)
        one = Allowed(folder, config.path, digest_of(config), at)
        data = {
            "prefcore_trust": 1,
            "folder": folder,
            "config": one.config,
            "digest": one.digest,
            "allowed_at": at.isoformat(),
        }
        text = json.dumps(data) + "\n"
        self._write(self._file(config.folder), text.encode())
        return one

    def revoke(self, folder: str) -> None:
        """Allow a folder no more; raises NotFound where it was not allowed."""
        file = self._file(folder)
        try:
            file.unlink()
        except FileNotFoundError:
            raise NotFound(
                f"{folder} was not allowed; `prefcore trust --list` shows those that are"
            ) from None
        except OSError as error:
            raise NotPermitted(f"{file} cannot be removed: {error.strerror}") from error

    def __iter__(self) -> Iterator[Allowed]:
        """Give what was allowed, by folder."""
        found = [self._read(file) for file in self.path.glob("*.json")]
        yield from sorted(found, key=lambda one: one.folder)

    def _file(self, folder: str) -> Path:
        place = os.path.realpath(folder)
        return self.path / f"{sha256(os.fsencode(place)).hexdigest()[:32]}.json"

    def _read(self, file: Path) -> Allowed:
        try:
            data = file.read_bytes()
        except FileNotFoundError:
            raise NotFound(f"{file} is not there", path=str(file)) from None
        except OSError as error:
            raise NotPermitted(f"{file} cannot be read: {error.strerror}") from error
        reason = why_untrusted(file)
        if reason:
            raise PolicyRefused(
                f"{file}, which says what may run, could be anybody's: {reason}", path=str(file)
            )
        try:
            found = json.loads(data)
            one = Allowed(
                str(found["folder"]),
                str(found["config"]),
                str(found["digest"]),
                datetime.fromisoformat(found["allowed_at"]),
            )
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            raise DamagedDocument(
                f"{file} is damaged; remove it, and allow the folder again", path=str(file)
            ) from error
        if self._file(one.folder) != file:
            raise DamagedDocument(f"{file} is of another folder; remove it", path=str(file))
        return one

    def _write(self, file: Path, data: bytes) -> None:
        """Write a file whole or not at all, for its owner alone."""
        try:
            make_private(self.path)
        except OSError as error:
            raise unwritable(self.path, error, "made") from error
        put_whole(file, data)
