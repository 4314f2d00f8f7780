"""Origins: the files that a configuration leads to, and why they may be somebody else's."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

from prefcore.config import Config
from prefcore.errors import NotPermitted, PolicyRefused
from prefcore.host import why_unsafe, why_untrusted

__all__ = ["code_of", "digest_of", "schemas_of", "why_not_own", "why_not_own_schemas"]

#: What Python imports from a folder.
_IMPORTED = (".py", ".pyw", ".pyc", ".so", ".pyd")
#: So much code is allowed at once; more has not been read by whoever allows it.
_MOST_FILES, _MOST_BYTES = 5000, 64 << 20


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


def schemas_of(config: Config) -> Iterator[Path]:
    """Give prefcore.toml and every file that declares a schema version because of it."""
    yield Path(config.path)
    named = (config.schemas, config.compatibility.get("snapshots"))
    for place in (Path(one) for one in named if isinstance(one, str) and Path(one).is_absolute()):
        if place.is_dir():
            yield from sorted(place.iterdir())
        elif place.exists():
            yield place


def why_not_own(config: Config) -> str:
    """Say why the code of a configuration may be somebody else's; empty where it is one's own."""
    return next(filter(None, _reasons(config)), "")


def why_not_own_schemas(config: Config) -> str:
    """Say the same of the schemas that it leads to, which are data, and say what is protected."""
    found = schemas_of(config) if config.path else ()
    places = dict.fromkeys(place for file in found for place in (file.parent, file))
    return next(filter(None, map(why_untrusted, places)), "")


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
    """Give a digest over all that a configuration leads to: which files, and what they hold.

    Those are of code, and of schemas.

    Raises PolicyRefused where that is more than anybody reads or nothing that stays as it was
    read, NotPermitted where it cannot be read.
    """
    whole = sha256()
    size = 0
    files = dict.fromkeys((*code_of(config), *filter(Path.is_file, schemas_of(config))))
    for count, file in enumerate(files, 1):
        data = _read(file, _MOST_BYTES - size)
        if count > _MOST_FILES or data is None:
            raise PolicyRefused(
                f"{config.folder} holds more than {_MOST_FILES} files or "
                f"{_MOST_BYTES >> 20} MiB of them, which nobody can have read; give the steps a "
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
