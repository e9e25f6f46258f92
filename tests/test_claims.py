"""The ledger's contract: words, forms, scales, JSON; a wrong word is named when it is loaded."""

import json
import re

import pytest
import yaml
from made_up import evidence, networks

from residual import claims
from residual.claims.verdicts import WORDS, WordsError, load_claims
from residual.errors import ParameterError

BY_ID = {claim.id: claim for claim in claims.CLAIMS}
FORMS = {"by construction": 7, "measured": 22, "about the paper": 1}


def test_the_three_forms_are_those_of_the_registration():
    forms = [claim.form for claim in claims.CLAIMS]
    assert {form: forms.count(form) for form in set(forms)} == FORMS
    for claim in claims.CLAIMS:
        assert re.search("[一-鿿]", claim.chinese)
        assert bool(claim.verdicts) == (claim.form != "about the paper")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"rule": None}, "degradation-train lacks rule"),
        ({"unit": 3}, "degradation-train.unit must be of type str"),
        ({"paper": "maybe"}, "degradation-train.paper is 'maybe', not one of agrees"),
        ({"verdicts": ["sure"]}, "degradation-train.verdicts is 'sure'"),
        ({"colour": "red"}, "degradation-train has an unknown field, colour"),
        ({"id": "new"}, "there is no rule for new"),
    ],
)
def test_wrong_words_are_named(change, words, tmp_path):
    first = yaml.safe_load(WORDS.read_text("utf-8"))[0] | change
    kept = {key: value for key, value in first.items() if value is not None}
    path = tmp_path / "claims.yaml"
    path.write_text(yaml.safe_dump([kept], allow_unicode=True), "utf-8")
    with pytest.raises(WordsError, match=re.escape(words)):
        load_claims(claims.RULES, path)


def test_a_file_that_is_no_yaml_is_named(tmp_path):
    path = tmp_path / "claims.yaml"
    path.write_text("- id: [", "utf-8")
    with pytest.raises(WordsError, match=r"claims\.yaml is no YAML"):
        load_claims(claims.RULES, path)


def test_an_empty_store_gives_not_run_with_the_reason(tmp_path):
    for verdict in claims.evaluate("quick", tmp_path):
        if verdict.scale == "quick" and verdict.verdict is not None:
            assert verdict.verdict == claims.NOT_RUN
            assert verdict.reason


def test_what_algebra_says_needs_no_record(tmp_path):
    found = {v.id: v for v in claims.evaluate("published", tmp_path)}
    assert found["zero-is-identity"].verdict == claims.CAVEAT
    assert found["same-capacity"].verdict == claims.CAVEAT
    assert found["zero-is-identity"].scale == "by construction"
    assert found["figure-7-networks"].verdict is None


def test_published_shows_the_first_scale_that_judges():
    claim = BY_ID["degradation-train"]

    def at(scale):
        made = networks("plain", 20, "train", 1.0, scale, 4)
        return evidence(*made, *networks("plain", 56, "train", 9.0, scale, 4), scale=scale)

    scales = [evidence(scale="paper"), at("public"), at("desk")]
    verdicts = [claims.judge(claim, scale) for scale in scales]
    assert claims.first_judged(verdicts).scale == "public"
    assert claims.first_judged(verdicts[::2]).scale == "desk"


def test_published_passes_over_a_scale_with_too_few_trainings():
    claim = BY_ID["degradation-train"]

    def at(scale, trainings):
        made = networks("plain", 20, "train", 1.0, scale, trainings)
        return evidence(*made, *networks("plain", 56, "train", 9.0, scale, trainings), scale=scale)

    few, enough = (claims.judge(claim, at(*s)) for s in (("desk", 1), ("quick", 3)))
    assert (few.verdict, few.scale) == ("inconclusive", "desk")
    assert "Training by training" not in few.sentence
    assert claims.first_judged([few, enough]).scale == "quick"
    assert claims.first_judged([few]).scale == "desk"


def test_an_unknown_scale_is_named(tmp_path):
    with pytest.raises(ParameterError, match="'large' is not allowed"):
        claims.evaluate("large", tmp_path)


def test_verdicts_as_json_carry_their_claims_words(tmp_path):
    rows = json.loads(json.dumps(claims.as_json(claims.evaluate("quick", tmp_path))))
    assert [row["id"] for row in rows] == list(BY_ID)
    assert rows[0]["rule"] == BY_ID["degradation-train"].rule
