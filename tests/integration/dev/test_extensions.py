"""A node kind, a guard and a signal of a user's on the embedded plant, which is killed in the middle."""

import json
import signal
from functools import partial
from pathlib import Path
from typing import Any, Final

from tests.integration.dev.process import Dev, run_to_end, running_dev, until

EXAMPLES: Final = Path(__file__).parents[3] / "examples" / "extensions"
WITH_EXTENSIONS: Final = {"WAYGRID_EXTENSIONS": "review_rules:EXTENSIONS", "PYTHONPATH": str(EXAMPLES)}
PURCHASE: Final[Any] = {
    "guards": [{"type": "Budget", "dispatches": 5}],
    "signals": [{"type": "Skip"}],
    "entryPoints": [
        {
            "type": "Approval",
            "id": "approval",
            "needed": 3,
            "timeout": "1d",
            "onSuccess": {
                "type": "standard",
                "id": "order",
                "address": "waygrid://processor/double",
                "input": {"n": {"$from": "/payload/n"}, "by": {"$from": "/nodes/approval/output"}},
            },
        }
    ],
}


def test_killed_in_the_middle_rounds_guards_and_signals_go_on_where_they_were(folder: Path) -> None:
    with running_dev(folder, "--app", "shop:app", environment=WITH_EXTENSIONS) as dev:
        approved, skipped, spent = (dev.submit(PURCHASE, {"n": n}).body["id"] for n in (1, 2, 3))
        say_yes(dev, approved, "Ada", asked=2)
        for asked in (2, 3):
            say_yes(dev, spent, "Ada", asked=asked)
        assert dev.end(signal.SIGKILL) == -signal.SIGKILL
    with running_dev(folder, "--app", "shop:app", environment=WITH_EXTENSIONS) as dev:
        say_yes(dev, approved, "Ada", asked=3)  # who says it twice counts once
        say_yes(dev, approved, "Grace", asked=4)
        say_yes(dev, approved, "Linus")
        skip(dev, skipped)
        for asked in (4, 5):
            say_yes(dev, spent, "Ada", asked=asked)
        say_yes(dev, spent, "Ada")
        for traversal in (approved, skipped):
            until(partial(dev.has_completed, traversal), "it ends after the restart")
        assert node(dev, approved, "approval")["output"] == {"by": ["Ada", "Grace", "Linus"]}
        assert node(dev, skipped, "approval")["output"] == {"skipped": True}
        until(lambda: dev.status_of(spent) == "failed", "the budget is kept over the restart")
        assert dev.ask("GET", f"/v1/traversals/{spent}").body["error"]["code"] == "over-budget"
        told = dev.ask("GET", f"/v1/traversals/{skipped}/history").body["entries"]
        assert "the traversal was told Skip" in [line for entry in told for line in entry["lines"]]
        assert dev.end() == 0


def test_people_tell_it_at_the_command_line_and_keep_what_happened_as_a_scenario(folder: Path) -> None:
    (folder / "purchase.yaml").write_text(json.dumps(PURCHASE))
    with running_dev(folder, "--app", "shop:app", environment=WITH_EXTENSIONS) as dev:
        environment = {**WITH_EXTENSIONS, "WAYGRID_SERVER": dev.url}
        traversal = dev.submit(PURCHASE, {"n": 2}).body["id"]
        say_yes(dev, traversal, "Ada", asked=2)
        shown = run_to_end(folder, "show", traversal, environment=environment).out
        assert f"waygrid send approval --traversal {traversal}" in shown
        refused = run_to_end(folder, "tell", traversal, "Undo", environment=environment)
        assert refused.code != 0
        assert "it has Skip" in refused.err
        data = '{"node": "approval", "output": {"by": ["the board"]}}'
        told = run_to_end(folder, "tell", traversal, "Skip", "--data", data, environment=environment)
        assert (told.code, told.out) == (0, f"told {traversal} Skip\n")
        until(partial(dev.has_completed, traversal), "it ends once it is told")
        story = run_to_end(folder, "history", traversal, environment=environment).out
        for line in ("approval began to ask", "approval was answered", "approval asks again", "was told Skip"):
            assert line in story
        assert "the guard Budget took note of it" in story
        saved = ("replay", traversal, "--save", "kept.scenarios.yaml", "--spec", "purchase.yaml")
        assert run_to_end(folder, *saved, environment=environment).code == 0
        assert "tell: Skip" in (folder / "kept.scenarios.yaml").read_text()
        tested = run_to_end(folder, "test", "kept.scenarios.yaml", environment=environment)
        assert tested.code == 0, tested.out


def test_without_its_extensions_a_platform_begins_and_says_so_and_with_them_it_goes_on(folder: Path) -> None:
    with running_dev(folder, "--app", "shop:app", environment=WITH_EXTENSIONS) as dev:
        traversal = dev.submit({**PURCHASE, "guards": []}, {"n": 1}).body["id"]
        assert dev.end() == 0
    with running_dev(folder, "--app", "shop:app") as dev:
        assert dev.ask("GET", f"/v1/traversals/{traversal}").body["status"] == "running"
        say_yes(dev, traversal, "Ada")
        until(lambda: dev.ask("GET", "/v1/dead-letters").body["items"], "what came for it is kept")
        (letter,) = dev.ask("GET", "/v1/dead-letters").body["items"]
        assert "'Approval' is no type of a node" in letter["reason"]
        refused = dev.ask("GET", f"/v1/traversals/{traversal}/journal")
        assert (refused.status, refused.body["code"]) == (409, "unreadable-dag")
        assert dev.end() == 0
    with running_dev(folder, "--app", "shop:app", environment=WITH_EXTENSIONS) as dev:
        dev.ask("POST", f"/v1/dead-letters/{letter['id']}/redrive")
        until(lambda: node(dev, traversal, "approval").get("attempt") == 2, "it goes on")


def say_yes(dev: Dev, traversal: str, by: str, *, asked: int | None = None) -> None:
    """Answer a round; then it has asked so often."""
    path = f"/v1/traversals/{traversal}/events/approval"
    assert dev.ask("POST", path, {"by": by, "approved": True}).status == 202
    if asked is not None:
        until(lambda: node(dev, traversal, "approval").get("attempt") == asked, f"it asks for the {asked}. time")


def skip(dev: Dev, traversal: str) -> None:
    """Say it twice under one key; it is heard once."""
    for _ in range(2):
        said = {"type": "Skip", "data": {"node": "approval"}}
        reply = dev.ask("POST", f"/v1/traversals/{traversal}/signals", said, {"Idempotency-Key": "ticket-1"})
        assert reply.status in (202, 409)


def node(dev: Dev, traversal: str, name: str) -> Any:
    """A node of a traversal, as the API shows it."""
    nodes = dev.ask("GET", f"/v1/traversals/{traversal}").body["nodes"]
    return next(each for each in nodes if each["name"] == name)
