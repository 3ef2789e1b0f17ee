"""Chance from one seed: a stream of its own for each purpose, so that one more draw here moves nothing elsewhere."""

import random


class Chance:
    """The streams of one seed."""

    def __init__(self, seed: int | str) -> None:
        self._seed = seed

    def stream(self, purpose: str) -> random.Random:
        """The stream of that name, from its beginning: the same for the same seed, in every process and version."""
        return random.Random(f"{self._seed}/{purpose}")  # a text is hashed by SHA-512, whatever PYTHONHASHSEED says
