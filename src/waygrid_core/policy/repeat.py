"""Repeat policies: a Spec that has one runs as a series. Intervals count from one planned start to the next."""

from datetime import datetime, timedelta
from typing import TypeAlias

from attrs import frozen


@frozen
class NoRepeat:
    """One traversal, no series."""


@frozen
class Indefinitely:
    """Again every `every`, until a cancel."""

    every: timedelta


@frozen
class Times:
    """`times` runs in total."""

    every: timedelta
    times: int


@frozen
class Until:
    """Again as long as the planned start is not after `until`."""

    every: timedelta
    until: datetime


RepeatPolicy: TypeAlias = NoRepeat | Indefinitely | Times | Until
