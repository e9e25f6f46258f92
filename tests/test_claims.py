"""The ledger's contract: words in two languages, forms, scales, JSON; wrong words are named."""

import json
import re
from dataclasses import replace
from functools import cache

import nbformat
import pytest
import yaml
from made_up import evidence, networks
from outcomes import OUTCOMES

from residual import claims
from residual.claims.wording import (
    BETWEEN,
    LANGUAGES,
    WORDS,
    WordsError,
    answer,
    lines,
    load_claims,
    measure_words,
    reason,
    words,
)
from residual.errors import ParameterError
from residual.store import ROOT

BY_ID = {claim.id: claim for claim in claims.CLAIMS}
FORMS = {"by construction": 7, "measured": 26, "about the paper": 1}
EACH = [(name, key) for name, found in OUTCOMES.items() for key in found]
STORED = [(name, scale) for name in BY_ID for scale in (*claims.SCALES, claims.PUBLISHED)]
CHINESE = "[一-鿿]"
NAMES = "|".join(
    (
        r"(plain|ResNet)-\d+",
        r"、?-\d+",  # ResNet-20, -56 and -110
        r"CIFAR-10",
        r"depth \d+|\d[\d,]* (layers|层)",
        r"at 56|56 层",
        r"\d+ (smallest blocks|个块)",
        r"[FWx] [=≥] 0",
        r"one-?",
    )
)
"""What is no number of a sentence: names of networks, depths, and letters with a value."""


@cache
def made(name, key):
    """The verdict of made-up evidence."""
    return claims.judge(BY_ID[name], OUTCOMES[name][key]())


def numbers(sentence):
    """The numbers of a sentence, but for those that are part of a name."""
    return re.findall(r"\d[\d,.]*(?:×10[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+)?", re.sub(NAMES, "", sentence))


def limits(sentence, language):
    """What is wrong with an answer; nothing if it is a short sentence."""
    if re.search("[–{}]|nan|None", sentence):
        yield "a number lacks"
    if len(numbers(sentence)) > 2:
        yield f"{len(numbers(sentence))} numbers"
    if language == "en" and len(sentence.split()) > 25:
        yield f"{len(sentence.split())} words"
    if language == "zh" and len(re.findall(CHINESE, sentence)) > 45:
        yield f"{len(re.findall(CHINESE, sentence))} characters"


# Answers


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("name", "key"), EACH, ids=map("/".join, EACH))
def test_an_answer_is_one_short_sentence(name, key, language):
    sentence = answer(BY_ID[name], made(name, key), language)
    assert list(limits(sentence, language)) == [], sentence
    assert bool(re.search(CHINESE, sentence)) == (language == "zh")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("name", "scale"), STORED, ids=map("/".join, STORED))
def test_answers_of_the_committed_records_are_as_short(name, scale, language):
    found = claims.judged(name, scale)
    sentence = answer(BY_ID[name], found, language)
    assert list(limits(sentence, language)) == [], sentence


def test_long_sentences_and_many_numbers_are_found():
    assert list(limits("word " * 26, "en")) == ["26 words"]
    assert list(limits("字" * 46, "zh")) == ["46 characters"]
    assert list(limits("1.5 of 3 and 7×10⁻⁹ in plain-56", "en")) == ["3 numbers"]
    assert list(limits("a ratio of – times", "en")) == ["a number lacks"]
    assert numbers("ResNet-110 at depth 20, 1,202 layers: W = 0, 0.25") == ["0.25"]


def test_a_name_that_no_measure_has_would_be_seen():
    template = {"supported": {"en": "Yes: {ratoi} times.", "zh": "是：{ratoi} 倍。"}}
    claim = claims.CLAIMS[0]
    wrong = type(claim)(**{**vars(claim), "answers": template})
    sentence = answer(wrong, made("degradation-train", "supported"))
    assert list(limits(sentence, "en")) == ["a number lacks"]


def test_the_answer_not_run_is_one_for_all():
    for name in BY_ID:
        found = claims.judge(BY_ID[name], evidence(scale="paper"))
        if found.verdict == claims.NOT_RUN:
            assert answer(BY_ID[name], found) == words()["not run"]["en"]


