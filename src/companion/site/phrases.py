"""What the explorers and the identity page say, in the edition's language, for their scripts.

The scripts fill what stands in braces.
"""

from companion.site.words import words


def of_buttons() -> dict[str, str]:
    """The button of an explorer, before and after it is used."""
    return {"drawing": words("Show the static figure"), "explorer": words("Explore this figure")}


def of_explorers() -> dict[str, str]:
    """Controls, charts and sentences of the explorers."""
    return {
        "runs": words("Runs"),
        "networks": words("Networks"),
        "plain": words("plain"),
        "residual": words("residual"),
        "depth": words("Depth"),
        "measure": words("Measure"),
        "state": words("State"),
        "order": words("Order of layers"),
        "original": words("original"),
        "sorted": words("sorted by magnitude"),
        "beside": words("Beside the mean"),
        "each": words("each seed"),
        "in_order": words("{x}, in original order"),
        "by_rank": words("{x}, sorted by magnitude"),
        "nothing": words("Nothing is chosen."),
        "point": words("Point at a line, or tap it, for its value and the record of its run."),
        "chart": words(
            "{name}: {y}, by {x}. Arrow keys go from point to point and from line to line, "
            "Escape lets go."
        ),
        "one_run": words("1 run"),
        "many_runs": words("{count} runs"),
        "and": words("{first} and {second}"),
        "layers_sorted": words("{titles}, layers sorted by magnitude"),
        "summary": words("{group}. {source}; {titles}: {networks} ({runs})."),
        "mean": words("mean of {count} seeds"),
        "seed": words("seed {seed}"),
        "rank": words("rank {rank}"),
        "range": words("from {low} to {high}"),
        "record": words("Record:"),
        "records": words("Records:"),
    }


def of_series() -> dict[str, str]:
    """Axes and series of the explorers, and where their runs come from."""
    return {
        "iteration": words("iteration"),
        "depth": words("depth"),
        "layer": words("layer"),
        "block": words("block"),
        "deleted block": words("deleted block"),
        "error, %": words("error, %"),
        "points": words("points"),
        "test error": words("test error"),
        "running training error": words("running training error"),
        "training error": words("training error"),
        "rise in test error": words("rise in test error"),
        "standard deviation": words("standard deviation"),
        "trained": words("trained"),
        "before training": words("before training"),
        "trained, exact BN statistics": words("trained, exact BN statistics"),
        "Our runs": words("Our runs"),
        "Our runs, other recipes": words("Our runs, other recipes"),
        "Weights trained by others, measured by us": words(
            "Weights trained by others, measured by us"
        ),
    }


def of_touch() -> dict[str, str]:
    """Everything that the identity page says once its script runs."""
    return {
        "no_wasm": words("This browser cannot run WebAssembly, or has it switched off."),
        "no_unpacking": words(
            "This browser cannot unpack compressed data (it is older than 2023)."
        ),
        "not_here": words("The networks cannot be run here."),
        "not_loaded": words("{file} could not be loaded."),
        "failed": words("The network could not be run in this browser:"),
        "offer": words("{runtime}, a network and the images are to be loaded: {size}."),
        "start": words("Start"),
        "loading": words("Loading {size} …"),
        "network": words("Network"),
        "choice": words("{network} (test error {error} %)"),
        "reset": words("Reset"),
        "delete": words("Delete blocks (α = 0 there alone)"),
        "delete_block": words("Delete block {block}"),
        "delete_wide": words("Delete block {block}, which halves and widens the maps"),
        "image": words("Image {number}: {name}"),
        "answers": words("Test images with the network's answers"),
        "measure": words("Each block's"),
        "response": words("standard deviation of α·F(x)"),
        "ratio": words("‖α·F(x)‖ / ‖x‖, mean over the images"),
        "now": words("now"),
        "before": words("with α = 1 and every block · click a column to delete its block"),
        "bar": words("Block {block}: {now}, with α = 1 {before}"),
        "bars": words("Bars, one a block: {measure}. Now {values}."),
        "numbers": words("Every block in numbers"),
        "block": words("Block"),
        "std": words("Std of α·F(x)"),
        "std_before": words("… with α = 1"),
        "change": words("Largest |H(x) − shortcut(x)|"),
        "axis": words("block"),
        "setting": words("{network}, α = {alpha}"),
        "without": words("{network}, α = {alpha}, without block {blocks}"),
        "result": words(
            "{setting}: {right} of these {count} images right ({share}), {changed} answered "
            "otherwise than at α = 1, mean confidence {sure}."
        ),
    }


def of_page() -> dict[str, str]:
    """What the identity page says without its script."""
    return {
        "no_script": words(
            "This part of the page computes in your browser and needs JavaScript, which is off."
        ),
        "not_run": words(
            "Not run: the store holds no trained network of the kind that this page shows."
        ),
    }
