"""Trust: folders of others whose code was allowed to run, each bound to what stood there then."""

from __future__ import annotations

import json
import os
import stat
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
from prefcore.host import data_folder, why_unsafe, why_untrusted
from prefcore.whole_files import put_whole, unwritable

__all__ = ["Allowed", "Trusted", "code_of", "why_not_own"]

#: What Python imports from a folder.
_IMPORTED = (".py", ".pyw", ".pyc", ".so", ".pyd")
#: So much code is allowed at once; more has not been read by whoever allows it.
_MOST_FILES, _MOST_BYTES = 5000, 64 << 20


@attrs.frozen
class Allowed:
    """One folder whose code may run, as long as it is what it was: its digest, and since when.

    ``config`` is the file that leads to the code, which is hardly ever called otherwise than
    ``prefcore.toml``.
    """

    folder: str
    config: str
    digest: str
    at: datetime


def _is_python(source: str) -> bool:
    return bool(source) and not Path(source).is_absolute()


def code_of(config: Config) -> Iterator[Path]:
    """Give prefcore.toml and every file that a verb might run as code because of it.

    Those are step files, and, where a schema class or a module of steps is named, all that Python
    could import from the folder, with the links to folders, which it would follow.
    """
    yield Path(config.path)
    steps = Path(config.migrations)
    if steps.is_absolute() and steps.is_dir():
        yield from sorted(steps.glob("*.py"))
    if _is_python(config.schemas) or _is_python(config.migrations):
        for place, folders, files in _walk(Path(config.folder)):
            yield from (one for one in (Path(place, name) for name in folders) if one.is_symlink())
            yield from (Path(place, name) for name in files)


def _walk(folder: Path) -> Iterator[tuple[str, list[str], list[str]]]:
    """Give each folder that Python could import from, with its folders and its files of code.

    No part of a module's name has a dot, so neither folders that begin with one are looked into,
    nor what is compiled in ``__pycache__``: ``Trusted.check`` has Python pass over that. From a
    folder that cannot be listed nothing is imported either.
    """
    for place, folders, files in os.walk(folder):
        folders[:] = sorted(one for one in folders if not one.startswith("."))
        cached = place.endswith("__pycache__")
        code = (one for one in files if one.endswith(_IMPORTED))
        yield place, folders, sorted(one for one in code if not (cached and _is_tagged(one)))


def _is_tagged(name: str) -> bool:
    """Whether a file is named as Python names what it compiles: ``module.cpython-311.pyc``."""
    return name.endswith(".pyc") and "." in name.removesuffix(".pyc")


def why_not_own(config: Config) -> str:
    """Say why the code of a configuration may be somebody else's; empty where it is one's own."""
    return next(filter(None, _reasons(config)), "")


def _named(config: Config) -> str:
    """Give the words of a command line that name a configuration."""
    return config.folder if Path(config.path).name == FILE_NAME else f"--config {config.path}"


def _reasons(config: Config) -> Iterator[str]:
    yield why_untrusted(config.path)
    steps = Path(config.migrations)
    if steps.is_absolute() and steps.is_dir():
        yield from map(why_untrusted, (steps, *sorted(steps.glob("*.py"))))
    named = [one for one in (config.schemas, config.migrations) if _is_python(one)]
    if named:
        yield why_untrusted(config.folder)
    if any(_is_beside(config, one) for one in named):
        yield from _reasons_inside(Path(config.folder))


def _is_beside(config: Config, source: str) -> bool:
    """Whether a named module stands beside prefcore.toml, and may import what else does."""
    package = Path(config.folder, source.partition(":")[0].partition(".")[0])
    return package.is_dir() or package.with_suffix(".py").is_file()


def _reasons_inside(folder: Path) -> Iterator[str]:
    """Give what is said of all that could be imported from a folder that is one's own itself."""
    for place, folders, files in _walk(folder):
        yield why_untrusted(place) if files else ""
        for path in (Path(place, name) for name in files):
            # What a link leads to stands elsewhere: all folders above it count.
            yield why_untrusted(path) if path.is_symlink() else why_unsafe(path)
        paths = [Path(place, name) for name in folders]
        yield from (why_untrusted(path) for path in paths if path.is_symlink())
        # Thousands of files that no module of the folder is among.
        folders[:] = [path.name for path in paths if not _is_own_installation(path)]


def _is_own_installation(folder: Path) -> bool:
    named = folder.name == "node_modules" or (folder / "pyvenv.cfg").is_file()
    return named and not why_unsafe(folder)


def digest_of(config: Config) -> str:
    """Give a digest over all that ``code_of`` names: which files, and what they hold.

    Raises PolicyRefused where that is more than anybody reads or nothing that stays as it was
    read, NotPermitted where it cannot be read.
    """
    whole = sha256()
    size = 0
    for count, file in enumerate(code_of(config), 1):
        data = _read(file, _MOST_BYTES - size)
        if count > _MOST_FILES or data is None:
            raise PolicyRefused(
                f"{config.folder} holds more than {_MOST_FILES} files of code or "
                f"{_MOST_BYTES >> 20} MiB of it, which nobody can have read; give the steps a "
                "folder of their own",
                path=config.folder,
            )
        size += len(data)
        whole.update(f"{os.path.realpath(file)}\0{sha256(data).hexdigest()}\n".encode())
    return "sha256:" + whole.hexdigest()


def _read(file: Path, most: int) -> bytes | None:
    """Give what a file holds, None where that is too much; raises as ``digest_of``."""
    if file.is_symlink() and file.is_dir():
        raise PolicyRefused(
            f"{file} is a symbolic link to a folder, and nobody can vouch for what that will hold; "
            "put the folder itself there",
            path=str(file),
        )
    try:
        # Opening a pipe would wait for whoever writes into it.
        descriptor = os.open(file, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
        with open(descriptor, "rb") as opened:  # noqa: PTH123  # a descriptor
            found = os.fstat(descriptor)
            if stat.S_ISREG(found.st_mode):
                return opened.read() if found.st_size <= most else None
    except OSError as error:
        raise NotPermitted(
            f"{file} cannot be read ({error.strerror}), so it is not allowed to run",
            path=str(file),
        ) from error
    raise PolicyRefused(
        f"{file} is no plain file, so nobody can say what it will hold; remove it", path=str(file)
    )


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
        found = self.allowed(config.folder) if config.folder else None
        if found is not None and found.digest == digest_of(config):
            # For good: steps and schemas import more while they run.
            sys.pycache_prefix, sys.dont_write_bytecode = str(self.path / "compiled"), True
            return False
        was = "it is not what it was when you allowed it; " if found is not None else ""
        raise PolicyRefused(
            f"{what} that is not safe to run: {reason}; {was}if it is to be as it is, read it, and "
            f"allow it: prefcore trust {_named(config)}",
            path=config.path,
        )

    def allow(self, config: Config, at: datetime) -> Allowed:
        """Allow the code of a configuration as it is now, durably."""
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
            self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise unwritable(self.path, error, "made") from error
        put_whole(file, data)