def test_the_badge_never_says_another_thing_than_the_answer():
    firsts = {
        "supported": "Yes|Right",
        "supported with a caveat": "Yes|Right|Sometimes|Fixed, yes",
        "not supported": "No|It may be",
        "inconclusive": "Open",
        "differs from the paper": "No",
    }
    for claim in claims.CLAIMS:
        for key, texts in claim.answers.items():
            assert re.match(firsts[key.split(":")[0]], texts["en"]), (claim.id, key)


# Reasons, groups, measures


def told_by_rules():
    """The names of reasons that the code gives, with those that it puts together."""
    code = "".join(p.read_text("utf-8") for p in WORDS.parent.glob("*.py"))
    names = set(re.findall(r'Reason\(\s*"([\w-]+)"', code)) | {"free-std", "free-relative"}
    limited = re.search(r"LIMITS = \((.*?)\)", code).group(1)
    names |= {f"not-exact-{name}" for name in re.findall(r'"(\w+)"', limited)}
    return names | {"carried-by-name", "carried-by-code"}


def test_reasons_are_those_that_the_code_gives():
    assert set(words()["reasons"]) == told_by_rules()


@pytest.mark.parametrize("name", words()["reasons"])
def test_a_reason_has_both_languages_and_the_same_places(name):
    text = words()["reasons"][name]
    assert set(text) == set(LANGUAGES)
    places = [set(re.findall(r"\{(\w+)\}", text[language])) for language in LANGUAGES]
    assert places[0] == places[1]
    assert re.search(CHINESE, text["zh"])
    assert not re.search(CHINESE, text["en"])


def every_finding():
    """Verdicts of made-up evidence and of all committed records."""
    yield from ((BY_ID[name], made(name, key)) for name, key in EACH)
    for name, scale in STORED:
        yield BY_ID[name], claims.judged(name, scale)


def test_each_measure_and_group_of_a_finding_has_words():
    lacking = set()
    for claim, found in every_finding():
        for measure in found.measures:
            if measure.name not in claim.measures:
                lacking.add(f"{claim.id}: {measure.name}")
            lacking |= {
                part for part in measure.group.split("/") if part and part not in words()["groups"]
            }
    assert not lacking


def test_each_reason_of_a_finding_is_whole():
    for claim, found in every_finding():
        for given in found.reasons:
            for language in LANGUAGES:
                sentence = reason(given, language)
                assert not re.search("[–{}]", sentence.replace("–-", "")), (claim.id, sentence)
                assert sentence[-1] in ".。"


def test_measures_are_told_with_their_groups():
    found = made("response-smaller", "supported with a caveat")
    claim = BY_ID["response-smaller"]
    measure = found.measures[0]
    told = [measure_words(claim, measure, language) for language in LANGUAGES]
    assert told[0] == "plain over residual, all 3×3 layers, depth 20, both sets"
    assert told[1].endswith(BETWEEN["zh"].join(("20 层", "两批合计")))
    text = "\n".join(lines(claim, found))
    assert answer(claim, found) in text
    assert f"{told[0]}: {measure.interval}" in text


def test_no_word_is_left_over():
    used = {
        part for _, found in every_finding() for m in found.measures for part in m.group.split("/")
    }
    left = set(words()["groups"]) - used
    # of scales and sets that no record has yet, or that made-up evidence does not use
    assert left <= {
        "110", "32", "44", "20 over 32", "32 over 44", "44 over 56", "27 blocks", "logs", "first",
        "rate 0.01", "rate 1", "no-bn", "charitable", "usual", "matched", "start",
        "weights_zero_eval", "gamma_beta_zero_train", "gamma_beta_zero_eval",
    }  # fmt: skip
    for claim in claims.CLAIMS:
        named = {m.name for c, found in every_finding() if c is claim for m in found.measures}
        beside = set(claim.measures) - named
        assert beside <= {
            "zero_gamma",
            "std",
            "train_error",
            "start",
            "f_alone",
            "by_channel",
            "jacobian",
        }


# Claims


