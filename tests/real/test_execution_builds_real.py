"""Executing in projects of several modules, with JUnit 3, JUnit 4 and TestNG."""

import shutil
from pathlib import Path

import msgspec
import pytest

from tailorbird.config import ExecuteConfig
from tailorbird.execution.execute import execute
from tailorbird.mining.tree import mine_tree

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(shutil.which("mvn") is None or shutil.which("javac") is None, reason="needs mvn and a JDK"),
]
HEAD = '<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>'
PARENT = "<parent><groupId>org.sample</groupId><artifactId>shop</artifactId><version>1.0</version></parent>"


def dependency(group: str, artifact: str, version: str, scope: str = "test") -> str:
    return (
        f"<dependencies><dependency><groupId>{group}</groupId><artifactId>{artifact}</artifactId>"
        f"<version>{version}</version><scope>{scope}</scope></dependency></dependencies>"
    )


FILES = {
    "pom.xml": (
        f"{HEAD}<groupId>org.sample</groupId><artifactId>shop</artifactId><version>1.0</version>"
        "<packaging>pom</packaging><modules><module>core</module><module>web</module><module>old</module></modules>"
        "<properties><maven.compiler.source>17</maven.compiler.source><maven.compiler.target>17"
        "</maven.compiler.target><project.build.sourceEncoding>UTF-8</project.build.sourceEncoding></properties>"
        "</project>"
    ),
    "core/pom.xml": (
        f"{HEAD}{PARENT}<artifactId>core</artifactId>{dependency('junit', 'junit', '4.13.2')}<properties>"
        "<argLine>-Dsample.line=1 -Xmx64m --add-opens java.base/java.util.zip=ALL-UNNAMED @{jacoco}</argLine>"
        "</properties><build><plugins><plugin><artifactId>maven-surefire-plugin</artifactId><configuration>"
        "<systemPropertyVariables><sample.place>${project.build.directory}</sample.place></systemPropertyVariables>"
        "<environmentVariables><SAMPLE_NAME>a b</SAMPLE_NAME></environmentVariables></configuration></plugin>"
        "</plugins></build></project>"
    ),
    "core/src/main/java/org/sample/core/Price.java": (
        "package org.sample.core;\n\npublic class Price {\n    private final int cents;\n\n"
        "    public Price(int cents) {\n        this.cents = cents;\n    }\n\n"
        "    public Price plus(Price other) {\n        return new Price(cents + other.cents);\n    }\n\n"
        "    public int cents() {\n        return cents;\n    }\n}\n"
    ),
    "core/src/test/java/org/sample/core/PriceTest.java": (
        "package org.sample.core;\n\nimport junit.framework.TestCase;\n\n"
        "public class PriceTest extends TestCase {\n    private Price one;\n\n"
        "    @Override\n    protected void setUp() {\n        one = new Price(1);\n    }\n\n"
        "    public void testPlus() {\n        assertEquals(3, one.plus(new Price(2)).cents());\n    }\n}\n"
    ),
    "core/src/test/resources/greeting.txt": "hello",
    "web/pom.xml": (
        f"{HEAD}{PARENT}<artifactId>web</artifactId><dependencies><dependency><groupId>org.sample</groupId>"
        "<artifactId>core</artifactId><version>1.0</version></dependency><dependency><groupId>org.testng</groupId>"
        "<artifactId>testng</artifactId><version>7.5.1</version><scope>test</scope></dependency></dependencies>"
        "</project>"
    ),
    "web/src/main/java/org/sample/web/Basket.java": (
        "package org.sample.web;\n\nimport org.sample.core.Price;\n\npublic class Basket {\n"
        "    private Price sum = new Price(0);\n\n"
        "    public void add(Price price) {\n        sum = sum.plus(price);\n    }\n\n"
        "    public Price total() {\n        return sum;\n    }\n}\n"
    ),
    "web/src/test/java/org/sample/web/BasketTest.java": (
        "package org.sample.web;\n\nimport static org.testng.Assert.assertEquals;\n\n"
        "import org.sample.core.Price;\nimport org.testng.annotations.BeforeMethod;\n"
        "import org.testng.annotations.Test;\n\npublic class BasketTest {\n    private Basket basket;\n\n"
        "    @BeforeMethod\n    public void setUp() {\n        basket = new Basket();\n    }\n\n"
        "    @Test\n    public void total() {\n        basket.add(new Price(2));\n"
        "        assertEquals(basket.total().cents(), 2);\n    }\n}\n"
    ),
    "old/pom.xml": f"{HEAD}{PARENT}<artifactId>old</artifactId>{dependency('junit', 'junit', '4.11')}</project>",
    "old/src/main/java/org/sample/build/Sign.java": (
        "package org.sample.build;\n\npublic final class Sign {\n    public static int of(int value) {\n"
        "        return value > 0 ? 1 : value < 0 ? -1 : 0;\n    }\n}\n"
    ),
    "old/src/test/java/org/sample/build/SignTest.java": (
        "package org.sample.build;\n\nimport static org.junit.Assert.assertEquals;\n\nimport org.junit.Test;\n\n"
        "public class SignTest {\n    @Test\n    public void of() {\n        assertEquals(-1, Sign.of(-7));\n    }\n}\n"
    ),
}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("shop")
    for name, text in FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


