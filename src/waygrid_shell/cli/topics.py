"""`waygrid topics create` and `waygrid topics check`: the topics of Kafka that a cluster needs."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Final, TypeAlias, TypeVar

import anyio
from cyclopts import Parameter

from waygrid_core.dag.dag import CompiledDag
from waygrid_core.model.address import ServiceAddress
from waygrid_core.model.identifiers import DagHash
from waygrid_core.outcome import Failure
from waygrid_shell.cli.cluster_given import cluster_extra
from waygrid_shell.cli.findings import show_findings, worst_of
from waygrid_shell.cli.given import apps_given, apps_that_load, settings_given
from waygrid_shell.cli.mistake import FAILED, OK, UserError
from waygrid_shell.cli.options import ConfigOption, DagOption
from waygrid_shell.cli.output import write_result
from waygrid_shell.ports.failure import PortFailure
from waygrid_shell.settings.cluster_checks import cluster_fits, kafka_is_named
from waygrid_shell.settings.settings import KafkaSettings, Settings

T = TypeVar("T")

CREATE_EXAMPLES: Final = """\
Examples:
  waygrid topics create
  waygrid topics create --app shop:app order.yaml
  WAYGRID_KAFKA_REPLICATION_FACTOR=3 waygrid topics create --app shop:app
"""

CHECK_EXAMPLES: Final = """\
Examples:
  waygrid topics check
  waygrid topics check --app shop:app specs/*.yaml
"""

Apps: TypeAlias = Annotated[
    list[str] | None,
    Parameter(negative="", help="An app whose addresses need topics, as module:app. May be given several times."),
]


def create_topics(
    *specs: Annotated[str, Parameter(help="Specs whose addresses need topics.")],
    app: Apps = None,
    config: ConfigOption = None,
    dag: DagOption = None,
) -> int:
    """Make the topics that are missing: of the system's services, of the built-in addresses, of apps and of Specs.

    Each gets `kafka.partitions` partitions and `kafka.replication_factor` replicas, and beside it a topic for messages
    that nobody could handle. What is there is left as it is. With `kafka.create_topics` (true, unless you say no)
    `waygrid serve` makes what it needs by itself; without, run this as somebody who may.

    Exits 0 when all topics are there, 2 when Kafka cannot be reached or refuses.
    """
    settings = _settings(app, config)
    names = _topics(settings, specs, dag)
    with cluster_extra("topics"):
        from waygrid_shell.runtime.cluster_wiring import create_topics as create
    made = _asked(create, settings.kafka, names)
    for name in made:
        write_result(f"made {name}")
    write_result(f"{len(names)} topics are there, {len(made)} of them new")
    return OK


def check_topics(
    *specs: Annotated[str, Parameter(help="Specs whose addresses need topics.")],
    app: Apps = None,
    config: ConfigOption = None,
    dag: DagOption = None,
) -> int:
    """Say whether the topics that Waygrid needs are there and as they should be, and what to do where they are not.

    Exits 1 if any is missing or would lose messages, 2 when Kafka cannot be reached.
    """
    settings = _settings(app, config)
    names = _topics(settings, specs, dag)
    with cluster_extra("topics"):
        from waygrid_shell.runtime.cluster_wiring import check_topics as check
    findings = _asked(check, settings.kafka, names)
    show_findings(findings)
    return FAILED if worst_of(findings) == "fail" else OK


def _settings(app: Sequence[str] | None, config: Path | None) -> Settings:
    return settings_given(config, {("app", "--app"): app}, [kafka_is_named, cluster_fits, apps_that_load])


def _topics(settings: Settings, specs: Sequence[str], dags: Sequence[str] | None) -> Sequence[str]:
    """The topics of the system, of what is built in, of the apps of the settings, and of these Specs."""
    from waygrid_shell.runtime.built_in import BUILT_IN

    with cluster_extra("topics"):
        from waygrid_shell.runtime.cluster_wiring import needed_topics
    addresses = {*BUILT_IN, *apps_given(settings.app), *_addresses_of(specs, dags or ())}
    return needed_topics(sorted(addresses, key=str))


def _addresses_of(names: Sequence[str], dag_names: Sequence[str]) -> frozenset[ServiceAddress]:
    """What these Specs, and their bodies, dispatch to. Raises `UserError` for one that is wrong."""
    from waygrid_core.dag.addresses import addresses_of
    from waygrid_shell.cli.source import read_source
    from waygrid_shell.cli.specs import compile_source, compiled_dags, complain_of
    from waygrid_shell.runtime.needs import all_dags

    dags: Mapping[DagHash, CompiledDag] = compiled_dags(dag_names)
    found: set[ServiceAddress] = set()
    for name in names:
        source = read_source(name)
        outcome = compile_source(source, "", dags)
        if isinstance(outcome, Failure):
            complain_of(source, outcome.failure())
            raise UserError(f"{name} is not right; nothing was done")
        found |= addresses_of(all_dags(outcome.unwrap()))
    return frozenset(found)


def _asked(
    ask: Callable[[KafkaSettings, Sequence[str]], Awaitable[T]], settings: KafkaSettings, names: Sequence[str]
) -> T:
    try:
        return anyio.run(ask, settings, names)
    except PortFailure as failure:
        raise UserError(str(failure)) from failure
