"""Numbers of S3 Vectors, which are float32, as the shortest text that reads back as the same float32.

Python writes a float32 as the float64 that it widens to: 0.9 becomes 0.8999999761581421, and answers become
70 % longer.
"""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

# Seven digits are enough for some float32 values and nine for all.
_FORMATS = ("%.7g", "%.8g", "%.9g")


def shortest(values: Iterable[float]) -> list[str]:
    """Write each value, rounded to float32, with the fewest digits: as JSON, unless it is not finite."""
    exact = array("f", values)
    texts = [_FORMATS[0] % value for value in exact]
    for longer in _FORMATS[1:]:
        # Whole arrays are converted at a time: a struct call per value would take several times as long.
        read_back = array("f", map(float, texts))
        texts = [
            text if got == wanted else longer % wanted
            for text, got, wanted in zip(texts, read_back, exact, strict=True)
        ]
    return texts
