"""Every sandbox that a superuser can have without bubblewrap, with real candidates that try to get out of it."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tailorbird.config import ExecuteConfig, SandboxKind
from tailorbird.errors import TailorbirdError
from tailorbird.execution import sandbox as sandboxes
from tailorbird.execution.execute import Execution
from tailorbird.execution.sandbox import OtherUser, sandbox
from tailorbird.execution.users import users_here
from tailorbird.sources import default_cache
from tests.real.test_execution_real import FAST, GOOD, HOSTILE, pairs_of, run, verdicts
from tests.unit.mining.java_projects import JUNIT4, JUNIT5

pytestmark = [
    pytest.mark.real,
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("mvn") is None or shutil.which("javac") is None, reason="needs mvn and a JDK"),
    pytest.mark.skipif(os.geteuid() != 0 or not users_here(), reason="only a superuser can become another user"),
]
TEST = "WeightTest.negativeWeightIsRefused"
WITH_NETWORK = "user-with-network"


def works(kind: SandboxKind) -> bool:
    try:
        return bool(sandbox(kind).name)
    except TailorbirdError:
        return False


@pytest.fixture(params=["unshare", "user", WITH_NETWORK])
def config(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> ExecuteConfig:
    """Settings with one kind of sandbox, which has to work here."""
    if request.param == WITH_NETWORK:
        monkeypatch.setattr(sandboxes, "_by_strength", lambda: [OtherUser(network=True)])
        return replace(FAST, sandbox="user")
    kind: SandboxKind = request.param
    if not works(kind):
        pytest.skip(f"the kernel forbids {kind}")
    return replace(FAST, sandbox=kind)


@pytest.fixture(scope="module")
def parcel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project that only the superuser may read, as below /root."""
    top = tmp_path_factory.mktemp("private")
    top.chmod(0o700)
    return shutil.copytree(JUNIT5, top / "parcel")


