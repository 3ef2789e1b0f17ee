"""From a text to a Spec: `document` and `check` in one step."""

from waygrid_core.extension.registry import NO_EXTENSIONS, Extensions
from waygrid_core.model.json_value import Missing
from waygrid_core.outcome import Failure, Outcome, Success
from waygrid_core.spec.check import CheckedSpec, check_spec
from waygrid_core.spec.document import Format, read_document
from waygrid_core.spec.limits import DEFAULT_LIMITS, Limits
from waygrid_core.spec.node import Spec
from waygrid_core.spec.problem import SpecErrors


def check_text(
    text: str | bytes,
    format: Format = "auto",  # noqa: A002 - the word that users know it by
    limits: Limits = DEFAULT_LIMITS,
    extensions: Extensions = NO_EXTENSIONS,
) -> CheckedSpec:
    """The Spec of a JSON or YAML text as far as it could be read, and every problem that needs no graph."""
    read = read_document(text, format, limits)
    if isinstance(read.value, Missing):
        return CheckedSpec(None, read.problems)
    checked = check_spec(read.value, limits, extensions)
    # Where a number could not be kept, what stands for it is not to be judged.
    unkept = {problem.pointer for problem in read.problems if problem.code == "out-of-range"}
    further = (problem for problem in checked.problems if problem.pointer not in unkept)
    return CheckedSpec(checked.spec, tuple(sorted({*read.problems, *further})))


def parse_spec(
    text: str | bytes,
    format: Format = "auto",  # noqa: A002 - the word that users know it by
    limits: Limits = DEFAULT_LIMITS,
    extensions: Extensions = NO_EXTENSIONS,
) -> Outcome[Spec, SpecErrors]:
    """The Spec of a JSON or YAML text, or all problems that need no graph. The graph is for the compiler to judge."""
    checked = check_text(text, format, limits, extensions)
    if checked.spec is None or checked.problems:
        return Failure(checked.problems)
    return Success(checked.spec)
