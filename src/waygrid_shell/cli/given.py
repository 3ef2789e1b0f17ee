"""What a command that runs a plant is given beside its work: settings, apps, a folder for the data."""

import errno
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from waygrid_core.model.address import ServiceAddress
from waygrid_core.outcome import Failure
from waygrid_shell.cli.mistake import UserError
from waygrid_shell.cli.output import complain
from waygrid_shell.cli.source import why
from waygrid_shell.hosting.handler import Served
from waygrid_shell.runtime.app_loading import load_app
from waygrid_shell.settings.problem import SettingProblem
from waygrid_shell.settings.reading import Check, Option, read_settings
from waygrid_shell.settings.settings import Settings
from waygrid_shell.user_code import NotLoaded


def settings_given(
    file: Path | None,
    options: Mapping[tuple[str, str], str | Sequence[str] | None],
    checks: Iterable[Check] = (),
) -> Settings:
    """The settings; `options` are values by setting and name of the option, None where it was not given.

    Raises `UserError` once all that is wrong with them has been told.
    """
    given = [Option(path, name, value) for (path, name), value in options.items() if value is not None]
    outcome = read_settings(file, os.environ, given, checks)
    if isinstance(outcome, Failure):
        problems = outcome.failure()
        for problem in problems:
            complain(str(problem))
        count = "1 setting" if len(problems) == 1 else f"{len(problems)} settings"
        raise UserError(f"{count} cannot be used as given; nothing was begun")
    return outcome.unwrap()


def apps_that_load(settings: Settings, places: Mapping[str, str]) -> Sequence[SettingProblem]:
    """A check, for who tells of everything that is wrong at once: whether the apps are there."""
    problems = []
    for name in settings.app:
        try:
            load_app(name)
        except NotLoaded as error:
            problems.append(SettingProblem(places.get("app", "app"), str(error)))
    return problems


def apps_given(names: Iterable[str]) -> Mapping[ServiceAddress, Served]:
    """What all these apps serve. Raises `UserError` for one that cannot be loaded, and two that serve one address."""
    served: dict[ServiceAddress, Served] = {}
    whose: dict[ServiceAddress, str] = {}
    for name in names:
        try:
            app = load_app(name)
        except NotLoaded as error:
            raise UserError(f"--app: {error}") from error
        for address, each in app.served.items():
            if address in served:
                raise UserError(f"--app: both {whose[address]} and {name} serve {address}; leave one of them out")
            served[address], whose[address] = each, name
    return served


def folder_mistake(folder: Path, error: OSError) -> UserError:
    """Why data cannot be kept there, and where it could be."""
    match error.errno:
        case errno.EEXIST | errno.ENOTDIR:
            reason = "it is a file, or lies below one; name a folder"
        case errno.EACCES | errno.EPERM:
            reason = "this user may not write there; name another folder, or change who owns it"
        case errno.EROFS:
            reason = "it is on a file system that cannot be written; name another folder"
        case _:
            reason = why(error)
    return UserError(f"--data-dir {folder}: {reason}")
