"""The page on adding something of yours, followed to the letter on a copy of the library."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from residual.store import ROOT

TEXT = (ROOT / "book" / "adding.md").read_text("utf-8")
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PLACE = re.compile(r"the end of|a new|below `([^`]+)`|above `([^`]+)`")
PATH = re.compile(r"`(src/[\w/.]+)`")
AFTERWARDS = """
import json, sys
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
import torch
from residual import claims, store
from residual.models import resnet
from residual.peers.loading import network, published
from residual.peers.sources import PeerError, sources
verdict = next(v for v in claims.evaluate("quick", Path(sys.argv[1])) if v.id == "shallow-gain")
record = store.every("quick")[0].content
made = {"verdict": verdict.verdict, "seeds": verdict.seeds, "source": claims.__file__}
made["answer"] = claims.answer(claims.CLAIMS[-1], verdict, "zh")
made["zeros"] = record["probes"].get("zeros")
file = Path("clones", "yours", "weights", "resnet20.pt")
file.parent.mkdir(parents=True)
torch.save(resnet(20).state_dict(), file)
yours = sources()[-1]
(peer,) = yours.peers
try:
    published(Path("clones"), yours, peer)
except PeerError as error:
    made["refused"] = str(error)
peer = replace(peer, sha256=sha256(file.read_bytes()).hexdigest())
made["blocks"] = len(network(peer, published(Path("clones"), yours, peer)).blocks)
print(json.dumps(made))
"""


def blocks(language: str) -> list[tuple[str, str]]:
    """Each code block of a language with the text since the block before it."""
    found, start = [], 0
    for match in BLOCK.finditer(TEXT):
        if match[1] == language:
            found.append((TEXT[start : match.start()], match[2]))
        start = match.end()
    return found


def insert(path: Path, code: str, place: re.Match) -> None:
    """Write the code where the text says: a new file, the end, or beside a line found once."""
    below, above = place[1], place[2]
    if place[0] == "a new":
        assert not path.exists()
        path.write_text(code, "utf-8")
        return
    lines = path.read_text("utf-8").splitlines(keepends=True)
    at = len(lines)
    if anchor := below or above:
        (at,) = [i for i, line in enumerate(lines) if line.strip() == anchor]
        at += bool(below)
    path.write_text("".join([*lines[:at], code, *lines[at:]]), "utf-8")


def follow(root: Path) -> list[str]:
    """Apply every block that is a change to the copy at root; the paths touched, in order."""
    touched = []
    for text, code in [*blocks("python"), *blocks("yaml"), *blocks("toml")]:
        touched += PATH.findall(text)[:1] or touched[-1:]
        insert(root / touched[-1], code, list(PLACE.finditer(text))[-1])
    return touched


def python(root: Path, *arguments: str) -> str:
    """Run Python on the copy, with a store of its own; what it prints."""
    environment = os.environ | {
        "PYTHONPATH": str(root / "src"),
        "RESIDUAL_EVIDENCE": str(root / "runs"),
        "RESIDUAL_RUNS": str(root / "runs"),
    }
    done = subprocess.run(
        [sys.executable, *arguments], env=environment, cwd=root, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """A copy of the library with the recipes applied, and the files they touched."""
    root = tmp_path_factory.mktemp("copy")
    shutil.copytree(ROOT / "src", root / "src", ignore=shutil.ignore_patterns("*.egg-info"))
    return root, follow(root)


@pytest.fixture(scope="module")
def result(copy):
    """What the changed library makes of the recipes: a training, a verdict and a table."""
    root, _ = copy
    (_, command), (_, peers) = blocks("shell")
    assert peers == "residual peers clones\n"
    program, *arguments = shlex.split(command)
    assert program == "residual"
    python(root, "-m", "residual", *arguments)
    return json.loads(python(root, "-c", AFTERWARDS, str(ROOT / "runs")))


def test_the_recipes_touch_two_files_of_claims_and_three_others(copy):
    _, touched = copy
    assert len({path for path in touched if "/claims/" in path}) == 2
    assert len({path for path in touched if "/claims/" not in path}) == 3


def test_the_new_claim_is_judged_from_the_records(copy, result):
    root, _ = copy
    assert result["source"].startswith(str(root))
    assert result["verdict"] in ("supported", "not supported", "inconclusive")
    assert result["seeds"] >= 3
    assert "plain-20" in result["answer"]


def test_the_new_depth_trains_and_the_new_probe_measures_it(copy, result):
    root, _ = copy
    names = {path.parent.name for path in root.glob("runs/quick/*/record.json")}
    assert names == {"plain-14-it2-s0", "residual-14-it2-s0"}
    assert result["zeros"]["block"] == [1, 2, 3, 4, 5, 6]
    assert all(0 < share < 1 for share in result["zeros"]["zeros"])


def test_the_new_network_is_read_once_its_digest_is_right(result):
    assert "resnet20.pt" in result["refused"]
    assert result["blocks"] == 9
