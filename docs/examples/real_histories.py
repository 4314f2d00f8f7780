"""Compares real histories of settings, release by release, and writes what each release broke.

``python docs/examples/real_histories.py --write`` writes docs/explanation/real-histories.md.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from prefcore.schema import Snapshots
from prefcore.schema.compatibility import (
    BUMPS,
    Comparison,
    Finding,
    Verdict,
    bump_between,
    in_order,
    is_enough,
    smallest_version,
)

DOCS = Path(__file__).resolve().parent.parent
PAGE = DOCS / "explanation" / "real-histories.md"
HISTORIES = (
    ("The Go extension of VS Code", "golang.go", DOCS / "examples/first-upgrade/schemas"),
    ("lazygit", "lazygit", DOCS.parent / "tests/data/lazygit"),
)

#: Told with their keys alone: their sentences say nothing more.
_BRIEF = {"K01": "new", "P08": "texts changed"}
_SIDES = (("backward", "data"), ("forward", "old code"), ("callers", "callers"))

_HEAD = """# Real histories

What the releases of two programs changed in their settings, found by comparing each schema with
the one before it, and the version that each release needed by prefcore's rules. Made by
`docs/examples/real_histories.py` from the schemas as they were published; a test makes it again
and compares.

How to read it:

- Both programs are at 0.y, where the minor number acts as the major. *Taken* and *needed* are in
  those terms: from 0.20.2 to 0.21.0 is a major step.
- Neither program promised anything about its numbers, and both are read from another form than
  ours. So the rules about reserved names and names that are alike (`K05`, `K06`, `K10`) are left
  out.
- Most major changes here come from open objects: a member that is declared now refuses what stood
  there unnoticed before ([why that is told](compatibility.md#open-objects)). The column *without
  these* leaves them out.
- `data` means that new code may meet a value that it refuses, `old code` that an older release
  refuses a value that a newer one allows, `callers` that whoever uses the key by name has to act;
  a question mark, that it can't be decided.
- [The rules](../reference/compatibility.md#rules) have their names there.
"""


def page() -> str:
    """Give the whole page."""
    parts = [_HEAD]
    for title, app, folder in HISTORIES:
        snapshots = Snapshots(folder, app)
        documents = [snapshots.load(version) for version in snapshots.versions]
        parts.append(_program(title, list(in_order(documents))))
    return "\n".join(parts)


def _program(title: str, steps: list[Comparison]) -> str:
    found = [one for step in steps for one in step.findings]
    undecided = [
        one for one in found if Verdict.UNDECIDED in (one.backward, one.forward, one.callers)
    ]
    too_small = [step for step in steps if not _is_enough(step)]
    counted = (
        f"{len(steps) + 1} releases, {len(found)} findings, {len(undecided)} of them undecided. "
        f"{len(too_small)} of {len(steps)} steps took a smaller version than they needed."
    )
    rules = Counter(one.rule for one in found)
    lines = [
        f"## {title}",
        "",
        counted,
        "",
        "| rule | " + " | ".join(f"`{rule}`" for rule in sorted(rules)) + " |",
        "|" + "---|" * (len(rules) + 1),
        "| findings | " + " | ".join(str(rules[rule]) for rule in sorted(rules)) + " |",
        "",
        "| step | taken | needed | without these | smallest | enough |",
        "|---|---|---|---|---|---|",
        *(_row(step) for step in steps),
        "",
        *(line for step in steps for line in _step(step)),
    ]
    return "\n".join(lines)


def _row(step: Comparison) -> str:
    older, newer = step.older.version, step.newer.version
    rest = [one.bump() for one in step.findings if not _is_open_member(one)]
    cells = (
        f"[{older} → {newer}](#{_anchor(step)})",
        bump_between(older, newer),
        step.bump(),
        max(rest, key=BUMPS.index, default="patch"),
        smallest_version(older, step.bump()),
        "yes" if _is_enough(step) else "no",
    )
    return "| " + " | ".join(cells) + " |"


def _is_enough(step: Comparison) -> bool:
    return is_enough(step.older.version, step.newer.version, step.bump())


def _is_open_member(finding: Finding) -> bool:
    """Say whether a member of an open object was only declared, or is no longer."""
    return finding.rule == "O02" and "declared" in finding.message


def _anchor(step: Comparison) -> str:
    title = f"{step.newer.app} {step.newer.version}"
    return "".join(sign for sign in title if sign.isalnum() or sign in "- ").replace(" ", "-")


def _step(step: Comparison) -> Iterator[str]:
    yield f"### {step.newer.app} {step.newer.version}"
    yield ""
    told = sorted(step.findings, key=lambda one: (-BUMPS.index(one.bump()), one.rule, one.key))
    for one in told:
        if one.rule in _BRIEF and " is back" not in one.message:
            continue
        broken = ", ".join(_broken(one))
        note = f" ({broken})" if broken else ""
        yield f"- `{one.rule}` {one.bump()}{note}: {_text(one.message)}"
    for rule, word in _BRIEF.items():
        keys = [one.key for one in told if one.rule == rule and " is back" not in one.message]
        if keys:
            listed = ", ".join(f"`{key}`" for key in dict.fromkeys(keys))
            yield f"- `{rule}` {word}: {listed}"
    if not told:
        yield "- nothing in the settings changed"
    yield ""


def _broken(finding: Finding) -> Iterator[str]:
    for side, word in _SIDES:
        verdict = getattr(finding, side)
        if verdict is not Verdict.COMPATIBLE:
            yield word if verdict is Verdict.INCOMPATIBLE else f"{word}?"


def _text(message: str) -> str:
    """Give a sentence so that Markdown shows it as it is."""
    plain = message.replace("\n", " ")
    for sign in "\\`*_<>[]|":
        plain = plain.replace(sign, f"\\{sign}")
    return plain


if __name__ == "__main__":
    if sys.argv[1:] == ["--write"]:
        PAGE.write_text(page(), encoding="utf-8")
    else:
        print(__doc__)
