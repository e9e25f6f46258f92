"""Rules on zero weights (note 002, §3): what they do, and whether training reaches them."""

from dataclasses import replace
from statistics import median

from residual.claims.about_identity import identity_is_hard
from residual.claims.evidence import FLOOR, Evidence, by_member, rows_of
from residual.claims.verdicts import (
    SUPPORTED,
    TENFOLD,
    TENTH,
    Finding,
    Measure,
    Reason,
    conclude,
    rated,
    single,
)
from residual.recipe import KINDS
from residual.statistics import FEWEST_SEEDS
from residual.store import Record

LIMITS = ("weights_zero_with_beta", "negative_input", "plain", "downsampling")
"""Where setting F to zero gives no identity."""

LEARNT = 1e-6  # of the loss at the start: the block has learnt the identity
SETTINGS = {
    ("no-bn", False): "no-bn",
    ("bn", False): "bn",
    ("no-bn", True): "no-bn/decay",
    ("bn", True): "bn/decay",
}
"""The blocks that learn the identity, by form and decay: the groups of their measures."""


def zero_is_identity(evidence: Evidence) -> Finding:
    """By construction: the conditions under which F = 0 gives H(x) = x bit for bit."""
    found = evidence.constructions["exact_conditions"]
    holds = all(exact == (name not in LIMITS) for name, exact in found.items())
    caution = [Reason(f"not-exact-{name}") for name in LIMITS]
    measures = [single("exact", float(exact), group=name) for name, exact in found.items()]
    return conclude(holds, not holds, measures, caution=caution)


def zero_kills_plain(evidence: Evidence) -> Finding:
    """By construction: the output of a zeroed plain block does not vary, a residual one's does.

    The test errors with one block or one layer zeroed at a time stand beside.
    """
    record = evidence.experiment("zero-kills-plain")
    variance = {kind: [m[f"{kind}_variance"] for m in record.measurements] for kind in KINDS}
    holds = max(variance["plain"]) == 0 and min(variance["residual"]) > 0
    measures = [single("variance", max(values), group=kind) for kind, values in variance.items()]
    numbers = {}
    zeroings = {"whole": ("nothing",), "block": ("block",), "layer": ("conv1", "conv2")}
    for kind in KINDS:
        for name, zeroed in zeroings.items():
            rows = rows_of(record, kind=kind)
            errors = [row["test_error"] for row in rows if row["zeroed"] in zeroed]
            numbers[f"{kind}_{name}"] = median(errors)
            measures.append(single("test_error", numbers[f"{kind}_{name}"], group=f"{kind}/{name}"))
    return conclude(holds, not holds, measures, [record], 0, numbers)


def falls_of(name: str, rows: dict[str, dict], quantity: str, group: str = "", **given) -> Measure:
    """How many times smaller a quantity is at the end than at the start, over seeds."""
    ends = {
        seed: max(row[f"{quantity}_start"], FLOOR) / max(row[f"{quantity}_end"], FLOOR)
        for seed, row in rows.items()
    }
    return rated(name, ends, TENFOLD, group, **given)


def learnt(record: Record, form: str, decay: bool, rate: float) -> dict[str, dict]:
    """The descents of one setting and learning rate that end at the identity, by seed.

    A block whose inner units are all dead computes F = 0 for every input and will for ever: it is
    dead, not an identity that was learnt.
    """
    found = {}
    for seed, measured in zip(record.seeds, record.measurements):
        for row in measured["rows"]:
            if (row["form"], row["decay"], row["learning_rate"]) != (form, decay, rate):
                continue
            if row["loss_end"] < LEARNT * row["loss_start"] and row.get("dead_fraction", 1) < 1:
                found[str(seed)] = row
    return found


def weights_go_to_zero(evidence: Evidence) -> Finding:
    """Does ‖W‖ fall at least tenfold wherever a block learns the identity?

    Every learning rate at which at least three seeds learn it is judged by itself, with and without
    BN and weight decay. Supported if ‖W‖ falls so far at every one; refuted if it does at none
    without decay; else a caveat that says where. ‖F(x)‖ and γ₂ stand beside, since they fall.
    """
    record = evidence.experiment("weights-go-to-zero")
    judged, beside = [], []
    for (form, decay), setting in SETTINGS.items():
        for rate in record["settings"]["learning_rates"]:
            rows = learnt(record, form, decay, rate)
            if len(rows) < FEWEST_SEEDS:
                continue
            group = f"{setting}/rate {rate:g}"
            judged.append(falls_of("weights", rows, "weight_norm", group))
            beside.append(falls_of("response", rows, "response", group, judged=False))
            if form == "bn":
                beside.append(falls_of("gamma", rows, "gamma_norm", group, judged=False))
    tenfold = [m for m in judged if m.interval.lower >= TENFOLD]
    free = [m for m in judged if "decay" not in m.group]
    none_free = bool(free) and all(m.interval.upper < TENFOLD for m in free)
    every = bool(judged) and len(tenfold) == len(judged)
    kept = {"kept": 1 / judged[0].interval.estimate} if judged else {}
    found = conclude(
        every or (bool(tenfold) and not none_free),
        none_free,
        [*judged, *beside],
        [record],
        numbers=kept | {"tenfold": len(tenfold), "settings": len(judged)},
        caution=() if every else [Reason("only-at", {"group": m.group}) for m in tenfold],
        doubt=() if judged else [Reason("nothing-learnt")],
    )
    learned = {m.group.rsplit("/", 1)[0] for m in judged}
    few = [Reason("few-learnt", {"group": s}) for s in SETTINGS.values() if s not in learned]
    return replace(found, reasons=(*found.reasons, *few * bool(judged)))


