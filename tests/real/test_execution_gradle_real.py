"""A Gradle tree. There is no Gradle here: a stand-in for the wrapper does what the init script asks Gradle for, so
what is tested is all but the script itself."""

import shutil
from pathlib import Path

import msgspec
import pytest

from tailorbird.config import ExecuteConfig
from tailorbird.errors import SourceError, ToolMissingError
from tailorbird.execution.execute import Execution, execute
from tailorbird.execution.maven import jars_of
from tailorbird.mining.tree import mine_tree
from tailorbird.sources import default_cache
from tests.unit.mining.java_projects import JUNIT5

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(shutil.which("mvn") is None or shutil.which("javac") is None, reason="needs mvn and a JDK"),
]
WRAPPER = r"""#!/bin/sh
set -e
test "$1" = --init-script && test -f "$2"
eval "task=\${$#}"
grep -q "register('$task')" "$2"
out=$PWD/build
mkdir -p "$out/main" "$out/test" "$out/tailorbird"
javac -encoding UTF-8 -g -d "$out/main" $(find src/main -name '*.java')
javac -encoding UTF-8 -g -d "$out/test" -cp "$out/main:JARS" $(find src/test -name '*.java')
echo "$out/main" > "$out/tailorbird/main.txt"
echo "$out/test" > "$out/tailorbird/tests.txt"
echo "$out/test:$out/main:JARS" | tr : '\n' > "$out/tailorbird/classpath.txt"
"""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = shutil.copytree(JUNIT5, tmp_path / "parcel")
    (root / "pom.xml").unlink()
    (root / "build.gradle").write_text("plugins { id 'java' }\n")
    return root


def run(folder: Path, project: Path) -> Execution:
    pair = next(one for one in mine_tree(project).pairs if one.test.name == "negativeWeightIsRefused")
    lines = [{"pair_id": pair.id, "text": text} for text in (pair.test.text, "@Test void a() { b(); }")]
    (folder / "candidates.jsonl").write_bytes(b"\n".join(map(msgspec.json.encode, lines)))
    config = ExecuteConfig(reruns=0, heap_mb=256)
    return execute(folder / "candidates.jsonl", str(project), folder / "verdicts.jsonl", config)


def test_a_gradle_tree_is_built_through_its_wrapper(tree: Path, tmp_path: Path) -> None:
    jars = jars_of(("org.junit.jupiter:junit-jupiter:5.10.2",), default_cache().parent / "execution")
    (tree / "gradlew").write_text(WRAPPER.replace("JARS", ":".join(map(str, jars))))
    assert [one.verdict for one in run(tmp_path, tree).verdicts] == ["pass", "compile_error"]
    assert not (tree / "build").exists()
    assert run(tmp_path, tree).header.build_seconds == 0


def test_what_gradle_says_is_passed_on(tree: Path, tmp_path: Path) -> None:
    (tree / "gradlew").write_text("#!/bin/sh\necho 'FAILURE: Build failed' >&2\necho '> No such plugin' >&2\nexit 1\n")
    with pytest.raises(SourceError, match="No such plugin"):
        run(tmp_path, tree)


@pytest.mark.skipif(shutil.which("gradle") is not None, reason="Gradle is installed")
def test_without_gradle_there_is_a_way_out(tree: Path, tmp_path: Path) -> None:
    with pytest.raises(ToolMissingError, match="--classpath FILE --classes DIR"):
        run(tmp_path, tree)
