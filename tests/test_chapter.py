"""Chapters: parameters are checked, and sentences, captions and tables follow the results."""

import pandas as pd
import pytest

from companion.chapter import settings
from companion.chapter.display import cell
from companion.chapter.words import change_with_depth, listed
from residual.errors import ParameterError

MISTAKES = [
    ({"depths": [21]}, "depths: 21 is not allowed"),
    ({"depths": []}, "depths: [] is not allowed"),
    ({"depths": "20"}, "depths: '20' is not allowed"),
    ({"depths": 20}, "depths: 20 is not allowed"),
    ({"depths": [20, 20]}, "name each value once"),
    ({"depths": [20.0]}, "depths: 20.0 is not allowed"),
    ({"seeds": [-1]}, "seeds: -1 is not allowed"),
    ({"seeds": []}, "seeds: [] is not allowed"),
    ({"profile": "huge"}, "choose one of quick, desk, paper, published"),
    ({"device": "tpu"}, "choose one of auto, cpu, cuda, mps"),
    ({"iterations": 0}, "iterations: 0 is not allowed"),
    ({"iterations": True}, "iterations: True is not allowed"),
]


@pytest.mark.parametrize(("given", "told"), MISTAKES, ids=lambda v: str(v)[:40])
def test_a_wrong_parameter_is_one_sentence(given, told):
    with pytest.raises(ParameterError) as caught:
        settings(**given)
    assert told in str(caught.value)
    assert str(caught.value).count("\n") == 0
    assert caught.value._render_traceback_() == [f"ParameterError: {caught.value}"]


def test_seeds_default_to_those_in_the_store(monkeypatch, tmp_path):
    monkeypatch.setenv("RESIDUAL_EVIDENCE", str(tmp_path))
    for seed in (3, 1):
        folder = tmp_path / "quick" / f"plain-8-s{seed}"
        folder.mkdir(parents=True)
        (folder / "record.json").write_text("{}")
    chosen = settings(depths=[8])
    assert chosen.seeds_of("plain", 8) == [1, 3]
    assert chosen.seeds_of("residual", 8) == [0]
    assert settings(depths=[8], seeds=[7]).seeds_of("plain", 8) == [7]


def made_up(shallow, deep):
    """Final errors of plain nets of depths 8 and 14, a row a seed."""
    rows = [(8, seed, value) for seed, value in enumerate(shallow)]
    rows += [(14, seed, value) for seed, value in enumerate(deep)]
    frame = pd.DataFrame(rows, columns=["depth", "seed", "error"])
    return frame.assign(kind="plain")


@pytest.mark.parametrize(
    ("shallow", "deep", "told"),
    [
        ([1.0, 2.0], [5.0, 6.0], ("rises", "lies above every seed")),
        ([5.0, 6.0], [1.0, 2.0], ("falls", "lies below every seed")),
        ([1.0, 4.0], [3.0, 6.0], ("rises", "overlap")),
    ],
)
def test_a_sentence_follows_the_result(shallow, deep, told):
    sentence = change_with_depth(made_up(shallow, deep), "plain", "error", "error")
    assert all(words in sentence for words in told)
    assert "plain-8" in sentence
    assert "plain-14" in sentence


def test_one_seed_says_nothing_of_spread_and_no_change_is_told_as_such():
    sentence = change_with_depth(made_up([1.5], [1.5]), "plain", "error", "test error")
    assert sentence == ("From plain-8 to plain-14 the test error stays at 1.50 % (1 seed each).")
    assert "every seed" not in change_with_depth(made_up([1.0], [5.0]), "plain", "error", "error")


def test_with_one_depth_nothing_is_compared():
    frame = made_up([1.0, 2.0], [])
    sentence = change_with_depth(frame, "plain", "error", "test error")
    assert sentence == "plain-8 ends with a test error of 1.50 % (mean of 2 seeds)."
    assert change_with_depth(frame, "residual", "error", "error") == ""


def test_words():
    assert listed(["a"]) == "a"
    assert listed(["a", "b", "c"]) == "a, b and c"
    assert [cell(v, 2) for v in (None, float("nan"), pd.NA, 1.234, 12345, "x")] == [
        "–",
        "–",
        "–",
        "1.23",
        "12,345",
        "x",
    ]
