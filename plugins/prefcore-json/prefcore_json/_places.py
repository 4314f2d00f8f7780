"""Places: where the members of a text's objects stand, so that one can change and the rest stay.

The text is known to be JSON, perhaps with comments put out and trailing commas left in.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field

__all__ = ["Member", "Members", "members_of"]

_TOKEN = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"|[\[\]{},:]|[^\[\]{},:\s"]+', re.DOTALL)


@dataclass(slots=True)
class Member:
    """One member of an object: from its key's quote to its value's end, and its comma (-1: none).

    ``inner`` has the members of the value, where that is an object.
    """

    key: str
    start: int
    value: int = -1
    end: int = -1
    comma: int = -1
    inner: Members | None = None


@dataclass(slots=True)
class Members:
    """An object's members, from after its brace to before the closing one."""

    start: int
    end: int = -1
    members: list[Member] = field(default_factory=list)

    @property
    def is_closed(self) -> bool:
        """Whether a comma follows the last member."""
        return bool(self.members) and self.members[-1].comma >= 0


def members_of(text: str) -> Members:
    """Give the members of the object that a text is."""
    root: Members | None = None
    #: Open containers; None is an array.
    stack: list[Members | None] = []
    wants_value = False
    for found in _TOKEN.finditer(text):
        token, at = found[0], found.start()
        here = stack[-1] if stack else None
        if token in "[{":
            opened = Members(found.end()) if token == "{" else None
            if here is not None:
                here.members[-1].value = at
                here.members[-1].inner = opened
                wants_value = False
            root = root or opened
            stack.append(opened)
        elif token in "]}":
            closed = stack.pop()
            if closed is not None:
                closed.end = at
            if stack and (around := stack[-1]) is not None:
                around.members[-1].end = found.end()
        elif here is not None and token == ",":
            here.members[-1].comma = at
        elif here is not None and token == ":":
            wants_value = True
        elif here is not None and wants_value:
            here.members[-1].value, here.members[-1].end = at, found.end()
            wants_value = False
        elif here is not None:
            here.members.append(Member(json.loads(token), at))
    assert root is not None  # the text is an object
    return root
