"""`waygrid serve SERVICE[,SERVICE...]` says what a process runs."""

import pytest

from waygrid_core.model.address import ServiceAddress
from waygrid_core.outcome import Failure
from waygrid_shell.runtime.services_chosen import EVERY_SERVICE, SERVICES, ServicesChosen, parse_services

HTTP = ServiceAddress("processor", "http")
WEBHOOK = ServiceAddress("destination", "webhook")


def chosen(*texts: str) -> ServicesChosen:
    parsed = parse_services(texts)
    assert not isinstance(parsed, Failure), parsed.failure()
    return parsed.unwrap()


def problems(*texts: str) -> tuple[str, ...]:
    parsed = parse_services(texts)
    assert isinstance(parsed, Failure)
    return parsed.failure()


def test_services_are_separated_by_commas_or_blanks() -> None:
    assert chosen("waystation, scheduler", "inbox").names == {"waystation", "scheduler", "inbox"}


def test_all_is_every_service() -> None:
    assert chosen("all") == EVERY_SERVICE
    assert chosen("worker,all").names == SERVICES.keys()


def test_an_address_is_served_whether_it_is_written_short_or_whole() -> None:
    some = chosen("processor/http", "waygrid://destination/webhook")
    assert some.addresses == {HTTP, WEBHOOK}
    assert some.serves(HTTP)
    assert not some.serves(ServiceAddress("processor", "openai"))
    assert some.has_workers


def test_a_worker_serves_every_address() -> None:
    assert chosen("worker").serves(HTTP)
    assert not chosen("api").serves(HTTP)
    assert not chosen("api").has_workers


def test_traversals_come_in_by_the_api_and_by_the_origin() -> None:
    assert chosen("api").takes_in
    assert chosen("origin-kafka").takes_in
    assert not chosen("waystation,worker").takes_in


def test_what_was_chosen_is_told_in_one_order() -> None:
    assert str(chosen("inbox,processor/http,api")) == "api, inbox, processor/http"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "no service is named; there are api, waystation, scheduler, inbox, worker, origin-kafka, chores, all"),
        ("workers", "there is no service 'workers'; did you mean worker?"),
        ("system/waystation", "'system/waystation' is no address of a worker; the service is called waystation"),
        ("origin/kafka", "'origin/kafka' is no address of a worker; the service is called origin-kafka"),
    ],
)
def test_what_is_no_service_is_said(text: str, problem: str) -> None:
    assert problems(text) == (problem,)


def test_everything_that_is_wrong_is_said_at_once() -> None:
    said = problems("processor/Http,wayst", "api")
    assert said[0].startswith("'waygrid://processor/Http' is no address; write waygrid://<component>/<service>")
    assert said[1] == "there is no service 'wayst'; did you mean waystation?"
