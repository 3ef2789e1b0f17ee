"""The extensions that a command reads Specs, DAGs and journals with."""

import os
import tomllib
from collections.abc import Mapping, Sequence
from functools import lru_cache

from waygrid_core.extension.registry import Extensions
from waygrid_shell.cli.mistake import UserError
from waygrid_shell.extensions.loading import extensions_of
from waygrid_shell.settings.problem import SettingProblem
from waygrid_shell.settings.reading import DEFAULT_FILE
from waygrid_shell.settings.settings import Settings
from waygrid_shell.settings.values import lift
from waygrid_shell.user_code import NotLoaded

_VARIABLE = "WAYGRID_EXTENSIONS"


def extensions_here() -> Extensions:
    """For a command without settings of its own: what is installed, and what the environment, or else the settings file
    of this folder, names. Raises `UserError`.
    """
    return _loaded(_names_here())


def extensions_given(settings: Settings) -> Extensions:
    """For a command that has settings: what is installed, and what they name. Raises `UserError`."""
    return _loaded(settings.extensions)


def extensions_that_load(settings: Settings, places: Mapping[str, str]) -> Sequence[SettingProblem]:
    """A check, for who tells of everything that is wrong at once: whether the extensions are there."""
    try:
        extensions_of(settings.extensions)
    except NotLoaded as error:
        return [SettingProblem(places.get("extensions", "extensions"), str(error))]
    return []


@lru_cache(maxsize=16)
def _loaded(names: tuple[str, ...]) -> Extensions:
    try:
        return extensions_of(names)
    except NotLoaded as error:
        raise UserError(f"extensions: {error}") from error


def _names_here() -> tuple[str, ...]:
    """Nothing else of the settings file is looked at: whether that is right is for those who run by it."""
    given = os.environ.get(_VARIABLE, "").strip()
    if given:
        names = lift(tuple[str, ...], given)
    else:
        try:
            names = tomllib.loads(DEFAULT_FILE.read_text(encoding="utf-8-sig")).get("extensions", [])
        except OSError:
            return ()
        except ValueError as error:
            raise UserError(f"{DEFAULT_FILE}: it is no TOML: {error}") from error
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise UserError(f'{DEFAULT_FILE}: extensions: write a list of texts, such as ["package.module:Class"]')
    return tuple(names)
