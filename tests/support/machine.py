"""What a test needs of the machine and may not have."""

import os
from typing import NoReturn

import pytest


def without(missing: object) -> NoReturn:
    """Skip the test that runs now, as `missing` says what this machine has not; where CI runs it, it must run."""
    if os.environ.get("CI"):
        pytest.fail(f"CI must run this: {missing}")
    pytest.skip(str(missing))
