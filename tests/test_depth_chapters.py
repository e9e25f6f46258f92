"""Chapters 1 and 2: numbers in captions and tables are those of the records."""

import made_up
import pandas as pd
import pytest

from companion.chapters import degradation, first_steps, reformulation
from companion.tables import finals
from companion.words import HYPHEN, SPACE
from residual.peers import Curve


def plain_text(text):
    """Words without the characters that keep a line together."""
    return text.replace(HYPHEN, "-").replace(SPACE, " ")


def test_figure_6_tells_the_mean_of_logged_test_errors():
    ends = {("plain", 20): (9.0, 10.0), ("plain", 56): (13.0, 15.0)}
    logs = [
        made_up.curve(kind, depth, source, error)
        for (kind, depth), errors in ends.items()
        for source, error in zip(made_up.SOURCES, errors)
    ]
    made = degradation.figure_6_words(logs)
    caption, chinese, origin = (plain_text(made[k]) for k in ("caption", "chinese", "origin"))
    assert "From plain-20 to plain-56 the mean test error rises from 9.50 % to 14.0 %" in caption
    assert "从 plain-20 到 plain-56，平均测试误差由 9.50 % 升至 14.0 %。" in chinese
    assert "Every plain-56 lies above every plain-20." in origin
    assert "4 trainings from 2 sources" in origin
    assert len(made["records"]) == 4


def test_training_errors_are_told_from_records():
    made = [
        made_up.network("plain", depth, name, train=error)
        for depth, error in ((20, 1.0), (56, 5.0))
        for name in ("anna", "bert")
    ]
    told = degradation.training_words(finals(made))
    assert "the mean training error rises from 1.00 % to 5.00 %" in plain_text(told["caption"])
    assert "2 sources" in told["origin"]


def test_a_short_training_says_how_short_it_is():
    short = [made_up.network("plain", 8, 0, "quick")]
    assert degradation.unfinished(short) == "unfinished: 600 of 64,000 iterations"
    assert degradation.unfinished([made_up.network("plain", 8)]) == ""


@pytest.mark.parametrize(
    ("train", "test", "told"),
    [
        (1.0, 1.0, "degradation"),
        (-1.0, 1.0, "overfitting"),
        (0.0, 1.0, "overfitting"),
        (1.0, -1.0, "no harm"),
    ],
)
def test_a_pair_of_rises_has_a_pattern(train, test, told):
    made = [made_up.network("plain", 8, s, train=5.0, test=6.0) for s in (0, 1)]
    made.append(made_up.network("plain", 14, 0, train=5.0 + train, test=6.0 + test))
    found = degradation.rises(made)
    ((member, *changes, words),) = found.to_numpy()
    assert (member, words) == (0, told)
    assert changes == pytest.approx([train, test])
    assert "in a single training of each" in degradation.rise_sentence(found)
    made.append(made_up.network("plain", 14, 1, train=5.0 + train, test=6.0 + test))
    both = degradation.rises(made)
    assert f"2 of 2 pairs of trainings look like {told}" in degradation.rise_sentence(both)
    assert degradation.rises(made[:2]).empty


def test_gradients_are_compared_by_stage_and_without_the_scale_of_weights():
    made = [with_iterations(made_up.network("plain", 20, 0, gradients=(0.5, 2.0), weight=3.0))]
    frame = first_steps.first_and_last(made)
    ratios = first_steps.stage_ratios(frame)
    assert {when: [*found.values()] for when, found in ratios.items()} == {
        "before": pytest.approx([0.25]),
        "end": pytest.approx([0.25]),
    }
    told = first_steps.gradient_words(frame, made)["caption"]
    assert "at depth 20 is 0.25 (plain) before training and 0.25 (plain) at the end" in told


def with_iterations(record):
    """A made-up network of ours whose ‖W‖ doubles from its first iteration to its last."""
    table = record.content["gradients"]
    table |= {"iteration": [0, 600]}
    table["weight"] = [[w * factor for w in table["weight"][0]] for factor in (1.0, 2.0)]
    return record


