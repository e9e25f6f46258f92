"""How `pytest --nbval` reads the chapters under a reader's own settings."""

import pytest


def pytest_collection_modifyitems(items):
    """Leave stderr out, where warnings go that a reader has turned on."""
    for chapter in {
        item.parent
        for item in items
        if hasattr(item.parent, "skip_compare")
    }:
        chapter.skip_compare += ("stderr",)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """With `pytest -n`, a chapter's cells run in order in one process."""
    from xdist.scheduler import LoadFileScheduling

    return LoadFileScheduling(config, log)
