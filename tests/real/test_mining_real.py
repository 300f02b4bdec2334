"""Mining a real library through the user's own Maven client."""

import shutil
from pathlib import Path

import pytest

from tailorbird.mining.dataset import load_data
from tailorbird.mining.pipeline import mine
from tailorbird.sources import resolve

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