def test_the_first_update_is_the_rate_times_the_relative_gradient():
    made = [with_iterations(made_up.network("plain", 8, 0, "quick", gradients=(52.0, 1.0)))]
    frame = first_steps.first_updates(made)
    assert frame["update"].max() == pytest.approx(0.1 * 52)
    assert "5.2 in plain-8" in plain_text(first_steps.update_words(frame, made)["caption"])
    frame = first_steps.norms(made)
    assert frame[frame["iteration"] == 600]["growth"].eq(2).all()
    assert "2 in plain-8 (scaled λ)" in plain_text(first_steps.norm_words(frame, made)["caption"])


def test_solutions_are_told_with_their_control():
    errors = {"copied_start": 1.0, "copied": 16.0, "control": 3.0, "random": 80.0}
    measured = {f"{name}_train_error": error for name, error in errors.items()}
    curve = {"iteration": [1], "loss": [2.0]}
    measured |= {f"{name}_loss": curve for name in ("copied", "control", "random")}
    settings = {"shallow": 20, "deep": 56}
    record = made_up.experiment("solution-exists", [measured], settings)
    assert degradation.solution_curves(record)["start"].tolist() == ["copied", "control", "random"]
    caption = plain_text(degradation.solution_words(record)["caption"])
    assert "plain-56 built from plain-20 goes from 1.00 % training error to 16.0 %" in caption
    assert "plain-20 itself, trained on, ends at 3.00 %" in caption
    told = " ".join(degradation.recap([], [with_iterations(made_up.network("plain", 8))], record))
    assert "loses it" in told


def test_controls_come_with_what_differs_best_first():
    made = [made_up.network("plain", 8, 0, "quick", train=50.0)]
    made += [made_up.network("plain", 8, 0, "quick", train=20.0, low_start=True)]
    made += [made_up.network("plain", 8, 0, "quick", train=None, norm=False)]
    table = degradation.controls(made)
    assert table["low start"].tolist() == ["yes", "no", "no"]
    assert table["training error, %"].tolist() == ["20.00 (1)", "50.00 (1)", "all diverged (1)"]
    assert degradation.best_control(table) == ""
    for seed in (1, 2):
        made += [made_up.network("plain", 8, seed, "quick", train=50.0)]
        made += [made_up.network("plain", 8, seed, "quick", train=20.0, low_start=True)]
    told = plain_text(degradation.best_control(degradation.controls(made)))
    assert told == (
        "Short, ours (digits): of 2 recipes the best for plain-8 has low start yes and ends at "
        "20.0 % training error."
    )
    two = [made_up.network("plain", d, seed, "quick") for d in (8, 14) for seed in range(3)]
    assert degradation.best_control(degradation.controls(two)) == ""  # nothing differs


def test_a_short_profile_is_put_beside_the_full_length():
    made = [
        made_up.network(kind, depth, "anna", train=error, std=std, weight=32**0.5)
        for kind, depth, error, std in (
            ("plain", 20, 2.0, 1.0),
            ("residual", 20, 1.0, 1.0),
            ("plain", 56, 4.0, 3.0),
            ("residual", 56, 0.5, 1.5),
        )
    ]
    row = first_steps.short_profile(made)
    shown = pd.DataFrame([{"scale": scale} | row for scale in ("desk", "quick", "public")])
    best, second, *others = row["order"]
    shown.at[1, "order"] = [second, best, *others]
    told = first_steps.beside_full_length(shown)
    assert "All four errors: desk. plain-20 and plain-56: desk and quick." in plain_text(told)
    assert "ResNet-20 and ResNet-56: desk." in plain_text(told)
    order = plain_text(row["training errors, lowest first, %"])
    assert order == "ResNet-56 (0.50) < ResNet-20 (1.00) < plain-20 (2.00) < plain-56 (4.00)"
    assert row["response, plain over ResNet"] == "2"
    assert row["‖W‖ over its He value, plain and ResNet"] == "1 and 1"


def test_parameters_are_those_of_the_paper():
    table = reformulation.parameter_table([20, 26])
    assert table["plain"].tolist() == table["residual"].tolist()
    assert table["plain"].iloc[0] == 269_722
    assert table["paper (Table 6)"].tolist() == ["0.27M", "–"]


