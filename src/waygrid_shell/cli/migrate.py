"""`waygrid migrate`: brings the database of a cluster to the shape that this version knows."""

from collections.abc import Sequence
from typing import Annotated, Final

import anyio
from cyclopts import Parameter

from waygrid_shell.cli.cluster_given import cluster_extra
from waygrid_shell.cli.given import settings_given
from waygrid_shell.cli.mistake import FAILED, OK, UserError
from waygrid_shell.cli.options import ConfigOption
from waygrid_shell.cli.output import write_result
from waygrid_shell.ports.failure import PortFailure
from waygrid_shell.settings.cluster_checks import cluster_fits, database_is_named
from waygrid_shell.settings.shown_url import shown_url

EXAMPLES: Final = """\
Examples:
  waygrid migrate
  waygrid migrate --check
  WAYGRID_POSTGRES_URL=postgresql://owner@db/waygrid waygrid migrate
"""


def migrate_command(
    *,
    check: Annotated[
        bool, Parameter(negative="", help="Change nothing; say what is missing, and exit 1 if any is.")
    ] = False,
    config: ConfigOption = None,
) -> int:
    """Bring the database of a cluster to the shape that this version of Waygrid needs.

    Run it before the first process starts, and before those of a new version do; it may run while those of the version
    before still work. Several at once do no harm: one works, the others wait. What was applied stays: there is no way
    back but a backup. `waygrid serve` never changes the database by itself, so it needs fewer rights than this does.

    Exits 0 when the database is as it should be, 1 when --check finds that it is not, 2 when it cannot be reached, is
    not Waygrid's, or is of a newer version.
    """
    settings = settings_given(config, {}, [database_is_named, cluster_fits])
    with cluster_extra("migrate"):
        from waygrid_shell.runtime.cluster_wiring import migrate, pending
    names: Sequence[str]
    try:
        names = anyio.run(pending if check else migrate, settings.postgres)
    except PortFailure as failure:
        raise UserError(str(failure)) from failure
    for name in names:
        write_result(f"{'missing' if check else 'applied'} {name}")
    database = shown_url(settings.postgres.url or "")
    if check and names:
        write_result(f"{database} has to be migrated: waygrid migrate")
        return FAILED
    write_result(f"{database} is as this version needs it")
    return OK
