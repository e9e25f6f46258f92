"""What all chapters share: checked parameters, the choice of a scale, words, figures and boxes."""

import json
import sys
from base64 import b64decode

import made_up
import pandas as pd
import pytest
from matplotlib.colors import to_rgb

from companion import answers, display, style, words
from companion.settings import Settings
from residual.errors import ParameterError, StoreError

MISTAKES = [
    ({"depths": [21]}, "depths: 21 is not allowed"),
    ({"depths": []}, "depths: [] is not allowed"),
    ({"depths": "20"}, "depths: '20' is not allowed"),
    ({"depths": [20, 20]}, "name each value once"),
    ({"depths": [20.0]}, "depths: 20.0 is not allowed"),
    ({"seeds": [-1]}, "seeds: -1 is not allowed"),
    ({"seeds": []}, "seeds: [] is not allowed"),
    ({"profile": "huge"}, "choose one of quick, desk, paper, published"),
    ({"device": "tpu"}, "choose one of auto, cpu, cuda, mps"),
    ({"iterations": True}, "iterations: True is not allowed"),
    ({"iterations": "null"}, "written -y 'iterations: null' for papermill"),
    ({"depths": 20}, "(papermill: -y 'depths: [20, 56]')"),
    ({"depths": "[20, 56]"}, "(papermill: -y 'depths: [20, 56]')"),
    ({"seeds": "null"}, "for all in the store -y 'seeds: null'"),
]


@pytest.mark.parametrize(("given", "told"), MISTAKES, ids=lambda v: str(v)[:40])
def test_a_wrong_parameter_is_one_sentence(given, told):
    with pytest.raises(ParameterError, match="is not allowed") as caught:
        Settings(**given)
    assert told in str(caught.value)
    assert caught.value._render_traceback_() == [f"ParameterError: {caught.value}"]


@pytest.mark.parametrize(
    ("cell", "told"),
    [
        (
            "depth = [8]",
            r"depth: '\[8\]' is not allowed; a chapter's parameters are profile, depths",
        ),
        ("depths = [8]\nseed = 3", "seed: '3' is not allowed"),
        ("Profile = 'desk'", "Profile"),
        ("x = float('nan')", "x"),
    ],
)
def test_a_misspelt_parameter_of_papermill_is_named(cell, told, monkeypatch):
    cells = ["", "depths = [20, 56]", f"# Parameters\n{cell}\n"]
    monkeypatch.setattr(sys.modules["__main__"], "In", cells, raising=False)
    with pytest.raises(ParameterError, match=told):
        Settings()
    cells[-1] = "# Parameters\ndepths = [20, 56]\nprofile = 'published'\n"
    assert Settings().depths == (20, 56)


def test_missing_evidence_is_one_sentence_at_once(tmp_path, monkeypatch):
    for place in (tmp_path, tmp_path / "nowhere"):
        monkeypatch.setenv("RESIDUAL_EVIDENCE", str(place))
        with pytest.raises(StoreError, match=f"^{place} holds no records"):
            Settings()


def a_store(root, *names):
    """A store that has records of these names, which nobody reads."""
    for name in names:
        (root / name).mkdir(parents=True)
        (root / name / "record.json").write_text("{}")


def test_the_largest_scale_that_has_both_networks_is_shown(tmp_path, monkeypatch):
    monkeypatch.setenv("RESIDUAL_EVIDENCE", str(tmp_path))
    monkeypatch.setenv("RESIDUAL_RUNS", str(tmp_path / "mine"))
    a_store(tmp_path, "quick/plain-8-s0", "quick/residual-8-s0", "quick/plain-8-s4")
    a_store(tmp_path, "desk/plain-8-s0", "public/anna/plain-8", "public/bert/residual-8")
    assert Settings(depths=[8]).scale == "public"
    assert Settings(depths=[8]).own_scale == "quick"
    assert Settings(depths=[8], seeds=[0]).scale == "quick"  # others have no seeds
    assert Settings(depths=[8, 14]).scale == "quick"  # where what is missing is trained
    assert Settings("desk", depths=[8]).scale == "desk"


