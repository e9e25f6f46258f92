"""Three verdicts at full length, computed again from the raw records by scipy and numpy alone."""

import json
from functools import cache

import numpy as np
import pytest
from scipy import stats

from residual.claims import evaluate
from residual.store import ROOT


@cache
def raw(kind: str, depth: int) -> dict[str, dict]:
    """The public records of one network as plain JSON, by source."""
    found = sorted((ROOT / "runs" / "public").glob(f"*/{kind}-{depth}/record.json"))
    return {path.parent.parent.name: json.loads(path.read_text("utf-8")) for path in found}


@cache
def verdict(name: str):
    (found,) = evaluate("public", ids=(name,))
    return found


def f_stds(record: dict) -> list[float]:
    """The std of F(x) of each block whose shortcut is an identity."""
    responses = record["responses"]["final"]
    second = [
        std
        for layer, std in zip(responses["layers"]["layer"], responses["layers"]["std"])
        if layer.endswith(".2")
    ]
    return [std for std, wide in zip(second, responses["blocks"]["widening"]) if not wide]


def test_the_rise_of_the_test_error_is_welchs():
    found = verdict("degradation-test")
    deep, shallow = (
        [record["metrics"]["test_error"] for record in raw("plain", depth).values()]
        for depth in (56, 20)
    )
    assert len(deep) >= 3
    again = stats.ttest_ind(deep, shallow, equal_var=False)
    ends = again.confidence_interval(0.95)
    assert found.values["difference_points"] == pytest.approx(
        np.mean(deep) - np.mean(shallow), rel=1e-4
    )
    assert found.values["difference_points_lower"] == pytest.approx(ends.low, rel=1e-4)
    assert found.values["difference_points_upper"] == pytest.approx(ends.high, rel=1e-4)
    surely = again.pvalue < 0.05 and again.statistic > 0
    assert found.verdict.startswith("supported") == surely


def test_lesions_follow_responses_as_spearman_says():
    found = verdict("response-means-dispensable")
    correlations = []
    for record in raw("residual", 56).values():
        errors = record["probes"]["lesions"]["test_error"]
        wide = record["responses"]["final"]["blocks"]["widening"]
        rise = [e - errors[0] for e, w in zip(errors[1:], wide) if not w]
        correlations.append(stats.spearmanr(f_stds(record), rise).statistic)
    z = np.arctanh(correlations)
    half = stats.t.ppf(0.975, len(z) - 1) * z.std(ddof=1) / len(z) ** 0.5
    assert found.values["residual_rank_correlation"] == pytest.approx(np.tanh(z.mean()), rel=1e-4)
    low, high = np.tanh([z.mean() - half, z.mean() + half])
    assert found.values["residual_rank_correlation_lower"] == pytest.approx(low, rel=1e-4)
    assert found.values["residual_rank_correlation_upper"] == pytest.approx(high, rel=1e-4)
    assert found.verdict.startswith("supported") == (low > 0)


def test_sources_agree_on_the_order_of_blocks_as_friedman_says():
    found = verdict("large-only-when-needed")
    rows = np.array([f_stds(record) for record in raw("residual", 56).values()])  # (m, n)
    m, n = rows.shape
    friedman = stats.friedmanchisquare(*rows.T)  # W = χ² / (m (n − 1))
    assert found.values["kendall_w"] == pytest.approx(friedman.statistic / (m * (n - 1)))
    assert found.verdict.startswith("supported") == (friedman.pvalue < 0.05)
