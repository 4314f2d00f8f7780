"""The files that every new plugin package has."""

from __future__ import annotations

__all__ = ["COMMON"]

COMMON = {
    "pyproject.toml": """
[build-system]
requires = ["hatchling>=1.27"]
build-backend = "hatchling.build"

[project]
name = "<DISTRIBUTION>"
version = "0.1.0"
description = "The <WORD> <NAME> for prefcore."
readme = "README.md"
requires-python = ">=3.11"
dependencies = ["prefcore>=<VERSION>"]

[project.optional-dependencies]
test = ["prefcore[testing]>=<VERSION>"]

# The name is the id that users type; the value is the module with the hook.
[project.entry-points."prefcore.<KIND>"]
"<NAME>" = "<PACKAGE>"

[tool.hatch.build.targets.wheel]
packages = ["<PACKAGE>"]
dev-mode-dirs = ["."]
""",
    "README.md": """
# <DISTRIBUTION>

The <WORD> `<NAME>` for prefcore. Install it beside prefcore, and `prefcore plugins list` has it.

```
pip install -e '.[test]'     # once
pytest                       # red until it is written, then green
prefcore plugins check <NAME>    # what users of it may run too
```
""",
    "<PACKAGE>/py.typed": "",
}
