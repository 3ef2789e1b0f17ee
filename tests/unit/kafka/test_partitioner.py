"""The partition of a key is the one that Kafka's own clients would choose."""

import pytest
from aiokafka.partitioner import murmur2 as theirs
from hypothesis import given
from hypothesis import strategies as st

from waygrid_shell.adapters.kafka.partitioner import murmur2, partition_of


@pytest.mark.parametrize(
    ("data", "signed"),
    [
        (b"21", -973932308),
        (b"foobar", -790332482),
        (b"a-little-bit-long-string", -985981536),
        (b"a-little-bit-longer-string", -1486304829),
        (b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971),
        (b"abc", 479470107),
    ],
)
def test_hashes_are_those_of_the_client_in_java(data: bytes, signed: int) -> None:
    """Source: UtilsTest of Apache Kafka."""
    assert murmur2(data) == signed % 2**32


@given(st.binary(max_size=80))
def test_hashes_are_those_of_the_driver(data: bytes) -> None:
    assert murmur2(data) == theirs(data)


def test_a_key_that_is_no_unicode_has_a_partition_too() -> None:
    assert partition_of("\ud800", 8) in range(8)