def test_a_larger_scale_is_shown_once_it_has_three_trainings_of_each(tmp_path, monkeypatch):
    monkeypatch.setenv("RESIDUAL_EVIDENCE", str(tmp_path))
    monkeypatch.setenv("RESIDUAL_RUNS", str(tmp_path / "mine"))
    a_store(tmp_path, "desk/plain-8-s0", "desk/residual-8-s0", "quick/plain-8-s0")
    assert Settings(depths=[8]).own_scale == "desk"  # no other has both
    kinds, seeds = ("plain", "residual"), (1, 2, 3)
    a_store(tmp_path, *(f"quick/{kind}-8-s{seed}" for kind in kinds for seed in seeds))
    assert Settings(depths=[8]).own_scale == "quick"
    assert Settings(depths=[8], seeds=[0]).own_scale == "desk"  # as asked for
    assert Settings(depths=[8], seeds=[7]).own_scale == "quick"
    a_store(tmp_path / "mine", "desk/plain-8-s7", "desk/residual-8-s7")
    assert Settings(depths=[8], seeds=[7]).own_scale == "desk"  # a reader's own
    a_store(tmp_path, *(f"desk/{kind}-8-s{seed}" for kind in kinds for seed in seeds[:2]))
    assert Settings(depths=[8]).own_scale == "desk"


def frame(shallow, deep):
    """Final errors of plain nets of depths 8 and 14, a row a training."""
    rows = [(8, value) for value in shallow] + [(14, value) for value in deep]
    return pd.DataFrame(rows, columns=["depth", "test_error"]).assign(kind="plain")


@pytest.mark.parametrize(
    ("shallow", "deep", "told", "beside"),
    [
        ([1.0, 2.0], [5.0, 6.0], "rises from 1.50 % to 5.50 %.", "Every plain-14 lies above every"),
        ([5.0, 6.0], [1.0, 2.0], "falls from 5.50 % to 1.50 %.", "Every plain-14 lies below every"),
        ([1.0, 4.0], [3.0, 6.0], "rises from 2.50 % to 4.50 %.", "plain-8 and plain-14 overlap."),
        ([1.5], [1.5], "From plain-8 to plain-14 the test error stays at 1.50 %.", "chance."),
        ([1.5], [1.501], "From plain-8 to plain-14 the test error stays at 1.50 %.", "chance."),
        ([1.0, 2.0], [], "plain-8 ends with a mean test error of 1.50 %.", ""),
    ],
)
def test_a_sentence_follows_the_result(shallow, deep, told, beside):
    def plain_text(text):
        return text.replace(words.HYPHEN, "-").replace(words.SPACE, " ")

    found = frame(shallow, deep)
    assert told in plain_text(words.change_with_depth(found, "plain"))
    assert beside in plain_text(words.overlap(found, "plain"))
    chinese = words.change_in_chinese(found, "plain")
    verb = {"rises": "升至", "falls": "降至", "stays": "保持为", "ends": "为"}
    assert next(zh for word, zh in verb.items() if word in told) in chinese
    assert ("平均" in chinese) == ("mean" in told or len(shallow) > 1)


def test_a_scale_is_told_from_the_records():
    own = [made_up.network("plain", 8, seed, "quick") for seed in (0, 1)]
    others = [made_up.network("plain", 8, "anna"), made_up.network("residual", 8, "anna")]
    told = words.scale(own).replace(words.SPACE, " ")
    assert told == "scale quick: 8×8 digits, 600 iterations, 2 seeds"
    assert words.scale(others).endswith("at full length, 1 source".replace(" s", words.SPACE + "s"))


@pytest.fixture
def shown(monkeypatch):
    """What is displayed: texts, and figures as (content, metadata)."""
    found = []

    def keep(what, raw=False, metadata=None):
        found.append((what, metadata) if raw else what.data)

    monkeypatch.setattr(display, "display", keep)
    return found


def test_a_figure_carries_its_words_and_its_data(tmp_path, shown):
    fig, (ax,) = style.panels()
    ax.plot([1, 2])
    words = {"origin": "scale quick", "chinese": "上升。"}
    display.figure(fig, "fig-x", "It rises.", "A line.", frame([1.0], []), ["quick/a"], **words)
    ((content, metadata),) = shown
    assert content["text/plain"] == "fig-x: It rises.\n(A line.)"
    about = metadata["companion"]
    expected = {"caption": "It rises.", "alt": "A line.", "records": ["quick/a"], **words}
    assert {name: about[name] for name in expected} == expected
    assert about["csv"] == "depth,test_error,kind\n8,1,plain\n"
    cell = {"outputs": [{"data": content, "metadata": metadata}]}
    (tmp_path / "n.ipynb").write_text(json.dumps({"cells": [{}, cell]}))
    pictures, found = display.stored(tmp_path / "n.ipynb", "fig-x")
    assert (pictures, found) == (content, about)
    assert b64decode(pictures["image/png"])[1:4] == b"PNG"
    with pytest.raises(KeyError, match=r"n\.ipynb has no figure fig-y"):
        display.stored(tmp_path / "n.ipynb", "fig-y")


