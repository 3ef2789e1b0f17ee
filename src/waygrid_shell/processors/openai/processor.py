"""`waygrid://processor/openai`: one answer of a language model, of any service that speaks OpenAI's chat protocol.

Parameters:

- `model` (needed);
- `messages`, a list as the protocol has it; or `prompt`, a text, and `system`, a text before it. Without `messages` and
  `prompt` the node's input is the prompt: a text as it is, else as JSON;
- `apiKey` (a `$secret`), `baseUrl` (default: `openai.base_url` of the settings). The key is sent to the `baseUrl`, and
  nothing is taken from the environment;
- `temperature`, `maxTokens`, `tools`, `toolChoice`, and `options`, an object of any other field of the request;
- `responseSchema`, a JSON Schema: the answer is then JSON that fits it;
- `stream`: true tells each piece of the answer, `{"text": ...}`, to whoever watches the traversal live; the output is
  the same;
- `timeout`: a duration, default 2m, for one exchange; `maxWait`: a duration, default 30s: so long, all in all, the
  attempt waits for a service that answers 429 or 503 and says in `Retry-After` when to come again.

Output: `{text, toolCalls?, message, finishReason, model, usage}`; with `responseSchema` `json` stands instead of
`text`. A tool call is `{id, name, arguments}`; `message` is the answer as `messages` of the next call has it; `usage`
is `{inputTokens, outputTokens, totalTokens}`.

Failures: `unreachable`, `http-<status>`, `bad-output` (an answer that is no JSON, does not fit the schema, is none of
the protocol, or a refusal), `bad-value` (a parameter, an address that may not be connected to, or more context than the
model takes).
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import anyio
import anyio.to_thread

from waygrid_core.codec.json_bytes import read_json, write_json
from waygrid_core.model.json_value import JsonValue
from waygrid_shell.hosting.apart.processes import ExpressionProcesses
from waygrid_shell.hosting.attempt import Attempt, Failed
from waygrid_shell.hosting.http_client import HttpClient, bare_url, refusal
from waygrid_shell.hosting.parameters import max_wait, optional_object, optional_text, refuse_unknown, seconds_of
from waygrid_shell.hosting.retry_after import ask_patiently, wanted_wait
from waygrid_shell.processors.openai.answer import Answer, whole_text
from waygrid_shell.settings.settings import OpenaiSettings

if TYPE_CHECKING:
    import openai

DEFAULT_TIMEOUT_SECONDS: Final = 120.0
"""Models think for minutes; a service that has said nothing for two has most likely gone."""

_PARAMETERS: Final = frozenset(
    {
        "model", "messages", "prompt", "system", "apiKey", "baseUrl", "temperature", "maxTokens", "tools", "toolChoice",
        "options", "responseSchema", "stream", "timeout", "maxWait",
    }
)  # fmt: skip
_SAME: Final = {"temperature": "temperature", "tools": "tools", "toolChoice": "tool_choice"}
_MESSAGE_OF_BODY: Final = 500


class OpenaiProcessor:
    """See the module. A `Handler` over one client; the SDK is loaded by the first call."""

    def __init__(self, client: HttpClient, processes: ExpressionProcesses, settings: OpenaiSettings) -> None:
        self._client = client
        self._processes = processes
        self._settings = settings
        self._loading = anyio.Lock()
        self._sdk: _Sdk | None = None

    async def __call__(self, attempt: Attempt) -> JsonValue:
        """Raises `Failed`, as the module says."""
        parameters = attempt.parameters
        refuse_unknown(parameters, _PARAMETERS)
        base_url = self._base_url(parameters)
        body = _body(attempt, is_openai=base_url.startswith("https://api.openai.com/"))
        key = optional_text(parameters, "apiKey")
        timeout = seconds_of(parameters, "timeout", DEFAULT_TIMEOUT_SECONDS)
        schema = optional_object(parameters, "responseSchema")
        if schema is not None:
            await self._processes.evaluate("schema", schema, {})  # before anything is spent
        sdk = await self._loaded()
        client = sdk.client(base_url, key, timeout)

        async def send() -> "Answer | openai.APIStatusError":
            try:
                with anyio.fail_after(timeout):
                    if body.get("stream"):
                        return await sdk.streamed(client, body, key, attempt)
                    return await sdk.whole(client, body, key, attempt)
            except TimeoutError as error:
                raise Failed("unreachable", f"{place} gave no answer within {timeout:g} s") from error
            except sdk.errors as error:
                if isinstance(error, sdk.openai.APIStatusError):
                    status_error: openai.APIStatusError = error
                    return status_error
                raise _failure(error, place, timeout, sdk) from error

        place = f"POST {bare_url(base_url)}"
        answer = await ask_patiently(send, _wanted_wait, max_wait(parameters))
        if not isinstance(answer, Answer):
            raise _status_failure(answer, place) from answer
        return answer.output() if schema is None else await self._fitting(answer, schema)

    async def _fitting(self, answer: Answer, schema: JsonValue) -> JsonValue:
        """The output with its text as JSON that fits; an answer that calls tools has none yet."""
        output = answer.output()
        if "toolCalls" in output:
            return output
        value = answer.json()
        problem = await self._processes.evaluate("schema", schema, {"value": value})
        if problem is not None:
            raise Failed("bad-output", f"the model's answer does not fit the schema: {problem}")
        del output["text"]
        return {"json": value, **output}

    def _base_url(self, parameters: Mapping[str, JsonValue]) -> str:
        given = optional_text(parameters, "baseUrl") or self._settings.base_url
        if not given.startswith(("http://", "https://")):
            raise Failed("bad-value", "the parameter baseUrl begins with neither http:// nor https://")
        return given

    async def _loaded(self) -> "_Sdk":
        async with self._loading:
            if self._sdk is None:
                # In a thread, for it takes about a second, and everything else here would wait.
                self._sdk = await anyio.to_thread.run_sync(_Sdk, self._client)
            return self._sdk


class _Sdk:
    """The SDK, loaded."""

    def __init__(self, client: HttpClient) -> None:
        import httpx2
        import openai
        import openai.resources.chat

        from waygrid_shell.processors.openai.transport import GuardedTransport, TooLarge
        from waygrid_shell.telemetry.logs import keep_short

        keep_short(("openai", "httpx2", "httpcore2"))  # at `debug` they would write whole conversations into the log
        self.openai = openai
        self.errors = (openai.OpenAIError, httpx2.HTTPError, ValueError)
        self.too_large = TooLarge
        self._http = httpx2.AsyncClient(transport=GuardedTransport(client), trust_env=False, follow_redirects=False)

    def client(self, base_url: str, key: str | None, timeout: float) -> "openai.AsyncOpenAI":
        """Retries are the retry policy's business, so the SDK makes none."""
        return self.openai.AsyncOpenAI(
            api_key=key or "-", base_url=base_url, timeout=timeout, max_retries=0, http_client=self._http
        )

    async def whole(
        self, client: "openai.AsyncOpenAI", body: dict[str, Any], key: str | None, attempt: Attempt
    ) -> Answer:
        """The answer, in one piece. Raises what the SDK raises."""
        raw = await client.chat.completions.with_raw_response.create(**body, extra_headers=self._headers(key, attempt))
        answer = Answer()
        answer.take(read_json(raw.content), "message")
        return answer

    async def streamed(
        self, client: "openai.AsyncOpenAI", body: dict[str, Any], key: str | None, attempt: Attempt
    ) -> Answer:
        """The answer, told piece by piece. Raises what the SDK raises."""
        answer = Answer()
        async with await client.chat.completions.create(**body, extra_headers=self._headers(key, attempt)) as chunks:
            async for chunk in chunks:
                is_chunk = isinstance(chunk, self.openai.BaseModel)  # the SDK hands on whatever JSON came
                document = chunk.to_dict(mode="json", warnings=False) if is_chunk else chunk
                text = answer.take(document, "delta")
                if text:
                    attempt.tell({"text": whole_text(text)})
        return answer

    def _headers(self, key: str | None, attempt: Attempt) -> dict[str, Any]:
        keyless = {} if key else {"Authorization": self.openai.Omit()}
        return {"Idempotency-Key": attempt.idempotency_key, **keyless}


