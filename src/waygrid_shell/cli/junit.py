"""The results of scenarios as JUnit XML, which most CI systems show."""

import re
from collections.abc import Sequence
from typing import Final
from xml.sax.saxutils import escape, quoteattr

from attrs import frozen

_NOT_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@frozen
class Case:
    """One scenario: the file it stands in, its name, how long it took, and what differed (nothing: it passed)."""

    file: str
    name: str
    seconds: float
    differences: tuple[str, ...]


def junit_xml(cases: Sequence[Case]) -> str:
    """A `testsuites` document with a suite for each file."""
    files = dict.fromkeys(case.file for case in cases)
    suites = [_suite(file, [case for case in cases if case.file == file]) for file in files]
    return "\n".join(
        ('<?xml version="1.0" encoding="UTF-8"?>', f"<testsuites {_counts(cases)}>", *suites, "</testsuites>")
    )


def _suite(file: str, cases: Sequence[Case]) -> str:
    return "\n".join((f"  <testsuite name={_attribute(file)} {_counts(cases)}>", *map(_case, cases), "  </testsuite>"))


def _case(case: Case) -> str:
    head = f"    <testcase classname={_attribute(case.file)} name={_attribute(case.name)} time={_seconds(case.seconds)}"
    if not case.differences:
        return f"{head}/>"
    text = escape(_clean("\n".join(case.differences)))
    return f"{head}>\n      <failure message={_attribute(case.differences[0])}>{text}</failure>\n    </testcase>"


def _counts(cases: Sequence[Case]) -> str:
    failures = sum(1 for case in cases if case.differences)
    seconds = sum(case.seconds for case in cases)
    return f'tests="{len(cases)}" failures="{failures}" errors="0" time={_seconds(seconds)}'


def _seconds(seconds: float) -> str:
    return f'"{seconds:.3f}"'


def _attribute(text: str) -> str:
    return quoteattr(_clean(text), {"\n": "&#10;", "\r": "&#13;", "\t": "&#9;"})


def _clean(text: str) -> str:
    return _NOT_XML.sub("\ufffd", text)
