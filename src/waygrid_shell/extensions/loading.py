"""Which extensions a process has: those that installed packages declare, and those that its settings name.

A package declares them by entry points of the group `waygrid.extensions`, each a class or several of them; a setting
names one as `package.module:Class`.
"""

import importlib
import sys
from collections.abc import Iterable, Iterator
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Final

from waygrid_core.extension.extension import Extension
from waygrid_core.extension.registry import NO_EXTENSIONS, Extensions

GROUP: Final = "waygrid.extensions"


class ExtensionNotLoaded(Exception):  # noqa: N818 - it says what happened
    """An extension cannot be had; the text is a sentence that says which, and why."""


def extensions_of(names: Iterable[str] = ()) -> Extensions:
    """What is installed, and the classes of these names. Raises `ExtensionNotLoaded`."""
    extensions = installed_extensions()
    for name in names:
        extensions = _with(extensions, named_extensions(name), name)
    return extensions


def installed_extensions() -> Extensions:
    """What installed packages declare. Raises `ExtensionNotLoaded` for one that cannot be loaded, or is none."""
    extensions = NO_EXTENSIONS
    for entry_point in sorted(entry_points(group=GROUP), key=lambda each: each.name):
        where = f"the entry point {entry_point.name} = {entry_point.value}"
        extensions = _with(extensions, _classes(_loaded(entry_point, where), where), where)
    return extensions


def named_extensions(name: str) -> tuple[type[Extension], ...]:
    """The class, or the classes, of that name; modules are looked for in the current folder first.

    Raises `ExtensionNotLoaded`.
    """
    module_name, _, attribute = name.partition(":")
    if not module_name or not attribute:
        raise ExtensionNotLoaded(f"{name!r} names no extension; write package.module:Class")
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    try:
        found: object = importlib.import_module(module_name)
    except (Exception, SystemExit) as error:  # the seam: a user's module may raise anything, or call sys.exit
        raise ExtensionNotLoaded(f"{module_name} cannot be imported: {type(error).__name__}: {error}") from error
    for part in attribute.split("."):
        found = getattr(found, part, None)
    if found is None:
        raise ExtensionNotLoaded(f"the module {module_name} has no {attribute!r}")
    return tuple(_classes(found, name))


def _loaded(entry_point: EntryPoint, where: str) -> object:
    try:
        return entry_point.load()
    except (Exception, SystemExit) as error:  # the seam: it is somebody's module
        raise ExtensionNotLoaded(f"{where} cannot be imported: {type(error).__name__}: {error}") from error


def _classes(found: object, where: str) -> Iterator[type[Extension]]:
    if isinstance(found, type):
        members: Iterable[object] = (found,)
    elif isinstance(found, Iterable) and not isinstance(found, str):
        members = found
    else:
        members = (None,)
    for member in members:
        if not (isinstance(member, type) and issubclass(member, Extension)):
            raise ExtensionNotLoaded(f"{where} is no extension, nor several of them: a subclass of one of its kinds")
        yield member


def _with(extensions: Extensions, kinds: Iterable[type[Extension]], where: str) -> Extensions:
    try:
        return extensions.with_also(kinds)
    except ValueError as error:
        raise ExtensionNotLoaded(f"{where} cannot be used: {error}") from error