def _body(attempt: Attempt, *, is_openai: bool) -> dict[str, Any]:
    """The request. Raises `Failed`."""
    parameters = attempt.parameters
    model = parameters.get("model")
    if not isinstance(model, str) or not model:
        raise Failed("bad-value", "the parameter model is no text; write the name of a model")
    body: dict[str, Any] = {"model": model, "messages": _messages(attempt)}
    body |= {theirs: parameters[ours] for ours, theirs in _SAME.items() if parameters.get(ours) is not None}
    if parameters.get("maxTokens") is not None:
        # OpenAI's own newer models refuse the older name, which others know only.
        body["max_completion_tokens" if is_openai else "max_tokens"] = parameters["maxTokens"]
    schema = parameters.get("responseSchema")
    if schema is not None:
        form = {"name": "answer", "strict": True, "schema": schema}
        body["response_format"] = {"type": "json_schema", "json_schema": form}
    stream = parameters.get("stream")
    if stream is not None and not isinstance(stream, bool):
        raise Failed("bad-value", "the parameter stream is neither true nor false")
    if stream:
        body |= {"stream": True, "stream_options": {"include_usage": True}}
    options = optional_object(parameters, "options")
    if options is not None:
        if clash := sorted({*options} & {"model", "messages", "stream"}):
            raise Failed("bad-value", f"the parameter options has {clash[0]}, which is a parameter of its own")
        body["extra_body"] = dict(options)
    return body


