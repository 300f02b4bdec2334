"""Gives up a superuser's rights and then becomes another program.

It is run as a script, with Python's own library only: ``python -I -S launcher.py ORDER COMMAND...``. ORDER is an
`Order` as JSON, and COMMAND begins with an absolute path. The process becomes an unprivileged user that can gain no
rights again, with limits on its resources. It starts COMMAND only if all of that worked.
"""

import ctypes
import json
import os
import platform
import resource
import signal
import socket
import struct
import sys
from typing import NamedTuple

REFUSED = 125
"""The exit status where a right could not be given up, or the network could not be taken away."""

_PR_SET_PDEATHSIG, _PR_SET_SECCOMP, _PR_SET_NO_NEW_PRIVS = 1, 22, 38
_SECCOMP_MODE_FILTER = 2
_ALLOW, _FAIL_WITH, _KILL = 0x7FFF0000, 0x00050000, 0x80000000
_EACCES, _ENOSYS = 13, 38
_LOAD, _IF_EQUAL, _IF_AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
_IO_URING_SETUP = 425
_OTHER_NUMBERS = 0x40000000
"""From here on x86-64 has a second set of numbers for the same calls (x32)."""
_SOCKET_CALL = {"x86_64": (0xC000003E, 41), "aarch64": (0xC00000B7, 198)}
"""Machine -> the kernel's name of its architecture, and the number of `socket`."""
_SIOCGIFFLAGS, _SIOCSIFFLAGS, _IFF_UP = 0x8913, 0x8914, 1


class Order(NamedTuple):
    """What is to be given up."""

    user: int
    """The user, and the group of the same number."""
    groups: list[int]
    """Further groups."""
    folder: str
    """Where the program starts."""
    home: str
    """Its home and its folder for temporary files."""
    network: str
    """``keep``; ``refuse``: no socket but those between processes of this machine; ``loopback``: the process has a
    network of its own, of which only the loopback device is switched on."""
    limits: dict[str, int]
    """Names of `resource`, without ``RLIMIT_``."""


def main(arguments: list[str]) -> None:
    """Do as ordered, and become the command."""
    order, command = Order(**json.loads(arguments[0])), arguments[1:]
    libc = ctypes.CDLL(None, use_errno=True)
    try:
        if order.network == "loopback":
            _switch_loopback_on()
        _become(order.user, order.groups)
        _control(libc, _PR_SET_NO_NEW_PRIVS, 1)
        _control(libc, _PR_SET_PDEATHSIG, signal.SIGKILL)
        for name, most in order.limits.items():
            _limit(getattr(resource, f"RLIMIT_{name}"), most)
        if order.network == "refuse":
            _refuse_sockets(libc)
        os.umask(0o022)
        os.chdir(order.folder)
        environment = {**os.environ, "HOME": order.home, "TMPDIR": order.home}
        os.execve(command[0], command, environment)
    except OSError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(REFUSED)


def _become(user: int, groups: list[int]) -> None:
    os.setgroups(groups)
    os.setresgid(user, user, user)
    os.setresuid(user, user, user)
    # Bytes, and no pathlib: from here on this user may be unable to read Python's own modules.
    with open("/proc/self/status", "rb") as file:  # noqa: PTH123
        rights = {line.split()[0]: int(line.split()[1], 16) for line in file if line.startswith((b"CapPrm", b"CapEff"))}
    # Some processes are set up so that rights outlive a change of user.
    if user == 0 or any(rights.values()):
        raise OSError(f"user {user} would keep rights of the superuser")


def _control(libc: ctypes.CDLL, what: int, value: int, address: int = 0) -> None:
    if libc.prctl(what, *(ctypes.c_ulong(one) for one in (value, address, 0, 0))) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"prctl({what}) failed: {os.strerror(number)}")


def _limit(which: int, most: int) -> None:
    _, hard = resource.getrlimit(which)
    most = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(which, (most, most))


def _switch_loopback_on() -> None:
    """Tests may talk to themselves. That it fails is no reason to stop: the network is as closed as before."""
    import fcntl

    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as device:
            asked = struct.pack("16sH14x", b"lo", 0)
            (flags,) = struct.unpack_from("H", fcntl.ioctl(device, _SIOCGIFFLAGS, asked), 16)
            fcntl.ioctl(device, _SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", flags | _IFF_UP))
    except OSError:
        pass


def _refuse_sockets(libc: ctypes.CDLL) -> None:
    """No socket of a family but AF_UNIX can be made from now on, by this process or any that it starts."""
    machine = platform.machine()
    if machine not in _SOCKET_CALL or sys.byteorder != "little":
        raise OSError(f"the system calls of {machine} are not known")
    program = socket_filter(*_SOCKET_CALL[machine])
    instructions = ctypes.create_string_buffer(program, len(program))
    described = struct.pack("HP", len(program) // 8, ctypes.addressof(instructions))
    handed = ctypes.create_string_buffer(described, len(described))
    _control(libc, _PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.addressof(handed))


def socket_filter(architecture: int, socket_call: int) -> bytes:
    """The filter as a program of the kernel's: see seccomp(2)."""
    number, arch, family = 0, 4, 16  # Offsets in what the kernel hands to a filter.
    program = (
        (_LOAD, 0, 0, arch),
        (_IF_EQUAL, 1, 0, architecture),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, number),
        (_IF_AT_LEAST, 5, 0, _OTHER_NUMBERS),
        # Through this one sockets could be made without `socket`.
        (_IF_EQUAL, 4, 0, _IO_URING_SETUP),
        (_IF_EQUAL, 0, 4, socket_call),
        (_LOAD, 0, 0, family),
        (_IF_EQUAL, 2, 0, socket.AF_UNIX),
        (_RETURN, 0, 0, _FAIL_WITH | _EACCES),
        (_RETURN, 0, 0, _FAIL_WITH | _ENOSYS),
        (_RETURN, 0, 0, _ALLOW),
    )
    return b"".join(struct.pack("HBBI", *one) for one in program)


if __name__ == "__main__":
    main(sys.argv[1:])
