"""A small server that speaks OpenAI's chat protocol and needs no model, no key and no network.

    python examples/agent/openai_stand_in.py --port 8411     # base URL: http://127.0.0.1:8411/v1

What it answers is always the same for the same conversation (see `think`), so examples and tests that use it end in the
same way each time. Tests can also give it their own answers, failures and nonsense:

    async with serve(lambda request: Fails(429, headers={"Retry-After": "1"})) as stand_in:
        ...  # stand_in.url, and in stand_in.requests what it was asked
"""

import argparse
import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any, TypeAlias, assert_never

from aiohttp import web
from attrs import Factory, define, frozen

Request: TypeAlias = Mapping[str, Any]
"""The JSON body of a request for a chat completion."""


@frozen
class Says:
    """The model answers with a text."""

    text: str
    finish_reason: str = "stop"


@frozen
class Calls:
    """The model wants tools to be called: each a name and its arguments."""

    calls: Sequence[tuple[str, Mapping[str, Any]]]


@frozen
class Refuses:
    """The model refuses."""

    text: str


@frozen
class Fails:
    """The service answers with an error."""

    status: int
    code: str = "stand_in"
    message: str = "the stand-in was told to fail"
    headers: Mapping[str, str] = Factory(dict)


@frozen
class Sends:
    """The service answers with these bytes, whatever they are."""

    body: bytes
    content_type: str = "application/json"


@frozen
class Waits:
    """The service takes the request, and does not answer before so many seconds have gone by."""

    seconds: float
    then: "Says" = Says("at last")


Reply: TypeAlias = Says | Calls | Refuses | Fails | Sends | Waits


@define
class StandIn:
    """A stand-in that serves."""

    answer: Callable[[Request], Reply]
    url: str = ""
    """The base URL."""
    requests: list[Request] = Factory(list)
    headers: list[Mapping[str, str]] = Factory(list)

    async def complete(self, request: web.Request) -> web.StreamResponse:
        """POST /v1/chat/completions."""
        body = await request.json()
        self.requests.append(body)
        self.headers.append(dict(request.headers))
        reply = self.answer(body)
        if isinstance(reply, Waits):
            await asyncio.sleep(reply.seconds)
            reply = reply.then
        match reply:
            case Fails(status, code, message, headers):
                error = {"message": message, "type": "stand_in_error", "param": None, "code": code}
                return web.json_response({"error": error}, status=status, headers=dict(headers))
            case Sends(content, content_type):
                return web.Response(body=content, content_type=content_type)
            case Says() | Calls() | Refuses():
                if body.get("stream"):
                    return await _stream(request, body, reply)
                return web.json_response(_whole(body, reply))
            case _:
                assert_never(reply)


@asynccontextmanager
async def serve(answer: Callable[[Request], Reply] | None = None, port: int = 0) -> AsyncIterator[StandIn]:
    """A stand-in on loopback; port 0 is any that is free."""
    stand_in = StandIn(answer or think)
    app = web.Application(client_max_size=16 * 1024 * 1024)
    app.router.add_post("/v1/chat/completions", stand_in.complete)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", port).start()
        stand_in.url = f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
        yield stand_in
    finally:
        await runner.cleanup()


# --- what it thinks


def think(request: Request) -> Reply:
    """What the stand-in answers by itself.

    - Asked for JSON of a schema, it gives the simplest value that fits.
    - Offered tools, it calls one at a time: each tool whose name the question alludes to, for each name (a word with a
      capital letter) in the question; once it has all results it says them.
    - Else it repeats the question.
    """
    question = next((_text(each) for each in reversed(request["messages"]) if each["role"] == "user"), "")
    form = request.get("response_format") or {}
    if form.get("type") == "json_schema":
        return Says(json.dumps(simplest(form["json_schema"]["schema"])))
    tools = [each["function"] for each in request.get("tools") or [] if each.get("type") == "function"]
    if not tools:
        return Says(f"You asked: {question}")
    made = [call["function"] for each in request["messages"] for call in each.get("tool_calls") or []]
    for name, arguments in _wanted_calls(question, tools):
        if not any(each["name"] == name and json.loads(each["arguments"]) == arguments for each in made):
            return Calls([(name, arguments)])
    results = [_text(each) for each in request["messages"] if each["role"] == "tool"]
    return Says(f"This is what I found: {'; '.join(results) or 'nothing'}")