def test_the_three_forms_are_those_of_the_registration():
    forms = [claim.form for claim in claims.CLAIMS]
    assert {form: forms.count(form) for form in set(forms)} == FORMS


@pytest.mark.parametrize("claim", claims.CLAIMS, ids=lambda claim: claim.id)
def test_a_claim_has_words_in_both_languages(claim):
    ends = [claim.strip[end] for end in ("low", "high")] if claim.strip else []
    for text in (claim.text, *claim.measures.values(), *claim.answers.values(), *ends):
        assert not re.search(CHINESE, text["en"])
        assert all(text[language].strip() for language in LANGUAGES)
    assert re.search(CHINESE, claim.text["zh"])


@pytest.mark.parametrize("claim", claims.CLAIMS, ids=lambda claim: claim.id)
def test_what_is_measured_has_a_strip_of_what_decides(claim):
    if claim.form == "measured":
        assert claim.strip
    if not claim.strip:
        return
    for key in OUTCOMES[claim.id]:
        drawn = [m for m in made(claim.id, key).measures if m.name in claim.drawn]
        assert any(m.judged and m.trainings and m.threshold is not None for m in drawn), key


@pytest.mark.parametrize("claim", claims.CLAIMS, ids=lambda claim: claim.id)
def test_its_figure_is_in_the_notebook(claim):
    chapter, _, label = claim.figure.partition("#")
    path = ROOT / "notebooks" / f"{chapter}.ipynb"
    assert path.is_file(), f"{claim.id}.figure names {chapter}, and there is no such notebook."
    cells = [c for c in nbformat.read(path, as_version=4).cells if c.cell_type == "code"]
    code = "\n".join(cell.source for cell in cells)
    assert f'"{label}"' in code + '""', f"{claim.id}.figure: no cell of {path.name} draws {label}."
    about = [output.get("metadata", {}) for cell in cells for output in cell.outputs]
    if label and label not in [found.get("companion", {}).get("label") for found in about]:
        pytest.skip(f"{path.name} is stored without {label}: execute it again.")


# Loading


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"rule": None}, "degradation-train lacks rule"),
        ({"quantity": 3}, "degradation-train.quantity must be of type str"),
        ({"paper": "maybe"}, "degradation-train.paper is 'maybe', not one of agrees"),
        ({"judged_on": "first"}, "degradation-train.judged_on is 'first', not one of both"),
        ({"answers": {"sure": {"en": "a", "zh": "b"}}}, "degradation-train.verdicts is 'sure'"),
        ({"answers": {"supported": {"en": "a"}}}, "degradation-train.supported has not both"),
        ({"text": {"zh": "b"}}, "degradation-train.text has not both of en, zh"),
        ({"colour": "red"}, "degradation-train has an unknown field, colour"),
        ({"id": "new"}, "new: there is no rule for it"),
    ],
)
def test_wrong_words_are_named(change, told, tmp_path):
    whole = yaml.safe_load(WORDS.read_text("utf-8"))
    first = whole["claims"][0] | change
    whole["claims"] = [{key: value for key, value in first.items() if value is not None}]
    path = tmp_path / "claims.yaml"
    path.write_text(yaml.safe_dump(whole, allow_unicode=True), "utf-8")
    with pytest.raises(WordsError, match=re.escape(told)):
        load_claims(claims.RULES, path)


@pytest.mark.parametrize(
    ("text", "told"),
    [("- id: [", "claims.yaml is no YAML"), ("claims: []", "claims.yaml lacks verdicts")],
)
def test_a_file_that_is_not_whole_is_named(text, told, tmp_path):
    path = tmp_path / "claims.yaml"
    path.write_text(text, "utf-8")
    with pytest.raises(WordsError, match=re.escape(told)):
        load_claims(claims.RULES, path)


def test_a_claim_that_stands_twice_is_named(tmp_path):
    whole = yaml.safe_load(WORDS.read_text("utf-8"))
    whole["claims"] = whole["claims"][:1] * 2
    path = tmp_path / "claims.yaml"
    path.write_text(yaml.safe_dump(whole, allow_unicode=True), "utf-8")
    with pytest.raises(WordsError, match="degradation-train stands there twice"):
        load_claims(claims.RULES, path)


