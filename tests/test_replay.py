"""Replaying records: exact here, within rounding elsewhere, and honest about what cannot be."""

from dataclasses import replace

import pytest
import torch

from residual import replay, store
from residual.errors import DataError, ParameterError, RecordError
from residual.provenance import computing_with
from residual.recipe import Recipe
from residual.replay import DIFFERS, EXACT, IMPOSSIBLE, WITHIN, verify
from residual.sweep import Options, train


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> store.Record:
    """A short run, computed with one thread."""
    root = tmp_path_factory.mktemp("runs")
    return train(Recipe.of("quick", "residual", 8, 0, 12), Options("cpu", root, threads=1))


def changed(run: store.Record, **provenance: object) -> store.Record:
    """The run with other statements about where it was made."""
    return replace(run, content=run.content | {"provenance": run["provenance"] | provenance})


def with_losses(run: store.Record, losses: list[float], **replayed: object) -> store.Record:
    """The run with other losses."""
    changes = run["replay"] | {"losses": losses} | replayed
    return replace(run, content=run.content | {"replay": changes})


def test_the_same_machine_gives_the_same_bits_whatever_the_threads_here(made):
    with computing_with(2):
        seen = verify(made)
        assert torch.get_num_threads() == 2
    assert (seen.verdict, seen.compared, seen.deviation) == (EXACT, 8, 0.0)
    assert seen.same_source


def test_one_changed_bit_differs_on_the_same_machine(made):
    losses = list(made["replay"]["losses"])
    losses[5] += 2**-22
    seen = verify(with_losses(made, losses))
    assert seen.verdict == DIFFERS
    assert "iteration 6" in seen.sentence


def test_another_machine_may_differ_by_rounding_only(made):
    losses = list(made["replay"]["losses"])
    losses[0] += 2**-22
    elsewhere = changed(made, device="another CPU, 1 threads")
    assert verify(with_losses(elsewhere, losses)).verdict == WITHIN
    losses[0] *= 1.01
    assert verify(with_losses(elsewhere, losses)).verdict == DIFFERS


@pytest.mark.skipif(torch.cuda.is_available(), reason="CUDA is here")
def test_of_a_cuda_record_only_the_first_loss_is_compared_on_a_cpu(made):
    seen = verify(changed(made, device_type="cuda", device="NVIDIA H200"))
    assert (seen.verdict, seen.compared) == (WITHIN, 1)


def test_other_batches_differ_even_if_the_losses_agree(made):
    seen = verify(with_losses(made, made["replay"]["losses"], itinerary="0" * 64))
    assert (seen.verdict, seen.compared) == (DIFFERS, 0)


def test_what_cannot_be_replayed_says_why(made, monkeypatch):
    def missing(_name, _folder):
        raise DataError("CIFAR-10 is not here.")

    other = {"data": {"name": "digits", "digest": "0" * 64}}
    assert verify(replace(made, content=made.content | other)).verdict == IMPOSSIBLE
    assert verify(with_losses(made, [])).verdict == IMPOSSIBLE
    assert replay.judge([1.0], [1.0], [0.5])[0] == IMPOSSIBLE
    monkeypatch.setattr(replay, "load", missing)
    assert verify(made).sentence == "CIFAR-10 is not here."


def test_an_outcome_is_kept_until_the_record_is_made_anew(made, tmp_path):
    def keep(verdict: str) -> str:
        seen = replay.Replay(made.name, verdict, "A sentence.", True, 4, 0.0)
        replay.keep([(made, seen)], tmp_path)
        return replay.status(made, replay.outcomes(tmp_path))

    assert replay.status(made, replay.outcomes(tmp_path)) == replay.NOT_REPLAYED
    assert keep(IMPOSSIBLE).startswith(IMPOSSIBLE)
    assert keep(EXACT).startswith(EXACT)
    assert keep(IMPOSSIBLE).startswith(EXACT)  # elsewhere it could be replayed
    anew = replace(made, content=made.content | {"digest": "0" * 64})
    assert replay.status(anew, replay.outcomes(tmp_path)) == replay.NOT_REPLAYED
    for damaged in ("{", "[]", '{"run": {"record": ""}}', '{"run": 1}'):
        (tmp_path / "replays.json").write_text(damaged)
        with pytest.raises(RecordError, match=r"replays\.json is damaged"):
            replay.outcomes(tmp_path)


def test_a_run_is_published_once_it_has_been_checked(made, tmp_path):
    published = replay.publish(made, tmp_path)
    assert store.find(made.recipe, tmp_path).content == made.content == published.content
    assert published.weights().keys() == made.weights().keys()
    assert replay.status(made, replay.outcomes(tmp_path)).startswith(EXACT)
    with pytest.raises(ParameterError, match="holds another record of it"):
        replay.publish(with_losses(made, [0.5] * 8), tmp_path)
    with pytest.raises(ParameterError, match="its replay must succeed"):
        replay.publish(with_losses(made, [0.5] * 8), tmp_path / "elsewhere")


def test_committed_outcomes_are_of_committed_records():
    for name, kept in replay.outcomes().items():
        path = store.committed() / name / "record.json"
        if path.is_file():
            assert kept["verdict"] in (EXACT, WITHIN, IMPOSSIBLE), name
