"""Data that is more than JSON: parameters, in which secrets stand as references, and what is known already.

A parameter is written as a Spec writes it: a value plainly, a reference as `{"$secret": {...}}`, and a value that looks
like one of these as `{"$literal": value}`. So a user's own `{"$secret": ...}` stays data.
"""

from collections.abc import Mapping
from typing import Any, Final

from waygrid_core.model.identifiers import InputDigest, NodeDigest
from waygrid_core.model.json_value import JsonValue
from waygrid_core.template.template import Parameter, SecretReference
from waygrid_core.traversal.signals import Known, KnownKey

SECRET: Final = "$secret"
LITERAL: Final = "$literal"

_SECRET_FIELDS: Final = frozenset({"path", "field", "version"})


def write_parameters(parameters: Mapping[str, Parameter]) -> dict[str, JsonValue]:
    """The document of a node's parameters."""
    if not parameters:
        return {}
    return {name: _write_parameter(parameter) for name, parameter in parameters.items()}


def read_parameters(document: Any) -> dict[str, Parameter]:
    """The parameters of such a document. Raises `ValueError` for what is none."""
    if not isinstance(document, dict):
        raise ValueError("parameters are an object")
    return {name: _read_parameter(value) for name, value in document.items()}


def write_known(known: Known) -> list[JsonValue]:
    """The document of what is known: `[node digest, input digest or null, output]` for each, in order of digests."""
    return [[node, given, known[node, given]] for node, given in sorted(known, key=_known_order)]


def read_known(document: Any) -> dict[KnownKey, JsonValue]:
    """What is known, of such a document. Raises `ValueError` for what is none."""
    if not isinstance(document, list):
        raise ValueError("what is known is an array")
    known: dict[KnownKey, JsonValue] = {}
    for entry in document:
        match entry:
            case [str(node), None | str() as given, output]:
                known[NodeDigest(node), None if given is None else InputDigest(given)] = output
            case _:
                raise ValueError("an entry of what is known is [node digest, input digest or null, output]")
    return known


def _known_order(key: KnownKey) -> tuple[str, str]:
    node, given = key
    return node, given or ""


def _write_parameter(parameter: Parameter) -> JsonValue:
    if isinstance(parameter, SecretReference):
        reference: dict[str, JsonValue] = {"path": parameter.path}
        if parameter.field is not None:
            reference["field"] = parameter.field
        if parameter.version is not None:
            reference["version"] = parameter.version
        return {SECRET: reference}
    if isinstance(parameter, Mapping) and len(parameter) == 1 and (SECRET in parameter or LITERAL in parameter):
        return {LITERAL: parameter}
    return parameter


def _read_parameter(document: JsonValue) -> Parameter:
    if isinstance(document, dict) and len(document) == 1:
        if SECRET in document:
            return _read_secret(document[SECRET])
        if LITERAL in document:
            value: JsonValue = document[LITERAL]
            return value
    return document


def _read_secret(reference: JsonValue) -> SecretReference:
    if isinstance(reference, dict) and reference.keys() <= _SECRET_FIELDS:
        path, field, version = reference.get("path"), reference.get("field"), reference.get("version")
        if isinstance(path, str) and (field is None or isinstance(field, str)):
            if version is None:
                return SecretReference(path, field)
            if isinstance(version, int) and not isinstance(version, bool):
                return SecretReference(path, field, version)
    raise ValueError("a secret is {path, field?, version?}")
