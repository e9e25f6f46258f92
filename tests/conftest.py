"""What several test modules share."""

import pytest
from browser import CHROMIUM, chromium


@pytest.fixture(scope="session")
def browser():
    """Headless Chromium, opened once."""
    if CHROMIUM is None:
        pytest.skip("no Chromium on the path: install Debian's package chromium")
    with chromium() as opened:
        yield opened