def zero_is_fixed(evidence: Evidence) -> Finding:
    """Fixed, stable, easily reached: three words of the note, each measured.

    Fixed: all gradients vanish at W = 0 for the target identity. Stable: from 1 % and 10 % of a He
    start descent without decay ends at ‖F(x)‖ ≤ 0.1 ‖x‖, and at W = 0 (‖W‖ falls at least tenfold).
    Easily reached: the claim zero-is-easy. Supported if all hold for W, a caveat if for F alone,
    refuted if F does not return. With decay stands beside.
    """
    record = evidence.experiment("zero-is-fixed")
    measured = record.measurements
    gradients = [m[f"gradient_{form}"] for m in measured for form in ("no_bn", "bn")]
    largest = max(norm for by_parameter in gradients for norm in by_parameter.values())
    response, weight = [], []
    for (form, decay), setting in SETTINGS.items():
        for epsilon in sorted({row["epsilon"] for row in rows_of(record)}):
            rows = rows_of(record, form=form, decay=decay, epsilon=epsilon)
            if not rows:
                continue
            by_seed = dict(zip(map(str, record.seeds), rows))
            group = f"{setting}/from {100 * epsilon:g} %"
            ends = {seed: max(row["response_end"], FLOOR) for seed, row in by_seed.items()}
            response.append(rated("response", ends, TENTH, group, judged=not decay))
            weight.append(falls_of("weights", by_seed, "weight_norm", group, judged=False))
    easy = identity_is_hard(evidence)
    fixed = largest == 0
    returns = all(m.interval.upper <= TENTH for m in response if m.judged)
    to_zero = all(m.interval.lower >= TENFOLD for m in weight if "decay" not in m.group)
    reached = easy.verdict == SUPPORTED
    escapes = any(m.interval.lower > TENTH for m in response if m.judged)
    stable = fixed and returns
    not_easy = [] if reached or not stable else [Reason("not-easy", {"verdict": easy.verdict})]
    return conclude(
        stable and reached,
        not fixed or escapes,
        [*response, *weight, single("gradient", largest)],
        [record],
        caution=[Reason("only-to-f")] if stable and not to_zero else [],
        doubt=not_easy,
        answer="not-easy" if not_easy else "",
    )


def decay_pulls_to_zero(evidence: Evidence) -> Finding:
    """By construction: weight decay alone over the paper's 64,000 iterations, with BN.

    The block without BN and the distance of a plain block from its useful map stand beside; what
    trained networks show is ‖W‖ over its He value, of others at full length.
    """
    record = evidence.experiment("decay-pulls-to-zero")
    rows = dict(zip(map(str, record.seeds), record.measurements))

    def fall(form: str, judged: bool) -> Measure:
        ends = {
            seed: row[f"residual_{form}"][0] / max(row[f"residual_{form}"][-1], FLOOR)
            for seed, row in rows.items()
        }
        return rated("nearer", ends, TENFOLD, form.replace("_", "-"), judged=judged)

    found = fall("bn", True)
    lost = {seed: max(row["plain_bn"][-1], FLOOR) for seed, row in rows.items()}
    measures = [found, fall("no_bn", False), rated("plain_lost", lost, judged=False)]
    trained = [
        run
        for kind in KINDS
        for run in evidence.at("public").found(kind, 56)
        if "he" in run["gradients"]
    ]
    if trained:
        measures.append(rated("over_he", by_member(trained, over_he), judged=False))
    numbers = {"left_percent": 100 * record.measurements[0]["weight_fraction"][-1]}
    rule = found.interval.lower >= TENFOLD, found.interval.upper < TENFOLD
    answer = "alone" if rule[0] and not trained else ""
    return conclude(*rule, measures, [record, *trained], 0, numbers, answer=answer)


def over_he(run: Record) -> float:
    """Median over the 3×3 layers of ‖W‖ at the end of training over that of a He start."""
    pairs = zip(run["gradients"]["weight"][-1], run["gradients"]["he"])
    return median(weight / he for weight, he in pairs)
