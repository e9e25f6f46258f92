"""Experiments: records are read, completed and repeatable; what they measure is what they say."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from torch.nn import BatchNorm2d

from residual import experiments, probes, store
from residual.claims import CLAIMS
from residual.constructions import zero_scale
from residual.errors import ParameterError, StoreError
from residual.experiments import (
    decay,
    fixed_point,
    gradients,
    matching,
    perturbation,
    regression,
    solution,
    spectra,
    thirty_four,
    untrained,
    weights,
    zeroing,
)
from residual.experiments.place import Place, positive
from residual.models import build
from residual.recipe import PROFILES, Recipe

PLACE = Place("quick", torch.device("cpu"))
FAST = "decay-pulls-to-zero"


def test_every_experiment_belongs_to_a_claim():
    beside = {"untrained-jacobians", "untrained-networks"}
    beside |= {"matched-starts", "constructions", "identity-without-bn"}
    assert set(experiments.EXPERIMENTS) - beside <= {claim.id for claim in CLAIMS}


def test_a_record_is_read_where_it_is_there(tmp_path, monkeypatch):
    first = experiments.ensure(FAST, "quick", [0], "cpu", tmp_path)
    monkeypatch.setattr(experiments, "pick_device", None)  # nothing is measured again
    again = experiments.ensure(FAST, "quick", [0], "cpu", tmp_path)
    assert again.content == first.content
    assert experiments.ensure(FAST, "quick", None, "cpu", tmp_path).seeds == [0]


def test_missing_seeds_are_added_and_the_others_kept(tmp_path):
    first = experiments.ensure(FAST, "quick", [2], "cpu", tmp_path)
    both = experiments.ensure(FAST, "quick", [0], "cpu", tmp_path)
    assert both.seeds == [0, 2]
    assert both.measurements[1] == first.measurements[0]


def test_seeds_of_ones_own_are_kept_beside_the_committed_ones(tmp_path, monkeypatch):
    monkeypatch.setenv("RESIDUAL_EVIDENCE", str(tmp_path / "committed"))
    monkeypatch.setenv("RESIDUAL_RUNS", str(tmp_path / "mine"))
    committed = experiments.ensure(FAST, "quick", [0], "cpu", tmp_path / "committed")
    experiments.ensure(FAST, "quick", [7], "cpu")
    assert experiments.ensure(FAST, "quick", [8], "cpu").seeds == [0, 7, 8]
    assert experiments.ensure(FAST, "quick", [0], "cpu").content == committed.content


def test_each_seed_is_written_down_before_the_next_is_measured(tmp_path, monkeypatch):
    def breaks_off(chosen, seed, place):
        if seed == 2:
            raise KeyboardInterrupt
        return decay.measure(chosen, seed, place)

    with monkeypatch.context() as patched:
        study = experiments.Study(breaks_off, decay.SETTINGS)
        patched.setitem(experiments.EXPERIMENTS, FAST, study)
        with pytest.raises(KeyboardInterrupt):
            experiments.ensure(FAST, "quick", [0, 1, 2], "cpu", tmp_path)
    assert store.experiment(FAST, "quick", tmp_path).seeds == [0, 1]
    whole = experiments.ensure(FAST, "quick", [0, 1, 2], "cpu", tmp_path / "whole")
    resumed = experiments.ensure(FAST, "quick", [0, 1, 2], "cpu", tmp_path)
    assert resumed.measurements == whole.measurements


def test_the_store_is_tried_before_anything_is_measured(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setitem(experiments.EXPERIMENTS, FAST, experiments.Study(None, {}))
    with pytest.raises(StoreError, match="cannot be written"):
        experiments.ensure(FAST, "quick", [0], "cpu", tmp_path / "file" / "runs")


def test_two_processes_that_measure_an_experiment_keep_each_others_seeds(tmp_path):
    with ThreadPoolExecutor(2) as pool:
        both = [
            pool.submit(experiments.ensure, FAST, "quick", [s], "cpu", tmp_path) for s in (0, 1)
        ]
        assert [job.result()["experiment"] for job in both] == [FAST, FAST]
    assert store.experiment(FAST, "quick", tmp_path).seeds == [0, 1]


def test_other_settings_are_measured_anew(tmp_path, monkeypatch):
    experiments.ensure(FAST, "quick", [0, 1], "cpu", tmp_path)
    study = experiments.Study(decay.measure, decay.SETTINGS | {"width": 8})
    monkeypatch.setitem(experiments.EXPERIMENTS, FAST, study)
    found = experiments.ensure(FAST, "quick", [0], "cpu", tmp_path)
    assert (found.seeds, found["settings"]["width"]) == ([0], 8)


def test_a_repetition_gives_the_same_record(tmp_path):
    records = [
        experiments.ensure(FAST, "quick", [0], "cpu", tmp_path / name).content for name in "ab"
    ]
    for record in records:
        record.pop("provenance"), record.pop("digest")
    assert records[0] == records[1]


@pytest.mark.parametrize(
    ("name", "profile", "seeds", "device", "wrong"),
    [
        ("nothing", "quick", None, "cpu", "experiment"),
        (FAST, "huge", None, "cpu", "profile"),
        (FAST, "quick", [-1], "cpu", "seeds"),
        (FAST, "quick", [], "cpu", "seeds"),
        (FAST, "quick", [0], "abacus", "device"),
    ],
)
def test_wrong_arguments_are_named(tmp_path, name, profile, seeds, device, wrong):
    with pytest.raises(ParameterError, match=f"^{wrong}: "):
        experiments.ensure(name, profile, seeds, device, tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("profile", PROFILES)
def test_settings_are_plain_data_at_every_profile(profile):
    for study in experiments.EXPERIMENTS.values():
        settings = study.settings(profile)
        assert json.loads(json.dumps(settings)) == settings


def test_the_stored_records_were_made_with_these_settings():
    stored = {name: store.experiment(name, "quick") for name in experiments.EXPERIMENTS}
    found = {name: record for name, record in stored.items() if record}
    assert found
    for name, record in found.items():
        study = experiments.EXPERIMENTS[name]
        assert record["settings"] == study.settings("quick"), name
        assert set(study.seeds) <= set(record.seeds), name


def test_a_residual_block_learns_the_identity_and_each_length_has_its_row():
    small = {"blocks": [1], "learning_rates": [1.0], "lengths": [30, 100], "iterations": 100}
    rows = regression.measure(regression.SETTINGS | small, 0, PLACE)["rows"]
    error = {(row["kind"], row["iterations"]): row["loss"] for row in rows}
    assert set(error) == {(kind, n) for kind in ("plain", "residual") for n in (30, 100)}
    assert error["residual", 100] < 0.01 < error["plain", 100] < regression.CONSTANT
    assert rows[-1]["curve"]["iteration"][-1] == 100


def test_without_bn_a_block_learns_the_identity_worse_without_its_shortcut():
    small = {"blocks": [1], "learning_rates": [0.01, 0.1], "lengths": [60], "iterations": 60}
    rows = regression.measure(regression.WITHOUT_BN | small, 0, PLACE)["rows"]
    error = {row["kind"]: row["loss"] for row in rows}
    assert error["residual"] < 0.1 < error["plain"]
    assert not isinstance(regression.stack("plain", 1, 4, 0, norm=False)[0].norm1, BatchNorm2d)


def test_a_diverged_regression_is_recorded_as_the_worst():
    assert regression.left([1.0, 5.0], 5) == regression.WORST
    assert regression.left([1.0, 0.5, 0.25], 2) == 0.25


def test_exact_solutions_do_not_err_and_zero_kernels_forgive_more():
    chosen = perturbation.SETTINGS | {"blocks": [3], "epsilons": [0.0, 0.01]}
    rows = perturbation.measure(chosen, 0, PLACE)["rows"]
    error = {(row["kind"], row["epsilon"]): row["error"] for row in rows}
    assert error["plain", 0.0] == error["residual", 0.0] == 0
    assert error["plain", 0.01] > 10 * error["residual", 0.01] > 0


def test_gamma_alone_leaves_the_weights_as_they_are():
    chosen = weights.SETTINGS | {"iterations": 20}
    row = weights.descend(chosen, "gamma", 0, 0.1, 0.0, PLACE)
    assert row["weight_norm_start"] == row["weight_norm_end"]
    assert row["gamma_norm_end"] < row["gamma_norm_start"]


def test_zero_is_stationary_without_bn_for_any_target():
    chosen = fixed_point.SETTINGS
    for scale in (1.0, 0.5):
        found = fixed_point.gradients(chosen, "no-bn", 0, scale, PLACE)
        assert set(found.values()) == {0.0}
    moving = fixed_point.gradients(chosen, "bn", 0, 0.5, PLACE)
    assert {name for name, size in moving.items() if size} == {"norm2.bias"}


def test_descent_from_near_zero_is_measured_for_each_size_of_the_perturbation():
    rows = fixed_point.measure(fixed_point.SETTINGS | {"iterations": 20}, 0, PLACE)["rows"]
    start = {(r["form"], r["decay"], r["epsilon"]): r["weight_norm_start"] for r in rows}
    assert len(start) == 8
    assert start["bn", True, 0.1] == pytest.approx(10 * start["bn", True, 0.01], rel=1e-4)
    # 1 % of a He start leaves 1 % of each of two layers; BN makes F(x) as large as x again
    small = {r["form"]: r["response_start"] for r in rows if r["epsilon"] == 0.01}
    assert small["no-bn"] < 1e-3
    assert small["bn"] > 0.5


def test_untrained_networks_are_measured_by_kind_and_depth():
    chosen = untrained.SETTINGS | {"shallow": 8, "deep": 14, "statistics": 100}
    chosen |= {"images": 50, "kernel_images": 6, "batch": 20}
    found = untrained.measure(chosen, 0, PLACE)
    assert found.keys() == {"plain-8", "residual-8", "plain-14", "residual-14"}
    assert found["plain-8"].keys() == found["residual-8"].keys() == {"ratio", "sine"}
    deep = found["plain-14"], found["residual-14"]
    assert {*deep[0]} == {"ratio", "sine", "kernel", "stage_ratio", "coherence"}
    assert deep[1]["sine"] < deep[0]["sine"] <= 1  # adding x brings y nearer to x
    assert all(1 / 6 <= row["kernel"] <= 1 and row["stage_ratio"] > 0 for row in deep)


def test_gradients_agree_at_one_image_and_less_at_another():
    x, noise = (positive(seed, (20, 3, 8, 8), PLACE.device) for seed in (0, 1))
    model = build("plain", 14)
    same, near, far = (probes.coherence(model, x, x + step * noise) for step in (0, 0.01, 1))
    assert same == pytest.approx(1, abs=1e-5)
    assert 1 > near > far


def test_the_stage_ratio_is_the_first_over_the_last_and_without_the_stem():
    ratio = [9.0, 4.0, 4.0, 7.0, 7.0, 1.0, 1.0]  # the stem and three stages of one block
    assert probes.stage_ratio(ratio, [9.0, 1.0, 1.0, 1.0, 1.0, 2.0, 2.0]) == 1
    assert probes.stage_ratio(ratio, [1.0] * 7) == 4


def test_a_matched_start_has_the_ratio_of_the_identity():
    chosen = matching.SETTINGS | {"depths": [14], "images": 200}
    rows = matching.measure(chosen, 0, PLACE)["rows"]
    assert len(rows) == 4
    for row in rows:
        start = (14, row["last_relu"], row["shortcut"], row["gamma"])
        found = matching.ratio(chosen, 0, PLACE, *start)
        assert found == pytest.approx(row["identity_ratio"], rel=0.06)
    half = next(row for row in rows if row["shortcut"] == "half")
    assert half["gamma"] < 1 < half["own_ratio"] / half["identity_ratio"]


def test_matched_starts_are_one_number_for_all_seeds():
    row = {"depth": 20, "last_relu": False, "shortcut": "half"}
    others = [row | {"last_relu": True, "gamma": 9.0}, row | {"depth": 56, "gamma": 9.0}]
    made = [{"rows": [row | {"gamma": gamma}, *others]} for gamma in (0.01, 0.04, 0.0200001)]
    record = store.Record(None, {"measurements": made})
    assert matching.matched_gamma(record, 20, "half", False) == 0.02


def test_constructions_are_recorded_once_and_are_what_is_computed(tmp_path):
    record = experiments.ensure("constructions", "quick", None, "cpu", tmp_path)
    (found,) = record.measurements
    assert found["walk"]["1202"] < 0.1 < found["walk"]["56"]
    assert found["identity_floor"] < regression.CONSTANT / 10
    assert found["equivalence_error"] < 1e-5
    assert len({tuple(pair) for pair in found["parameter_counts"].values()}) == 5
    assert not found["exact_conditions"]["plain"]
    assert found["zero_gamma_ratio"] == 0


def test_decay_alone_multiplies_every_weight_by_one_number():
    recipe = Recipe.of("paper", "residual", 56)
    kept = decay.fractions(recipe)
    assert kept[0] == 1
    assert len(kept) == recipe.iterations + 1
    weight = torch.nn.Parameter(torch.ones(()))
    optimizer = torch.optim.SGD([weight], lr=0.1, momentum=0.9, weight_decay=1e-4)
    weight.grad = torch.zeros(())
    for _ in range(100):
        optimizer.step()
    assert kept[100] == pytest.approx(float(weight.detach()), rel=1e-5)


def test_gradients_are_measured_for_each_start():
    rows = gradients.measure(gradients.SETTINGS | {"depth": 8}, 0, PLACE)["rows"]
    assert len(rows) == 8
    assert all(min(row["ratio"]) > 0 for row in rows)


def test_identity_blocks_have_equal_singular_values():
    model = spectra.network({"blocks": 2, "width": 4}, "residual", 0, 4).double().eval()
    for block in model[0]:
        zero_scale(block)
    images = torch.rand(3, 4, 4, 4, dtype=torch.double) + 0.1
    ratios = spectra.participation(spectra.block_values(model[0], images))
    assert ratios.tolist() == pytest.approx([1.0] * 6)
    assert spectra.gauss_newton_values(model, images).shape == (1, 30)


def test_a_zeroed_plain_block_has_exactly_no_variance():
    images = torch.randn(16, 1, 8, 8)
    assert zeroing.zeroed_variance(build("plain", 20, channels=1), images) == 0
    assert zeroing.zeroed_variance(build("residual", 20, channels=1), images) > 0


def test_the_34_layer_pair_has_34_layers_and_equal_parameters():
    pair = [thirty_four.Basic34(residual, 1, 8) for residual in (False, True)]
    for model in pair:
        assert len(model.layers()) == 33
        assert model(torch.rand(2, 1, 8, 8)).shape == (2, 10)
    assert len({sum(p.numel() for p in model.parameters()) for model in pair}) == 1


def test_the_34_layer_pair_is_trained_by_the_one_trainer(tmp_path, monkeypatch):
    def tiny(place, kind, depth, seed):
        return Recipe("quick", kind, depth, seed, "digits", 2)

    monkeypatch.setattr(Place, "recipe", tiny)
    place = Place("quick", torch.device("cpu"), tmp_path)
    found = thirty_four.trained({"width": 2}, "residual", 0, place)
    assert len(found["responses"]["final"]["layers"]["std"]) == 33
    assert found["responses"]["final"] != found["responses"]["initial"]
    assert 0 <= found["metrics"]["test_error"] <= 100


def test_a_trained_network_comes_from_the_store_or_is_trained_without_a_record(
    tmp_path, monkeypatch
):
    tiny = Recipe("quick", "plain", 8, 0, "digits", 2)
    monkeypatch.setattr(Place, "recipe", lambda *_: tiny)
    model = Place("quick", torch.device("cpu"), tmp_path).trained("plain", 8, 0)
    assert not model.training
    assert not list(tmp_path.rglob("record.json"))


def test_the_constructed_solution_is_exact(tmp_path, monkeypatch):
    def tiny(place, kind, depth, seed):
        return Recipe("quick", kind, depth, seed, "digits", 3)

    monkeypatch.setattr(Place, "recipe", tiny)
    chosen = {"shallow": 8, "deep": 14, "images": 200}
    found = solution.measure(chosen, 0, Place("quick", torch.device("cpu"), tmp_path))
    assert found["same_predictions"]
    assert found["eval_logit_difference"] < 1e-4
    assert found["train_mode_logit_difference"] < 1e-3
    assert found["copied_start_train_error"] == found["shallow_train_error"]
    assert found["copied_loss"]["iteration"][-1] == 3
