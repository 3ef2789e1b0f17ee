"""`waygrid serve` runs the services that it is told, beside other processes, and stops in order."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path

from tests.integration.dev.process import Dev, run_to_end, until
from tests.integration.serve.process import running_serve

DOUBLE = {"entryPoints": [{"type": "standard", "address": "waygrid://processor/double"}]}
SLOW = {"entryPoints": [{"type": "standard", "address": "waygrid://processor/slow"}]}


def is_ready(process: Dev) -> bool:
    return process.ask("GET", "/health/ready").status == 200


def test_processes_that_run_some_services_each_are_one_platform(folder: Path, cluster: Mapping[str, str]) -> None:
    with (
        running_serve(folder, cluster, "api", "api,chores", "--port", "0") as api,
        running_serve(folder, cluster, "system", "waystation,scheduler", "inbox") as system,
        running_serve(folder, cluster, "worker", "worker", "--app", "shop:app", "--port", "0") as worker,
    ):
        answer = api.submit(DOUBLE, {"n": 21}, query="?wait=50s")
        assert (answer.status, answer.body.get("output")) == (200, {"n": 42}), answer.body

        assert "Waygrid serves api, chores of the cluster on Kafka 127.0.0.1:" in api.out
        assert "waygrid://processor/double" in worker.out
        assert "listens" not in system.out

        for process in (api, worker):
            until(partial(is_ready, process), "it is ready")
        assert worker.ask("GET", "/v1/traversals").status == 404
        assert worker.ask("GET", "/metrics").status == 200

        shown = run_to_end(folder, "doctor", environment=cluster)
        assert shown.code == 0, shown.out
        for services in ("api, chores", "waystation", "worker"):
            assert services in shown.out
        assert "no process runs" not in shown.out

        for process in (worker, system, api):
            assert process.end() == 0, process.err


def test_an_attempt_under_way_has_time_to_end_when_its_process_is_stopped(
    folder: Path, cluster: Mapping[str, str]
) -> None:
    with running_serve(folder, cluster, "all", "all", "--app", "shop:app", "--port", "0") as serve:
        traversal = serve.submit(SLOW).body["id"]
        until((folder / "working").exists, "the attempt begins")
        serve.process.terminate()
        until(lambda: "stopping" in serve.err, "it stops")
        (folder / "go").touch()
        assert serve.process.wait(60) == 0
    (folder / "working").unlink()
    with running_serve(folder, cluster, "again", "all", "--app", "shop:app", "--port", "0") as serve:
        until(lambda: serve.has_completed(traversal), "it ends")
    assert not (folder / "working").exists(), "the attempt was made again"


def test_a_process_that_was_killed_is_replaced_by_the_others(folder: Path, cluster: Mapping[str, str]) -> None:
    environment = {**cluster, "WAYGRID_KAFKA_SESSION_TIMEOUT": "1s"}
    with (
        running_serve(folder, environment, "first", "all", "--app", "shop:app", "--port", "0") as first,
        running_serve(folder, environment, "second", "all", "--app", "shop:app", "--port", "0") as second,
    ):
        traversals = [first.submit(DOUBLE, {"n": number}).body["id"] for number in range(30)]
        first.process.kill()
        for traversal in traversals:
            until(partial(second.has_completed, traversal), "it ends")


def test_work_that_nobody_does_is_told_at_the_start(folder: Path, cluster: Mapping[str, str]) -> None:
    with running_serve(folder, cluster, "first", "all", "--port", "0") as first:
        traversal = first.submit(DOUBLE, {"n": 1}).body["id"]
        until(lambda: _waits(folder, cluster), "doctor sees it")
        assert first.end() == 0
    with running_serve(folder, cluster, "second", "api", "--port", "0") as second:
        assert "Nobody in the cluster serves waygrid://processor/double: what waits for it is kept." in second.out
    with running_serve(folder, cluster, "third", "all", "--app", "shop:app", "--port", "0") as third:
        assert "Nobody" not in third.out
        until(lambda: third.has_completed(traversal), "it ends")


def _waits(folder: Path, cluster: Mapping[str, str]) -> bool:
    shown = run_to_end(folder, "doctor", environment=cluster).out
    return "nobody serves waygrid://processor/double: 1 message waits for it" in shown
