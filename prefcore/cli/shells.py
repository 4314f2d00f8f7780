"""The shells that complete prefcore's words: the script of each, and what it asks and is told.

For zsh and fish click's scripts do. In bash, readline takes a line apart at ``COMP_WORDBREAKS``,
among them ``:``, ``=`` and ``@``, which stand in owners, keys and URLs, replaces only what follows
the last of them, and wants it quoted.
"""

from __future__ import annotations

import os
import re
from typing import NamedTuple

import click
from click.shell_completion import CompletionItem, FishComplete, ShellComplete, ZshComplete

__all__ = ["SHELLS", "Typed", "completer", "quoted", "typed"]

_BASH = """\
%(complete_func)s() {
    local reply
    COMPREPLY=()
    while IFS= read -r reply; do
        case $reply in
            plain,*) COMPREPLY+=("${reply#*,}") ;;
            file,*) compopt -o default ;;
            dir,*) compopt -o dirnames ;;
        esac
    done < <(COMP_LINE=${COMP_LINE:0:COMP_POINT} COMP_WORDBREAKS=$COMP_WORDBREAKS \\
        %(complete_var)s=bash_complete "$1" 2>/dev/null)
    if [[ ${#COMPREPLY[@]} == 1 && ${COMPREPLY[0]} == *[:=/] ]]; then
        compopt -o nospace
    fi
}

complete -o nosort -F %(complete_func)s %(prog_name)s
"""

#: What stands in a word of bash as it is; everything else gets a backslash.
_BARE = re.compile(r"[^\w@%+=:,./-]")

#: Breaks that bash has readline keep at the beginning of what follows (its rl_special_prefixes).
_PREFIXES = "$@"


class Typed(NamedTuple):
    """A line up to the cursor: the words before, and the one that is being typed.

    ``kept`` of its characters readline leaves as they are; ``quote`` is the one it stands in.
    """

    before: tuple[str, ...]
    word: str
    kept: int
    quote: str


def typed(line: str, breaks: str) -> Typed:
    """Take a line apart as bash does; ``breaks`` are the characters at which readline does."""
    before: list[str] = []
    word: str | None = None
    kept, quote = 0, ""
    signs = iter(line)
    for sign in signs:
        if quote and sign == quote:
            quote, kept = "", len(word or "")
        elif quote == "'":
            word = f"{word or ''}{sign}"
        elif sign == "\\":
            after = next(signs, "")
            word = (word or "") + (sign if quote and after not in '\\"$`' else "") + after
        elif quote:
            word = f"{word or ''}{sign}"
        elif sign in "'\"":
            quote, word = sign, word or ""
            kept = len(word)
        elif sign.isspace():
            before += [] if word is None else [word]
            word, kept = None, 0
        else:
            word = f"{word or ''}{sign}"
            kept = len(word) - (sign in _PREFIXES) if sign in breaks else kept
    return Typed(tuple(before), word or "", kept, quote)


def quoted(text: str, quote: str) -> str:
    """Give a text as it is typed in bash, inside of an open quote where there is one."""
    if quote == "'":
        return text.replace("'", r"'\''")
    if quote:
        return re.sub(r'([\\"$`])', r"\\\1", text)
    return _BARE.sub(r"\\\g<0>", text)


class _Joined(ShellComplete):
    """Takes ``--option=value`` for one word, which click's scripts do not (pallets/click#2847)."""

    def get_completions(self, args: list[str], incomplete: str) -> list[CompletionItem[str]]:
        option, equals, value = incomplete.partition("=")
        if not equals or not option.startswith("--"):
            return super().get_completions(args, incomplete)
        return [
            CompletionItem(f"{option}={one.value}", help=one.help) if one.type == "plain" else one
            for one in super().get_completions([*args, option], value)
        ]


class _Zsh(_Joined, ZshComplete):
    """Click's script, which replaces whole words."""


class _Fish(_Joined, FishComplete):
    """Click's script, which replaces whole words."""


class _Bash(_Joined):
    name = "bash"
    source_template = _BASH

    def complete(self) -> str:
        line = typed(os.environ["COMP_LINE"], os.environ.get("COMP_WORDBREAKS", ""))
        return "\n".join(
            f"{one.type},{quoted(one.value[line.kept :], line.quote)}"
            for one in self.get_completions(list(line.before[1:]), line.word)
        )


#: By name, as ``prefcore completion`` takes them.
SHELLS: dict[str, type[ShellComplete]] = {"bash": _Bash, "zsh": _Zsh, "fish": _Fish}


def completer(
    shell: str, cli: click.Command, variable: str, obj: object = None
) -> ShellComplete | None:
    """Give what makes a shell's script and answers it; None for a shell that is not known."""
    kind = SHELLS.get(shell)
    return None if kind is None else kind(cli, {"obj": obj}, "prefcore", variable)
