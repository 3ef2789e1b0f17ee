"""The benchmark of the embedded plant runs to its end. How fast is no matter here."""

import anyio

from benchmarks.embedded import Figure, Sizes, figures

FEW = Sizes(chains=10, singles=3, timers=2, traversals=10, alone_seconds=0.01)


async def measured() -> list[Figure]:
    with anyio.fail_after(120):
        return [figure async for figure in figures(FEW)]


def test_every_figure_of_the_table_is_measured() -> None:
    found = anyio.run(measured)
    assert [figure.unit for figure in found].count("steps/s") == 5
    assert {figure.target for figure in found} == {"", "15 000", "2", "10"}
    assert all(figure.value > 0 for figure in found)
    assert len({(figure.name, figure.unit) for figure in found}) == len(found) == 17
