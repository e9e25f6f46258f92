"""The page of results: a number where records are, and words where they are not."""

from unittest.mock import Mock

import made_up
import pretend
import pytest
from docutils import nodes

from companion.site import provenance, results, sources
from residual import paper


@pytest.fixture
def store(tmp_path, monkeypatch):
    """An empty store, the one that pages read."""
    monkeypatch.setenv("RESIDUAL_EVIDENCE", str(tmp_path))
    return tmp_path


def directive(cls):
    """What a directive puts on the page book/results."""
    made = Mock(spec=cls, env=Mock(docname="book/results"))
    made.show = lambda *given: cls.show(made, *given)
    return cls.run(made)


def grid(shown):
    """The first table as lists of words, its header in front."""
    table = next(node for node in shown if isinstance(node, nodes.table))
    return [
        [entry.astext() for entry in row.findall(nodes.entry)] for row in table.findall(nodes.row)
    ]


def column(rows, start):
    """Network and cell of the column whose header starts so."""
    place = next(i for i, words in enumerate(rows[0]) if words.startswith(start))
    return {row[0]: row[place] for row in rows[1:]}


def test_an_empty_store_shows_the_paper_alone(store):
    rows = grid(directive(results.ErrorTable))
    assert [row[0] for row in rows[1:6]] == [f"plain-{d}" for d in results.DEPTHS]
    assert column(rows, "The paper")["ResNet-20"] == f"{paper.RESIDUAL_TEST_ERROR[20]:.2f}"
    assert column(rows, "The paper")["ResNet-110"] == "6.61 ± 0.16 (best 6.43)"
    assert column(rows, "The paper")["plain-110"] == "> 60"
    for name in ("paper", "desk"):
        assert set(column(rows, f"Ours, {name} profile").values()) == {results.NOT_YET}
    assert set(column(rows, "minus").values()) == {results.NOTHING}


def test_desk_runs_never_stand_in_the_column_of_the_paper_s_length(store):
    for seed, error in enumerate((20.0, 21.0, 22.0)):
        pretend.pretend(store, "desk", "residual", 20, seed, test_error=error)
    pretend.pretend(store, "desk", "plain", 56, test_error=33.3)
    rows = grid(directive(results.ErrorTable))
    assert "paper profile: 64,000 iterations" in rows[0][2]
    assert "desk profile: 3,200 iterations" in rows[0][4]
    assert [row[4:6] for row in rows if row[0] == "ResNet-20"] == [
        ["21.00 ± 1.00 (n = 3)", "+12.25"]
    ]
    assert [row[4:6] for row in rows if row[0] == "plain-56"] == [["33.30 (n = 1)", "≈ +20.0"]]
    assert set(column(rows, "Ours, paper profile").values()) == {results.NOT_YET}
    assert column(rows, "Ours, desk profile")["ResNet-32"] == results.NOT_YET


def test_runs_of_another_recipe_do_not_count(store):
    pretend.committed(store, "quick/plain-56-lr0.01-s0")
    assert results.usual("quick") == []


def test_networks_of_others_have_columns_of_their_own_and_links(store):
    pretend.committed(store, "public")
    shown = directive(results.ErrorTable)
    theirs = column(grid(shown), "Others: a")
    assert theirs["plain-20"] == "9.69"
    assert theirs["plain-110"] == results.NOTHING
    links = [link["refuri"] for node in shown for link in node.findall(nodes.reference)]
    assert "../records/public/a-martyn/plain-20.json" in links


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ([], "not run yet"),
        ([None, None], "diverged (n = 2)"),
        ([8.4], "8.40 (n = 1)"),
        ([8.0, 9.0], "8.50 ± 0.71 (n = 2)"),
        ([8.0, None, 9.0], "8.50 ± 0.71 (n = 2, 1 diverged)"),
    ],
)
def test_a_spread_is_honest_about_what_ran(values, words):
    assert results.spread(values) == words


def test_differences_are_signed_and_rough_where_the_paper_s_number_is():
    assert results.difference([8.0], "residual", 20) == "−0.75"
    assert results.difference([9.0], "plain", 20) == "≈ −0.7"
    assert results.difference([None], "plain", 20) == "–"
    assert results.difference([70.0], "plain", 110) == "–"


def test_degradation_is_told_by_depth_and_scale(store):
    pretend.pretend(store, "desk", "plain", 20, train_error=10.0)
    pretend.pretend(store, "desk", "plain", 56, train_error=25.0)
    shown = directive(results.Degradation)
    found = column(grid(shown), "Ours, profile desk")
    assert (found["plain-20"], found["plain-56"]) == ("10.00 (n = 1)", "25.00 (n = 1)")
    assert found["plain-44"] == results.NOT_YET
    (told,) = (node.astext() for node in shown if isinstance(node, nodes.paragraph))
    assert told.startswith("Profile desk: CIFAR-10, 3,200 iterations. From plain-20 to plain-56")
    assert "rises from 10.0 % to 25.0 %" in told


def test_one_depth_tells_no_change(store):
    assert results.changes({"desk": [made_up.run("plain", 20)], "paper": []}) == []


def test_training_time_is_a_mean_by_device_and_names_what_did_not_run(store):
    for seed, seconds in enumerate((600, 1800)):
        pretend.pretend(store, "desk", "plain", 20, seed, seconds=seconds, device="A, 2 threads")
    pretend.pretend(store, "desk", "plain", 20, 2, seconds=30, device="An H100")
    shown = directive(results.TrainingTime)
    rows = grid(shown)
    assert [row[:5] for row in rows[1:]] == [
        ["plain-20", "desk", "2", "3,200", "20 min"],
        ["plain-20", "desk", "1", "3,200", "30 s"],
    ]
    assert shown[-1].astext() == "Profiles not run yet: quick, paper."


def test_a_run_says_recipe_data_and_replay(store):
    pretend.committed(store, "quick/plain-56-lr0.01-s0", "quick/plain-20-s0")
    rows = grid(directive(provenance.ProvenanceTable))
    assert column(rows, "Recipe") == {
        "plain-20-s0": "the profile's",
        "plain-56-lr0.01-s0": "learning rate 0.01",
    }
    assert set(column(rows, "Replay").values()) == {"not replayed"}
    assert all(len(words) == 12 for words in column(rows, "Data").values())


def test_the_records_of_others_name_source_commit_licence_and_file(store):
    assert "Not measured" in directive(sources.PeerTable)[0].astext()
    pretend.committed(store, "public")
    rows = grid(directive(sources.PeerTable))
    first = dict(zip(rows[0], rows[1]))
    assert first["Repository"] == "github.com/a-martyn/resnet"
    assert first["Commit"] == "a977915"
    assert first["Licence"] == "BSD-3-Clause"
    assert len(first["SHA-256 of the file"]) == 12
    assert first["Measured on"].endswith("UTC")
