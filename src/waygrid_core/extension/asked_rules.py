"""What the machine asks conditions, join strategies and retry policies of a user's, so that whatever they do is an
answer.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final

from attrs import frozen

from waygrid_core.extension.calling import Broken, guarded
from waygrid_core.extension.extension import ConditionRule, JoinRule, RetryRule
from waygrid_core.extension.tally import VERDICTS, Tally, Verdict
from waygrid_core.model.json_value import JsonValue

_NOTHING: Final = timedelta(0)


def holds_by(rule: ConditionRule, output: JsonValue) -> bool:
    """Whether the condition holds of `output`; a broken one does not."""
    return guarded(rule, "holds", lambda: rule.holds(output), _flag, "true or false") is True


def verdict_of(rule: JoinRule, tally: Tally) -> Verdict | Broken:
    """What the join strategy says of branches that stand so."""
    return guarded(rule, "judge", lambda: rule.judge(tally), _verdict, '"holds", "cannot-hold" or "open"')


def misfit_of(rule: JoinRule, branches: Sequence[str]) -> str | None:
    """Why the join strategy does not suit a fork with these branches; a broken one suits none."""
    judged = guarded(rule, "fits", lambda: rule.fits(branches), _sentence, "a sentence or None")
    return judged.message if isinstance(judged, Broken) else judged.text


def delay_by(rule: RetryRule, attempt: int, code: str, draw: float) -> timedelta | None:
    """How long after that failure the next attempt is made; None for no more, and for a broken rule."""
    judged = guarded(rule, "delay", lambda: rule.delay(attempt, code, draw), _delay, "a duration from 0 on, or None")
    return None if isinstance(judged, Broken) else judged.value


@frozen
class _Sentence:
    text: str | None


@frozen
class _Delay:
    value: timedelta | None


def _flag(answer: Any) -> bool | None:
    return answer if isinstance(answer, bool) else None


def _verdict(answer: Any) -> Verdict | None:
    return next((verdict for verdict in VERDICTS if isinstance(answer, str) and verdict == answer), None)


def _sentence(answer: Any) -> _Sentence | None:
    return _Sentence(answer) if answer is None or isinstance(answer, str) else None


def _delay(answer: Any) -> _Delay | None:
    is_delay = answer is None or (isinstance(answer, timedelta) and answer >= _NOTHING)
    return _Delay(answer) if is_delay else None
