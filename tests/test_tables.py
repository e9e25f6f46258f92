"""Runs as data frames."""

import made_up

from companion import tables


def runs():
    """Two seeds of two networks, with known errors."""
    return [
        made_up.run(kind, 8, seed, error=error + seed, lesions=[1.0, 3.0, 2.0, 5.0])
        for kind, error in (("plain", 10.0), ("residual", 4.0))
        for seed in (0, 1)
    ]


def test_finals_has_a_row_a_run():
    frame = tables.finals(runs())
    assert frame["train_error"].tolist() == [10.0, 11.0, 4.0, 5.0]
    assert frame["run"].nunique() == 4


def test_by_network_gives_mean_spread_and_seeds():
    found = tables.by_network(tables.finals(runs()), "train_error").set_index("kind")
    assert found.loc["plain", "mean"] == 10.5
    assert found.loc["residual", "n"] == 2


def test_a_diverged_run_is_left_out_of_means():
    diverged = made_up.run("plain", 8, 2, error=None)
    found = tables.by_network(tables.finals([*runs(), diverged]), "train_error")
    assert found.set_index("kind").loc["plain", "n"] == 2


def test_responses_number_the_layers():
    frame = tables.responses(runs())
    assert frame.groupby("run")["position"].max().eq(7).all()


def test_the_rise_of_a_lesion_is_over_the_whole_network():
    made = runs()[:1]
    made[0].content["probes"]["lesions"]["block"] = [0, 1, 2, 3]
    frame = tables.lesions(made)
    assert frame["rise"].tolist() == [2.0, 1.0, 4.0]
    assert frame["block"].tolist() == [1, 2, 3]
