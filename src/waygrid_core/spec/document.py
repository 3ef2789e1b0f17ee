"""From the text of a file to a JSON value, or to what is wrong with the text.

JSON and YAML give the same values. Neither is read with recursion, so that no depth of a document is a danger.
"""

from typing import Final, Literal, TypeAlias

from attrs import frozen

from waygrid_core.model.json_value import MISSING, JsonValue, Missing
from waygrid_core.outcome import Failure, Outcome, Success
from waygrid_core.spec.json_document import JsonReader
from waygrid_core.spec.limits import DEFAULT_LIMITS, Limits
from waygrid_core.spec.place import ROOT
from waygrid_core.spec.problem import ProblemSink, SpecErrors
from waygrid_core.spec.yaml_document import YamlReader

BYTE_ORDER_MARK: Final = "\ufeff"
"""Some editors begin a file with it; it is no part of the text."""

Format: TypeAlias = Literal["json", "yaml", "auto"]


@frozen
class ReadDocument:
    """A value as far as the text has one (else `MISSING`), and the problems of the text."""

    value: JsonValue | Missing
    problems: SpecErrors


def read_json(text: str | bytes, limits: Limits = DEFAULT_LIMITS) -> Outcome[JsonValue, SpecErrors]:
    """The value of a JSON text. Bytes are UTF-8."""
    return _whole(read_document(text, "json", limits))


def read_yaml(text: str | bytes, limits: Limits = DEFAULT_LIMITS) -> Outcome[JsonValue, SpecErrors]:
    """The value of a YAML text with one document, by the core schema of YAML 1.2."""
    return _whole(read_document(text, "yaml", limits))


def read_yaml_documents(
    text: str | bytes, limits: Limits = DEFAULT_LIMITS
) -> Outcome[tuple[JsonValue, ...], SpecErrors]:
    """The values of a YAML text with any number of documents, separated by `---`. The limits are for all together."""
    problems = ProblemSink()
    decoded = _decode(text, limits, problems)
    values = None if decoded is None else YamlReader(decoded, problems, limits).read_all()
    if values is None or problems:
        return Failure(problems.problems)
    return Success(values)


def read_document(text: str | bytes, written_in: Format, limits: Limits = DEFAULT_LIMITS) -> ReadDocument:
    """The same with what could be read in spite of a problem: a key written twice does not hide what else is wrong.

    "auto" is JSON if the first character that is no white space opens an object or an array, else YAML.
    """
    problems = ProblemSink()
    decoded = _decode(text, limits, problems)
    if decoded is None:
        return ReadDocument(MISSING, problems.problems)
    if written_in == "json" or (written_in == "auto" and decoded.lstrip(" \t\r\n").startswith(("{", "["))):
        value = JsonReader(decoded, problems, limits).read()
    else:
        value = YamlReader(decoded, problems, limits).read()
    return ReadDocument(value, problems.problems)


def _whole(read: ReadDocument) -> Outcome[JsonValue, SpecErrors]:
    if read.problems or isinstance(read.value, Missing):
        return Failure(read.problems)
    return Success(read.value)


def _decode(text: str | bytes, limits: Limits, problems: ProblemSink) -> str | None:
    """The text, if it is not too large, and is text at all."""
    # A text has at least as many bytes as characters; the exact count matters only near the limit.
    if len(text) > limits.document_bytes:
        _refuse_size(limits, problems)
        return None
    if isinstance(text, bytes):
        try:
            return text.decode("utf-8").removeprefix(BYTE_ORDER_MARK)
        except UnicodeDecodeError as error:
            line, column = text.count(b"\n", 0, error.start) + 1, error.start - text.rfind(b"\n", 0, error.start)
            problems.add(ROOT, "not-json", f"line {line}, column {column}: not UTF-8")
            return None
    try:
        if not text.isascii() and len(text.encode("utf-8")) > limits.document_bytes:
            _refuse_size(limits, problems)
            return None
    except UnicodeEncodeError as error:
        line, column = text.count("\n", 0, error.start) + 1, error.start - text.rfind("\n", 0, error.start)
        problems.add(ROOT, "not-json", f"line {line}, column {column}: half of a surrogate pair is no character")
        return None
    return text.removeprefix(BYTE_ORDER_MARK)


def _refuse_size(limits: Limits, problems: ProblemSink) -> None:
    problems.add(ROOT, "too-large", f"a document has at most {limits.document_bytes} bytes")
