"""Addresses, topics, digests and ULIDs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waygrid_core.model.address import COMPONENTS, ServiceAddress, parse_address
from waygrid_core.model.digest import digest_bytes, digest_hex
from waygrid_core.model.identifiers import TraversalId
from waygrid_core.model.topic import dead_letter_topic, parse_topic, topic_name
from waygrid_core.model.ulid import child_id, is_ulid, ulid_from, ulid_milliseconds
from waygrid_core.outcome import Failure

ADDRESSES = st.builds(
    ServiceAddress, st.sampled_from(COMPONENTS), st.from_regex(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?", fullmatch=True)
)


@given(ADDRESSES)
def test_an_address_reads_back_from_its_text(address: ServiceAddress) -> None:
    assert parse_address(str(address)).unwrap() == address


@pytest.mark.parametrize(
    "text",
    [
        "",
        "waygrid://",
        "waygrid://processor",
        "waygrid://processor/",
        "waygrid://worker/a",
        "waygrid://processor/A",
        "waygrid://processor/-a",
        "waygrid://processor/a-",
        "waygrid://processor/a/b",
        "http://processor/a",
        "waygrid://processor/a\n",
        "waygrid://processor/ä",
        " waygrid://processor/a",
        "WAYGRID://processor/a",
    ],
)
def test_what_is_no_address_gets_a_sentence(text: str) -> None:
    assert isinstance(parse_address(text), Failure)


def test_a_topic_is_component_and_service_after_an_optional_prefix() -> None:
    registry = ServiceAddress("system", "dag-registry")
    assert topic_name(registry) == "system.dag-registry"
    assert topic_name(registry, "acme.prod") == "acme.prod.system.dag-registry"
    assert dead_letter_topic(topic_name(registry)) == "system.dag-registry.dead-letter"


@given(ADDRESSES, st.from_regex(r"([a-z0-9_.-]{1,10})?", fullmatch=True))
def test_a_topic_names_its_service(address: ServiceAddress, prefix: str) -> None:
    assert parse_topic(topic_name(address, prefix), prefix).unwrap() == address


@pytest.mark.parametrize(
    ("topic", "prefix"),
    [
        ("system", ""),
        ("other.system.inbox", ""),
        ("system.inbox", "acme"),
        ("acme.system.inbox.dead-letter", "acme"),
        ("acmesystem.inbox", "acme"),
        ("", ""),
        ("system.", ""),
    ],
)
def test_a_topic_of_no_service_is_nobodys(topic: str, prefix: str) -> None:
    assert isinstance(parse_topic(topic, prefix), Failure)


def test_the_digest_is_blake3() -> None:
    assert digest_hex(b"") == "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262"
    assert digest_hex(b"abc") == digest_bytes(b"abc").hex()


def test_a_ulid_is_its_time_and_its_entropy() -> None:
    assert ulid_from(0, bytes(10)) == "0" * 26
    assert ulid_from(2**48 - 1, b"\xff" * 10) == "7" + "Z" * 25
    assert ulid_from(1_469_922_850_259, bytes(10)) == "01ARZ3NDEK" + "0" * 16


@given(st.integers(0, 2**48 - 1), st.binary(min_size=10, max_size=10))
def test_a_ulid_keeps_its_time(milliseconds: int, entropy: bytes) -> None:
    ulid = ulid_from(milliseconds, entropy)
    assert is_ulid(ulid)
    assert ulid_milliseconds(ulid) == milliseconds


@given(st.integers(0, 2**48 - 1), st.integers(0, 2**48 - 1))
def test_ulids_sort_by_time(first: int, second: int) -> None:
    assert (ulid_from(first, bytes(10)) < ulid_from(second, bytes(10))) == (first < second)


@pytest.mark.parametrize("text", ["", "8" + "0" * 25, "0" * 25, "0" * 27, "I" * 26, "01arz3ndektsv4rrffq69g5fav"])
def test_what_is_no_ulid_is_told_apart(text: str) -> None:
    assert not is_ulid(text)
    with pytest.raises(ValueError, match="no ULID"):
        ulid_milliseconds(text)


def test_a_ulid_takes_a_time_of_48_bits_and_ten_bytes() -> None:
    for milliseconds, entropy in [(-1, bytes(10)), (2**48, bytes(10)), (0, bytes(9))]:
        with pytest.raises(ValueError, match="ULID"):
            ulid_from(milliseconds, entropy)


def test_a_child_is_named_by_its_parent_and_the_reason_it_was_started() -> None:
    parent = TraversalId(ulid_from(1_700_000_000_000, b"0123456789"))
    child = child_id(parent, "call", "1")
    assert child == child_id(parent, "call", "1")
    assert is_ulid(child)
    assert ulid_milliseconds(child) == 1_700_000_000_000
    others = {parent, child_id(parent, "call", "2"), child_id(parent, "call1"), child_id(child, "call", "1")}
    assert len(others | {child}) == 5
