"""`waygrid migrate`, `topics` and `doctor` prepare a cluster, look at it, and say what to do."""

import json
from collections.abc import Mapping
from pathlib import Path

from tests.free_port import free_port
from tests.integration.dev.process import run_to_end

SPEC = '{"entryPoints": [{"type": "standard", "address": "waygrid://processor/payment"}]}'


def test_a_database_is_migrated_once(folder: Path, bare_cluster: Mapping[str, str]) -> None:
    url = bare_cluster["WAYGRID_POSTGRES_URL"]
    before = run_to_end(folder, "migrate", "--check", environment=bare_cluster)
    assert before.code == 1
    assert before.out.splitlines()[-1] == f"{url} has to be migrated: waygrid migrate"
    missing = [line.removeprefix("missing ") for line in before.out.splitlines()[:-1]]
    assert missing

    done = run_to_end(folder, "migrate", environment=bare_cluster)
    assert (done.code, done.out.splitlines()) == (
        0,
        [*(f"applied {name}" for name in missing), f"{url} is as this version needs it"],
    )
    for arguments in (("migrate",), ("migrate", "--check")):
        again = run_to_end(folder, *arguments, environment=bare_cluster)
        assert (again.code, again.out) == (0, f"{url} is as this version needs it\n")


def test_a_database_that_does_not_answer_is_named_without_its_password(folder: Path) -> None:
    url = f"postgresql://ada:s3cr3t@127.0.0.1:{free_port()}/waygrid"
    done = run_to_end(folder, "migrate", environment={"WAYGRID_POSTGRES_URL": url})
    assert done.code == 2
    assert "s3cr3t" not in done.err
    assert "unavailable" in done.err


def test_topics_are_made_for_the_system_for_apps_and_for_specs(folder: Path, cluster: Mapping[str, str]) -> None:
    (folder / "order.json").write_text(SPEC)
    prefix = cluster["WAYGRID_KAFKA_TOPIC_PREFIX"]
    given = ("--app", "shop:app", "order.json")
    before = run_to_end(folder, "topics", "check", *given, environment=cluster)
    assert before.code == 1
    assert f"fail  topic {prefix}.processor.payment is missing" in before.out
    assert "-> make it with: waygrid topics create" in before.out

    made = run_to_end(folder, "topics", "create", *given, environment=cluster)
    assert made.code == 0, made.err
    for topic in ("system.waystation", "processor.http", "processor.double", "processor.payment"):
        assert f"made {prefix}.{topic}\n" in made.out
        assert f"made {prefix}.{topic}.dead-letter\n" in made.out

    after = run_to_end(folder, "topics", "check", *given, environment=cluster)
    assert after.code == 0
    assert f"ok    topic {prefix}.processor.payment: 3 partitions" in after.out
    again = run_to_end(folder, "topics", "create", *given, environment=cluster)
    assert again.out.splitlines()[-1].endswith("topics are there, 0 of them new")


def test_a_spec_that_is_wrong_is_told_before_anything_is_made(folder: Path, cluster: Mapping[str, str]) -> None:
    (folder / "order.json").write_text('{"entryPoints": []}')
    done = run_to_end(folder, "topics", "create", "order.json", environment=cluster)
    assert done.code == 2
    assert "order.json is not right; nothing was done" in done.err
    assert run_to_end(folder, "topics", "check", environment=cluster).code == 1


def test_doctor_says_what_is_amiss_with_the_cure(folder: Path, bare_cluster: Mapping[str, str]) -> None:
    done = run_to_end(folder, "doctor", "--format", "json", environment=bare_cluster)
    assert done.code == 1
    told = json.loads(done.out)
    assert told["verdict"] == "fail"
    findings = {(each["part"], each["verdict"]): each for each in told["findings"]}
    assert "waygrid migrate" in findings["postgres", "fail"]["cure"] + findings["postgres", "fail"]["what"]
    assert ("kafka", "ok") in findings
    assert ("redis", "ok") in findings
    assert "they are made when they are needed" in findings["topics", "warn"]["cure"]
    assert findings["processes", "warn"] == {
        "part": "processes",
        "verdict": "warn",
        "what": "no process is there",
        "cure": "start one: waygrid serve all",
    }


def test_missing_topics_are_a_failure_where_waygrid_may_not_make_them(folder: Path, cluster: Mapping[str, str]) -> None:
    done = run_to_end(folder, "doctor", environment={**cluster, "WAYGRID_KAFKA_CREATE_TOPICS": "false"})
    assert done.code == 1
    assert "fail  topics: " in done.out
    assert "-> make it with: waygrid topics create" in done.out


def test_doctor_tells_of_each_server_that_does_not_answer(folder: Path, cluster: Mapping[str, str]) -> None:
    port = free_port()
    lost = {
        "WAYGRID_KAFKA_SERVERS": f"127.0.0.1:{port}",
        "WAYGRID_POSTGRES_URL": f"postgresql://ada:s3cr3t@127.0.0.1:{port}/waygrid",
        "WAYGRID_REDIS_URL": f"redis://:s3cr3t@127.0.0.1:{port}/0",
    }
    done = run_to_end(folder, "doctor", environment={**cluster, **lost})
    assert done.code == 1
    for part in ("postgres", "kafka", "redis", "topics", "processes"):
        assert f"fail  {part}: " in done.out
    assert "s3cr3t" not in done.out + done.err
