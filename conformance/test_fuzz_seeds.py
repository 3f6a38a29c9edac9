"""Every seed of the fuzzing corpus goes through its parser; `make fuzz` goes on from there."""

import sys
from pathlib import Path

import pytest

FUZZ = Path(__file__).resolve().parents[1] / "fuzz"
sys.path.insert(0, str(FUZZ))
from harness import HARNESSES


@pytest.mark.parametrize("name", HARNESSES)
def test_a_parser_takes_its_seeds_and_each_octet_changed(name):
    seeds = sorted((FUZZ / "corpus" / name).iterdir())
    assert seeds
    for seed in seeds:
        data = seed.read_bytes()
        HARNESSES[name](data)
        for at in range(len(data)):
            HARNESSES[name](data[:at] + bytes([data[at] ^ 0x20]) + data[at + 1 :])
            HARNESSES[name](data[:at])
