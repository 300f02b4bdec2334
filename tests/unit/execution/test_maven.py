"""What is said of a build that fails."""

import pytest

from tailorbird.execution.maven import _reason


@pytest.mark.parametrize(
    ("output", "reason"),
    [
        (
            "[INFO] a\n[ERROR] COMPILATION ERROR : \n[INFO] ---\n[ERROR] /p/src/main/java/A.java:[3,5] ';' expected\n"
            "[ERROR] Failed to execute goal x -> [Help 1]\n",
            "/p/src/main/java/A.java:[3,5] ';' expected",
        ),
        (
            "[ERROR] [ERROR] Some problems were encountered while processing the POMs:\n"
            "[FATAL] Non-parseable POM /p/pom.xml: end tag @ line 3\n",
            "Non-parseable POM /p/pom.xml: end tag @ line 3",
        ),
        (
            "[ERROR] Failed to execute goal a:b:c: no such thing. -> [Help 1]",
            "Failed to execute goal a:b:c: no such thing",
        ),
        ("nothing was said\n", "nothing was said"),
        ("", "it gave no reason"),
    ],
)
def test_the_reason_is_the_line_that_says_most(output: str, reason: str) -> None:
    assert _reason(output) == reason
