"""Readiness says why not, each reason once."""

from waygrid_shell.runtime.vitals import Vitals


def test_it_is_ready_once_it_has_begun() -> None:
    vitals = Vitals()
    assert vitals.health().reasons == ("it is starting",)
    vitals.begin()
    assert vitals.health().ready
    assert vitals.health().version


def test_parts_that_ail_for_the_same_reason_are_told_together() -> None:
    vitals = Vitals()
    vitals.begin()
    vitals.ails("waystation", "no room")
    vitals.ails("inbox", "no room")
    vitals.ails("scheduler", "locked")
    assert vitals.health().reasons == ("waystation, inbox: no room", "scheduler: locked")
    vitals.is_well("waystation")
    vitals.is_well("inbox")
    vitals.is_well("scheduler")
    assert vitals.health().ready


def test_once_it_stops_it_is_never_ready_again() -> None:
    vitals = Vitals()
    vitals.begin()
    vitals.stop()
    vitals.is_well("stop of another name")
    assert vitals.is_stopping
    assert vitals.health().reasons == ("it is stopping",)
