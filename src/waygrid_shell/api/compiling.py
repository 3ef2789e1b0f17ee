"""The DAG that a request wants, or the refusal that tells all that is wrong with it."""

from waygrid_core.dag.dag import CompiledDag
from waygrid_core.model.json_value import JsonValue
from waygrid_core.outcome import Failure
from waygrid_core.spec.problem import SpecErrors
from waygrid_shell.api.problems import Refusal
from waygrid_shell.api.respond import dag_hash, invalid, no_dag, spec_errors
from waygrid_shell.origins.acceptance.compiling import compiled_document, compiled_text
from waygrid_shell.ports.dag_store import DagStore
from waygrid_shell.resources.submission import SpecError


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


def invalid_spec(problems: SpecErrors) -> Refusal:
    """What is said of a Spec that is wrong: everything. Pointers are into the Spec."""
    errors = spec_errors(problems)
    first, more = errors[0], f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    detail = f"{first.pointer or 'the Spec'}: {first.message}{more}"
    return Refusal(422, "invalid-spec", "The Spec is not right", detail, errors=errors)
