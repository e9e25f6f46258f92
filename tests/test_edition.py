"""Which profiles a book shows, and one notebook from executions at several of them."""

import pretend
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from companion import edition

ABOUT = {"label": "fig-x", "caption": "One.", "alt": "A line."}


@pytest.fixture
def store(tmp_path, monkeypatch):
    monkeypatch.setenv("RESIDUAL_EVIDENCE", str(tmp_path))
    return tmp_path


def test_a_store_with_one_profile_has_no_switch(store):
    assert edition.profiles({}) == ["quick"]
    pretend.committed(store, "quick")
    assert edition.profiles({"depths": [20, 56]}) == ["quick"]


def test_a_smaller_profile_is_offered_if_it_has_everything(store):
    pretend.pretend(store, "desk", "plain", 20)
    assert edition.profiles({}) == ["published"]
    pretend.committed(store, "quick")
    assert edition.profiles({}) == ["published", "quick"]
    assert edition.profiles({"depths": [8]}) == ["published"]
    pretend.pretend(store, "paper", "plain", 20)
    assert edition.profiles({"profile": None}) == ["published", "quick"]


def shown(text, kind="text/markdown", **about):
    metadata = {"residual": about} if about else {}
    return new_output("display_data", data={kind: text}, metadata=metadata)


def chapter(*outputs, injected=False):
    cells = [new_markdown_cell("# Title"), new_code_cell("profile")]
    if injected:
        cells.append(new_code_cell("p", metadata={"tags": [edition.INJECTED]}))
    return new_notebook(cells=cells + [new_code_cell("show()", outputs=list(o)) for o in outputs])


def test_cells_with_equal_outputs_stay_as_they_are():
    first = chapter([shown("same")], [shown("1.5 %")], injected=True)
    second = chapter([shown("same")], [shown("87 %")])
    made = edition.merged({"published": first, "quick": second})
    same, differing = made.cells[-2:]
    assert [o.metadata for o in same.outputs] == [{}]
    assert [o.data["text/markdown"] for o in differing.outputs] == ["1.5 %", "87 %"]
    found = [o.metadata["residual"]["profiles"] for o in differing.outputs]
    assert found == [["published"], ["quick"]]
    assert len(made.cells) == len(first.cells)


def test_a_figure_in_a_second_version_has_a_label_of_its_own():
    first, second = ([shown("<svg/>", "image/svg+xml", **ABOUT | {"caption": c})] for c in "ab")
    made = edition.merged({"published": chapter(first), "quick": chapter(second)})
    one, two = (o.metadata["residual"] for o in made.cells[-1].outputs)
    assert (one["label"], "of" in one) == ("fig-x", False)
    assert (two["label"], two["of"], two["version"]) == ("fig-x-quick", "fig-x", "quick")


def test_profiles_with_the_same_outputs_share_a_version():
    made = edition.merged(
        {name: chapter([shown(text)]) for name, text in zip(("published", "desk", "quick"), "aab")}
    )
    found = [o.metadata["residual"]["profiles"] for o in made.cells[-1].outputs]
    assert found == [["published", "desk"], ["quick"]]


def test_ids_stay_unique_and_words_that_look_like_one_stay():
    html = '<p id="a">id="a"</p><b class="c" id="d"></b>'
    first, second = ([shown(html + text, "text/html")] for text in "12")
    made = edition.merged({"published": chapter(first), "quick": chapter(second)})
    one, two = (o.data["text/html"] for o in made.cells[-1].outputs)
    assert one == html + "1"
    assert two == '<p id="a-quick">id="a"</p><b class="c" id="d-quick"></b>2'


def test_executions_of_different_notebooks_are_not_merged():
    with pytest.raises(ValueError, match="zip"):
        edition.merged({"published": chapter([shown("a")]), "quick": chapter()})
