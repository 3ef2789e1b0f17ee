"""From what a request has of a Spec to a DAG that runs, or to all that is wrong with it."""

from collections import OrderedDict
from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

import anyio.to_thread

from waygrid_core.compile.pipeline import compile_document, compile_text
from waygrid_core.dag.dag import CompiledDag
from waygrid_core.model.canonical_json import canonical_json
from waygrid_core.model.digest import digest_hex
from waygrid_core.model.identifiers import DagHash
from waygrid_core.model.json_value import JsonValue, Missing
from waygrid_core.outcome import Failure, Outcome, Success
from waygrid_core.spec.document import Format, read_document
from waygrid_core.spec.limits import DEFAULT_LIMITS
from waygrid_core.spec.problem import SpecErrors, SpecProblem
from waygrid_shell.api.problems import Refusal
from waygrid_shell.api.respond import dag_hash, invalid, is_dag_hash, no_dag, spec_errors
from waygrid_shell.ports.dag_store import DagStore
from waygrid_shell.resources.submission import SpecError

_QUICK_BYTES: Final = 16 * 1024
"""A Spec up to this size is compiled at once, in a few milliseconds; a larger one in a thread."""

_SHELF_BYTES: Final = 4 * 1024 * 1024
"""How much of Specs is remembered with their DAGs: those that are submitted over and over."""

_shelf: OrderedDict[str, tuple[CompiledDag, int]] = OrderedDict()
"""By digest of the document: a compilation is a function of it, so it does not matter whose it was."""


async def wanted_dag(store: DagStore, spec: JsonValue, dag: str | None) -> CompiledDag:
    """The DAG of a request that has a Spec or names a stored DAG. Raises `Refusal`: 404, or 422 with all problems."""
    if (spec is None) == (dag is None):
        said = "give either spec or dag" if spec is None else "give spec or dag, not both"
        raise invalid(
            [SpecError(code="missing-field" if spec is None else "conflicting-fields", pointer="", message=said)]
        )
    if dag is not None:
        return await stored_dag(store, dag)
    outcome = await (compiled_text(store, spec) if isinstance(spec, str) else compiled_document(store, spec))
    if isinstance(outcome, Failure):
        raise invalid_spec(outcome.failure())
    return outcome.unwrap()


async def stored_dag(store: DagStore, text: str) -> CompiledDag:
    """The stored DAG of that hash, with its bodies. Raises `Refusal` (404)."""
    found = await store.get_compiled(dag_hash(text))
    if found is None:
        raise no_dag(text)
    return found


async def compiled_document(store: DagStore, document: JsonValue) -> Outcome[CompiledDag, SpecErrors]:
    """The DAG of a Spec's document, or all that is wrong with it."""
    text = canonical_json(document)
    if len(text) > DEFAULT_LIMITS.document_bytes:
        return Failure((SpecProblem("", "too-large", f"a document has at most {DEFAULT_LIMITS.document_bytes} bytes"),))
    key = digest_hex(text)
    if key in _shelf:
        return _from_shelf(key)
    dags = await _named_dags(store, document)
    return await _compiled(key, len(text), partial(compile_document, document, dags=dags))


async def compiled_text(
    store: DagStore, text: str | bytes, written_in: Format = "auto"
) -> Outcome[CompiledDag, SpecErrors]:
    """The same for its text, JSON or YAML."""
    content = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    key = digest_hex(written_in.encode() + b"\n" + content)
    if key in _shelf:
        return _from_shelf(key)
    names_dags = b"dag" in content and len(content) <= DEFAULT_LIMITS.document_bytes
    value = read_document(text, written_in).value if names_dags else None
    dags = {} if value is None or isinstance(value, Missing) else await _named_dags(store, value)
    return await _compiled(key, len(content), partial(compile_text, text, written_in, dags=dags))


def invalid_spec(problems: SpecErrors) -> Refusal:
    """What is said of a Spec that is wrong: everything. Pointers are into the Spec."""
    errors = spec_errors(problems)
    first, more = errors[0], f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    detail = f"{first.pointer or 'the Spec'}: {first.message}{more}"
    return Refusal(422, "invalid-spec", "The Spec is not right", detail, errors=errors)


def _from_shelf(key: str) -> Outcome[CompiledDag, SpecErrors]:
    _shelf.move_to_end(key)
    return Success(_shelf[key][0])


async def _compiled(
    key: str, size: int, compile_it: Callable[[], Outcome[CompiledDag, SpecErrors]]
) -> Outcome[CompiledDag, SpecErrors]:
    outcome = compile_it() if size <= _QUICK_BYTES else await anyio.to_thread.run_sync(compile_it)
    if not isinstance(outcome, Failure) and size <= _SHELF_BYTES // 4:
        _shelf[key] = (outcome.unwrap(), size)
        while sum(each for _, each in _shelf.values()) > _SHELF_BYTES:
            _shelf.popitem(last=False)
    return outcome


async def _named_dags(store: DagStore, document: JsonValue) -> dict[DagHash, CompiledDag]:
    """The stored DAGs that bodies of the document may name: whatever stands under a key `dag` and looks like a hash."""
    found: dict[DagHash, CompiledDag] = {}
    pending: list[JsonValue] = [document]
    while pending:
        value = pending.pop()
        if isinstance(value, Mapping):
            name = value.get("dag")
            if isinstance(name, str) and is_dag_hash(name) and name not in found:
                compiled = await store.get_compiled(DagHash(name))
                if compiled is not None:
                    found[DagHash(name)] = compiled
            pending += value.values()
        elif isinstance(value, list | tuple):
            pending += value
    return found
