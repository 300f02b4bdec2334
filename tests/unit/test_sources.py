import os
import shutil
import stat
import subprocess
import zipfile
from pathlib import Path

import pytest

from tailorbird.errors import SourceError, ToolMissingError
from tailorbird.sources import fetch_maven, resolve
from tailorbird.sources.archives import MAX_FILE_BYTES, unpack
from tailorbird.sources.git import split_reference
from tailorbird.sources.licences import licence_of_tree, read_pom, recognise

POM = '<project xmlns="http://maven.apache.org/POM/4.0.0"><licenses><license><name>{}</name></license></licenses></project>'

# Stands in for mvn: copies what the test laid ready under $READY, or fails as Maven does.
FAKE_MVN = """#!/bin/sh
echo "$@" >> "$READY/calls"
for word in "$@"; do case "$word" in
  -Dartifact=*) artifact="${word#-Dartifact=}" ;;
  -DoutputDirectory=*) out="${word#-DoutputDirectory=}" ;;
esac; done
case "$artifact" in
  *:jar:sources) file=sources.jar ;;
  *:jar:test-sources) file=test-sources.jar ;;
  *) file=a.pom ;;
esac
if [ -f "$READY/$file" ]; then cp "$READY/$file" "$out/$file"; exit 0; fi
echo "[ERROR] Failed to execute goal copy on project standalone-pom: $(cat "$READY/reason") -> [Help 1]"
exit 1
"""


