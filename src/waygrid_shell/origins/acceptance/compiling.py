"""From a Spec that somebody brings to a DAG that runs, or to all that is wrong with it."""

import re
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
from waygrid_shell.ports.dag_store import DagStore

_HASH: Final = re.compile("[0-9a-f]{64}")
_QUICK_BYTES: Final = 16 * 1024
"""A Spec up to this size is compiled at once, in a few milliseconds; a larger one in a thread."""

_SHELF_BYTES: Final = 4 * 1024 * 1024
"""How much of Specs is remembered with their DAGs: those that are submitted over and over."""

_shelf: OrderedDict[str, tuple[CompiledDag, int]] = OrderedDict()
"""By digest of the document and extensions: a compilation is a function of these, whose it was does not matter."""


def is_dag_hash(text: str) -> bool:
    """Whether it may be the hash of a DAG."""
    return _HASH.fullmatch(text) is not None


async def compiled_document(store: DagStore, document: JsonValue) -> Outcome[CompiledDag, SpecErrors]:
    """The DAG of a Spec's document, or all that is wrong with it."""
    text = canonical_json(document)
    if len(text) > DEFAULT_LIMITS.document_bytes:
        return Failure((SpecProblem("", "too-large", f"a document has at most {DEFAULT_LIMITS.document_bytes} bytes"),))
    key = digest_hex(text) + store.extensions.fingerprint
    if key in _shelf:
        return _from_shelf(key)
    dags = await _named_dags(store, document)
    return await _compiled(key, len(text), partial(compile_document, document, dags=dags, extensions=store.extensions))


async def compiled_text(
    store: DagStore, text: str | bytes, written_in: Format = "auto"
) -> Outcome[CompiledDag, SpecErrors]:
    """The same for its text, JSON or YAML."""
    content = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    key = digest_hex(written_in.encode() + b"\n" + content) + store.extensions.fingerprint
    if key in _shelf:
        return _from_shelf(key)
    names_dags = b"dag" in content and len(content) <= DEFAULT_LIMITS.document_bytes
    value = read_document(text, written_in).value if names_dags else None
    dags = {} if value is None or isinstance(value, Missing) else await _named_dags(store, value)
    return await _compiled(
        key, len(content), partial(compile_text, text, written_in, dags=dags, extensions=store.extensions)
    )


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
