"""Finds a user's app by its name, `module:app`."""

from waygrid_shell.processors.function import App
from waygrid_shell.user_code import NotLoaded, load_named


def load_app(name: str) -> App:
    """The app of that name; modules are looked for in the current folder first. Raises `NotLoaded`."""
    app = load_named(name, "app", "module:app, such as shop:app for `app` in shop.py")
    if not isinstance(app, App):
        raise NotLoaded(f"{name} is of type {type(app).__name__}, not a waygrid_shell.processors.function.App")
    return app
