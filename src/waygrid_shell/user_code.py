"""Finds what a user's code calls by a name, `package.module:attribute`: an app, an extension."""

import importlib
import sys
import traceback
from pathlib import Path


class NotLoaded(Exception):  # noqa: N818 - it says what happened
    """It cannot be had; the text is a sentence that says which, why, and where in the user's code."""


def load_named(name: str, what: str, form: str) -> object:
    """What is called by `name`; modules are looked for in the current folder first.

    `what` is wanted ("app"), and `form` is how such a name is written, for who wrote another. Raises `NotLoaded`.
    """
    module_name, _, attribute = name.partition(":")
    if not module_name or not attribute:
        raise NotLoaded(f"{name!r} names no {what}; write {form}")
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    try:
        found: object = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name is not None and (module_name == error.name or module_name.startswith(f"{error.name}.")):
            hint = "; a module is written with dots and without .py" if module_name.endswith(".py") else ""
            raise NotLoaded(f"there is no module {module_name!r} here ({here}) or installed{hint}") from error
        raise not_imported(module_name, error) from error
    except (Exception, SystemExit) as error:  # the seam: a user's module may raise anything, or call sys.exit
        raise not_imported(module_name, error) from error
    for part in attribute.split("."):
        found = getattr(found, part, None)
    if found is None:
        raise NotLoaded(f"the module {module_name} has no {attribute!r}")
    return found


def not_imported(what: str, error: BaseException) -> NotLoaded:
    """That `what` could not be imported, and the line of the user's code that `error` came from."""
    reason = str(error) if isinstance(error, ModuleNotFoundError) else f"{type(error).__name__}: {error}"
    return NotLoaded(f"{what} cannot be imported: {reason}{_place(error)}")


def _place(error: BaseException) -> str:
    """The innermost line that is not of the machinery of imports."""
    if isinstance(error, SyntaxError) and error.filename:
        return f" ({error.filename}, line {error.lineno})"
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if "importlib" not in frame.filename and not frame.filename.startswith(str(Path(__file__).parent))
    ]
    return f" ({frames[-1].filename}, line {frames[-1].lineno})" if frames else ""
