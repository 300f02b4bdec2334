"""The launcher gives up all rights or starts nothing, and its filter lets no socket through that leaves the machine."""

import json
import os
import shutil
import socket
import struct
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailorbird.execution import launcher
from tailorbird.execution.launcher import REFUSED, socket_filter
from tailorbird.execution.users import free_user

X86_64, SOCKET = 0xC000003E, 41
ALLOWED, KILLED, REFUSED_CALL, NO_SUCH_CALL = 0x7FFF0000, 0x80000000, 0x0005000D, 0x00050026
root_only = pytest.mark.skipif(os.geteuid() != 0, reason="only a superuser can become another user")


def answer(program: bytes, architecture: int, call: int, first: int) -> int:
    """What the kernel does with a system call, by a small interpreter of its filter programs."""
    seen = struct.pack("=iIQ6Q", call, architecture, 0, first, 0, 0, 0, 0, 0)
    instructions = [struct.unpack_from("HBBI", program, at) for at in range(0, len(program), 8)]
    at = loaded = 0
    while True:
        code, jump_true, jump_false, value = instructions[at]
        at += 1
        if code == 0x20:
            (loaded,) = struct.unpack_from("=I", seen, value)
        elif code == 0x06:
            return int(value)
        else:
            assert code in {0x15, 0x35}
            at += jump_true if (loaded == value if code == 0x15 else loaded >= value) else jump_false


@given(call=st.integers(0, 600), family=st.integers(0, 2**64 - 1))
def test_only_local_sockets_and_other_calls_are_allowed(call: int, family: int) -> None:
    got = answer(socket_filter(X86_64, SOCKET), X86_64, call, family)
    if call == SOCKET:
        # The kernel itself looks at the lower half of the argument only.
        assert got == (ALLOWED if family & 0xFFFFFFFF == socket.AF_UNIX else REFUSED_CALL)
    else:
        assert got == (NO_SUCH_CALL if call == 425 else ALLOWED)


@given(call=st.integers(0, 600), bit=st.sampled_from([0x40000000, -0x80000000]))
def test_calls_under_other_numbers_do_not_get_round_the_filter(call: int, bit: int) -> None:
    program = socket_filter(X86_64, SOCKET)
    assert answer(program, X86_64, call + bit, socket.AF_INET) == NO_SUCH_CALL
    assert answer(program, 0x40000003, call, socket.AF_INET) == KILLED


def launch(script: str, user: int, network: str = "keep", **limits: int) -> "subprocess.CompletedProcess[str]":
    order = {"user": user, "groups": [], "folder": "/", "home": "/tmp", "network": network, "limits": limits}
    shell = shutil.which("bash") or "/bin/sh"
    command = [sys.executable, "-I", "-S", launcher.__file__, json.dumps(order), shell, "-c", script]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


@root_only
def test_a_launched_program_has_no_rights_and_cannot_get_any(tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.write_text("mine")
    user = free_user(0)
    said = launch(
        f"id -u; id -G; umask; ulimit -c; ulimit -u; echo $HOME; cat {mine}; echo x > {mine}; cat /proc/self/status",
        user,
        CORE=0,
        NPROC=99,
    )
    lines = said.stdout.splitlines()
    assert lines[:6] == [str(user), str(user), "0022", "0", "99", "/tmp"]
    status = dict(line.split(":\t", 1) for line in lines[6:] if ":\t" in line)
    assert status["NoNewPrivs"].strip() == "1"
    assert {status[name].strip("0 ") for name in ("CapInh", "CapPrm", "CapEff", "CapAmb")} == {""}
    assert mine.read_text() == "mine"
    assert said.stderr.count("Permission denied") == 2


@root_only
def test_nothing_is_started_with_a_superusers_rights() -> None:
    said = launch("echo started", 0, NPROC=99)
    assert (said.returncode, said.stdout) == (REFUSED, "")


@root_only
@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash, which can open sockets")
def test_the_network_is_refused_to_what_is_launched_and_to_its_children() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        reach = f"(exec 3<>/dev/tcp/127.0.0.1/{server.getsockname()[1]}) && echo reached"
        assert launch(reach, free_user(0)).stdout == "reached\n"
        said = launch(f"bash -c '{reach}'", free_user(0), "refuse")
    assert said.stdout == ""
    assert "socket: Permission denied" in said.stderr
