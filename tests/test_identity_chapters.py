"""Chapters 3 and 4: numbers in captions and tables are those of the records."""

import made_up
import numpy as np
import pytest

from companion import tables
from companion.chapters import argument, gamma_decay, response_std, zero_weights
from companion.words import HYPHEN, SPACE


def plain_text(text):
    """Words without the characters that keep a line together."""
    return text.replace(HYPHEN, "-").replace(SPACE, " ")


def test_stacks_are_told_by_what_is_left_of_the_way():
    rows = [
        {"kind": kind, "blocks": 9, "iterations": length, "loss": share * zero_weights.CONSTANT}
        for kind, share in (("plain", 0.8), ("residual", 0.01))
        for length in (100, 3000)
    ]
    settings = {"norm": True, "lengths": [100, 3000], "learning_rates": [0.1]}
    records = [
        made_up.experiment(name, [{"rows": rows}] * 3, settings | {"norm": norm})
        for name, norm in zip(zero_weights.STACKS, (True, False))
    ]
    frame = zero_weights.shares(records)
    assert set(zero_weights.longest(frame)["iterations"]) == {3000}
    told = zero_weights.regression_words(zero_weights.longest(frame), records)
    assert "have left 0.80 and 0.010 with BN, 0.80 and 0.010 without BN" in told["caption"]
    assert "有 BN 时传统 0.80，残差 0.010；无 BN 时传统" in told["chinese"]
    table = zero_weights.lengths_table(frame)
    assert table["BN"].tolist() == ["no", "no", "yes", "yes"]
    assert set(table["plain"]) == {"0.80"}


def descent(form, rate, left, dead=0.0):
    """A descent of one block: what is left of each quantity after ten iterations."""
    gamma = [1.0, left["gamma_norm"]] if form == "bn" else [0.0, 0.0]
    curve = {"iteration": [0, 10], "response": [2.0, 2.0 * left["response"]]}
    curve |= {"weight_norm": [3.0, 3.0 * left["weight_norm"]], "gamma_norm": gamma}
    about = {"form": form, "decay": False, "learning_rate": rate, "dead_fraction": dead}
    return about | {"curve": curve}


def test_what_falls_is_told_of_every_rate_but_of_dead_blocks():
    left = {"response": 1e-9, "weight_norm": 0.9, "gamma_norm": 1e-9}
    rows = [descent("bn", 0.1, left), descent("bn", 1.0, left | {"weight_norm": 0.7})]
    rows.append(descent("no-bn", 1.0, left, dead=1.0))
    record = made_up.experiment("weights-go-to-zero", [{"rows": rows}] * 3, {"iterations": 10})
    frame = zero_weights.falling(record)
    assert set(frame["setting"]) == {"with BN"}
    assert frame["share"].min() == zero_weights.SHOWN
    assert "0.70 to 0.90 of ‖W‖" in zero_weights.falling_words(frame, record)["caption"]


def test_surplus_blocks_are_told_beside_the_shallow_network():
    deep = [made_up.network("residual", 56, name) for name in made_up.SOURCES]
    errors = {"whole": 7.0, "joint": 12.0, "shuffled": 9.0}
    for record in deep[:3]:
        record["probes"]["surplus"] = {"deleted": list(range(18)), "images": 2000} | errors
    for record in deep[3:]:
        record["probes"].pop("surplus", None)  # as records made before it was measured
    shallow = [made_up.network("residual", 20, name, test=8.0) for name in made_up.SOURCES]
    frame = zero_weights.surplus(deep)
    assert len(frame) == 9
    told = plain_text(zero_weights.surplus_words(frame, deep, shallow)["caption"])
    assert "its 18 identity blocks" in told
    assert "7.00 % whole, 12.0 % surplus deleted and 9.00 % blocks shuffled" in told
    assert "20 layers from the start (8.00 %)" in told
    assert zero_weights.surplus(deep[3:]).empty


def test_responses_are_told_by_depth_in_two_languages():
    runs = [
        made_up.network(kind, depth, name, std=std)
        for name in made_up.SOURCES[:3]
        for kind, depth, std in (("plain", 20, 0.8), ("residual", 20, 0.4), ("residual", 56, 0.2))
    ]
    told = response_std.figure_7_words(tables.responses(runs), runs)
    assert "residual networks: 0.80 and 0.40 at depth 20. " in told["caption"]
    assert "深度 20 时为 0.80 与 0.40" in told["chinese"]
    shallow, deep, times = response_std.fall(runs, "residual")
    assert (shallow, deep) == (20, 56)
    assert times.estimate == pytest.approx(2)
    assert response_std.fall(runs, "plain") is None


def test_shares_within_a_tenth_are_those_of_the_second_layers():
    runs = [made_up.network(kind, 8, layer={"within_tenth": 0.3}) for kind in ("plain", "residual")]
    frame = response_std.second_layers(tables.responses(runs))
    assert set(frame["layer"]) == {"1.2", "2.2", "3.2"}
    assert response_std.shares_within(frame) == pytest.approx({"plain": 30, "residual": 30})


