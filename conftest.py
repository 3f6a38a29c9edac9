"""Hypothesis' profiles for every suite, and what a builder's noisy machine is forgiven.

    pytest --hypothesis-profile=night -m hypothesis packages/*/tests

ci: what a build takes.  night: a hundred times as many examples of every property, also of those
that say how many they want; it takes hours.  TROPEA_EXAMPLES is the factor.

TROPEA_RERUNS=1 runs a test that fails once more, and names it among the results (RERUN): beside
three servers and a browser on two cores a time limit may strike where no fault is.  A property that
fails is tried with the very example that failed.
"""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, settings

#: Where hypothesis keeps what ``@settings`` said; a release that moves it leaves the profile's own
#: number to count.
ITS_SETTINGS = "_hypothesis_internal_use_settings"

settings.register_profile("ci", deadline=None, print_blob=True)
settings.register_profile(
    "night",
    deadline=None,
    print_blob=True,
    max_examples=10_000,
    suppress_health_check=[HealthCheck.too_slow],
)
# A deadline would be a wall clock in a test.  --hypothesis-profile comes after this.
settings.load_profile("ci")


def pytest_configure(config: pytest.Config) -> None:
    """Run what fails once more, where the builder says so."""
    if reruns := int(os.environ.get("TROPEA_RERUNS", "0")):
        config.option.reruns = reruns
        config.option.reportchars += "R"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Give each property that names its own number of examples its share of the night."""
    if config.getoption("hypothesis_profile", None) != "night":
        return
    factor, seen = int(os.environ.get("TROPEA_EXAMPLES", "100")), set()
    for item in items:
        test = getattr(item, "obj", None)
        test = getattr(test, "__func__", test)
        own = getattr(test, ITS_SETTINGS, None)
        if test is None or own is None or test in seen:
            continue
        seen.add(test)  # a test with parameters comes once for each
        wanted = factor * (100 if own.max_examples == 10_000 else own.max_examples)
        setattr(test, ITS_SETTINGS, settings(own, max_examples=wanted, deadline=None))