def _messages(attempt: Attempt) -> list[JsonValue]:
    parameters = attempt.parameters
    messages = parameters.get("messages")
    if messages is not None:
        if "prompt" in parameters or "system" in parameters:
            raise Failed("bad-value", "messages stands beside prompt or system; write one of them")
        if not isinstance(messages, list) or not messages:
            raise Failed("bad-value", "the parameter messages is no list, or is empty")
        return messages
    system = optional_text(parameters, "system")
    prompt = parameters.get("prompt", attempt.input)
    text = prompt if isinstance(prompt, str) else write_json(prompt).decode()
    asked: list[JsonValue] = [{"role": "user", "content": text}]
    return [{"role": "system", "content": system}, *asked] if system else asked


def _wanted_wait(answer: "Answer | openai.APIStatusError") -> float | None:
    if isinstance(answer, Answer):
        return None
    return wanted_wait(answer.status_code, {name.lower(): value for name, value in answer.response.headers.items()})


def _status_failure(error: "openai.APIStatusError", place: str) -> Failed:
    said = error.body.get("message") if isinstance(error.body, Mapping) else None
    message = f"{place}: {str(said or error.message)[:_MESSAGE_OF_BODY]}"
    if error.code == "context_length_exceeded":
        return Failed("bad-value", f"{message} (http-{error.status_code})")
    return Failed(f"http-{error.status_code}", message)


def _failure(error: BaseException, place: str, timeout: float, sdk: _Sdk) -> Failed:
    """What is no answer with a status. The reason is often under what the SDK makes of it."""
    if (refused := refusal(error)) is not None:
        return Failed("bad-value", f"{place} is not sent: {refused}")
    reason = error
    while reason.__cause__ is not None and not isinstance(reason, sdk.too_large):
        reason = reason.__cause__
    if isinstance(reason, sdk.too_large):
        return Failed("bad-output", f"{place}: {reason}")
    if isinstance(error, sdk.openai.APITimeoutError):
        return Failed("unreachable", f"{place} gave no answer within {timeout:g} s")
    if isinstance(error, sdk.openai.APIConnectionError):
        return Failed("unreachable", f"{place}: {str(reason)[:_MESSAGE_OF_BODY]}")
    return Failed("bad-output", f"{place} gave no answer of the protocol: {str(error)[:_MESSAGE_OF_BODY]}")