def _wanted_calls(question: str, tools: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    words = set(re.findall(r"\w+", question.lower()))
    names = list(dict.fromkeys(re.findall(r"(?<=\w )[A-Z]\w+", question)))
    for tool in tools:
        if not words & set(tool["name"].lower().split("_")):
            continue
        schema = tool.get("parameters") or {"type": "object"}
        texts = [name for name, each in (schema.get("properties") or {}).items() if each.get("type") == "string"]
        if texts and names:
            for name in names:
                yield tool["name"], {**simplest(schema), texts[0]: name}
        else:
            yield tool["name"], simplest(schema)


def simplest(schema: Any) -> Any:
    """A value that fits a JSON Schema of the simpler kind, always the same one."""
    if not isinstance(schema, Mapping):
        return None
    for key in ("const", "default"):
        if key in schema:
            return schema[key]
    if schema.get("enum"):
        return schema["enum"][0]
    if schema.get("anyOf"):
        return simplest(schema["anyOf"][0])
    kind = schema.get("type", "object")
    match kind[0] if isinstance(kind, list) else kind:
        case "object":
            wanted = schema.get("required") or []
            return {name: simplest(each) for name, each in (schema.get("properties") or {}).items() if name in wanted}
        case "array":
            return [simplest(schema.get("items") or {"type": "string"}) for _ in range(schema.get("minItems", 0))]
        case "string":
            return "x" * schema.get("minLength", 1)
        case "integer" | "number":
            return schema.get("minimum", 0)
        case "boolean":
            return True
        case _:
            return None


def _text(message: Mapping[str, Any]) -> str:
    content = message.get("content")
    return content if isinstance(content, str) else json.dumps(content)


# --- how it says it


def _whole(request: Request, reply: Says | Calls | Refuses) -> Mapping[str, Any]:
    choice = {"index": 0, "message": {"role": "assistant", **_message(reply)}, "finish_reason": _finish_reason(reply)}
    return {**_head(request, "chat.completion"), "choices": [choice], "usage": _usage(request, reply)}


async def _stream(request: web.Request, body: Request, reply: Says | Calls | Refuses) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
    await response.prepare(request)
    head = _head(body, "chat.completion.chunk")
    for delta in _deltas(reply):
        await _event(response, {**head, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]})
    last = {"index": 0, "delta": {}, "finish_reason": _finish_reason(reply)}
    await _event(response, {**head, "choices": [last]})
    if (body.get("stream_options") or {}).get("include_usage"):
        await _event(response, {**head, "choices": [], "usage": _usage(body, reply)})
    await response.write(b"data: [DONE]\n\n")
    await response.write_eof()
    return response


async def _event(response: web.StreamResponse, document: Mapping[str, Any]) -> None:
    await response.write(b"data: " + json.dumps(document).encode() + b"\n\n")


def _deltas(reply: Says | Calls | Refuses) -> Iterator[Mapping[str, Any]]:
    """The message in pieces: a text word by word, a call's arguments in halves."""
    yield {"role": "assistant", "content": ""}
    match reply:
        case Says(text):
            for piece in re.findall(r"\S+\s*|\s+", text):
                yield {"content": piece}
        case Refuses(text):
            yield {"refusal": text}
        case Calls():
            for index, call in enumerate(_message(reply)["tool_calls"]):
                arguments = call["function"]["arguments"]
                half = len(arguments) // 2
                begun = {**call, "index": index, "function": {**call["function"], "arguments": arguments[:half]}}
                yield {"tool_calls": [begun]}
                yield {"tool_calls": [{"index": index, "function": {"arguments": arguments[half:]}}]}
        case _:
            assert_never(reply)


def _message(reply: Says | Calls | Refuses) -> dict[str, Any]:
    match reply:
        case Says(text):
            return {"content": text, "refusal": None}
        case Refuses(text):
            return {"content": None, "refusal": text}
        case Calls(calls):
            made = [
                {
                    "id": f"call_{number}",
                    "type": "function",
                    "function": {"name": name, "arguments": json.dumps(arguments)},
                }
                for number, (name, arguments) in enumerate(calls)
            ]
            return {"content": None, "refusal": None, "tool_calls": made}
        case _:
            assert_never(reply)


def _finish_reason(reply: Says | Calls | Refuses) -> str:
    match reply:
        case Says(finish_reason=reason):
            return reason
        case Calls():
            return "tool_calls"
        case Refuses():
            return "stop"
        case _:
            assert_never(reply)


def _head(request: Request, kind: str) -> dict[str, Any]:
    return {"id": "chatcmpl-stand-in", "object": kind, "created": 0, "model": request["model"]}


def _usage(request: Request, reply: Says | Calls | Refuses) -> Mapping[str, int]:
    """A word counts as a token."""
    asked = sum(len(_text(each).split()) for each in request["messages"])
    said = len(json.dumps(_message(reply)).split())
    return {"prompt_tokens": asked, "completion_tokens": said, "total_tokens": asked + said}


async def main(port: int) -> None:
    """Serve until interrupted."""
    async with serve(port=port) as stand_in:
        print(f"a stand-in for a model answers at {stand_in.url}", flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="A stand-in that speaks OpenAI's chat protocol.")
    parser.add_argument("--port", type=int, default=8411)
    with suppress(KeyboardInterrupt):
        asyncio.run(main(parser.parse_args().port))
