"""Replaying records: exact here, within rounding elsewhere, and honest about what cannot be."""

from dataclasses import replace

import pytest
import torch

from residual import replay, store
from residual.errors import DataError
from residual.recipe import PROFILES, Recipe, recipes
from residual.replay import DIFFERS, EXACT, IMPOSSIBLE, WITHIN, verify
from residual.store import ROOT
from residual.train import train

COMMITTED = ROOT / "runs"
CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> store.Record:
    """A short run, computed with one thread."""
    (recipe,) = recipes("quick", ["residual"], [8], [0], 12)
    return train(recipe, "cpu", tmp_path_factory.mktemp("runs"), threads=1)


def changed(run: store.Record, **provenance: object) -> store.Record:
    """The run with other statements about where it was made."""
    return replace(run, content=run.content | {"provenance": run["provenance"] | provenance})


def with_losses(run: store.Record, losses: list[float], **replayed: object) -> store.Record:
    """The run with other losses."""
    changes = run["replay"] | {"losses": losses} | replayed
    return replace(run, content=run.content | {"replay": changes})


def test_the_same_machine_gives_the_same_bits_whatever_the_threads_here(made):
    torch.set_num_threads(2)
    seen = verify(made)
    assert (seen.verdict, seen.compared, seen.deviation) == (EXACT, 8, 0.0)
    assert seen.same_source
    assert torch.get_num_threads() == 2


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


def test_a_nudge_is_one_of_the_last_bit(made):
    one, other = (replay.Rehearsal(made.recipe, replay.load("digits", None), CPU) for _ in "ab")
    replay.nudge(other, 0)
    for p, q in zip(one.model.parameters(), other.model.parameters()):
        assert torch.allclose(p, q, rtol=2**-22, atol=0)
        assert not p.any() or not torch.equal(p, q)


def test_two_threads_agree_with_one_within_tolerance(made):
    seen = verify(changed(made, threads=2))
    assert seen.verdict == WITHIN
    assert seen.deviation > 0


@pytest.mark.skipif(torch.cuda.is_available(), reason="CUDA is here")
def test_of_a_cuda_record_only_the_first_loss_is_compared_on_a_cpu(made):
    cuda = changed(made, device_type="cuda", device="NVIDIA H200")
    seen = verify(cuda)
    assert (seen.verdict, seen.compared) == (WITHIN, 1)
    losses = [2 * made["replay"]["losses"][0]]
    assert verify(with_losses(cuda, losses)).verdict == DIFFERS


def test_other_batches_differ_even_if_the_losses_agree(made):
    seen = verify(with_losses(made, made["replay"]["losses"], itinerary="0" * 64))
    assert (seen.verdict, seen.compared) == (DIFFERS, 0)


def test_says_when_the_source_was_another(made):
    seen = verify(changed(made, source_digest="0" * 64))
    assert (seen.verdict, seen.same_source) == (EXACT, False)


def test_without_its_data_set_a_run_cannot_be_replayed(made, monkeypatch):
    def missing(_name, _folder):
        raise DataError("CIFAR-10 is not here.")

    other = {"data": {"name": "digits", "digest": "0" * 64}}
    assert verify(replace(made, content=made.content | other)).verdict == IMPOSSIBLE
    monkeypatch.setattr(replay, "load", missing)
    seen = verify(made)
    assert (seen.verdict, seen.sentence) == (IMPOSSIBLE, "CIFAR-10 is not here.")


def test_without_a_finite_loss_a_run_cannot_be_replayed(made):
    assert verify(with_losses(made, [])).verdict == IMPOSSIBLE


def test_where_rounding_drowns_the_first_loss_nothing_is_claimed():
    assert replay.judge([1.0], [1.0], [0.5])[0] == IMPOSSIBLE


def committed() -> list[store.Record]:
    """The smallest committed quick records: of each network, the first seed."""
    return [run for run in store.every("quick", COMMITTED) if run.recipe.seed == 0]


@pytest.mark.skipif(not committed(), reason="no quick record is committed yet")
def test_the_committed_quick_records_replay():
    for run in committed():
        if usual(run.recipe):
            seen = verify(run)
            assert seen.verdict in (EXACT, WITHIN, IMPOSSIBLE), seen


def usual(recipe: Recipe) -> bool:
    """Whether it is the profile's own recipe, of a depth that replays in a second."""
    return not recipe.variant and recipe.depth <= 56 and recipe.profile in PROFILES
