"""What a model answered, read: from one document or from the pieces of a stream, into the output of the node.

A compatible server may answer anything, so nothing is taken for granted: what is not as the protocol has it is
`Failed("bad-output", ...)`.
"""

from collections.abc import Mapping
from typing import Final

from attrs import define, field

from waygrid_core.codec.json_bytes import read_json, write_json
from waygrid_core.model.json_value import JsonValue
from waygrid_shell.hosting.attempt import Failed

_SHOWN: Final = 200
_MAX_TEXT: Final = 1024 * 1024
"""Characters of an answer: no output may be larger."""


@define
class Answer:
    """An answer, gathered: of a stream piece by piece."""

    model: str = ""
    text: str = ""
    refusal: str = ""
    finish_reason: str = ""
    usage: Mapping[str, JsonValue] = field(factory=dict)
    calls: dict[int, dict[str, str]] = field(factory=dict)
    """Of tools, by their place: `id`, `name`, `arguments`."""
    _parts: list[str] = field(factory=list)
    _length: int = 0

    def take(self, document: JsonValue, part: str) -> str:
        """Take in a document whose choice has its message in the member `part`; the text that came with it."""
        body = _object(document, "the answer")
        self.model = _text(body.get("model")) or self.model
        usage = body.get("usage")
        if isinstance(usage, Mapping):
            self.usage = usage
        choices = body.get("choices")
        if not isinstance(choices, list):
            raise Failed("bad-output", f"the answer has no choices: {_shown(document)}")
        if not choices:
            return ""
        choice = _object(choices[0], "the first choice")
        self.finish_reason = _text(choice.get("finish_reason")) or self.finish_reason
        message = choice.get(part)
        if message is None:
            return ""
        return self._take_message(_object(message, f"the {part}"))

    def _take_message(self, message: Mapping[str, JsonValue]) -> str:
        text = _text(message.get("content"))
        self._parts.append(text)
        self._length += len(text)
        if self._length > _MAX_TEXT:
            raise Failed("bad-output", f"the model's answer has more than {_MAX_TEXT} characters")
        self.refusal += _text(message.get("refusal"))
        calls = message.get("tool_calls")
        for place, given in enumerate(calls if isinstance(calls, list) else []):
            call = _object(given, "a tool call")
            index = call.get("index", place)
            if not isinstance(index, int):
                raise Failed("bad-output", f"a tool call is at the index {_shown(index)}")
            function = _object(call.get("function") or {}, "a tool call's function")
            known = self.calls.setdefault(index, {"id": "", "name": "", "arguments": ""})
            known["id"] += _text(call.get("id"))
            known["name"] += _text(function.get("name"))
            known["arguments"] += _text(function.get("arguments"))
        return text

    def output(self) -> dict[str, JsonValue]:
        """The output of the node, its answer as `text`. Raises `Failed`."""
        self.text = whole_text("".join(self._parts))
        if self.refusal:
            raise Failed("bad-output", f"the model refuses: {self.refusal[:_SHOWN]}")
        if not (self.finish_reason or self.text or self.calls):
            raise Failed("bad-output", "the model's answer is empty")
        calls = [call for _, call in sorted(self.calls.items())]
        output: dict[str, JsonValue] = {"text": self.text}
        if calls:
            output["toolCalls"] = [
                {"id": call["id"], "name": call["name"], "arguments": _arguments(call)} for call in calls
            ]
        output["message"] = self._message(calls)
        output["finishReason"] = self.finish_reason
        output["model"] = self.model
        output["usage"] = _usage(self.usage)
        return output

    def json(self) -> JsonValue:
        """The text of `output`, read as JSON. Raises `Failed`."""
        try:
            return read_json(self.text.encode())
        except ValueError as error:
            why = f", for it was cut off ({self.finish_reason})" if self.finish_reason == "length" else f": {error}"
            raise Failed("bad-output", f"the model's answer is no JSON{why}") from error

    def _message(self, calls: list[dict[str, str]]) -> JsonValue:
        """As the protocol has it, to be handed on in `messages` of the next call."""
        message: dict[str, JsonValue] = {"role": "assistant", "content": self.text or (None if calls else "")}
        if calls:
            message["tool_calls"] = [
                {
                    "id": call["id"],
                    "type": "function",
                    "function": {"name": call["name"], "arguments": call["arguments"]},
                }
                for call in calls
            ]
        return message


def whole_text(text: str) -> str:
    """The text with surrogates in pairs as characters: a stream may have cut one in two. A lone one is replaced."""
    return text if text.isascii() else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _arguments(call: Mapping[str, str]) -> JsonValue:
    try:
        return read_json(whole_text(call["arguments"] or "{}").encode())
    except ValueError as error:
        raise Failed("bad-output", f"the model calls {call['name']} with what is no JSON: {error}") from error


def _usage(usage: Mapping[str, JsonValue]) -> JsonValue:
    names = {"inputTokens": "prompt_tokens", "outputTokens": "completion_tokens", "totalTokens": "total_tokens"}
    return {ours: usage[theirs] for ours, theirs in names.items() if isinstance(usage.get(theirs), int)}


def _object(value: JsonValue, what: str) -> Mapping[str, JsonValue]:
    if not isinstance(value, Mapping):
        raise Failed("bad-output", f"{what} is no object: {_shown(value)}")
    return value


def _text(value: JsonValue) -> str:
    return value if isinstance(value, str) else ""


def _shown(value: JsonValue) -> str:
    return write_json(value)[:_SHOWN].decode("utf-8", "replace")
