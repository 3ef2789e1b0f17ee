"""How readers share partitions."""

from hypothesis import given
from hypothesis import strategies as st

from waygrid_shell.adapters.kafka.claim import Claim, shared

TOPIC = "t"
CLAIMS = st.dictionaries(
    st.sampled_from("abcdef"),
    st.builds(
        Claim,
        st.integers(-1, 3),
        st.frozensets(st.tuples(st.sampled_from([TOPIC, "other"]), st.integers(0, 15))),
    ),
    min_size=1,
)


@given(st.integers(0, 12), CLAIMS)
def test_each_partition_has_one_reader_and_none_has_two_more_than_another(count: int, claims: dict[str, Claim]) -> None:
    shares = shared(TOPIC, range(count), claims)
    assert shares.keys() == claims.keys()
    assert sorted(number for share in shares.values() for number in share) == list(range(count))
    sizes = [len(share) for share in shares.values()]
    assert max(sizes) - min(sizes) <= 1


@given(st.integers(0, 12), CLAIMS)
def test_shared_again_nothing_moves(count: int, claims: dict[str, Claim]) -> None:
    shares = shared(TOPIC, range(count), claims)
    again = {name: Claim(7, frozenset((TOPIC, number) for number in share)) for name, share in shares.items()}
    assert shared(TOPIC, range(count), again) == shares


@given(st.integers(1, 12), st.integers(1, 5))
def test_who_comes_takes_no_more_than_his_share(count: int, readers: int) -> None:
    """And who leaves leaves all others what they had."""
    nobody = {str(number): Claim() for number in range(readers)}
    before = shared(TOPIC, range(count), nobody)
    claims = {name: Claim(1, frozenset((TOPIC, number) for number in share)) for name, share in before.items()}
    after = shared(TOPIC, range(count), {**claims, "new": Claim()})
    moved = sum(len(set(before[name]) - set(after[name])) for name in before)
    assert moved == len(after["new"])
    gone = shared(TOPIC, range(count), {name: claims[name] for name in list(claims)[1:]} or {"new": Claim()})
    assert all(set(before[name]) <= set(share) for name, share in gone.items() if name != "new")


def test_of_two_who_claim_a_partition_the_one_of_the_later_generation_has_it() -> None:
    claims = {"a": Claim(3, frozenset({(TOPIC, 0)})), "b": Claim(4, frozenset({(TOPIC, 0)}))}
    assert shared(TOPIC, range(2), claims) == {"a": [1], "b": [0]}
