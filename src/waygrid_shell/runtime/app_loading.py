"""Finds a user's app by its name, `module:app`."""

import importlib
import sys
import traceback
from pathlib import Path

from waygrid_shell.processors.function import App


class AppNotLoaded(Exception):  # noqa: N818 - it says what happened
    """The app cannot be had; the text says why, and where in the user's code."""


def load_app(name: str) -> App:
    """The app of that name; modules are looked for in the current folder first. Raises `AppNotLoaded`."""
    module_name, _, attribute = name.partition(":")
    if not module_name or not attribute:
        raise AppNotLoaded(f"{name!r} names no app; write module:app, such as shop:app for `app` in shop.py")
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name is not None and (module_name == error.name or module_name.startswith(f"{error.name}.")):
            hint = "; write module:app, with dots and without .py" if module_name.endswith(".py") else ""
            raise AppNotLoaded(f"there is no module {module_name!r} here ({here}) or installed{hint}") from error
        raise AppNotLoaded(f"{module_name} cannot be imported: {error}{_place(error)}") from error
    except (Exception, SystemExit) as error:  # the seam: a user's module may raise anything, or call sys.exit
        reason = f"{type(error).__name__}: {error}{_place(error)}"
        raise AppNotLoaded(f"{module_name} cannot be imported: {reason}") from error
    app: object = module
    for part in attribute.split("."):
        app = getattr(app, part, None)
    if app is None:
        raise AppNotLoaded(f"the module {module_name} has no {attribute!r}")
    if not isinstance(app, App):
        raise AppNotLoaded(f"{name} is of type {type(app).__name__}, not a waygrid_shell.processors.function.App")
    return app


def _place(error: BaseException) -> str:
    """Where the user's code failed: the innermost line that is not of the import machinery."""
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if "importlib" not in frame.filename and frame.filename != __file__
    ]
    if isinstance(error, SyntaxError) and error.filename:
        return f" ({error.filename}, line {error.lineno})"
    return f" ({frames[-1].filename}, line {frames[-1].lineno})" if frames else ""
