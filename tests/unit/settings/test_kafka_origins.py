"""What a table `[[origins.kafka]]` may say, and what is said of one that is wrong."""

from pathlib import Path

import pytest

from waygrid_core.outcome import Failure
from waygrid_shell.settings.origins import KafkaOrigin
from waygrid_shell.settings.reading import read_settings


def origins(tmp_path: Path, toml: str) -> tuple[KafkaOrigin, ...]:
    file = tmp_path / "some.toml"
    file.write_text(toml)
    outcome = read_settings(file, {})
    assert not isinstance(outcome, Failure), [str(problem) for problem in outcome.failure()]
    return outcome.unwrap().origins.kafka


def problem(tmp_path: Path, toml: str) -> str:
    file = tmp_path / "some.toml"
    file.write_text(toml)
    outcome = read_settings(file, {})
    assert isinstance(outcome, Failure)
    (found,) = outcome.failure()
    assert found.place == f"{file}: origins.kafka"
    return found.message


def test_a_name_topics_and_a_spec_are_enough(tmp_path: Path) -> None:
    assert origins(tmp_path, '[[origins.kafka]]\nname = "orders"\ntopics = ["shop.orders"]\nspec = "order.yaml"\n') == (
        KafkaOrigin(name="orders", topics=("shop.orders",), group="waygrid-orders", spec="order.yaml"),
    )


def test_everything_that_may_be_said_is_read(tmp_path: Path) -> None:
    toml = """
    [[origins.kafka]]
    name = "orders"
    topics = ["a", "b"]
    group = "mine"
    spec = "order.yaml"
    entry = 1
    payload = "/value/order"
    idempotency_key = "/value/order/id"
    traversal_name = "/value/order/kind"
    labels = { customer = "/value/customer/id", source = "kafka" }
    format = "json"

    [[origins.kafka]]
    name = "payments"
    topics = "payments"
    event = "paid"
    event_key = "/key"
    payload = ""
    """
    first, second = origins(tmp_path, toml)
    assert first == KafkaOrigin(
        name="orders",
        topics=("a", "b"),
        group="mine",
        spec="order.yaml",
        entry=1,
        payload="/value/order",
        idempotency_key="/value/order/id",
        traversal_name="/value/order/kind",
        labels={"customer": "/value/customer/id", "source": "kafka"},
        format="json",
    )
    assert second == KafkaOrigin(
        name="payments", topics=("payments",), group="waygrid-payments", event="paid", event_key="/key", payload=""
    )


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        ('topics = ["t"]\nspec = "s"', "an origin without a name: name is missing"),
        ('name = "o"\nspec = "s"', "the origin 'o': topics is missing"),
        ('name = "o"\ntopics = "t"', "the origin 'o': give either spec (then a record becomes a traversal) or event"),
        ('name = "o"\ntopics = "t"\nspec = "s"\nevent = "e"\nevent_key = "/key"', "give either spec"),
        ('name = "o"\ntopics = "t"\nevent = "e"', "event_key is missing: the place in a record"),
        ('name = "o"\ntopics = "t"\nspec = "s"\nevent_key = "/key"', "event_key says nothing about a traversal"),
        ('name = "o"\ntopics = "t"\nevent = "e"\nevent_key = "/key"\nentry = 1', "entry says nothing about an event"),
        ('name = "o"\ntopic = "t"\nspec = "s"', "there is no key 'topic'; did you mean topics?"),
        ('name = "o"\ntopics = ["t t"]\nspec = "s"', "topics: 't t' is no name of a topic"),
        ('name = "o"\ntopics = "t"\nspec = "s"\npayload = "value"', "payload: 'value' is no pointer; write it with"),
        ('name = "o"\ntopics = "t"\nspec = "s"\nformat = "avro"', "format: 'avro' is none of auto, json, text, base64"),
        ('name = "o"\ntopics = "t"\nspec = "s"\nentry = -1', "entry: -1 is no number of an entry point"),
        ('name = "o o"\ntopics = "t"\nspec = "s"', "name: 'o o' is no name"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, lines: str, sentence: str) -> None:
    assert sentence in problem(tmp_path, f"[[origins.kafka]]\n{lines}\n")


def test_two_origins_have_two_names(tmp_path: Path) -> None:
    table = '[[origins.kafka]]\nname = "o"\ntopics = "t"\nspec = "s"\n'
    assert problem(tmp_path, table * 2) == "2 origins are called 'o'; give each a name of its own"


def test_a_variable_cannot_hold_an_origin() -> None:
    outcome = read_settings(None, {"WAYGRID_ORIGINS_KAFKA": "orders"})
    assert isinstance(outcome, Failure)
    (found,) = outcome.failure()
    assert str(found).startswith("WAYGRID_ORIGINS_KAFKA: an origin is a table: write [[origins.kafka]]")
