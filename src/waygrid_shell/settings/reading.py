"""Reads settings: the file, then the environment over it, then options over both. All that is wrong is told at once.

Nothing is passed over: a key that no setting has is a slip of the pen, and named with what was perhaps meant. In the
environment that goes for `WAYGRID_<SECTION>_...`; other variables may begin with `WAYGRID_` too.
"""

import re
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from difflib import get_close_matches
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Final, TypeAlias, get_type_hints

from attrs import evolve, fields, frozen, has

from waygrid_core.outcome import Failure, Outcome, Success
from waygrid_shell.settings.bounds import check_bounds
from waygrid_shell.settings.problem import SettingProblem
from waygrid_shell.settings.settings import Settings
from waygrid_shell.settings.values import lift, read_value, secret_text

DEFAULT_FILE: Final = Path("waygrid.toml")
"""Read if it is there and no other is named."""

_NEAR: Final = 0.6
_FEW: Final = 12
_OF_KUBERNETES: Final = re.compile(r"_SERVICE_(HOST|PORT)(_.*)?$|_PORT_\d+_(TCP|UDP).*$")
"""Variables that Kubernetes adds for a service called waygrid-<section>."""


@frozen
class Setting:
    """One setting; its `path` is its key in TOML, with its section."""

    path: str
    kind: Any
    default: object
    is_secret: bool = False

    @property
    def variable(self) -> str:
        """Its name in the environment."""
        return "WAYGRID_" + self.path.replace(".", "_").upper()


@frozen
class Given:
    """A value that somebody gave to a setting. `place` is where, in their own words."""

    path: str
    place: str
    value: object


@frozen
class Option:
    """A value that an option of the command gave to a setting: text, or a list of texts."""

    path: str
    name: str
    value: str | Sequence[str]


def all_settings() -> tuple[Setting, ...]:
    """Every setting, in the order of the classes; the one without a section last."""
    hints = get_type_hints(Settings)
    found = []
    for section in fields(Settings):
        kind = hints[section.name]
        if not has(kind):
            found.append(Setting(section.name, kind, section.default))
            continue
        inner = get_type_hints(kind)
        found += [
            Setting(f"{section.name}.{field.name}", inner[field.name], field.default, is_secret=field.repr is not True)
            for field in fields(kind)
        ]
    return tuple(found)


Check: TypeAlias = Callable[[Settings, Mapping[str, str]], Sequence[SettingProblem]]
"""What is wrong with settings that are right one by one; it is told where each was given, by path."""


def read_settings(
    file: Path | None,
    environment: Mapping[str, str],
    options: Iterable[Option] = (),
    checks: Iterable[Check] = (),
) -> Outcome[Settings, tuple[SettingProblem, ...]]:
    """The settings, or all that is wrong with what was given. `file` None: `DEFAULT_FILE`, if there is one."""
    settings = {setting.path: setting for setting in all_settings()}
    problems: list[SettingProblem] = []
    given = [
        *_from_file(file, settings, problems),
        *_from_environment(environment, settings, problems),
        *_from_options(options, settings),
    ]
    values: dict[str, object] = {}
    for each in given:
        setting = settings[each.path]
        try:
            values[each.path] = _value(setting, each.value)
        except ValueError as error:
            problems.append(SettingProblem(each.place, str(error)))
    built = _built(values)
    places = {each.path: each.place for each in given}
    for check in checks:
        problems += check(built, places)
    return Failure(tuple(problems)) if problems else Success(built)


