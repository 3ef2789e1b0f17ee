"""The DAG that an origin's records run."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import anyio.to_thread

from waygrid_core.compile.pipeline import compile_text
from waygrid_core.dag.dag import CompiledDag
from waygrid_core.model.identifiers import DagHash
from waygrid_core.outcome import Failure
from waygrid_core.spec.problem import SpecErrors
from waygrid_shell.extensions.loading import extensions_of
from waygrid_shell.origins.acceptance.compiling import compiled_text, is_dag_hash
from waygrid_shell.ports.dag_store import DagStore
from waygrid_shell.ports.failure import Unavailable
from waygrid_shell.settings.origins import KafkaOrigin
from waygrid_shell.settings.problem import SettingProblem
from waygrid_shell.settings.settings import Settings
from waygrid_shell.user_code import NotLoaded


async def compiled_of(origin: KafkaOrigin, dag_store: DagStore) -> CompiledDag | None:
    """The DAG of its Spec, or None if it makes events. Raises `Unavailable` while there is no right one."""
    if origin.spec is None:
        return None
    if is_dag_hash(origin.spec):
        compiled = await dag_store.get_compiled(DagHash(origin.spec))
        if compiled is None:
            raise _no_spec(origin, "no DAG of that hash is stored; store its Spec with POST /v1/specs")
    else:
        outcome = await compiled_text(dag_store, await _read(origin, Path(origin.spec)))
        if isinstance(outcome, Failure):
            raise _no_spec(origin, _said(outcome.failure()))
        compiled = outcome.unwrap()
    entries = len(compiled.dag.entry_points)
    if origin.entry >= entries:
        raise _no_spec(origin, f"it has no entry point {origin.entry}; it has {entries}, counted from 0")
    return compiled


def origins_have_specs(settings: Settings, places: Mapping[str, str]) -> Sequence[SettingProblem]:
    """A check, for what runs origins: whether the files of their Specs are there, and right as far as they show."""
    place = places.get("origins.kafka", "origins.kafka")
    problems = []
    if settings.origins.kafka and not settings.kafka.servers:
        said = 'they read from Kafka, and kafka.servers is not set; write servers = ["..."] below [kafka]'
        problems.append(SettingProblem(place, said))
    try:
        extensions = extensions_of(settings.extensions)
    except NotLoaded as error:
        return [*problems, SettingProblem(places.get("extensions", "extensions"), str(error))]
    for origin in settings.origins.kafka:
        if origin.spec is None or is_dag_hash(origin.spec):
            continue
        try:
            content = Path(origin.spec).read_bytes()
        except (OSError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
            problems.append(SettingProblem(place, f"the origin {origin.name!r}: {origin.spec}: {why}"))
            continue
        outcome = compile_text(content, extensions=extensions)
        if isinstance(outcome, Failure) and b"dag" not in content:  # else it may name a DAG that is stored
            said = f"the origin {origin.name!r}: {origin.spec}: {_said(outcome.failure())}"
            problems.append(SettingProblem(place, said))
    return problems


async def _read(origin: KafkaOrigin, path: Path) -> bytes:
    try:
        return await anyio.to_thread.run_sync(path.read_bytes)
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise _no_spec(origin, why) from error


def _said(problems: SpecErrors) -> str:
    first, more = problems[0], f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    return f"{first.pointer or 'the Spec'}: {first.message}{more}"


def _no_spec(origin: KafkaOrigin, why: str) -> Unavailable:
    return Unavailable(f"Spec of the Kafka origin {origin.name!r}", f"{origin.spec}: {why}")
