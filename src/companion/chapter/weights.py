"""What falls while a residual block learns the identity: its weights, response, or scale."""

import pandas as pd
from residual.claims.descent import FLOOR, falls

from companion import figures
from companion.chapter import scale
from companion.chapter.display import Picture
from companion.chapter.settings import Settings
from companion.chapter.words import listed
from residual.statistics import number
from residual.store import Record

FORMS = {"no-bn": "without BN", "bn": "with BN"}
QUANTITIES = {"response": "‖F(x)‖", "weight_norm": "‖W‖", "gamma_norm": "γ₂"}


def falling(settings: Settings, label: str) -> Picture:
    """‖F(x)‖, ‖W‖ and γ₂ on the way to the identity, each relative to its start."""
    record = settings.experiment("weights-go-to-zero")
    frame = shares(record)
    told = "; ".join(f"{words} {ends(record, form)}" for form, words in FORMS.items())
    caption = (
        f"One residual block learns to return its input. Final size relative to the start: {told}. "
        "Lines are geometric means over seeds, each at the best of "
        f"{len(record['settings']['learning_rates'])} learning rates; what is below "
        f"{number(FLOOR)} is drawn there ({scale.of_experiment(record)})."
    )
    alt = f"Two panels of what is left of each quantity against iteration, logarithmic: {told}."
    return Picture(figures.falling(frame), label, caption, alt, (record.name,), frame)


def ends(record: Record, form: str) -> str:
    """What is left of each quantity at the end, in words."""
    left = {name: 1 / falls(record.measurements, form, name).estimate for name in measured(form)}
    return listed([f"{number(share, 2)} for {QUANTITIES[name]}" for name, share in left.items()])


def measured(form: str) -> list[str]:
    """The quantities of a block: without BN it has no γ₂."""
    return [name for name in QUANTITIES if form == "bn" or name != "gamma_norm"]


def shares(record: Record) -> pd.DataFrame:
    """What is left of each quantity: form, quantity, seed, iteration, share (not below 1e-12)."""
    frames = [
        pd.DataFrame(
            {
                "iteration": row["curve"]["iteration"],
                "share": [max(v, FLOOR) / row["curve"][name][0] for v in row["curve"][name]],
            }
        ).assign(form=FORMS[row["form"]], quantity=QUANTITIES[name], seed=seed)
        for seed, found in zip(record.seeds, record.measurements)
        for row in found["rows"]
        if row["form"] in FORMS
        for name in measured(row["form"])
    ]
    return pd.concat(frames, ignore_index=True)
