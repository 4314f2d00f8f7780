"""The tutorial of the first upgrade, run for real and checked: did every value survive?

Runs the commands of docs/tutorial/first-upgrade.md in a temporary folder, prints each with its
output, and compares what is stored at the end with the settings of 2020. Exits 1 if one is lost.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from console import DOCS, EXAMPLE, Console, commands  # found through the line above

EDITED = {"go.formatTool": "gofmt"}


def main() -> int:
    """Run the page, then check it, and clean up."""
    with tempfile.TemporaryDirectory(prefix="prefcore-demo-") as folder:
        return demonstrate(Console(Path(folder)))


def demonstrate(console: Console) -> int:
    """Run the page, then check it; gives the exit code."""
    began = time.monotonic()
    page = (DOCS / "tutorial" / "first-upgrade.md").read_text(encoding="utf-8")
    console.begin(page)
    for part in page.split("\n## "):
        title = part.partition("\n")[0].removeprefix("# ")
        print(f"\n── {title} {'─' * (76 - len(title))}")
        for command, _ in commands(part):
            print(f"\n$ {command}")
            print(console.run(command), end="", flush=True)
    problems = check(console)
    for problem in problems:
        print(f"LOST: {problem}", file=sys.stderr)
    if not problems:
        print("\nChecked: 14 of the 15 settings of 2020 are exactly as they were, the one edited")
        print("since keeps its edit, and the other machine held an equal copy.")
    print(f"({time.monotonic() - began:.1f} s)")
    return 1 if problems else 0


def check(console: Console) -> list[str]:
    """Give what is not as the page promises."""
    settings = json.loads((EXAMPLE / "users" / "2020-remote-kind.json").read_text("utf-8"))
    expected = settings | EDITED
    rows = json.loads(console.run("prefcore list --user kim --json"))
    held = {row["key"]: row["value"] for row in rows}
    problems = [
        f"{key}: {json.dumps(expected.get(key))} became {json.dumps(held.get(key))}"
        for key in sorted(expected.keys() | held.keys())
        if json.dumps(expected.get(key), sort_keys=True)
        != json.dumps(held.get(key), sort_keys=True)
    ]
    if len(expected) != 15 or sum(held.get(key) == value for key, value in settings.items()) != 14:
        problems.append("not 14 of 15 settings are as they were in 2020")
    ours, theirs = (trailer(console, name) for name in ("kim.json", "../laptop/copy.json"))
    if ours != theirs or not ours:
        problems.append(f"the copy on the other machine differs: {ours} and {theirs}")
    if "fail" in console.run("prefcore doctor"):
        problems.append("the doctor finds the store ill")
    return problems


def trailer(console: Console, name: str) -> object:
    """Give the trailer, with counts and digest, that a document ends in."""
    return json.loads((console.folder / name).read_text("utf-8"))["trailer"]


if __name__ == "__main__":
    sys.exit(main())
