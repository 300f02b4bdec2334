"""Mining a real library through the user's own Maven client."""

import shutil
from pathlib import Path

import pytest

from tailorbird.errors import SourceError
from tailorbird.mining.dataset import load_data
from tailorbird.mining.pipeline import mine
from tailorbird.sources import fetch_together, resolve

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(shutil.which("mvn") is None, reason="needs mvn"),
]
CODEC = "commons-codec:commons-codec:1.16.0"


def test_commons_codec(tmp_path: Path) -> None:
    found = resolve(CODEC)
    assert found.provenance.licence == "Apache-2.0"
    manifest = mine(CODEC, tmp_path)
    data = load_data(tmp_path)
    assert (manifest.files, manifest.test_cases) == (154, 852)
    assert manifest.pairs >= 700
    assert manifest.skipped == ()
    assert manifest.leakage.shared_classes == manifest.leakage.shared_clusters == 0
    assert manifest.leakage.max_similarity < 0.7
    for name, share in (("train", 0.8), ("validation", 0.1), ("test", 0.1)):
        assert len(data.split(name)) / manifest.pairs == pytest.approx(share, abs=0.02)
    # Read by hand: overloads, inherited methods and type arguments that a name alone does not settle.
    focal = {(pair.test.class_name, pair.test.name): pair.focal for pair in data.pairs}
    assert focal["HexTest", "testEncodeHex_ByteBufferWithLimit"].parameters == ("ByteBuffer",)
    assert focal["MurmurHash3Test", "testHash32WithLengthAndSeed"].parameters == ("byte[]", "int", "int")
    assert focal["Base64InputStreamTest", "testMarkSupported"].class_name == "BaseNCodecInputStream"
    assert focal["MetaphoneTest", "testMetaphone"].class_name == "Metaphone"
    assert focal["DigestUtilsTest", "testSha512_256"].name == "sha512_256"


def test_several_artifacts_come_with_one_start_of_maven(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = ["commons-cli:commons-cli:1.6.0", "org.apache.commons:commons-email:1.5"]
    fetch_together([*wanted, "/no/coordinates"], cache=tmp_path)
    monkeypatch.setenv("PATH", "")  # What is there needs no Maven.
    for one in wanted:
        found = resolve(one, cache=tmp_path)
        assert found.provenance.licence == "Apache-2.0"
        assert len(found.provenance.artifacts) == 3
        assert list(found.root.rglob("src/test/java/**/*.java"))


def test_what_maven_cannot_have_is_left_for_the_one_that_says_why(tmp_path: Path) -> None:
    wanted = ["commons-cli:commons-cli:1.6.0", "commons-cli:commons-cli:0.0.0"]
    fetch_together(wanted, cache=tmp_path)
    with pytest.raises(SourceError, match=r"commons-cli:commons-cli:0\.0\.0"):
        resolve(wanted[1], cache=tmp_path)
    assert resolve(wanted[0], cache=tmp_path).root.is_dir()
