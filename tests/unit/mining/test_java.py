import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailorbird.mining.classes import source_class
from tailorbird.mining.context import focal_context
from tailorbird.mining.declarations import JavaType, Method
from tailorbird.mining.files import MAX_OPEN_ANGLES, explodes, normalised
from tailorbird.mining.java import JavaParser
from tailorbird.mining.names import bare, split_arguments

_PARSER = JavaParser()
_FRAGMENTS = [
    "class A",
    "{",
    "}",
    "(",
    ")",
    "<",
    ">",
    "@Test",
    "void f()",
    ";",
    '"',
    "/*",
    "\n",
    "import a.b.*",
    "é",
    "\0",
]


def parse(source: str, path: str = "src/main/java/A.java") -> tuple[JavaType, ...]:
    return _PARSER.parse(path, source.encode())


def context_of(owner: JavaType, focal: Method) -> str:
    return focal_context(source_class(owner), focal.text, focal.signature, focal.line)


def only(source: str, path: str = "src/main/java/A.java") -> JavaType:
    (found,) = parse(source, path)
    return found


@given(st.binary(max_size=300))
def test_arbitrary_bytes_parse(data: bytes) -> None:
    for found in _PARSER.parse("src/test/java/A.java", normalised(data)):
        assert found.name


@given(st.lists(st.sampled_from(_FRAGMENTS), max_size=60))
def test_arbitrary_fragments_parse(parts: list[str]) -> None:
    for found in parse(" ".join(parts), "src/test/java/A.java"):
        assert found.name
        assert all(method.text for method in found.methods)


@pytest.mark.parametrize("opening", ["class A{", "(", "{", "a.b(", "new X(){ Object o = ", "if(a)", '"a"+'])
def test_no_nesting_is_too_deep(opening: str) -> None:
    source = "class A { @Test void f() { Object o = " + opening * 20_000
    assert isinstance(parse(source, "src/test/java/A.java"), tuple)


def test_nested_types_are_found_at_any_depth() -> None:
    depth = 2_000
    found = parse("class A {" * depth + "}" * depth)
    assert len(found) == depth
    assert found[-1].name == ".".join("A" * depth)


def test_what_would_explode_is_told_from_what_is_large() -> None:
    assert explodes(b"a<" * (MAX_OPEN_ANGLES + 1))
    assert explodes(b"a<b);" * (MAX_OPEN_ANGLES + 1))
    assert not explodes(b"Map<String, List<Integer>> a;" * 5_000)
    assert not explodes(b"")


def test_encodings_and_line_ends() -> None:
    assert normalised("é\r\n".encode()) == "é\n".encode()
    assert normalised("é".encode("iso-8859-1")) == "é".encode()
    assert normalised(b"\xef\xbb\xbfclass A {}") == b"class A {}"


def test_annotations_are_no_part_of_a_parameters_type() -> None:
    (method,) = only(
        "class A { void f(@Low List<@Nullable V> a, @In(1) int b, @P.Q Map<K, @R(x = 2) V>... c) { } }"
    ).methods
    assert method.parameters == ("List<V>", "int", "Map<K, V>...")


def test_method_as_written_without_its_javadoc() -> None:
    source = (
        "class A {\n    /** Doc. */\n    @Deprecated\n    public  static <T extends B> int[] "
        "f(final T a,\n        String... more) throws E {\n        return null; // é\n    }\n}"
    )
    (method,) = only(source).methods
    assert method.text.startswith("@Deprecated\n    public  static <T")
    assert method.text.endswith("// é\n    }")
    assert method.signature == "public static <T extends B> int[] f(final T a, String... more)"
    assert method.parameters == ("T", "String...")
    assert (method.line, method.end_line) == (3, 7)


def test_context_of_a_class() -> None:
    owner = only(
        "class A<T> {\n"
        "    public static final int LIMIT = 3, OTHER[] = {1};\n"
        "    private int secret;\n"
        "    List<String> names;\n"
        "    A(int a) { }\n"
        "    private A() { }\n"
        "    /** Doc. */\n"
        "    int f() {\n        return 1;\n    }\n"
        "    @Override public String toString() { return null; }\n"
        "    private void hidden() { }\n"
        "    abstract void g(int a, int... b);\n"
        "}"
    )
    assert context_of(owner, owner.methods[0]) == (
        "A {\nint f() {\n\treturn 1;\n}\nA(int a);\npublic String toString();\nabstract void g(int a, int... b);\n"
        "public static final int LIMIT;\npublic static final int[] OTHER;\nList<String> names;\n}"
    )


def test_context_of_enum_and_record() -> None:
    enum = only("enum E { ONE, TWO { int f() { return 2; } }; int f() { return 1; } }")
    assert context_of(enum, enum.methods[0]) == "E {\nint f() { return 1; }\nONE, TWO;\n}"
    record = only("record R(int a, String b) { int f() { return a; } }")
    assert context_of(record, record.methods[0]) == "R {\nint f() { return a; }\nR(int a, String b);\n}"


@pytest.mark.parametrize(
    ("path", "package", "is_test"),
    [
        ("src/test/java/a/B.java", "a", True),
        ("src/main/java/a/B.java", "a", False),
        ("src/main/java/a/test/B.java", "a.test", False),
        ("test/a/B.java", "a", True),
        ("module/src/integrationTest/java/B.java", "", True),
        ("B.java", "", False),
    ],
)
def test_test_sources_by_their_root(path: str, package: str, is_test: bool) -> None:
    assert only(f"{f'package {package};' if package else ''} class B {{}}", path).scope.is_test is is_test


def test_written_types() -> None:
    assert bare("@Nullable Map<String, List<int[]>>[]") == "Map"
    assert bare("String...") == "String"
    assert split_arguments("Map<K, List<V, W>>") == ("Map", ("K", "List<V, W>"))
    assert split_arguments(">a<") == (">a<", ())
