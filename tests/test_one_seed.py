"""The published chapters where the largest profile has one seed: true sentences, full panels."""

import re

import pretend
import pytest

from companion.chapter import (
    degradation,
    exercises,
    identity,
    ledger,
    peers,
    reformulation,
    responses,
    settings,
    solution,
    starts,
    weights,
    zeroing,
)
from residual.claims import INCONCLUSIVE, NOT_RUN, evaluate

OF_RUNS = {
    "curves": degradation.curves,
    "by_depth": degradation.by_depth,
    "gradients": solution.gradients,
    "lesions": responses.lesions,
    "ratios": responses.ratios,
    "final": lambda s, r, label: responses.figure_7(s, r, "final", label),
    "exact": lambda s, r, label: responses.figure_7(s, r, "final_exact", label),
    "initial": lambda s, r, label: responses.figure_7(s, r, "initial", label),
}
OF_EXPERIMENTS = {
    "training_on": solution.training_on,
    "by_blocks": starts.identity_by_depth,
    "noise": starts.perturbation,
    "descent": identity.regression,
    "decay": identity.decay,
    "surface": reformulation.surface,
    "zeroed": zeroing.one_at_zero,
    "falling": weights.falling,
    "very_deep": reformulation.very_deep,
    "zero_gamma": starts.zero_gamma,
}
COMPARED = {"degradation-train", "degradation-test", "not-overfitting", "residual-cures"}


@pytest.fixture(scope="module")
def chosen(tmp_path_factory):
    """Published settings on a store with the four networks at the desk profile, one seed each."""
    with pytest.MonkeyPatch.context() as patch:
        root = pretend.desk_store(tmp_path_factory.mktemp("runs"))
        patch.setenv("RESIDUAL_EVIDENCE", str(root))
        patch.setattr("residual.train.fit", None)  # nothing may be trained
        yield settings("published")


def check(picture, profile):
    """Every panel holds something, and the words name one profile and no nonsense."""
    assert all(ax.has_data() for ax in picture.figure.axes)
    words = picture.caption + " " + picture.alt
    assert set(re.findall(r"profile (\w+)", words)) == {profile}
    assert not re.search(r"nan|None|\b1 seeds|\d%", words)
    assert all(name.startswith(f"{profile}/") for name in picture.runs)


@pytest.mark.parametrize("name", OF_RUNS)
def test_what_the_runs_show_is_desk_with_one_seed(chosen, name):
    picture = OF_RUNS[name](chosen, chosen.runs(), f"fig-{name}")
    check(picture, "desk")
    assert "1 seed, on" in picture.caption
    assert not re.search("every seed|all seeds|means over|the mean ", picture.caption)


@pytest.mark.parametrize("name", OF_EXPERIMENTS)
def test_what_only_the_quick_profile_has_is_quick_and_says_so(chosen, name):
    check(OF_EXPERIMENTS[name](chosen, f"fig-{name}"), "quick")


def test_tables_and_sentences_have_one_profile_each(chosen):
    runs = chosen.runs()
    assert degradation.error_table(runs).attrs["scale"].startswith("profile desk")
    assert set(degradation.error_table(runs)["seeds"]) == {1}
    assert "±" not in degradation.error_table(runs).to_string()
    assert solution.start_table(chosen).attrs["scale"].startswith("profile quick")
    assert "in plain-20" in responses.statistics_sentence(runs)
    ours = peers.note_beside_all(runs).attrs["scale"]
    assert ours.startswith("ours, profile desk: CIFAR-10, 3,200 iterations, 1 seed")
    assert len(exercises.depth_changes(runs, "plain")) == 1


def test_the_control_of_decay_on_gamma_compares_two_trainings_of_one_profile(chosen):
    found = responses.gamma_control(chosen)
    assert found["decay on γ"].tolist() == ["yes", "no"]
    assert found["seeds"].tolist() == [5, 3]
    assert found.attrs["scale"].startswith("profile quick")
    assert responses.gamma_control(settings("desk")).empty


def test_one_seed_decides_nothing_between_networks(chosen):
    found = {v.id: v for v in evaluate("published")}
    for name in COMPARED:
        assert (found[name].verdict, found[name].profile) == (INCONCLUSIVE, "desk")
        assert found[name].reason.startswith("Too few seeds: 1 on a side")
        assert "Judged at profile desk" in ledger.verdict_box(found[name])
        assert "n = 1, no interval" in found[name].sentence
    for verdict in found.values():
        assert verdict.verdict not in (INCONCLUSIVE, NOT_RUN) or verdict.reason
        assert len({run.split("/")[0] for run in verdict.runs}) <= 1, verdict
        assert "nan" not in verdict.sentence


def test_the_chain_names_the_profile_of_each_link(chosen):
    links = responses.chain(chosen).set_index("claim")
    assert links.loc["zero-is-easy", "profile"] == "quick"
    assert links.loc["response-near-zero", "profile"] == "desk"
