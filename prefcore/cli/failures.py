"""What goes wrong, told as one sentence on the standard error, and the exit code it makes."""

from __future__ import annotations

import errno
import os
import sys
from typing import TYPE_CHECKING

import click

from prefcore.errors import (
    NoSpace,
    NotFound,
    NotPermitted,
    PrefcoreError,
    ReadOnly,
    UsageError,
)
from prefcore.whole_files import NO_SPACE

if TYPE_CHECKING:
    from prefcore.cli.session import Session

__all__ = ["BUG", "INTERRUPTED", "READER_GONE", "close_quietly", "exit_code_of", "from_os"]

#: Beside the codes of ``prefcore.errors``: a bug in prefcore (EX_SOFTWARE of sysexits.h), and what
#: shells give for a process that SIGINT or SIGPIPE ended.
BUG = 70
INTERRUPTED = 130
READER_GONE = 141


def exit_code_of(error: BaseException, session: Session) -> int:
    """Tell an error and give its exit code; with ``--debug`` its traceback comes first."""
    if isinstance(error, BrokenPipeError):
        return READER_GONE
    if session.debug and not isinstance(error, click.ClickException):
        import traceback

        click.echo("".join(traceback.format_exception(error)), err=True, nl=False)
    code, sentence = _told(error)
    click.echo(f"prefcore: {'' if code == INTERRUPTED else 'error: '}{sentence}", err=True)
    return code


def _told(error: BaseException) -> tuple[int, str]:
    if isinstance(error, OSError) and not isinstance(error, PrefcoreError):
        error = from_os(error, str(error.filename or "standard output")) or error
    if isinstance(error, PrefcoreError):
        return error.exit_code, _line(error.message)
    if isinstance(error, (KeyboardInterrupt, click.Abort)):
        return INTERRUPTED, _line(f"interrupted {error}".strip())
    if isinstance(error, click.ClickException):
        return UsageError.exit_code, _usage(error)
    return BUG, (
        f"a bug in prefcore, {type(error).__name__}: {_line(str(error))}; --debug shows where, "
        "please report it"
    )


def _usage(error: click.ClickException) -> str:
    """Give click's words as ours: one sentence, small, with the way to the help."""
    text = " ".join(_line(error.format_message()).split()).rstrip(".")
    if isinstance(error, click.NoSuchOption):
        from difflib import get_close_matches

        near = get_close_matches(error.option_name, error.possibilities or (), n=1, cutoff=0.7)
        text = f"no such option {error.option_name}"
        if near:
            text += f"; did you mean {near[0]}?"
        elif not error.option_name.startswith("--"):
            text += "; a value that begins so goes after --"
    text = text[:1].lower() + text[1:]
    context = getattr(error, "ctx", None)
    return f"{text} (see {context.command_path} --help)" if context else text


def _line(text: str) -> str:
    """Give a message as one line of at most 2,000 characters without marks that steer terminals."""
    line = "".join(sign if sign.isprintable() else _escaped(sign) for sign in text)
    return line if len(line) <= 2000 else f"{line[:2000]}…"


def _escaped(sign: str) -> str:
    return " " if sign in "\n\t\r" else f"\\u{ord(sign):04x}"  # as output.escaped does


def from_os(error: OSError, name: str) -> PrefcoreError | None:
    """Give our error for one of the operating system's about a file; None where it is none."""
    reason = (error.strerror or str(error)).lower()
    if error.errno in NO_SPACE:
        return NoSpace(f"{name} cannot be written: {reason}", path=name)
    if error.errno == errno.EROFS:
        return ReadOnly(f"{name} cannot be written: {reason}", path=name)
    if error.errno in (errno.ENOENT, errno.ENOTDIR):
        return NotFound(f"{name}: {reason}", path=name)
    if error.errno in (errno.EACCES, errno.EPERM, errno.ELOOP):
        return NotPermitted(f"{name}: {reason}", path=name)
    if error.errno in (errno.EISDIR, errno.ENAMETOOLONG, errno.EINVAL):
        return UsageError(f"{name}: {reason}", path=name)
    if error.errno == errno.EBADF:
        return UsageError(f"{name} is closed; give one that is open, or a file", path=name)
    if error.errno == errno.EIO:
        return NoSpace(f"{name}: the disk refused to read or write", path=name)
    return None


def close_quietly(code: int) -> int:
    """Make sure that Python's own last flush does not complain of a reader that is gone."""
    try:
        sys.stdout.flush()
    except (OSError, ValueError):
        try:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        except (OSError, ValueError):  # no real file, such as in tests
            return code
    return code
