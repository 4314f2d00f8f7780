"""The newest checkpoint of each store, remembered beside the key ring, out of the store's reach."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

from prefcore.errors import IntegrityError, NotPermitted
from prefcore.security.checkpoints import Checkpoint
from prefcore.security.objects import object_of
from prefcore.values import canonical_text
from prefcore.whole_files import make_private, put_whole, unwritable

__all__ = ["Remembered"]

_MOST = 4096


class Remembered:
    """The checkpoints in a folder, one for each store, by its URL."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "checkpoints"

    def path_of(self, url: str) -> Path:
        """Give the file of a store's checkpoint."""
        return self._folder / f"{sha256(url.encode()).hexdigest()[:32]}.json"

    def of(self, url: str) -> Checkpoint | None:
        """Give the one of a store, unless there is none; raises IntegrityError, NotPermitted.

        Its signature is not looked at.
        """
        path = self.path_of(url)
        try:
            with path.open("rb") as file:
                data = file.read(_MOST)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise NotPermitted(f"{path} cannot be read: {error.strerror}") from error
        try:
            return Checkpoint.from_data(object_of(data.strip(), str(path)))
        except IntegrityError as error:
            raise IntegrityError(
                f"{path} is no checkpoint, or is damaged: {error.message}", path=str(path)
            ) from error

    def keep(self, url: str, checkpoint: Checkpoint) -> None:
        """Put the one of a store in place of the one before, whole or not at all, and durably."""
        try:
            make_private(self._folder)
        except OSError as error:
            raise unwritable(self._folder, error, "made") from error
        put_whole(self.path_of(url), canonical_text(checkpoint.as_data()).encode() + b"\n")
