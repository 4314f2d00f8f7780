"""A small corpus of hostile files, through the script that takes any folder of files."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from random import Random

import pytest

from tests import corpus

FILES: dict[str, bytes] = {
    "empty.json": b"",
    "empty.yaml": b"",
    "empty": b"",
    "noise.bin": Random(1).randbytes(1 << 12),
    "nul.toml": bytes(1 << 12),
    "mark.json": b"\xef\xbb\xbf{}",
    "utf16.yaml": "a: 1".encode("utf-16"),
    "good.json": b'{"a": 1, "b": {"$date": "2026-01-31"}}',
    "good.jsonc": b'{\n  // why\n  "a": [1, 2,],\n}',
    "good.yaml": b"a: 1\nb:\n- x\n- {c: d}\n",
    "good.toml": b"a = 1\n[b]\nc = 2026-01-31\n",
    "json that is yaml": b'{"a": 1}',
    "either.conf": b"[a]\nb = 1\n",
    "deep.json": b'{"a":' * 50_000,
    "deep.yaml": b"- " * 50_000,
    "deep-flow.yaml": b"a: " + b"[" * 50_000,
    "deep-indent.yaml": b"".join(b" " * i + b"a:\n" for i in range(500)),
    "deep-dots.toml": b"a" + b".a" * 20_000 + b" = 1\n",
    "deep-brackets.toml": b"a = " + b"[" * 50_000,
    "laughs.yaml": b"k0: &k0 [x, x, x, x, x, x, x, x, x, x]\n"
    + b"".join(
        b"k%d: &k%d [%s]\n" % (i, i, b", ".join([b"*k%d" % (i - 1)] * 9)) for i in range(1, 20)
    ),
    "itself.yaml": b"a: &a [*a]",
    "merge.yaml": b"a: &a {b: 1}\nc:\n  <<: *a\n",
    "python.yaml": b"a: !!python/object/apply:os.system [x]",
    "twice.json": b'{"a": 1, "a": 2}',
    "twice.yaml": b"a: 1\na: 2\n",
    "twice.toml": b"a = 1\na = 2\n",
    "numbers.json": b'{"a": NaN, "b": 1e400, "c": 99999999999999999999}',
    "numbers.yaml": b"a: .nan\n",
    "numbers.toml": b"a = 99999999999999999999\n",
    "surrogate.json": b'{"a": "\\ud800"}',
    "documents.yaml": b"a: 1\n---\na: 2\n",
    "date.toml": b"a = 2026-02-30\n",
    "cut.json": b'{"prefcore": {"layout": 1, "app": "corpus", "schema": null},\n"sets": [\n',
    "cut.yaml": b"prefcore:\n  layout: 1\n  app: corpus\n  schema: null\nsets:\n",
    "cut.toml": b'[prefcore]\nlayout = 1\napp = "corpus"\n',
    "newer.yaml": b"prefcore:\n  layout: 2\n",
    "other-app.toml": b'[prefcore]\nlayout = 1\napp = "x"\n[trailer]\n',
    "cut.bin": b"\xa8prefcore\x00\x01",
    "bomb.json.gz": b"\x1f\x8b\x08\x00" + bytes(99),
}


def test_nothing_in_a_hostile_corpus_gets_further_than_a_sentence(tmp_path: Path) -> None:
    for name, data in FILES.items():
        (tmp_path / name).write_bytes(data)
    run = subprocess.run(
        [sys.executable, corpus.__file__, tmp_path], capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stdout
    assert run.stderr == ""
    rows = [line.split() for line in run.stdout.splitlines() if line.startswith("good.")]
    assert {row[0] for row in rows if row[1:3] == ["detected", "read"]} == {
        name for name in FILES if name.startswith("good.")
    }
    assert "0 of them bad" in run.stdout
    assert all(name in run.stdout for name in FILES)


def test_what_may_be_several_formats_is_tried_in_each(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b'{"a": 1}')
    (tmp_path / "b.yaml").write_bytes(b"a: 1")
    tried = Counter(one.file.name for one in corpus.trials(tmp_path))
    assert tried["a"] >= 3
    assert tried["b.yaml"] == 1


@pytest.mark.parametrize(
    ("code", "verdict"),
    [
        ("import os; os.abort()", "CRASHED"),
        ("import time; time.sleep(60)", "HUNG"),
    ],
)
def test_a_crash_and_a_hang_are_told(
    code: str, verdict: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = tmp_path / "broken.py"
    broken.write_text(f"import sys\nsys.stdin.readline()\n{code}\n")
    monkeypatch.setattr(corpus, "__file__", str(broken))
    (outcome,) = corpus.tried([corpus.Trial(tmp_path / "x")], jobs=1, seconds=2)
    assert outcome.verdict == verdict
    assert not outcome.is_good


def test_a_traceback_is_told() -> None:
    assert corpus._judged(1, "", ValueError("x")) == ("TRACEBACK", "ValueError: x")
    assert corpus._judged(1, "Traceback (most recent call last)", None)[0] == "TRACEBACK"
    assert corpus._judged(18, "prefcore: error: it failed\n", None)[0] == "PLUGIN FAILED"
    assert corpus._judged(13, "prefcore: error: line 1\n", None) == ("refused", "line 1")
    assert json.dumps(corpus._judged(0, "", None)) == '["read", ""]'
