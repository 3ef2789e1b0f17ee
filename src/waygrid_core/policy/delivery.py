"""Delivery strategies: when a node that the token reached is dispatched."""

from datetime import datetime, timedelta
from typing import TypeAlias

from attrs import frozen

from waygrid_core.template.template import Leaf


@frozen
class Immediate:
    """At once."""


@frozen
class ScheduleAfter:
    """`delay` after the token arrived; a leaf gives a duration as text."""

    delay: timedelta | Leaf


@frozen
class ScheduleAt:
    """At an instant; one that has passed means at once; a leaf gives an instant as text."""

    time: datetime | Leaf


DeliveryStrategy: TypeAlias = Immediate | ScheduleAfter | ScheduleAt
