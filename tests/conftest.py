# SPDX-License-Identifier: BSD-3-Clause
"""Hypothesis profiles, and a clean number of threads for every test."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

import crowfly

# The machine may be busy: no deadlines. Generating whole matrices is slow by Hypothesis' measure.
_base = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
settings.register_profile("default", _base, derandomize=True, max_examples=60)
settings.register_profile("thorough", _base, max_examples=2000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))


@pytest.fixture(autouse=True)
def default_threads() -> Iterator[None]:
    """A test that changes the number of threads doesn't change it for the next one."""
    yield
    crowfly.set_num_threads(None)
