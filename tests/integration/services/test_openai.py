"""The processor `openai`, through the real SDK, against a server that speaks the protocol."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from examples.agent.openai_stand_in import Calls, Fails, Refuses, Reply, Says, Sends, StandIn, Waits, serve
from tests.integration.services.attempts import ON_LOOPBACK, attempt, failure_of
from waygrid_core.envelope.stamps import Trace
from waygrid_shell.hosting.apart.processes import open_expression_processes
from waygrid_shell.hosting.http_client import open_client
from waygrid_shell.processors.openai.processor import OpenaiProcessor
from waygrid_shell.settings.settings import OpenaiSettings, OutboundSettings
from waygrid_shell.telemetry.current import CURRENT_ATTEMPT, CurrentAttempt

pytestmark = pytest.mark.anyio

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "degrees": {"type": "number", "minimum": -90}},
    "required": ["city", "degrees"],
    "additionalProperties": False,
}


@asynccontextmanager
async def model(
    answer: Callable[[Any], Reply] | Reply | None = None, outbound: OutboundSettings = ON_LOOPBACK
) -> AsyncIterator[tuple[OpenaiProcessor, StandIn]]:
    """The processor, and a stand-in as its default base URL."""
    answers = answer if answer is None or callable(answer) else lambda request: answer
    async with serve(answers) as stand_in, open_client(outbound) as client, open_expression_processes() as processes:
        yield OpenaiProcessor(client, processes, OpenaiSettings(base_url=stand_in.url)), stand_in


async def test_a_prompt_gives_a_text_with_its_usage() -> None:
    async with model() as (processor, stand_in):
        output: Any = await processor(attempt(model="m-1", prompt="why is it?", system="be short", temperature=0.5))
    assert output == {
        "text": "You asked: why is it?",
        "message": {"role": "assistant", "content": "You asked: why is it?"},
        "finishReason": "stop",
        "model": "m-1",
        "usage": {"inputTokens": 5, "outputTokens": 8, "totalTokens": 13},
    }
    (asked,) = stand_in.requests
    assert asked == {
        "model": "m-1",
        "messages": [{"role": "system", "content": "be short"}, {"role": "user", "content": "why is it?"}],
        "temperature": 0.5,
    }


@pytest.mark.parametrize(("given", "content"), [("as it is", "as it is"), ({"a": [1]}, '{"a":[1]}')])
async def test_without_a_prompt_the_input_is_the_prompt(given: Any, content: str) -> None:
    async with model() as (processor, stand_in):
        await processor(attempt(given, model="m"))
    assert stand_in.requests[0]["messages"] == [{"role": "user", "content": content}]


async def test_messages_and_other_fields_are_sent_as_they_are() -> None:
    messages = [{"role": "user", "content": [{"type": "text", "text": "hello"}]}]
    async with model() as (processor, stand_in):
        await processor(attempt(model="m", messages=messages, maxTokens=9, options={"seed": 7, "top_p": 0.1}))
    asked = stand_in.requests[0]
    assert (asked["messages"], asked["max_tokens"], asked["seed"], asked["top_p"]) == (messages, 9, 7, 0.1)


async def test_the_key_goes_where_the_base_url_says_and_nothing_else_of_the_environment_does(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID", "OPENAI_ADMIN_KEY", "OPENAI_CUSTOM_HEADERS"):
        monkeypatch.setenv(name, "x-environment: of-the-environment")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:1/v1")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    async with model() as (processor, stand_in):
        await processor(attempt(model="m", apiKey="key-7"))
        await processor(attempt(model="m"))
        async with serve() as other:
            await processor(attempt(model="m", apiKey="key-8", baseUrl=other.url, stream=True))
    assert [each.get("Authorization") for each in stand_in.headers] == ["Bearer key-7", None]
    assert [each.get("Authorization") for each in other.headers] == ["Bearer key-8"]
    assert "of-the-environment" not in str([stand_in.headers, other.headers])


@pytest.mark.parametrize("stream", [False, True])
async def test_a_model_is_asked_in_the_trace_of_the_attempt(stream: bool) -> None:
    trace = Trace("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "vendor=1")
    made = attempt(model="m", prompt="hello", stream=stream)
    CURRENT_ATTEMPT.set(CurrentAttempt(made.traversal, made.node, 1, made.address, trace))
    async with model() as (processor, stand_in):
        await processor(made)
    (headers,) = stand_in.headers
    assert (headers["traceparent"], headers["tracestate"]) == (trace.traceparent, "vendor=1")


async def test_a_schema_makes_the_answer_json_that_fits_it() -> None:
    async with model() as (processor, stand_in):
        output: Any = await processor(attempt(model="m", prompt="weather?", responseSchema=SCHEMA))
    assert output["json"] == {"city": "x", "degrees": -90}
    assert "text" not in output
    form = stand_in.requests[0]["response_format"]
    assert form == {"type": "json_schema", "json_schema": {"name": "answer", "strict": True, "schema": SCHEMA}}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('{"city": "Paris"}', "degrees"),
        ('{"city": "Paris", "degrees": "warm"}', "at /degrees"),
        ('Sure! {"city": "Paris", "degrees": 3}', "no JSON"),
        ("", "no JSON"),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
async def test_an_answer_that_does_not_fit_the_schema_is_bad_output(text: str, reason: str, stream: bool) -> None:
    async with model(Says(text)) as (processor, _):
        failed = await failure_of(processor, attempt(model="m", responseSchema=SCHEMA, stream=stream))
    assert failed.code == "bad-output"
    assert reason in failed.message


async def test_a_schema_that_takes_for_ever_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("waygrid_shell.hosting.apart.processes.MAX_SECONDS", 1)
    either = {f"a{n}": {"anyOf": [{"$ref": f"#/$defs/a{n + 1}"}] * 2} for n in range(60)}
    schema = {"$defs": {**either, "a60": {"type": "string"}}, "$ref": "#/$defs/a0"}
    async with model(Says("7")) as (processor, _):
        failed = await failure_of(processor, attempt(model="m", responseSchema=schema))
    assert failed.code == "timeout"


async def test_a_character_that_a_stream_cuts_in_two_is_whole_again() -> None:
    def chunk(text: str) -> str:
        return "data: " + json.dumps({"choices": [{"delta": {"content": text}}]}) + "\n\n"

    told: list[Any] = []
    body = "".join(map(chunk, ["wool ", "\ud83e", "\uddf6", " lone \ud83e"])) + "data: [DONE]\n\n"
    async with model(Sends(body.encode(), "text/event-stream")) as (processor, _):
        output: Any = await processor(attempt(model="m", stream=True, tell=told.append))
    assert output["text"] == "wool \U0001f9f6 lone \ufffd"
    assert [each["text"].encode() for each in told]  # each can be sent on


async def test_an_answer_that_was_cut_off_says_so() -> None:
    async with model(Says('{"city": "Pa', finish_reason="length")) as (processor, _):
        failed = await failure_of(processor, attempt(model="m", responseSchema=SCHEMA, maxTokens=3))
    assert failed.code == "bad-output"
    assert "cut off (length)" in failed.message


@pytest.mark.parametrize("stream", [False, True])
async def test_tools_are_called_and_their_results_lead_to_an_answer(stream: bool) -> None:
    tool = {
        "type": "function",
        "function": {
            "name": "get_weather",
            "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
        },
    }
    messages: list[Any] = [{"role": "user", "content": "What is the weather in Paris and Oslo?"}]
    cities = []
    async with model() as (processor, stand_in):
        for _ in range(5):
            output: Any = await processor(
                attempt(model="m", messages=messages, tools=[tool], toolChoice="auto", stream=stream)
            )
            messages.append(output["message"])
            for call in output.get("toolCalls", []):
                assert call["name"] == "get_weather"
                cities.append(call["arguments"]["city"])
                found = f"{call['arguments']['city']}: rain"
                messages.append({"role": "tool", "tool_call_id": call["id"], "content": found})
            if "toolCalls" not in output:
                break
    assert cities == ["Paris", "Oslo"]
    assert output["text"] == "This is what I found: Paris: rain; Oslo: rain"
    assert output["finishReason"] == "stop"
    assert stand_in.requests[0]["tool_choice"] == "auto"


async def test_several_calls_at_once_are_kept_apart_in_a_stream() -> None:
    calls = Calls([("add", {"a": 1, "b": 2}), ("multiply", {"a": 3, "b": {"c": "d"}})])
    async with model(calls) as (processor, _):
        whole: Any = await processor(attempt(model="m"))
        streamed: Any = await processor(attempt(model="m", stream=True))
    assert [(each["name"], each["arguments"]) for each in streamed["toolCalls"]] == list(calls.calls)
    assert streamed == whole


async def test_a_call_whose_arguments_are_no_json_is_bad_output() -> None:
    call = {"id": "1", "type": "function", "function": {"name": "add", "arguments": "{a: 1"}}
    body = {"choices": [{"message": {"content": None, "tool_calls": [call]}, "finish_reason": "tool_calls"}]}
    async with model(Sends(json.dumps(body).encode())) as (processor, _):
        failed = await failure_of(processor, attempt(model="m"))
    assert failed.code == "bad-output"
    assert "add" in failed.message


async def test_a_stream_tells_every_piece_and_its_output_is_the_same_as_without() -> None:
    told: list[Any] = []
    async with model() as (processor, _):
        whole = await processor(attempt(model="m", prompt="one two three"))
        streamed = await processor(attempt(model="m", prompt="one two three", stream=True, tell=told.append))
    assert streamed == whole
    assert told == [{"text": "You "}, {"text": "asked: "}, {"text": "one "}, {"text": "two "}, {"text": "three"}]


@pytest.mark.parametrize("stream", [False, True])
async def test_a_refusal_is_bad_output(stream: bool) -> None:
    async with model(Refuses("I would rather not")) as (processor, _):
        failed = await failure_of(processor, attempt(model="m", stream=stream))
    assert (failed.code, failed.message) == ("bad-output", "the model refuses: I would rather not")


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 422, 429, 500, 503, 529])
async def test_a_status_is_the_code_and_the_sdk_does_not_try_again(status: int, stream: bool) -> None:
    async with model(Fails(status, message="no, thank you")) as (processor, stand_in):
        failed = await failure_of(processor, attempt(model="m", stream=stream))
    assert failed.code == f"http-{status}"
    assert "no, thank you" in failed.message
    assert len(stand_in.requests) == 1


async def test_more_context_than_the_model_takes_is_a_bad_value() -> None:
    async with model(Fails(400, code="context_length_exceeded", message="at most 9 tokens")) as (processor, _):
        failed = await failure_of(processor, attempt(model="m"))
    assert failed.code == "bad-value"
    assert "at most 9 tokens" in failed.message


async def test_a_service_that_says_when_to_come_again_is_asked_again_then() -> None:
    answers: list[Reply] = [Fails(429, headers={"Retry-After": "0"}), Fails(503, headers={"Retry-After": "0"})]
    async with model(lambda request: answers.pop(0) if answers else Says("now")) as (processor, stand_in):
        output: Any = await processor(attempt(model="m", stream=True))
    assert output["text"] == "now"
    assert len(stand_in.requests) == 3


async def test_a_service_that_wants_a_longer_wait_than_allowed_fails_at_once() -> None:
    async with model(Fails(429, headers={"Retry-After": "3600"})) as (processor, stand_in):
        failed = await failure_of(processor, attempt(model="m", maxWait="10s"))
    assert failed.code == "http-429"
    assert len(stand_in.requests) == 1


@pytest.mark.parametrize("stream", [False, True])
async def test_no_answer_in_time_is_unreachable(stream: bool) -> None:
    async with model(Waits(30)) as (processor, _):
        failed = await failure_of(processor, attempt(model="m", timeout="100ms", stream=stream))
    assert failed.code == "unreachable"
    assert "0.1 s" in failed.message


async def test_nobody_there_is_unreachable() -> None:
    async with model() as (processor, _):
        async with serve() as gone:
            pass
        failed = await failure_of(processor, attempt(model="m", baseUrl=gone.url))
    assert failed.code == "unreachable"


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    "garbage",
    [
        Sends(b""),
        Sends(b"<html>it works</html>", "text/html"),
        Sends(b"{"),
        Sends(b"null"),
        Sends(b"[]"),
        Sends(b"{}"),
        Sends(b'{"choices": []}'),
        Sends(b'{"choices": [null]}'),
        Sends(b'{"choices": [{"message": "hi"}]}'),
        Sends(b'{"choices": [{"message": {"content": 7, "tool_calls": [3]}}]}'),
        Sends(b"\xff\xfe\x00"),
        Sends(b"data: {\n\ndata: [DONE]\n\n", "text/event-stream"),
        Sends(b'data: {"choices": "none"}\n\n', "text/event-stream"),
        Sends(b'data: {"choices": [{"delta": 3}]}\n\n', "text/event-stream"),
        Sends(b"data: 5\n\n", "text/event-stream"),
    ],
    ids=lambda each: each.body.decode("latin-1")[:40] if isinstance(each, Sends) else str(each),
)
async def test_what_is_no_answer_of_the_protocol_is_bad_output(garbage: Sends, stream: bool) -> None:
    async with model(garbage) as (processor, _):
        failed = await failure_of(processor, attempt(model="m", stream=stream))
    assert failed.code == "bad-output"


@pytest.mark.parametrize("stream", [False, True])
async def test_an_answer_that_is_too_large_is_bad_output(stream: bool) -> None:
    async with model(Says("x" * 3_000_000)) as (processor, _):
        failed = await failure_of(processor, attempt(model="m", stream=stream))
    assert failed.code == "bad-output"


async def test_the_guard_holds_for_models_too() -> None:
    async with model(outbound=OutboundSettings()) as (processor, stand_in):
        failed = await failure_of(processor, attempt(model="m", apiKey="k"))
    assert failed.code == "bad-value"
    assert "--allow-network loopback" in failed.message
    assert stand_in.requests == []


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"model": ""},
        {"model": 3},
        {"model": "m", "messages": []},
        {"model": "m", "messages": "hello"},
        {"model": "m", "messages": [{}], "prompt": "x"},
        {"model": "m", "system": 3},
        {"model": "m", "apiKey": 3},
        {"model": "m", "baseUrl": "ftp://x"},
        {"model": "m", "stream": "yes"},
        {"model": "m", "options": []},
        {"model": "m", "options": {"model": "other"}},
        {"model": "m", "timeout": "soon"},
        {"model": "m", "responseSchema": "x"},
        {"model": "m", "responseSchema": {"type": "nonsense"}},
        {"model": "m", "responseSchema": {"$ref": "http://127.0.0.1:1/schema.json"}},
        {"model": "m", "responseSchema": {"type": "string", "pattern": "(?=x)"}},
        {"model": "m", "temprature": 1},
    ],
)
async def test_a_wrong_parameter_is_a_bad_value(parameters: dict[str, Any]) -> None:
    async with model() as (processor, stand_in):
        failed = await failure_of(processor, attempt(**parameters))
    assert failed.code == "bad-value"
    assert stand_in.requests == []