def _from_file(file: Path | None, settings: Mapping[str, Setting], problems: list[SettingProblem]) -> list[Given]:
    path = file or DEFAULT_FILE
    try:
        if file is None and not path.exists():
            return []
        document = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        problems.append(SettingProblem(str(path), f"it cannot be read: {error.strerror or error}"))
        return []
    except UnicodeDecodeError:
        problems.append(SettingProblem(str(path), "it is not UTF-8"))
        return []
    except tomllib.TOMLDecodeError as error:
        problems.append(SettingProblem(str(path), f"it is no TOML: {error}"))
        return []
    sections = {setting.path.partition(".")[0] for setting in settings.values() if "." in setting.path}
    given: list[Given] = []
    for name, value in document.items():
        if name in settings:
            given.append(Given(name, f"{path}: {name}", value))
        elif name not in sections:
            tops = [*sections, *(path for path in settings if "." not in path)]
            problems.append(SettingProblem(f"{path}: {name}", f"there is no such section{_meant(name, tops)}"))
        elif not isinstance(value, dict):
            problems.append(SettingProblem(f"{path}: {name}", f"it is a section; write [{name}] and its keys below"))
        else:
            given += _from_section(str(path), name, value, settings, problems)
    return given


def _from_section(
    file: str,
    section: str,
    table: Mapping[str, object],
    settings: Mapping[str, Setting],
    problems: list[SettingProblem],
) -> list[Given]:
    given = []
    keys = [path.partition(".")[2] for path in settings if path.startswith(f"{section}.")]
    for key, value in table.items():
        path, place = f"{section}.{key}", f"{file}: {section}.{key}"
        if key in keys:
            given.append(Given(path, place, value))
        else:
            problems.append(SettingProblem(place, f"there is no such key{_meant(key, keys)}"))
    return given


def _from_environment(
    environment: Mapping[str, str], settings: Mapping[str, Setting], problems: list[SettingProblem]
) -> list[Given]:
    by_variable = {setting.variable: setting for setting in settings.values()}
    sections = tuple({f"WAYGRID_{path.partition('.')[0].upper()}_" for path in settings})
    given = []
    for variable, text in sorted(environment.items()):
        setting = by_variable.get(variable)
        if setting is not None:
            if text.strip():  # an empty one is as good as none
                given.append(Given(setting.path, variable, lift(setting.kind, text)))
        elif variable.startswith(sections) and _OF_KUBERNETES.search(variable) is None:
            problems.append(SettingProblem(variable, f"there is no such setting{_meant(variable, list(by_variable))}"))
    return given


def _from_options(options: Iterable[Option], settings: Mapping[str, Setting]) -> list[Given]:
    return [
        Given(
            option.path,
            option.name,
            lift(settings[option.path].kind, option.value) if isinstance(option.value, str) else list(option.value),
        )
        for option in options
    ]


def _meant(word: str, known: Sequence[str]) -> str:
    near = get_close_matches(word, known, n=1, cutoff=_NEAR)
    if near:
        return f"; did you mean {near[0]}?"
    return f"; there are {', '.join(sorted(known))}" if len(known) <= _FEW else ""


def _value(setting: Setting, given: object) -> object:
    """Raises `ValueError`, with a sentence that has nothing secret in it."""
    if setting.is_secret:
        value: object = secret_text(given)
    else:
        value = read_value(setting.path, setting.kind, given)
    check_bounds(setting.path, value)
    return value


def _built(values: Mapping[str, object]) -> Settings:
    settings = Settings()
    for path, value in values.items():
        name, _, key = path.partition(".")
        changed = evolve(getattr(settings, name), **{key: value}) if key else value
        settings = evolve(settings, **{name: changed})  # type: ignore[arg-type]  # `read_value` made it of its type
    return settings


def open_doors(settings: Settings, places: Mapping[str, str]) -> Sequence[SettingProblem]:
    """A check, for who listens: elsewhere than on loopback keys are needed."""
    server = settings.server
    if is_loopback(server.host) or "server.keys" in places:
        return []
    return [
        SettingProblem(
            places.get("server.host", "server.host"),
            f"{server.host} can be reached from other machines, and there are no API keys; make one with `waygrid key "
            "new NAME --scope read,write` and put what it prints into the settings file, or listen on 127.0.0.1",
        )
    ]


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach what listens there. A name other than localhost may be anything."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
