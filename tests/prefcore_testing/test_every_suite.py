"""No suite of the kit without mutants that fail each of its checks."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages

import prefcore_testing
from prefcore_testing.guard import Suite

ROOT = Path(__file__).parents[2]

#: Where the mutants of each suite are. Their ``test_every_check_finds_a_fault`` compares the checks
#: of the suite with those that some mutant fails.
PROOFS = {
    "FormatSuite": (
        "plugins/prefcore-binary/tests/test_binary_mutants.py",
        "plugins/prefcore-json/tests/test_json_mutants.py",
    ),
    "GoldenSuite": ("tests/prefcore_testing/test_golden.py",),
    "KeyProviderSuite": ("tests/prefcore_testing/test_key_providers.py",),
    "MergeStrategySuite": ("tests/prefcore_testing/test_strategies.py",),
    "MigrationSuite": ("tests/prefcore_testing/test_migrations.py",),
    "StoreSuite": ("tests/prefcore_testing/test_stores.py",),
    "TargetSuite": ("tests/prefcore_testing/test_targets.py",),
}


def _suites() -> set[str]:
    names = set()
    for module in walk_packages(prefcore_testing.__path__, f"{prefcore_testing.__name__}."):
        if not module.name.endswith("__main__"):
            for found in vars(import_module(module.name)).values():
                if isinstance(found, type) and issubclass(found, Suite) and found is not Suite:
                    names.add(found.__name__)
    return {name for name in names if name.endswith("Suite")}


def test_every_suite_has_its_mutants_and_a_test_that_none_is_missing() -> None:
    assert _suites() == set(PROOFS)
    for suite, files in PROOFS.items():
        for file in files:
            text = (ROOT / file).read_text("utf-8")
            assert "def test_every_check_finds_a_fault" in text, file
            assert suite in text, file
