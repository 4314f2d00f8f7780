"""Run as a script: takes sets through steps in a process with another clock, and tells the results.

Reads a request (JSON) from standard input: the search path, how to find the steps, the time to
show, and cases of (step, way, values). Writes one answer per case, and what the steps looked at
beside the values they were given.
"""

from __future__ import annotations

import datetime
import json
import locale
import runpy
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import reduce
from pathlib import Path
from typing import Any

from prefcore.migration import Rows, in_order, read_steps

_WATCHED = ("socket.", "subprocess.", "os.system", "os.exec", "os.fork", "os.spawn", "sqlite3.")
_OF_IMPORTS = (".py", ".pyc", ".so")


class Watch:
    """Notes what the process does outside itself, and refuses it, while it is on."""

    def __init__(self) -> None:
        self.on = False
        self.seen: set[str] = set()
        sys.addaudithook(self._hear)

    def _hear(self, event: str, arguments: tuple[object, ...]) -> None:
        if not self.on:
            return
        if event == "open" and not str(arguments[0]).endswith(_OF_IMPORTS):
            told = f"opens {arguments[0]}"
        elif event.startswith(_WATCHED):
            told = f"does {event}"
        else:
            return
        self.seen.add(told)
        raise PermissionError(f"a step's function {told}")

    @contextmanager
    def during(self) -> Iterator[None]:
        """Watch while the block runs."""
        self.on = True
        try:
            yield
        finally:
            self.on = False


def show_time(moment: float) -> None:
    """Let the clock stand at a moment (seconds since 1970 UTC) for what is imported from now on."""
    date, now, clock = datetime.date, datetime.datetime, dict(vars(time))

    def at_moment(name: str) -> Callable[..., Any]:
        return lambda seconds=None: clock[name](moment if seconds is None else seconds)

    shown: dict[str, Callable[..., Any]] = {
        **{name: at_moment(name) for name in ("localtime", "gmtime", "ctime")},
        "time": lambda: moment,
        "time_ns": lambda: int(moment * 1e9),
        "strftime": lambda form, of=None: clock["strftime"](form, of or time.localtime()),
        "asctime": lambda of=None: clock["asctime"](of or time.localtime()),
    }
    vars(time).update(shown)
    # Real dates and datetimes stay instances of the classes that stand in their place.
    like = {"__instancecheck__": lambda cls, one: isinstance(one, cls.__mro__[1])}
    kind = type("Kind", (type,), like)
    today = classmethod(lambda cls: date.fromtimestamp(moment))
    told = {
        "now": classmethod(lambda cls, tz=None: now.fromtimestamp(moment, tz)),
        "today": classmethod(lambda cls: now.fromtimestamp(moment)),
        "utcnow": classmethod(
            lambda cls: now.fromtimestamp(moment, datetime.UTC).replace(tzinfo=None)
        ),
    }
    vars(datetime).update(date=kind("date", (date,), {"today": today}),
                          datetime=kind("datetime", (now,), told))  # fmt: skip


def main() -> None:
    """Answer one request."""
    request = json.load(sys.stdin)
    sys.path[:] = request["path"]  # for what the steps' file imports
    for name in request["locales"]:
        with suppress(locale.Error):
            locale.setlocale(locale.LC_ALL, name)
            break
    show_time(request["time"])
    if "folder" in request:
        steps = read_steps(Path(request["folder"]))
    else:
        names = runpy.run_path(request["file"], run_name="prefcore_suite")
        outer, *inner = request["suite"].split(".")
        suite: Any = reduce(getattr, inner, names[outer])
        steps = in_order(suite.steps)
    watch = Watch()
    answers = []
    for number, way, texts in request["cases"]:
        rows = Rows([(key, text, 0, "api", "") for key, text in texts.items()], at=1, actor="")
        try:
            with watch.during():
                getattr(steps[number], way)(rows)
            answers.append({key: text for key, text, *_ in rows})
        except Exception as error:  # noqa: BLE001  # whether it raises here and there is compared
            answers.append({"error": type(error).__name__})
    json.dump({"answers": answers, "seen": sorted(watch.seen)}, sys.stdout)


if __name__ == "__main__":
    main()