def test_modules_with_junit_3_junit_4_and_testng(shop: Path, tmp_path: Path) -> None:
    pairs = {one.test.name: one for one in mine_tree(shop).pairs}
    assert set(pairs) == {"testPlus", "total", "of"}
    given = [
        ("testPlus", pairs["testPlus"].test.text, "pass"),
        ("testPlus", "public void testSet() { assertEquals(1, one.cents()); }", "pass"),
        ("testPlus", "public void testWrong() { assertEquals(4, one.plus(one).cents()); }", "assertion_failure"),
        (
            "testPlus",
            'public void testFile() throws Exception { assertEquals("hello", new String(getClass()'
            '.getResourceAsStream("/greeting.txt").readAllBytes())); }',
            "pass",
        ),
        (
            "testPlus",
            "public void testJvm() throws Exception {"
            ' assertEquals("1" + System.getProperty("user.dir") + "/target a b", System.getProperty("sample.line")'
            ' + System.getProperty("sample.place") + " " + System.getenv("SAMPLE_NAME"));'
            ' assertTrue(System.getProperty("java.class.path").contains("junit"));'
            ' java.util.zip.CRC32.class.getDeclaredField("crc").setAccessible(true); }',
            "pass",
        ),
        ("total", pairs["total"].test.text, "pass"),
        ("total", "@Test public void a() { assertEquals(basket.total().cents(), 1); }", "assertion_failure"),
        ("total", "@Test public void a() { throw new org.testng.SkipException(null); }", "no_test_ran"),
        ("of", pairs["of"].test.text, "pass"),
        ("of", "@Test(expected = ArithmeticException.class) public void a() { Sign.of(1 / 0); }", "pass"),
    ]
    lines = [msgspec.json.encode({"pair_id": pairs[name].id, "text": text}) for name, text, _ in given]
    (tmp_path / "candidates.jsonl").write_bytes(b"\n".join(lines))
    config = ExecuteConfig(reruns=1, heap_mb=256, confirm=False)
    found = execute(tmp_path / "candidates.jsonl", str(shop), tmp_path / "verdicts.jsonl", config)
    assert [one.verdict for one in found.verdicts] == [verdict for _, _, verdict in given]
    total = found.verdicts[5].coverage
    assert total is not None
    assert total.focal_method_called
    assert total.added_lines == len(total.lines)
    again = execute(tmp_path / "candidates.jsonl", str(shop), tmp_path / "again.jsonl", config)
    assert again.header.build_seconds == 0
    (shop / "old/src/main/java/org/sample/build/Sign.java").write_text(
        FILES["old/src/main/java/org/sample/build/Sign.java"].replace("? -1", "? -2")
    )
    changed = execute(tmp_path / "candidates.jsonl", str(shop), tmp_path / "changed.jsonl", config)
    assert changed.header.build_seconds > 0
    assert [one.verdict for one in changed.verdicts][-2:] == ["assertion_failure", "pass"]
