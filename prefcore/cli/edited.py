"""The text that a person edits: a private file, gone when it was taken, kept where it was refused.

What is kept tells no secret: a person may have typed one.
"""

from __future__ import annotations

import io
import os
import shlex
import subprocess
import time
from collections.abc import Callable, Mapping

from prefcore.cli.edit_folders import EditFolder, sweep
from prefcore.cli.updating import PlainFile
from prefcore.detection import guarded
from prefcore.errors import NotFound, PrefcoreError, UsageError
from prefcore.interfaces import FormatInfo
from prefcore.plugins.manager import Plugins

__all__ = ["EditedText"]


class EditedText:
    """A text in a folder of its own that only its user may enter; ``hides`` knows secrets."""

    def __init__(
        self,
        info: FormatInfo,
        values: Mapping[str, object],
        plugins: Plugins,
        hides: Callable[[str], bool],
    ) -> None:
        self._info = info
        self._plugins = plugins
        self._hides = hides
        out = io.BytesIO()
        with guarded(info):
            info.factory().write_plain(values, out)
        if os.name == "posix":
            sweep(time.time())
        self._folder = EditFolder()
        self.file = self._folder.path / f"settings{info.suffixes[0]}"
        self._begun = out.getvalue()
        self.file.write_bytes(self._begun)

    def edit(self, editor: str) -> None:
        """Have it edited; raises NotFound and UsageError where that failed."""
        try:
            shared = (self._folder.lock,) if os.name == "posix" else ()
            words = [*shlex.split(editor), os.fspath(self.file)]
            done = subprocess.run(words, check=False, pass_fds=shared)
        except (OSError, ValueError) as error:
            self.remove()
            raise NotFound(f"the editor '{editor}' cannot be run: {error}") from error
        if done.returncode and self.file.is_file() and self.file.read_bytes() == self._begun:
            self.remove()
            raise UsageError(
                f"the editor '{editor}' ended with {done.returncode}; nothing was changed"
            )
        if done.returncode:
            raise UsageError(
                f"the editor '{editor}' ended with {done.returncode}; nothing was changed, "
                f"{self.kept()}"
            )
        if not self.file.is_file():
            self.remove()
            raise NotFound(f"the editor '{editor}' removed the text; nothing was changed")

    def remove(self) -> None:
        """Remove it with its folder."""
        self._folder.remove()

    def kept(self) -> str:
        """Take what is secret out of the text, and say where it is kept.

        A text that cannot be read is kept as it was typed, and that is said.
        """
        self._folder.keep()
        try:
            plain = PlainFile.read(os.fspath(self.file), self._plugins, self._info.id)
            left: dict[str, object] = {}
            gone = self._without_secrets("", plain.values, left)
            if gone:
                plain.write(left)
        except PrefcoreError:
            return (
                f"the text is kept in {self.file} as it was typed, secrets included if there are "
                "any; remove it when you are done"
            )
        without = f", without {', '.join(gone)}" if gone else ""
        return f"the text is kept in {self.file}{without}"

    def _without_secrets(
        self, prefix: str, values: Mapping[str, object], left: dict[str, object]
    ) -> list[str]:
        """Put what may be kept into ``left``; give the keys that are left out."""
        gone = []
        for name, value in values.items():
            key = f"{prefix}.{name}" if prefix else name
            if self._hides(key):
                gone.append(key)
            elif isinstance(value, Mapping):
                inner: dict[str, object] = {}
                gone += self._without_secrets(key, value, inner)
                left[name] = inner
            else:
                left[name] = value
        return gone
