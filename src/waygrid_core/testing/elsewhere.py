"""The same questions in a process of its own, where texts hash otherwise: what depends on the order of a set shows."""

import os
import pickle
import subprocess
import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any, Final

from waygrid_core.extension.extension import Extension
from waygrid_core.testing.questions import Question, ask, plain

_SEEDS: Final = ("1", "2")
_CHILD: Final = "from waygrid_core.testing.elsewhere import answer_all; answer_all()"


def can_be_imported(kind: type[Extension]) -> bool:
    """Whether another process finds the class: it stands at the top of a module that has a file."""
    module = sys.modules.get(kind.__module__)
    return getattr(module, kind.__qualname__, None) is kind and _file_of(kind) is not None and module is not _main()


def _main() -> Any:
    return sys.modules.get("__main__")


def _file_of(kind: type[Extension]) -> str | None:
    file = getattr(sys.modules.get(kind.__module__), "__file__", None)
    return None if file is None else str(Path(file).resolve())


def answers_elsewhere(kind: type[Extension], asked: Sequence[tuple[Extension, Question]]) -> list[Any]:
    """What a new process answers, in the form of `plain`. Raises `RuntimeError` with its words if it cannot."""
    seed = next(each for each in _SEEDS if os.environ.get("PYTHONHASHSEED") != each)
    path = os.pathsep.join(entry for entry in sys.path if entry)
    given = pickle.dumps((kind.__module__, _file_of(kind), pickle.dumps(list(asked))))
    done = subprocess.run(
        [sys.executable, "-c", _CHILD],
        input=given,
        capture_output=True,
        check=False,
        env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": path},
    )
    if done.returncode != 0:
        raise RuntimeError(f"a process of its own could not ask {kind.__qualname__}: {done.stderr.decode()[-2000:]}")
    answers: list[Any] = pickle.loads(done.stdout)
    return answers


def answer_all() -> None:
    """In that process: reads the questions from standard input, and writes the answers to standard output."""
    module, file, asked = pickle.load(sys.stdin.buffer)
    _import(module, file)
    answers = [plain(ask(extension, question)) for extension, question in pickle.loads(asked)]
    sys.stdout.buffer.write(pickle.dumps(answers))


def _import(name: str, file: str) -> None:
    """The module by its name, else by its file under that name: test modules are often no one's to import."""
    try:
        found = import_module(name)
        if getattr(found, "__file__", None) is not None:
            return
    except ImportError:
        pass
    spec = spec_from_file_location(name, file)
    assert spec is not None, "it was imported from that file"
    assert spec.loader is not None, "a file has a loader"
    module = module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