def paths(path, depth, error, **changes):
    """Five made-up trainings with one path."""
    kind = "plain" if path == "none" else "residual"
    changes |= {} if path == "none" else {"shortcut": path}
    return [
        made_up.network(kind, depth, seed, "quick", train=error, **changes) for seed in range(5)
    ]


def test_paths_are_ordered_and_those_that_do_well_are_told():
    made = [
        *(paths("half", 20, 0.1) + paths("half", 56, 40.0)),
        *(paths("identity", 20, 0.1) + paths("identity", 56, 0.2)),
        *(paths("half", 20, 0.1, gamma=0.2) + paths("half", 56, 0.5, gamma=0.2)),
        *(paths("none", 20, 0.1, last_relu=False) + paths("none", 56, 60.0, last_relu=False)),
        *paths("orthogonal", 56, 0.1),  # without a depth
        *paths("identity", 56, 0.1, low_start=True),  # another recipe
    ]
    whole = reformulation.path_frame(made)
    assert whole["path"].drop_duplicates().tolist() == ["x", "x/2", "orthogonal · x", "none"]
    assert len(whole) == len(made) - 5
    frame = reformulation.complete_paths(whole, [20, 56])
    assert set(frame["path"]) == {"x", "x/2", "none"}
    assert set(frame[frame["path"] == "x/2"]["start"]) == {"own", "matched"}
    caption = plain_text(reformulation.path_words(frame)["caption"])
    assert "with the last ReLU x and x/2; without the last ReLU none." in caption
    assert "hollow" in caption
    origin = reformulation.path_words(frame)["origin"]
    assert "orthogonal · x with the last ReLU from a matched start" in plain_text(origin)
    assert "x/2 with the last ReLU from a matched start" not in plain_text(origin)
    told = " ".join(reformulation.recap([], frame))
    assert told == "Of the other paths x/2 with the last ReLU does as well as the identity."
    own = frame[frame["start"] == "own"]
    assert "none does as well" in " ".join(reformulation.recap([], own))


def test_a_recap_says_who_ends_worse():
    errors = {("plain", 20): 1.0, ("plain", 56): 5.0, ("residual", 20): 1.0, ("residual", 56): 0.5}
    made = [
        made_up.network(*pair, seed, train=error)
        for pair, error in errors.items()
        for seed in range(3)
    ]
    (told,) = reformulation.recap([made], reformulation.path_frame([]))
    assert "the plain network ends worse and the residual network ends no worse" in told


def test_the_median_log_tells_how_soon_learning_is_done():
    logs = [
        Curve(source, kind, 20, (391.0, 782.0, 1173.0), errors, "test", errors, errors[-1])
        for kind, errors in (("plain", (50.0, 30.0, 10.0)), ("residual", (30.0, 15.0, 5.0)))
        for source in made_up.SOURCES
    ]
    words = reformulation.easier_words(logs)
    assert "3 and 2 epochs at depth 20" in words["caption"]
    never = [Curve("anna", "plain", 20, (391.0,), (90.0,), "test", (90.0,), 90.0)]
    assert reformulation.half_below(never) == "no number of"


def test_networks_of_110_layers_stand_beside_a_chapters_own_at_one_scale(monkeypatch):
    quick = [made_up.network("plain", depth, 0, "quick") for depth in (20, 56, 110)]
    desk = [made_up.network("plain", depth, 0, "desk") for depth in (20, 44)]
    monkeypatch.setattr(first_steps, "every", lambda _: quick)
    assert first_steps.beside_110(desk[:1], "quick") == [quick[0], quick[2]]
    assert first_steps.beside_110(desk[1:], "quick") == desk[1:]  # quick has no 44 layers
    assert first_steps.beside_110(quick, "quick") == quick


def test_the_deepest_networks_are_listed_with_every_log():
    logs = [made_up.curve("residual", 110, s, e) for s, e in (("anna", 7.0), ("bert", 6.5))]
    rows = reformulation.very_deep_table(logs).set_index("network")
    assert rows["logged, test error"].tolist() == ["not run", "6.50 and 7.00", "not run"]
    told = plain_text(reformulation.very_deep_words(logs)["caption"])
    assert "6.50 % to 7.00 % in ResNet-110" in told
