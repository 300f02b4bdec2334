"""Tasks without a project behind them."""

from dataclasses import replace
from pathlib import Path

from tailorbird.execution.placing import RunsIn
from tailorbird.execution.project import Module
from tailorbird.execution.task import Task
from tailorbird.records import HOLE, Candidate, TestClass
from tests.builders import case, focal, pair


def task(text: str, *, imports: str = "", added: tuple[str, ...] = (), framework: str = "junit4", key: int = 0) -> Task:
    """A candidate for the test class ``p.AdderTest`` of the focal class ``org.example.Adder``."""
    home = TestClass(
        class_name="AdderTest",
        package="p",
        path="src/test/java/p/AdderTest.java",
        text=f"package p;\n{imports}\nclass AdderTest {{\n{HOLE}\n}}",
        outline="",
        inherited=(),
        inherited_set_up=(),
    )
    candidate = Candidate(pair_id="0", index=key, text=text, log_probability=None, tokens=0, finished=True, seconds=0.0)
    of = replace(pair(), focal=focal(), test=case(framework=framework))
    return Task(key, candidate, of, home, RunsIn(), Module("", Path(), (), (), ()), added)


def method(body: str) -> str:
    return f"@Test public void a() {{ {body} }}"
