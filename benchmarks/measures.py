"""What is measured, and how: the best of several tries, since what disturbs a measurement only ever slows it."""

import gc
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable, Iterator
from functools import partial

from attrs import frozen

from benchmarks import shapes
from benchmarks.run import compiled, run
from waygrid_core.compile.pipeline import compile_document, compile_text
from waygrid_core.dag.dag import CompiledDag, Dag
from waygrid_core.outcome import Failure, Outcome
from waygrid_core.traversal.state import TraversalState
from waygrid_core.verify.verification import verify


@frozen
class Figure:
    """One line of the table. `target` is what the design asks for, if it asks."""

    name: str
    value: float
    unit: str
    target: str = ""


def figures() -> Iterator[Figure]:
    """Every figure, in the order of the table."""
    yield from transitions()
    yield from compilation()
    yield from verification()
    yield memory_of_a_state()
    yield from starting()


def transitions() -> Iterator[Figure]:
    """Transitions a second on one core, and what one costs in a large DAG beside a small one."""
    rates = {}
    cases = {
        "chain of 10": (shapes.chain(10), 2_000),
        "chain of 10 000": (shapes.chain(10_000), 2),
        "chain of 10 passes and a task": (shapes.chain_of_passes(10), 2_000),
        "fork of 500": (shapes.fork(500), 40),
        "nested forks, 8 deep, 256 tasks": (shapes.nested_forks(8, 2), 40),
        "nested forks, 3 deep, 1 000 tasks": (shapes.nested_forks(3, 10), 20),
    }
    for name, (document, repetitions) in cases.items():
        rates[name] = max(_tries(partial(_rate, compiled(document), repetitions)))
        yield Figure(f"transitions: {name}", rates[name], "per second", "100 000" if "chain of 10 0" in name else "")
    ratio = rates["chain of 10"] / rates["chain of 10 000"]
    yield Figure("a step in a chain of 10 000, beside one in a chain of 10", ratio, "times as long", "at most 1.5")


def _rate(dag: Dag, repetitions: int) -> float:
    start = time.perf_counter()
    count = sum(run(dag)[1] for _ in range(repetitions))
    return count / (time.perf_counter() - start)


def compilation() -> Iterator[Figure]:
    """From a parsed document to a DAG, and from the text of one."""
    for nodes in (10, 1_000, 10_000):
        document = shapes.chain(nodes)
        target = "at most 500" if nodes == 10_000 else ""
        yield Figure(f"compile: chain of {nodes}", _milliseconds(partial(compile_document, document)), "ms", target)
    for nodes in (12, 1_000, 10_000):
        document = shapes.forks_in_a_row(nodes)
        yield Figure(
            f"compile: forks in a row, {nodes} nodes", _milliseconds(partial(compile_document, document)), "ms"
        )
    for nodes in (10, 1_000, 10_000):
        text = shapes.text_of_a_chain(nodes)
        yield Figure(f"compile from text: chain of {nodes}", _milliseconds(partial(compile_text, text)), "ms")


def verification() -> Iterator[Figure]:
    """From a DAG to the verdict on all of its runs."""
    cases = {
        "fork of 8 different tasks with retries": (shapes.different(8), "at most 1 000"),
        "fork of 50 equal tasks, quorum of 25": (shapes.quorum_of(50), "at most 1 000"),
        "flow of orders, 200 nodes": (shapes.order_flow(20), "at most 5 000"),
    }
    for name, (document, target) in cases.items():
        seconds = min(_tries(partial(_verify, compile_document(document).unwrap())))
        yield Figure(f"verify: {name}", 1_000 * seconds, "ms", target)


def _verify(compiled_dag: CompiledDag) -> float:
    start = time.perf_counter()
    verdict = verify(compiled_dag).verdict
    elapsed = time.perf_counter() - start
    assert verdict == "proved", verdict
    return elapsed


def memory_of_a_state() -> Figure:
    """What the state of a finished chain of 10 000 nodes holds, beside what it shares with its DAG."""
    dag = compiled(shapes.chain(10_000))
    run(dag, most=10)
    gc.collect()
    tracemalloc.start()
    kept: list[TraversalState] = [run(dag)[0]]
    gc.collect()
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert kept[0].status == "Completed"
    return Figure("memory: state of 10 000 nodes", size / 2**20, "MiB")


def starting() -> Iterator[Figure]:
    """What a process pays before it does anything; Python's own start is taken off the first."""
    bare = _process("pass")
    yield Figure("import waygrid_core", 1_000 * (_process("import waygrid_core") - bare), "ms")
    yield Figure("waygrid --help", 1_000 * _process(_HELP), "ms")
    yield Figure("(python that does nothing)", 1_000 * bare, "ms")


_HELP = "import sys; sys.argv = ['waygrid', '--help']; from waygrid_shell.cli.main import main; main()"


def _process(code: str) -> float:
    def one_try() -> float:
        start = time.perf_counter()
        subprocess.run([sys.executable, "-c", code], check=False, stdout=subprocess.DEVNULL)
        return time.perf_counter() - start

    return min(_tries(one_try, times=7))


def _milliseconds(call: Callable[[], Outcome[object, object]]) -> float:
    def one_try() -> float:
        start = time.perf_counter()
        outcome = call()
        elapsed = time.perf_counter() - start
        assert not isinstance(outcome, Failure), outcome
        return elapsed

    one_try()
    return 1_000 * min(_tries(one_try))


def _tries(one_try: Callable[[], float], times: int = 5) -> list[float]:
    results = []
    for _ in range(times):
        gc.collect()
        results.append(one_try())
    return results