def with_angles(record, sine):
    """The same made-up network, every block of which turns its input by one angle."""
    blocks = record["responses"]["final"]["blocks"]
    table = {"block": blocks["block"], "sine": [sine] * len(blocks["block"])}
    record["probes"]["angles"] = {"final": table | {"widening": blocks["widening"]}}
    return record


def test_angles_of_trained_networks_stand_beside_the_untrained():
    runs = [
        with_angles(made_up.network(kind, 20, "anna"), sine)
        for kind, sine in (("plain", 0.9), ("residual", 0.3))
    ]
    untrained = made_up.experiment("untrained-networks", [{"residual-20": {"sine": 0.5}}] * 2)
    frame = response_std.angles(runs, untrained)
    assert frame[frame["when"] == "before"]["sine"].tolist() == [0.5] * 4  # two ends, two seeds
    assert not set(frame["block"]) & {4, 7}  # where the maps are halved
    assert "0.90 and 0.30 at depth 20" in response_std.angle_words(frame, runs)["caption"]
    for run in runs:
        run["probes"].pop("angles")
    assert response_std.angles(runs, untrained).empty


def test_what_a_deletion_costs_is_put_beside_the_response_of_the_same_block():
    stds = [float(i) for i in range(1, 10)]
    run = made_up.network("residual", 20, "anna", stds=stds, rises=stds)
    run["probes"]["lesions"]["block"] = list(range(10))
    frame = response_std.lesion_points([run])
    assert frame["block"].tolist() == [1, 2, 3, 5, 6, 8, 9]
    assert frame["std"].tolist() == frame["rise"].tolist() == frame["block"].tolist()
    assert response_std.correlation(frame) == "1.0"
    assert response_std.correlation(frame[:2]) == "none"


def test_trainings_without_decay_on_gamma_are_compared_with_all_and_with_their_pair():
    made = [made_up.network("residual", 56, s, "quick", std=0.1, ratio=0.2) for s in range(4)]
    made += [
        made_up.network("residual", 56, s, "quick", std=1.0, ratio=0.3, decay_gamma=False)
        for s in range(3)
    ]
    frame = gamma_decay.trainings(made)
    assert gamma_decay.against(frame, "std").estimate == pytest.approx(10)
    assert len(gamma_decay.matched(frame)) == 3
    assert "std of F(x) is 10 times" in gamma_decay.matched_sentence(frame)
    table = gamma_decay.means_table(frame)
    assert table["trainings"].tolist() == [4, 3, 3]


def test_kernels_come_before_training_and_trained():
    runs = [made_up.network(kind, 56, "anna") for kind in ("plain", "residual")]
    for run, level in zip(runs, (0.1, 0.4)):
        run["probes"]["kernel"] = {"participation": level, "images": 128}
    start = {"plain-56": {"kernel": 0.2}}
    frame = argument.kernels(runs, made_up.experiment("untrained-networks", [start] * 3))
    assert frame["state"].tolist() == ["before training"] * 3 + ["trained"] * 2
    assert frame["participation"].tolist() == [0.2] * 3 + [0.1, 0.4]
    told = argument.kernel_words(frame, runs)
    assert "0.10 against 0.40 trained" in told["caption"]
    assert "128 test images" in told["origin"]


def test_the_evenness_of_an_identity_with_noise():
    noise = np.random.default_rng(0).standard_normal((600, 600)) * 0.3 / 600**0.5
    squares = np.linalg.svd(np.eye(600) + noise, compute_uv=False) ** 2
    measured = squares.sum() ** 2 / (600 * (squares**2).sum())
    assert argument.as_even(0.3) == pytest.approx(measured, rel=0.01)
    assert argument.as_even(0.0) == 1


def test_responses_in_the_course_of_training_are_those_of_the_checkpoints(monkeypatch):
    def columns(first, last):
        found = {"epoch": [1, 160], "sha256": ["", ""], "std": [first, last]}
        return found | {"ratio": [1.0, 1.0], "sine": [first / 2, last / 2], "gamma": [1.0, 1.0]}

    made = {
        "residual-56": columns(0.9, 0.3),
        "residual-56-2": columns(0.7, 0.3),
        "plain-56": columns(1.2, 0.5),
        "residual-20-projection": columns(9.0, 9.0),
        "residual-44": columns(9.0, 9.0),
    }
    monkeypatch.setattr(response_std, "trajectories", lambda: made)
    frame = response_std.over_training([20, 56])
    assert set(frame["run"]) == {f"public/tanjeffreyz/{n}" for n in made if "-56" in n}
    caption = plain_text(response_std.over_training_words(frame)["caption"])
    assert "std of F(x) goes from 1.2 to 0.50 in plain-56 and 0.80 to 0.30 in ResNet-56" in caption
    assert "a block turns from 0.60 to 0.25 in plain-56 and 0.40 to 0.15 in ResNet-56" in caption
    assert response_std.over_training([8]).empty