@pytest.fixture
def temporary(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder for temporary files, empty."""
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        Path(folder).chmod(0o711)
        monkeypatch.setattr(tempfile, "tempdir", folder)
        yield Path(folder)


def test_the_developers_own_tests_pass(config: ExecuteConfig, tmp_path: Path) -> None:
    for project in (JUNIT4, JUNIT5):
        found = run(
            tmp_path, project, [(name, one.test.text) for name, one in pairs_of(project).items()],
            replace(config, reruns=1),
        )  # fmt: skip
        assert set(verdicts(found)) == {"pass"}


def test_no_file_of_the_superusers_can_be_written(config: ExecuteConfig, parcel: Path, tmp_path: Path) -> None:
    repository = Path.home() / ".m2" / "repository"
    jar = next(repository.rglob("*.jar"))
    places = {
        "tree": parcel / "pom.xml",
        "built tree": Path("pom.xml"),
        "JDK": Path(shutil.which("java") or "").resolve().parents[1] / "lib" / "modules",
        "Maven repository": jar,
        "cache": next((default_cache().parent / "execution").rglob("*.class")),
        "program": Path(sandboxes.__file__),
    }
    before = {name: (one.stat().st_size, one.stat().st_mtime_ns) for name, one in places.items() if one.is_absolute()}
    texts = []
    for one in places.values():
        # Each writes to the file itself, to every copy of it on its class path, and beside it.
        texts.append(
            "@Test void a() throws Exception { java.util.List<String> written = new java.util.ArrayList<>();"
            f' java.util.List<String> places = new java.util.ArrayList<>(java.util.List.of("{one}",'
            f' "{one}-beside", new java.io.File("").getAbsolutePath() + "/left-behind"));'
            ' places.addAll(java.util.List.of(System.getProperty("java.class.path").split(":")));'
            " for (String place : places) { java.io.File file = new java.io.File(place);"
            " file.setWritable(true, false);"
            " if (file.isDirectory()) { file = new java.io.File(file, \"left-behind\"); }"
            " try (var out = new java.io.FileOutputStream(file, true)) { written.add(place); }"
            " catch (java.io.IOException e) { }"
            " if (file.delete()) { written.add(place); } }"
            " assertEquals(java.util.List.of(), written); }"
        )  # fmt: skip
    found = run(tmp_path, parcel, [(TEST, one) for one in texts], config)
    assert dict(zip(places, verdicts(found), strict=True)) == dict.fromkeys(places, "pass")
    assert before == {name: (places[name].stat().st_size, places[name].stat().st_mtime_ns) for name in before}


def test_what_is_private_cannot_be_read(config: ExecuteConfig, parcel: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("secret")
    text = f'@Test void a() {{ assertEquals(false, new java.io.File("{secret}").canRead()); }}'
    environment = '@Test void a() {{ assertEquals(false, new java.io.File("/proc/{}/environ").canRead()); }}'
    found = run(tmp_path, parcel, [(TEST, text), (TEST, environment.format(os.getpid()))], config)
    assert verdicts(found) == ["pass", "pass"]


def test_memory_outside_the_heap_is_limited(config: ExecuteConfig, parcel: Path, tmp_path: Path) -> None:
    text = (
        '@Test void a() throws Exception { var field = sun.misc.Unsafe.class.getDeclaredField("theUnsafe");'
        " field.setAccessible(true); var unsafe = (sun.misc.Unsafe) field.get(null);"
        " for (int i = 0; i < %d; i++) { unsafe.allocateMemory(1 << 28); } assertEquals(1, 1); }"
    )
    found = run(tmp_path, parcel, [(TEST, text % 4), (TEST, text % 12)], config)
    assert verdicts(found) == ["pass", "crash"]


def test_the_network(config: ExecuteConfig, parcel: Path, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    reach = '@Test void a() throws Exception { new java.net.Socket("127.0.0.1", %d).close(); }'
    import socket

    with socket.create_server(("127.0.0.1", 0)) as server:
        found = run(tmp_path, parcel, [(TEST, reach % server.getsockname()[1])], config)
    named = found.header.settings["sandbox"]
    assert verdicts(found) == ["pass" if named == WITH_NETWORK else "runtime_error"]
    assert named == request.node.callspec.params["config"]


def test_hostile_candidates_harm_no_other_and_leave_nothing(
    config: ExecuteConfig, parcel: Path, tmp_path: Path, temporary: Path
) -> None:
    # One that outlives its JVM's process group, and a file that the next worker would be unable to write.
    escape = (
        "@Test void a() throws Exception {"
        ' new ProcessBuilder("setsid", "sh", "-c", "trap \\"\\" TERM HUP; sleep 7531").start();'
        ' java.nio.file.Files.writeString(java.nio.file.Path.of("/tmp/left-behind"), ""); assertEquals(1, 1); }'
    )
    texts = [(TEST, escape), (TEST, GOOD)]
    for name in ("fork bomb", "threads", "10 GB", "exit", "deaf loop"):
        texts += [(TEST, HOSTILE[name][0]), (TEST, GOOD)]
    found = verdicts(run(tmp_path, parcel, texts, config))
    assert set(found[1::2]) == {"pass"}
    for name, got in zip(("fork bomb", "threads", "10 GB", "exit", "deaf loop"), found[2::2], strict=True):
        assert got in HOSTILE[name][1]
    assert not Path("/tmp/left-behind").exists()
    assert "sleep 7531" not in subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    assert list(temporary.iterdir()) == []


def test_a_container_without_rights_over_the_kernel(parcel: Path, tmp_path: Path, temporary: Path) -> None:
    """Typical containers: root may change users, and may neither unshare nor mount anything."""
    setpriv = shutil.which("setpriv")
    assert setpriv is not None
    given = tmp_path / "given"
    given.mkdir()
    reference: Execution = run(given, parcel, [(TEST, GOOD), (TEST, HOSTILE["exit"][0])], FAST)
    path = temporary / "bin"
    path.mkdir(mode=0o755)
    for name in ("java", "javac", "mvn", "env", "sh", "touch", "unshare", "uname", "dirname", "readlink"):
        if found := shutil.which(name):
            (path / name).symlink_to(found)
    command = [setpriv, "--bounding-set=-sys_admin", "--inh-caps=-sys_admin", sys.executable, "-m", "tailorbird"]
    command += ["execute", str(given / "candidates.jsonl"), "--project", str(parcel), "--out", str(tmp_path / "v"),
                "--set", "reruns=0", "--mutants", "0", "--deadline", "3"]  # fmt: skip
    done = subprocess.run(command, env={**os.environ, "PATH": str(path)}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "(sandbox: user)" in done.stdout
    # What is weaker is said first.
    assert done.stderr.splitlines()[0].startswith("Neither bubblewrap nor unshare works here, so candidates run as an")
    assert verdicts(reference) == ["pass", "crash"]
    assert "pass                    1" in done.stdout
    assert "crash                   1" in done.stdout
