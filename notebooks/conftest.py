"""How `pytest --nbval` reads the chapters under a reader's own settings."""

import pytest


def pytest_collection_modifyitems(items):
    """Leave out stderr, where warnings go that a reader has turned on.

    And drawings, whose every coordinate hangs on the version of a
    font; their words and their data are compared.
    """
    for chapter in {
        item.parent
        for item in items
        if hasattr(item.parent, "skip_compare")
    }:
        chapter.skip_compare += ("stderr", "image/svg+xml")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """With `pytest -n`, a chapter's cells run in order in one process."""
    from xdist.scheduler import LoadFileScheduling

    return LoadFileScheduling(config, log)
