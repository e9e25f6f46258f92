"""The ledger's contract: ids, words, profiles, JSON; and the rules that need no record."""

import json
import re
from pathlib import Path

import pytest
from made_up import evidence, experiment, seeds

from residual import claims, constructions
from residual.claims import degradation, identity, reformulation
from residual.errors import ParameterError

BY_ID = {claim.id: claim for claim in claims.CLAIMS}
VALUES = (claims.SUPPORTED, claims.CAVEAT, claims.NOT_SUPPORTED, claims.INCONCLUSIVE)
EXPECTED = [
    "degradation-train",
    "degradation-test",
    "not-overfitting",
    "solution-exists",
    "vanishing-gradients",
    "identity-is-hard",
    "complex-weights",
    "same-capacity",
    "residual-cures",
    "hundreds-of-layers",
    "identity-by-default",
    "zero-is-identity",
    "zero-kills-plain",
    "zero-is-easy",
    "weights-go-to-zero",
    "zero-is-fixed",
    "decay-pulls-to-zero",
    "figure-7-networks",
    "response-smaller",
    "plain-range-wide",
    "order-of-magnitude",
    "within-a-tenth",
    "mean-is-zero",
    "response-near-zero",
    "deeper-is-smaller",
    "large-only-when-needed",
    "response-means-dispensable",
    "preconditioning",
    "chain-is-valid",
]


def test_every_statement_of_the_notes_is_a_claim_in_order():
    assert [claim.id for claim in claims.CLAIMS] == EXPECTED


@pytest.mark.parametrize("claim", claims.CLAIMS, ids=lambda c: c.id)
def test_a_claim_is_complete(claim):
    assert claim.note in ("000", "002")
    assert claim.paper in ("agrees", "differs", "silent")
    assert claim.english.endswith((".", ")"))
    assert re.search("[一-鿿]", claim.chinese)
    assert claim.quantity
    assert claim.rule
    assert set(claim.verdicts) <= set(VALUES)
    assert claim.verdicts or claim.id == "figure-7-networks"


def test_an_empty_store_gives_not_run_with_the_reason(tmp_path):
    for verdict in claims.evaluate("quick", tmp_path):
        if verdict.profile != "exact" and verdict.verdict is not None:
            assert verdict.verdict == claims.NOT_RUN
            assert "quick" in verdict.reason


def test_a_claim_about_the_paper_has_no_verdict(tmp_path):
    found = {v.id: v for v in claims.evaluate("published", tmp_path)}
    assert found["figure-7-networks"].verdict is None


def test_the_34_layer_pair_stands_beside_figure_7():
    net = {"responses": {"final": {"layers": {"std": [0.5, 1.0, 2.0]}}}}
    pair = {kind: net | {"metrics": {"train_error": 7.0}} for kind in ("plain", "residual")}
    record = experiment("figure-7-networks", [pair], {"width": 8})
    found = claims.judge(BY_ID["figure-7-networks"], evidence(experiments=(record,)))
    assert found.verdict is None
    assert found.values["plain_34_median_std"] == 1.0
    assert "width 8" in found.sentence


def test_verdicts_are_plain_json(tmp_path):
    rows = claims.as_json(claims.evaluate("published", tmp_path))
    assert json.loads(json.dumps(rows, allow_nan=False)) == rows
    assert {"id", "verdict", "values", "runs", "english", "chinese", "profile"} <= rows[0].keys()


def test_the_committed_records_give_every_claim_a_declared_verdict_or_a_reason():
    for verdict in claims.evaluate("quick"):
        if verdict.verdict == claims.NOT_RUN:
            assert verdict.reason, verdict.id
        elif verdict.verdict is not None:
            assert verdict.verdict in BY_ID[verdict.id].verdicts, verdict
            assert verdict.values
            assert verdict.runs or verdict.profile == "exact"
    assert {v.id: v.verdict for v in claims.evaluate("quick")}["solution-exists"] == "supported"


def test_a_wrong_profile_is_named():
    with pytest.raises(ParameterError, match="profile: 'huge'"):
        claims.evaluate("huge")


def test_published_takes_the_largest_profile_that_ran(monkeypatch):
    def of(profile: str, root: Path | None):
        if profile == "paper":
            return evidence(profile="paper")
        return evidence(
            *seeds("plain", 20, "error", 1.0, profile=profile),
            *seeds("plain", 56, "error", 5.0, profile=profile),
            profile=profile,
        )

    monkeypatch.setattr(claims, "Evidence", of)
    found = {v.id: v for v in claims.evaluate("published")}["degradation-train"]
    assert found.profile == "desk"
    assert all(name.startswith("desk/") for name in found.runs)


def test_the_claims_asked_for_are_judged_and_no_other(tmp_path):
    found = claims.evaluate("quick", tmp_path, ["chain-is-valid", "degradation-train"])
    assert [v.id for v in found] == ["degradation-train", "chain-is-valid"]


def test_the_chain_names_claims():
    assert {claim for _, claim in claims.CHAIN} <= BY_ID.keys()


def test_same_capacity_is_exact_and_can_fail(monkeypatch):
    assert claims.judge(BY_ID["same-capacity"], evidence()).verdict == claims.CAVEAT
    monkeypatch.setattr(reformulation, "equivalence_error", lambda: 2e-5)
    assert claims.judge(BY_ID["same-capacity"], evidence()).verdict == claims.NOT_SUPPORTED
    monkeypatch.setattr(reformulation, "equivalence_error", lambda: 1e-5)
    assert claims.judge(BY_ID["same-capacity"], evidence()).verdict == claims.CAVEAT
    monkeypatch.setattr(reformulation, "parameter_counts", lambda: {20: (1, 2)})
    assert claims.judge(BY_ID["same-capacity"], evidence()).verdict == claims.NOT_SUPPORTED


def test_zero_is_identity_under_its_conditions_and_can_fail(monkeypatch):
    found = claims.judge(BY_ID["zero-is-identity"], evidence())
    assert found.verdict == claims.CAVEAT
    assert found.values["weights_zero_with_beta_exact"] == 0
    assert found.values["plain_exact"] == 0
    broken = constructions.exact_conditions() | {"weights_zero_eval": False}
    monkeypatch.setattr(identity, "exact_conditions", lambda: broken)
    assert claims.judge(BY_ID["zero-is-identity"], evidence()).verdict == claims.NOT_SUPPORTED


def test_short_training_is_said_in_words():
    groups = [
        *seeds("plain", 20, "error", 1.0, profile="quick"),
        *seeds("plain", 56, "error", 5.0, profile="quick"),
    ]
    found = degradation.train_rise(evidence(*groups, profile="quick"))
    assert found.verdict == claims.CAVEAT
    assert "slow rather than degraded" in found.reason


def test_diverged_runs_have_no_error_to_compare():
    runs = [*seeds("plain", 20, "error", 1.0), *seeds("plain", 56, "error", 5.0)]
    for run in runs[3:]:
        run.content["metrics"]["train_error"] = None
    verdict = claims.judge(BY_ID["degradation-train"], evidence(*runs))
    assert verdict.verdict == claims.NOT_RUN
    assert "diverged" in verdict.reason