@pytest.fixture
def ready(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of artifacts that a fake ``mvn`` on the PATH hands out."""
    program = tmp_path / "bin" / "mvn"
    program.parent.mkdir()
    program.write_text(FAKE_MVN)
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    folder = tmp_path / "ready"
    folder.mkdir()
    jar(folder / "sources.jar", {"p/A.java": "class A {}", "p/data.txt": "data", "META-INF/versions/9/p/A.java": "x"})
    jar(folder / "test-sources.jar", {"p/ATest.java": "class ATest {}"})
    (folder / "a.pom").write_text(POM.format("The Apache License, Version 2.0"))
    (folder / "reason").write_text("Could not find artifact g:a:jar:test-sources:1 in central")
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("READY", str(folder))
    return folder


def jar(path: Path, files: dict[str, str]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return path


def test_maven_tree_and_provenance(ready: Path, tmp_path: Path) -> None:
    found = resolve("g.h:a-b:1.0", cache=tmp_path / "cache")
    assert (found.root / "src/main/java/p/A.java").read_text() == "class A {}"
    assert (found.root / "src/main/java/p/data.txt").is_file()
    assert (found.root / "src/test/java/p/ATest.java").is_file()
    assert (found.root / "pom.xml").is_file()
    assert not (found.root / "src/main/java/META-INF/versions").exists()
    origin = found.provenance
    assert (origin.kind, origin.location, origin.version, origin.licence) == (
        "maven",
        "g.h:a-b:1.0",
        "1.0",
        "Apache-2.0",
    )
    assert [name for name, _ in origin.artifacts] == ["sources.jar", "test-sources.jar", "a.pom"]
    assert all(len(digest) == 64 for _, digest in origin.artifacts)


def test_the_second_time_needs_no_maven(ready: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = resolve("g:a:1", cache=tmp_path / "cache")
    calls = (ready / "calls").read_text()
    monkeypatch.setenv("PATH", "")
    assert resolve("g:a:1", cache=tmp_path / "cache") == first
    assert fetch_maven("g:a:1", cache=tmp_path / "cache") == first.root
    assert (ready / "calls").read_text() == calls


def test_a_failed_fetch_leaves_nothing_and_can_be_repeated(ready: Path, tmp_path: Path) -> None:
    missing = (ready / "test-sources.jar").read_bytes()
    (ready / "test-sources.jar").unlink()
    with pytest.raises(SourceError, match=r"g:a:1 publishes no test-sources artifact .*give a clone"):
        resolve("g:a:1", cache=tmp_path / "cache")
    assert list((tmp_path / "cache/maven/g/a").iterdir()) == []
    (ready / "test-sources.jar").write_bytes(missing)
    assert (resolve("g:a:1", cache=tmp_path / "cache").root / "src/test/java/p/ATest.java").is_file()


@pytest.mark.parametrize(
    ("reason", "message"),
    [
        ("Could not find artifact g:a:jar:sources:1", r"sources of g:a:1 \(Could not find.*check the coordinates"),
        ("Unknown host repo.example", r"\(Unknown host repo.example\): check the network"),
    ],
)
def test_mavens_reason_is_passed_on(ready: Path, tmp_path: Path, reason: str, message: str) -> None:
    (ready / "sources.jar").unlink()
    (ready / "reason").write_text(reason)
    with pytest.raises(SourceError, match=message):
        resolve("g:a:1", cache=tmp_path / "cache")


def test_clients_that_are_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(ToolMissingError, match=r"mvn was not found.*install Maven, or give a folder"):
        resolve("g:a:1", cache=tmp_path)
    with pytest.raises(ToolMissingError, match=r"git was not found.*install git, or give a folder"):
        resolve("https://example.org/a.git", cache=tmp_path)


@pytest.mark.parametrize(
    "source", ["", "no/such/folder", "a:b", "ftp://example.org/a", "g:a:1:extra", "a" * 5000, "a\0b"]
)
def test_sources_that_are_nothing(source: str, tmp_path: Path) -> None:
    with pytest.raises(SourceError):
        resolve(source, cache=tmp_path)


def test_a_file_is_no_source(tmp_path: Path) -> None:
    (tmp_path / "A.java").write_text("")
    with pytest.raises(SourceError, match="is a file"):
        resolve(str(tmp_path / "A.java"))


def test_an_archive_of_sources(tmp_path: Path) -> None:
    archive = tmp_path / "project-1.0-sources.jar"
    with zipfile.ZipFile(archive, "w") as jar:
        jar.writestr("p/Foo.java", "class Foo { }")
        jar.writestr("META-INF/LICENSE", "x")
    found = resolve(str(archive), cache=tmp_path / "cache")
    assert (found.root / "p/Foo.java").read_text() == "class Foo { }"
    assert (found.provenance.kind, found.provenance.location) == ("archive", archive.name)
    assert found.provenance.artifacts[0][0] == archive.name
    assert resolve(str(archive), cache=tmp_path / "cache") == found
    with zipfile.ZipFile(archive, "a") as jar:
        jar.writestr("p/Bar.java", "class Bar { }")
    again = resolve(str(archive), cache=tmp_path / "cache")
    assert again.root != found.root
    assert (again.root / "p/Bar.java").is_file()
    archive.write_bytes(b"no archive")
    with pytest.raises(SourceError, match="not a readable archive"):
        resolve(str(archive), cache=tmp_path / "cache")
    assert not list((tmp_path / "cache").rglob(".unpack-*"))


def git(folder: Path, *words: str) -> str:
    identity = ["-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"]
    done = subprocess.run(["git", "-C", str(folder), *identity, *words], check=True, capture_output=True, text=True)
    return done.stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Two commits, the first tagged ``v1``."""
    if shutil.which("git") is None:
        pytest.skip("needs git")
    folder = tmp_path / "project"
    folder.mkdir()
    git(folder, "init", "--quiet", "--initial-branch=main")
    for text in ("one", "two"):
        (folder / "A.java").write_text(text)
        (folder / "LICENSE").write_text("MIT License\n\nPermission is hereby granted, free of charge, to any person")
        git(folder, "add", ".")
        git(folder, "commit", "--quiet", "-m", text)
        if text == "one":
            git(folder, "tag", "-a", "v1", "-m", "first")
    return folder


def test_a_folder_and_its_commit(repository: Path) -> None:
    head = git(repository, "rev-parse", "HEAD")
    found = resolve(str(repository))
    assert found.root == repository.resolve()
    assert (found.provenance.kind, found.provenance.location, found.provenance.commit) == ("path", "project", head)
    assert found.provenance.licence == "MIT"
    (repository / "A.java").write_text("changed")
    assert resolve(str(repository)).provenance.commit == f"{head}+dirty"


def test_git_urls(repository: Path, tmp_path: Path) -> None:
    head, first = git(repository, "rev-parse", "HEAD"), git(repository, "rev-parse", "v1^{commit}")
    url = repository.as_uri()
    for suffix, commit, text in [
        ("", head, "two"),
        ("@main", head, "two"),
        ("@v1", first, "one"),
        (f"@{first}", first, "one"),
        (f"@{first[:9]}", first, "one"),
    ]:
        found = resolve(url + suffix, cache=tmp_path / "cache")
        assert (found.root / "A.java").read_text() == text
        assert (found.provenance.kind, found.provenance.location, found.provenance.commit) == ("git", url, commit)
    shutil.rmtree(repository)
    assert (resolve(f"{url}@{first}", cache=tmp_path / "cache").root / "A.java").read_text() == "one"


def test_a_bare_repository_is_cloned(repository: Path, tmp_path: Path) -> None:
    git(repository, "clone", "--quiet", "--bare", str(repository), str(tmp_path / "bare.git"))
    found = resolve(str(tmp_path / "bare.git"), cache=tmp_path / "cache")
    assert (found.root / "A.java").read_text() == "two"
    assert found.provenance.commit == git(repository, "rev-parse", "HEAD")


@pytest.mark.parametrize("suffix", ["@nope", "@0123abc", "@" + "0" * 40, "@--upload-pack=x"])
def test_unknown_commits(repository: Path, tmp_path: Path, suffix: str) -> None:
    with pytest.raises(SourceError, match="what follows the @"):
        resolve(repository.as_uri() + suffix, cache=tmp_path / "cache")


def test_a_repository_that_is_not_there(tmp_path: Path) -> None:
    if shutil.which("git") is None:
        pytest.skip("needs git")
    with pytest.raises(SourceError, match="git could not reach"):
        resolve((tmp_path / "none").as_uri(), cache=tmp_path / "cache")


@pytest.mark.parametrize(
    ("source", "url", "reference"),
    [
        ("https://h/a.git@v1", "https://h/a.git", "v1"),
        ("https://user:pass@h/a.git", "https://user:pass@h/a.git", None),
        ("git@h:a/b.git", "git@h:a/b.git", None),
        ("git@h:a/b.git@feature/x", "git@h:a/b.git", "feature/x"),
        ("file:///tmp/a@v1", "file:///tmp/a", "v1"),
    ],
)
def test_references(source: str, url: str, reference: str | None) -> None:
    assert split_reference(source) == (url, reference)


@pytest.mark.parametrize("name", ["../evil", "/evil", "a/../../evil", "C:/evil", "a\\..\\evil"])
def test_archives_that_reach_out_are_refused(tmp_path: Path, name: str) -> None:
    archive = jar(tmp_path / "a.jar", {name: "x"})
    with pytest.raises(SourceError, match="it is refused"):
        unpack(archive, tmp_path / "out")
    assert not (tmp_path / "evil").exists()


def test_links_and_huge_files_are_left_out(tmp_path: Path) -> None:
    link = zipfile.ZipInfo("link")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "a.jar", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(link, "/etc/passwd")
        archive.writestr("huge.bin", b"\0" * (MAX_FILE_BYTES + 1))
        archive.writestr("A.java", "class A {}")
    assert unpack(tmp_path / "a.jar", tmp_path / "out") == 2
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["A.java"]


def test_bombs_and_broken_archives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tailorbird.sources.archives.MAX_TOTAL_BYTES", 1_000)
    with pytest.raises(SourceError, match="refused"):
        unpack(jar(tmp_path / "a.jar", {str(n): "x" * 400 for n in range(4)}), tmp_path / "out")
    (tmp_path / "b.jar").write_bytes(b"PK no archive")
    with pytest.raises(SourceError, match="not a readable archive"):
        unpack(tmp_path / "b.jar", tmp_path / "out")


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Apache License, Version 2.0", "Apache-2.0"),
        ("The Apache Software License, Version 2.0", "Apache-2.0"),
        ("   Apache License\n   Version 2.0, January 2004", "Apache-2.0"),
        ("The MIT License", "MIT"),
        ("Eclipse Public License v2.0", "EPL-2.0"),
        ("Eclipse Public License - v 1.0", "EPL-1.0"),
        ("BSD 3-Clause License", "BSD-3-Clause"),
        ("Permitted by nobody", None),
    ],
)
def test_licence_names(text: str, name: str | None) -> None:
    assert recognise(text) == name


def test_licences_of_trees(tmp_path: Path) -> None:
    assert licence_of_tree(tmp_path) is None
    (tmp_path / "LICENSE").write_text("The MIT License")
    assert licence_of_tree(tmp_path) == "MIT"
    (tmp_path / "pom.xml").write_text(POM.format("House Licence"))
    assert licence_of_tree(tmp_path) == "House Licence"


def test_poms_that_are_hostile_or_broken(tmp_path: Path) -> None:
    pom = tmp_path / "pom.xml"
    for text in ("", "<project", '<!DOCTYPE a [<!ENTITY b "c">]><project>&b;</project>', "\0"):
        pom.write_text(text)
        assert (read_pom(pom).licence, read_pom(pom).parent) == (None, None)
    pom.write_text(
        "<project><parent><groupId>g</groupId><artifactId>a</artifactId><version>1</version></parent></project>"
    )
    assert read_pom(pom).parent == "g:a:1"
