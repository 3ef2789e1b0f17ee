"""A service whose ports fail is started again after a rest; a bug ends everything."""

import anyio
import pytest

from waygrid_shell.ports.failure import ForeignStorage, StorageFull, Unavailable
from waygrid_shell.runtime import supervisor
from waygrid_shell.runtime.supervisor import keep_running, leaves_of
from waygrid_shell.runtime.vitals import Vitals

pytestmark = pytest.mark.anyio


@pytest.fixture(autouse=True)
def _short_rests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "SHORTEST_REST_SECONDS", 0.001)
    monkeypatch.setattr(supervisor, "LONGEST_REST_SECONDS", 0.002)
    monkeypatch.setattr(supervisor, "WELL_AFTER_SECONDS", 0.001)


class Service:
    """Fails with each of `failures` in turn, then runs for ever."""

    def __init__(self, *failures: BaseException) -> None:
        self.failures = list(failures)
        self.runs = 0
        self.is_running = anyio.Event()

    async def run(self) -> None:
        self.runs += 1
        if self.failures:
            raise self.failures.pop(0)
        self.is_running.set()
        await anyio.sleep_forever()


async def test_a_service_comes_back_after_failures_of_its_ports_and_says_so_meanwhile() -> None:
    vitals = Vitals()
    vitals.begin()
    service = Service(StorageFull("no room"), ExceptionGroup("both", [Unavailable("journal", "locked")]))
    reasons: list[str] = []
    with anyio.fail_after(10):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(keep_running, "waystation", service.run, vitals)
            while not service.is_running.is_set():
                reasons += vitals.health().reasons
                await anyio.sleep(0)
            while not vitals.health().ready:
                await anyio.sleep(0)
            tasks.cancel_scope.cancel()
    assert service.runs == 3
    assert list(dict.fromkeys(reasons)) == ["waystation: no room", "waystation: the journal is unavailable: locked"]


@pytest.mark.parametrize(
    "bug",
    [
        AssertionError("a bug"),
        ExceptionGroup("mixed", [StorageFull("no room"), KeyError("a bug")]),
        ForeignStorage("what lies there is not ours"),
    ],
)
async def test_what_no_waiting_cures_is_raised(bug: Exception) -> None:
    service = Service(bug)
    with pytest.raises(BaseException) as raised:  # noqa: PT011 - whatever it is, it holds the bug
        await keep_running("waystation", service.run, Vitals())
    assert set(leaves_of(bug)) <= set(leaves_of(raised.value))
    assert service.runs == 1


async def test_a_service_that_ends_by_itself_is_a_bug() -> None:
    async def run() -> None:
        return

    with pytest.raises(AssertionError, match="ended by itself"):
        await keep_running("inbox", run, Vitals())
