"""A watcher at the command line: installed is not enough, and named is binding."""

from __future__ import annotations

from pathlib import Path

from prefcore_testing.distributions import write_distribution
from tests.cli.shell import Shell


def test_an_installed_watcher_is_in_use_only_where_it_is_named(
    tmp_path: Path, shell: Shell
) -> None:
    write_distribution(
        tmp_path / "site",
        "acme-office",
        entry_points={"prefcore.watchers": {"office": "acme_office"}},
        modules={
            "acme_office": """
            from prefcore.errors import NotPermitted
            from prefcore.hookspecs import hookimpl
            from prefcore.interfaces import WatcherInfo

            def veto(draft, changes):
                raise NotPermitted("closed on Sundays")

            @hookimpl
            def prefcore_watchers():
                return [WatcherInfo(id="office", summary="an office", veto=veto)]
            """
        },
    )
    env = {"PYTHONPATH": str(tmp_path / "site")}
    shell.process("set", "size", "13", env=env)
    file = shell.folder / "prefcore.toml"
    text = file.read_text()
    file.write_text(text + '\n[plugins]\nwatch = ["office"]\n')
    assert "closed on Sundays" in shell.process("set", "size", "14", env=env, code=4).err
    assert "closed on Sundays" in shell.process("undo", "--dry-run", env=env, code=4).err
    assert shell.process("get", "size", env=env).out == "13\n"
    refused = shell.process("set", "size", "14", code=18).err
    assert "there is no watcher 'office'" in refused
    file.write_text(text)
    shell.process("set", "size", "14", env=env)