# Scales


def test_an_empty_store_gives_not_run_with_what_lacks(tmp_path):
    for verdict in claims.evaluate("quick", tmp_path):
        if BY_ID[verdict.id].form == "measured":
            assert verdict.verdict == claims.NOT_RUN
            assert verdict.reasons[0].name == "missing"


def test_what_algebra_says_needs_no_record_of_the_scale(tmp_path):
    found = {v.id: v for v in claims.evaluate("published", tmp_path)}
    assert found["zero-is-identity"].verdict == claims.CAVEAT
    assert found["same-capacity"].verdict == claims.CAVEAT
    assert found["zero-is-identity"].scale == "by construction"
    assert found["figure-7-networks"].verdict == claims.DIFFERS


def plain(scale, trainings):
    """Plain networks of which the deeper ones err more, judged."""
    made = networks("plain", 20, "train", 1.0, scale, trainings)
    made += networks("plain", 56, "train", 9.0, scale, trainings)
    return claims.judge(BY_ID["degradation-train"], evidence(*made, scale=scale))


def test_published_shows_the_first_scale_that_judges():
    verdicts = [plain(scale, n) for scale, n in (("paper", 0), ("public", 4), ("desk", 4))]
    assert claims.first_judged(verdicts).scale == "public"
    assert claims.first_judged(verdicts[::2]).scale == "desk"


def test_published_passes_over_a_scale_with_too_few_trainings():
    few, enough = plain("desk", 1), plain("quick", 3)
    assert (few.verdict, few.scale) == (claims.INCONCLUSIVE, "desk")
    assert claims.first_judged([few, enough]).scale == "quick"
    assert claims.first_judged([few]).scale == "desk"


def test_published_is_the_first_that_judges_of_all_scales():
    for name in BY_ID:
        found = claims.judged(name)
        each = [claims.judged(name, scale) for scale in claims.SCALES]
        assert found in each
        assert found.verdict != claims.NOT_RUN or all(v.verdict == found.verdict for v in each)


def test_an_unknown_scale_is_named(tmp_path):
    once = lambda: claims.judged("zero-is-easy", "large")  # noqa: E731
    for ask in (lambda: claims.evaluate("large", tmp_path), once):
        with pytest.raises(ParameterError, match="'large' is not allowed"):
            ask()


def test_judged_is_what_evaluating_gives():
    for scale in (*claims.SCALES, claims.PUBLISHED):
        assert [claims.judged(name, scale) for name in BY_ID] == claims.evaluate(scale)


def test_without_reasons_verdicts_and_answers_are_the_same():
    for bare in claims.evaluate("published", reasons=False):
        full = claims.judged(bare.id)
        assert bare == replace(full, reasons=bare.reasons)
        assert all(reason in full.reasons for reason in bare.reasons)


# JSON


def test_verdicts_as_json_carry_their_claims_words():
    rows = json.loads(json.dumps(claims.as_json(claims.evaluate("quick")), allow_nan=False))
    assert [row["id"] for row in rows] == list(BY_ID)
    assert rows[0]["rule"] == BY_ID["degradation-train"].rule
    row = next(row for row in rows if row["id"] == "response-near-zero")
    found = claims.judged("response-near-zero", "quick")
    assert row["answer"]["zh"] == answer(BY_ID["response-near-zero"], found, "zh")
    first = found.measures[0]
    assert row["measures"][0]["trainings"] == dict(first.trainings)
    assert row["measures"][0]["lower"] == first.interval.lower
    assert row["reasons"][0]["en"] == reason(found.reasons[0])


def test_settings_in_which_no_block_learns_are_named():
    found = claims.judged("weights-go-to-zero", "quick")
    learned = {m.group.rsplit("/", 1)[0] for m in found.measures if m.name == "weights"}
    told = {r.told["group"] for r in found.reasons if r.name == "few-learnt"}
    assert learned | told == {"bn", "bn/decay", "no-bn", "no-bn/decay"}
    assert told
    assert not told & learned
