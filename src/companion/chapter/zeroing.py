"""One block or one layer of a trained network at zero, position by position."""

from residual.claims.identity import ZEROED

from companion import figures
from companion.chapter import scale
from companion.chapter.display import Picture
from companion.chapter.settings import Settings
from companion.chapter.starts import rows_of
from companion.chapter.words import error_rate, listed
from companion.figures.style import network
from residual.recipe import KINDS

DEPTH = 20  # of the experiment zero-kills-plain


def one_at_zero(settings: Settings, label: str) -> Picture | None:
    """Test error of trained networks with one block, and with one convolution, at zero.

    None where it would need networks that the chapter was not asked for.
    """
    if not settings.has_experiment("zero-kills-plain") and DEPTH not in settings.depths:
        return None
    record = settings.experiment("zero-kills-plain")
    frame = rows_of(record)
    errors = {
        (kind, words): frame[(frame["kind"] == kind) & frame["zeroed"].isin(zeroed)]["test_error"]
        for kind in KINDS
        for words, zeroed in ZEROED.items()
    }
    found = [
        f"{error_rate(errors[kind, 'block'].median())} and "
        f"{error_rate(errors[kind, 'layer'].median())} in {network(kind, DEPTH)} (whole: "
        f"{error_rate(errors[kind, 'whole'].median())})"
        for kind in KINDS
    ]
    caption = (
        "Median test error with one block and with one layer of a trained network at zero: "
        f"{listed(found)}. Lines are means over seeds, dotted those of the whole networks "
        f"({scale.of_experiment(record, images=True)})."
    )
    alt = (
        "Two panels of test error against what is zeroed, blocks and layers in order, a line for "
        f"each network: {listed(found)}."
    )
    drawn = figures.zeroed_positions(frame, DEPTH)
    return Picture(drawn, label, caption, alt, (record.name,), frame)
