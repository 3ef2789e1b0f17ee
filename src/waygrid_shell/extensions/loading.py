"""Which extensions a process has: those that installed packages declare, and those that its settings name.

A package declares them by entry points of the group `waygrid.extensions`, each a class or several of them; a setting
names one as `package.module:Class`.
"""

from collections.abc import Iterable, Iterator
from importlib.metadata import EntryPoint, entry_points
from typing import Final

from waygrid_core.extension.extension import Extension
from waygrid_core.extension.registry import NO_EXTENSIONS, Extensions
from waygrid_shell.user_code import NotLoaded, load_named, not_imported

GROUP: Final = "waygrid.extensions"


def extensions_of(names: Iterable[str] = ()) -> Extensions:
    """What is installed, and the classes of these names. Raises `NotLoaded`."""
    extensions = installed_extensions()
    for name in names:
        extensions = _with(extensions, named_extensions(name), name)
    return extensions


def installed_extensions() -> Extensions:
    """What installed packages declare. Raises `NotLoaded` for one that cannot be loaded, or is none."""
    extensions = NO_EXTENSIONS
    for entry_point in sorted(entry_points(group=GROUP), key=lambda each: each.name):
        where = f"the entry point {entry_point.name} = {entry_point.value}"
        extensions = _with(extensions, _classes(_loaded(entry_point, where), where), where)
    return extensions


def named_extensions(name: str) -> tuple[type[Extension], ...]:
    """The class, or the classes, of that name; modules are looked for in the current folder first.

    Raises `NotLoaded`.
    """
    found = load_named(name, "extension", "package.module:Class")
    return tuple(_classes(found, name))


def _loaded(entry_point: EntryPoint, where: str) -> object:
    try:
        return entry_point.load()
    except (Exception, SystemExit) as error:  # the seam: it is somebody's module
        raise not_imported(where, error) from error


def _classes(found: object, where: str) -> Iterator[type[Extension]]:
    if isinstance(found, type):
        members: Iterable[object] = (found,)
    elif isinstance(found, Iterable) and not isinstance(found, str):
        members = found
    else:
        members = (None,)
    for member in members:
        if not (isinstance(member, type) and issubclass(member, Extension)):
            raise NotLoaded(f"{where} is no extension, nor several of them: a subclass of one of its kinds")
        yield member


def _with(extensions: Extensions, kinds: Iterable[type[Extension]], where: str) -> Extensions:
    try:
        return extensions.with_also(kinds)
    except ValueError as error:
        raise NotLoaded(f"{where} cannot be used: {error}") from error