def test_panels_are_pictures_that_tile_the_figure(shown):
    for _ in range(2):  # the same file both times
        fig, (left, right) = style.panels(2, sharey=True)
        left.plot([1, 2])
        display.figure(fig, "fig-y", "It rises.", "A line.")
    (content, metadata), again = shown
    assert content == again[0]
    svg, about = content["image/svg+xml"], metadata["companion"]
    ((x0, y0, w0, h0), (x1, _, w1, _)) = about["panels"]
    assert (x0, y0) == (0, 0)
    assert x1 >= w0
    assert x1 + w1 == pytest.approx(72 * fig.get_figwidth())
    assert h0 == pytest.approx(72 * fig.get_figheight())
    one, two = display.panels(svg, about)
    assert f'viewBox="{x1} 0.0 {w1} {h0}"' in two
    assert one.replace(one[: one.index("<defs>")], "") == svg[svg.index("<defs>") :]
    assert right.get_ylim() == left.get_ylim()


def test_tables_and_sentences_are_markdown(shown):
    table = pd.DataFrame({"x": [-1.234, None], "n": [12345, 6], "w": ["a", "b"]})
    display.table(table, "Words.")
    display.table(table.iloc[:0])
    display.say("a <b> c", "", "d < e")
    assert shown[0].splitlines()[2:] == ["| −1.23 | 12,345 | a |", "| – | 6 | b |", "", "*Words.*"]
    assert shown[1] == "Nothing to show: no record of this, or a single depth."
    assert shown[2] == r"a \<b> c d < e"


def test_a_verdict_stands_with_its_answer_and_its_fold(monkeypatch):
    shown = []
    monkeypatch.setattr(answers, "display", lambda what, **_: shown.append(what))
    answers.came_out(Settings(), "same-capacity")
    answers.verdict(Settings(), "same-capacity")
    head, box, *_, fold = [getattr(what, "data", "") for what in shown]
    assert "same-capacity" not in head
    assert head.splitlines()[2].removeprefix("- ").removesuffix("<br>") in box
    assert "[`same-capacity`](#claim-same-capacity)" in box
    assert "<details" in fold or "dropdown" in fold
    for changed in ({"depths": [8]}, {"seeds": [7]}):
        shown.clear()
        answers.verdict(Settings(**changed), "same-capacity")
        assert shown[0].data == answers.ELSEWHERE


def luminance(colour):
    """Relative luminance as WCAG 2 defines it."""
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(colour)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_deeper_networks_are_darker_and_the_palest_can_be_seen():
    pairs = [(kind, depth) for kind in style.HUES for depth in (20, 32, 44, 56)]
    colours = style.palette(pairs)
    for kind in style.HUES:
        light = [luminance(colours[words.network(kind, depth)]) for depth in (20, 32, 44, 56)]
        assert light == sorted(light, reverse=True)
        assert 1.05 / (light[0] + 0.05) >= 3
    assert style.palette([("plain", 56)]) == {words.network("plain", 56): style.HUES["plain"]}


def test_labels_stand_in_the_order_of_line_ends_and_apart():
    fig, (ax,) = style.panels()
    for name, end in (("a", 1.0), ("b", 1.001), ("c", 1.002), ("_d", 0.5), ("e", float("nan"))):
        ax.plot([0, 1, 2], [0, 1, end], label=name)
    style.label_ends(ax)
    fig.draw_without_rendering()
    boxes = {text.get_text(): text.get_window_extent() for text in ax.texts}
    assert set(boxes) == {"a", "b", "c", "e"}
    assert boxes["b"].y0 >= boxes["a"].y1 - 1
    assert boxes["c"].y0 >= boxes["b"].y1 - 1
    assert boxes["c"].y1 <= ax.bbox.y1 + boxes["c"].height
    assert boxes["a"].x0 > ax.bbox.x1
    assert boxes["e"].x0 < ax.bbox.x1  # it ends in the middle
