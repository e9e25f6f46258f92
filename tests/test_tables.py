"""Records as data frames."""

import made_up

from companion import tables, words


def records():
    """Two seeds of two networks, with known errors, and a network of others."""
    own = [
        made_up.network(kind, 8, seed, "quick", train=error + seed, weight=2.0)
        for kind, error in (("plain", 10.0), ("residual", 4.0))
        for seed in (0, 1)
    ]
    return [*own, made_up.network("plain", 8, "anna", gradients=(3.0, 1.0), weight=2.0)]


def test_finals_has_a_row_a_network_and_says_whose_it_is():
    frame = tables.finals(records())
    assert frame["train_error"].tolist() == [10.0, 11.0, 4.0, 5.0, 1.0]
    assert frame["member"].tolist() == [0, 1, 0, 1, "anna"]
    assert frame["run"].iloc[-1] == "public/anna/plain-8"


def test_by_network_gives_mean_spread_and_number_without_diverged_runs():
    diverged = made_up.network("plain", 8, 2, "quick", train=None)
    frame = tables.finals([*records()[:4], diverged])
    found = tables.by_network(frame, "train_error")
    assert tables.spread(found) == ["10.50\u00a0±\u00a00.71 (2)", "4.50\u00a0±\u00a00.71 (2)"]


def test_no_line_breaks_before_a_per_cent_sign_or_within_a_count():
    told = words.unbroken("26.0 (95 % interval, n = 3) in 5 nets")
    assert told == "26.0 (95\u00a0% interval, n\u00a0=\u00a03) in 5 nets"


def test_responses_number_the_layers_and_others_have_none_before_training():
    assert tables.responses(records()).groupby("run")["position"].max().eq(7).all()
    assert "anna" not in set(tables.responses(records(), "initial")["member"])


def test_gradients_have_three_measures_and_a_stage():
    frame = tables.gradients(records()[-1:])
    first = frame[frame["layer"] == "1.1"].iloc[0]
    assert (first["ratio"], first["gradient"], first["scale_free"]) == (3.0, 6.0, 12.0)
    assert frame["stage"].tolist() == [1, 1, 1, 2, 2, 3, 3]
    assert set(frame["iteration"]) == {64_000}


def test_the_rise_of_a_lesion_is_over_the_whole_network():
    made = made_up.network("residual", 8, rises=[2.0, 1.0, 4.0])
    made.content["probes"]["lesions"]["block"] = [0, 1, 2, 3]
    frame = tables.lesions([made])
    assert frame["rise"].tolist() == [2.0, 1.0, 4.0]
    assert frame["block"].tolist() == [1, 2, 3]


def test_logs_keep_what_was_logged_and_leave_out_an_unknown_end():
    logged = [made_up.curve("plain", 20, "anna", 9.0)]
    logged.append(made_up.curve("plain", 20, "bert", train=(9.0,)))
    assert len(tables.logs(logged)) == 2
    assert tables.logged_finals(logged)["test_error"].tolist() == [9.0]


def test_rows_of_an_experiment_are_those_of_all_seeds():
    measured = [{"rows": [{"iterations": n, "loss": 1.0, "curve": {}} for n in (1, 3)]}] * 2
    frame = tables.rows(made_up.experiment("x", measured))
    assert frame.columns.tolist() == ["seed", "iterations", "loss"]
    assert frame["seed"].tolist() == [0, 0, 1, 1]
