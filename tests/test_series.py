"""The data of the explorers are those of the records, source by source."""

import pytest
from made_up import run
from stored import store, store_peer

from companion import tables
from companion.site import record_sources as sources
from companion.site import series
from residual.store import ROOT, every, read


@pytest.fixture(scope="module")
def committed():
    """The data of every kind from the committed records."""
    found = sources.sources()
    return {kind: series.data(kind, found) for kind in series.EXPLORERS}


def shown(data, source, name):
    """One series of every run of a source: {run: [(x, y)]}."""
    (found,) = (s for s in data["sources"] if s["id"] == source)
    return {
        told["record"]: list(
            zip(data["axes"][told["series"][name][0]]["x"], told["series"][name][1])
        )
        for told in found["runs"]
        if name in told["series"]
    }


def points(frame, x, y):
    """The same from a tidy frame."""
    return {name: list(zip(part[x], part[y])) for name, part in frame.groupby("run")}


def same(found, expected):
    assert found.keys() == expected.keys()
    assert found
    for name, line in expected.items():
        assert [x for x, _ in found[name]] == [x for x, _ in line]
        assert [y for _, y in found[name]] == pytest.approx([y for _, y in line], rel=5e-6)


def usual():
    return [one for one in every("quick") if not one.recipe.variant]


@pytest.mark.parametrize(
    ("name", "column"), [("test", "test_error"), ("training", "train_error_batch")]
)
def test_curves_are_those_of_the_records(committed, name, column):
    frame = tables.curves(usual(), name)
    same(shown(committed["curves"], "quick", name), points(frame, "iteration", column))


@pytest.mark.parametrize("name", ["train_error", "test_error"])
def test_final_errors_are_those_of_the_records(committed, name):
    frame = tables.finals(usual())
    same(shown(committed["finals"], "quick", name), points(frame, "depth", name))


@pytest.mark.parametrize("when", list(series.STATES))
def test_responses_and_ratios_are_those_of_the_records(committed, when):
    frame = tables.responses(usual(), when)
    same(shown(committed["responses"], "quick", when), points(frame, "position", "std"))
    frame = tables.responses(usual(), when, "blocks")
    same(shown(committed["ratios"], "quick", when), points(frame, "position", "ratio"))


def test_lesions_are_those_of_the_records(committed):
    found = shown(committed["lesions"], "quick", "rise")
    same(found, points(tables.lesions(usual()), "block", "rise"))


def test_layers_have_their_names(committed):
    data = committed["responses"]
    told = data["sources"][0]["runs"][0]
    names = data["axes"][told["series"]["final"][0]]["names"]
    record = read(ROOT / "runs" / told["record"] / "record.json")
    assert list(names) == record["responses"]["final"]["layers"]["layer"]


def test_networks_of_others_are_sources_of_their_own(committed):
    data = committed["responses"]
    (found,) = (s for s in data["sources"] if s["id"] == "public/a-martyn")
    assert found["group"] == sources.PEERS
    measured = [peer for peer in every("public") if peer.member == "a-martyn"]
    frame = tables.peer_responses(measured)
    same(shown(data, "public/a-martyn", "final"), points(frame, "position", "std"))
    ours = {r["record"] for s in data["sources"] if s["group"] != sources.PEERS for r in s["runs"]}
    assert not [name for name in ours if name.startswith("public/")]


def test_every_run_has_its_record_and_one_place(committed):
    for data in committed.values():
        names = [told["record"] for source in data["sources"] for told in source["runs"]]
        assert len(set(names)) == len(names)
        assert all((ROOT / "runs" / name / "record.json").is_file() for name in names)


def test_positions_are_written_once(committed):
    assert len(committed["curves"]["axes"]) < len(committed["curves"]["sources"][0]["runs"])


def test_a_store_of_several_profiles_and_recipes_gives_a_source_each(tmp_path, monkeypatch):
    monkeypatch.setenv("RESIDUAL_EVIDENCE", str(tmp_path))
    for profile in ("quick", "desk", "paper"):
        store(tmp_path, "plain", 20, 5.0, profile=profile)
    store(tmp_path, "plain", 20, 5.0, profile="quick", decay_gamma=False)
    store_peer(tmp_path, "someone", "plain", 20)
    found = [(source.id, source.group) for source in sources.sources()]
    assert found == [
        ("quick", sources.OURS),
        ("desk", sources.OURS),
        ("paper", sources.OURS),
        ("quick-no-gamma-decay", sources.OTHER_RECIPES),
        ("public/someone", sources.PEERS),
    ]
    assert sources.sources()[1].name == "desk: CIFAR-10, 3,200 iterations"
    assert sources.sources()[3].name.endswith("no weight decay on γ")


def test_a_store_with_nothing_gives_no_source(tmp_path, monkeypatch):
    monkeypatch.setenv("RESIDUAL_EVIDENCE", str(tmp_path))
    assert series.data("curves", sources.sources())["sources"] == []


def test_a_diverged_run_is_left_out_where_nothing_was_measured():
    record = run("plain", 20, error=None).content
    record |= {"responses": {}, "probes": {}, "curves": {}}
    assert not any(explorer.read(record) for explorer in series.EXPLORERS.values())


def test_what_is_missing_stays_missing_and_numbers_keep_six_digits():
    assert series.rounded(None) is None
    assert series.rounded(100 / 3) == 33.3333
