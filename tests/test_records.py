"""Records of experiments are written whole and read only when whole."""

import json

import pytest

from residual.records import find_experiment, write_experiment
from residual.runs import RecordError

CONTENT = {"settings": {"n": 1}, "seeds": [0], "measurements": [{"x": 0.1}], "provenance": {}}


def test_a_record_comes_back_as_it_was_written(tmp_path):
    written = write_experiment("made-up", "quick", CONTENT, tmp_path)
    found = find_experiment("made-up", "quick", tmp_path)
    assert found == written
    assert found.name == "quick/experiments/made-up"
    assert (found.seeds, found.measurements) == ([0], [{"x": 0.1}])


def test_there_is_nothing_where_nothing_was_written(tmp_path):
    assert find_experiment("made-up", "quick", tmp_path) is None


@pytest.mark.parametrize("damage", ["value", "cut", "key", "place"])
def test_a_damaged_record_is_named(tmp_path, damage):
    path = write_experiment("made-up", "quick", CONTENT, tmp_path).folder / "record.json"
    record = json.loads(path.read_text())
    if damage == "value":
        record["measurements"][0]["x"] = 0.2
    elif damage == "key":
        del record["seeds"]
    elif damage == "place":
        path = write_experiment("other", "quick", CONTENT, tmp_path).folder / "record.json"
    text = json.dumps(record)
    path.write_text(text[: len(text) // 2] if damage == "cut" else text)
    with pytest.raises(RecordError, match=r"record\.json is damaged"):
        find_experiment(path.parent.name, "quick", tmp_path)


def test_values_that_json_lacks_are_refused(tmp_path):
    bad = CONTENT | {"measurements": [{"x": float("nan")}]}
    with pytest.raises(ValueError, match="JSON compliant"):
        write_experiment("made-up", "quick", bad, tmp_path)
