"""Float32 numbers in their shortest text."""

from __future__ import annotations

import json
import math
import random
import struct
from array import array

import pytest

from s3vl_lambda.protocol.float32 import shortest


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.8999999761581421, "0.9"),
        (0.0, "0"),
        (1.0, "1"),
        (-0.5, "-0.5"),
        (4.77e-06, "4.77e-06"),
        (16777216.0, "16777216"),
        (0.30000001192092896, "0.3"),
        (0.3333333432674408, "0.33333334"),
        (8388609.0, "8388609"),
        (3.4028234663852886e38, "3.4028235e+38"),
        (1.401298464324817e-45, "1.401298e-45"),
    ],
)
def test_a_number_is_written_with_the_fewest_digits(value: float, text: str) -> None:
    """The digits are those that tell the number from its float32 neighbours, and no more."""
    assert shortest([value]) == [text]


def test_every_text_is_json_that_reads_back_as_the_same_float32() -> None:
    """No bit of any float32 is lost, whatever its magnitude."""
    bits = random.Random(7)  # noqa: S311 - a repeatable choice of bit patterns
    patterns = (bits.getrandbits(32) for _ in range(20_000))
    values = [
        value for (value,) in map(struct.Struct("f").unpack, (p.to_bytes(4, "little") for p in patterns))
    ]
    finite = array("f", filter(math.isfinite, values))

    assert array("f", json.loads("[" + ",".join(shortest(finite)) + "]")) == finite


def test_a_float64_is_rounded_to_float32_first() -> None:
    """What float32 cannot hold is not written either."""
    assert shortest([0.1234567891234]) == ["0.12345679"]
