"""What the bench needs from the machine: processes, ports, CPU time, memory, the page cache, a description of it."""

import os
import pathlib
import platform
import shutil
import socket
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
MIB = 1 << 20
MB = 1_000_000


def die(text):
    sys.exit(f"bench: {text}")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def answers(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def wait_for(condition, what, seconds=30):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            die(f"{what} did not happen within {seconds} s")
        time.sleep(0.01)


def need(*programs):
    path = os.environ["PATH"] + ":/usr/sbin:/sbin"
    missing = [name for name in programs if shutil.which(name, path=path) is None]
    if missing:
        die(f"missing: {', '.join(missing)}; packaging/install-packages.sh build bench")


def cpu_seconds(pid):
    """User and system time of a process so far; to the nanosecond where the kernel tells, else to the tick."""
    try:
        total = 0
        for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
            total += int((task / "schedstat").read_text().split()[0])
        return total / 1e9
    except OSError:
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def status_mib(pid, field):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1]) / 1024
    return 0.0


def peak_mib(pid):
    return status_mib(pid, "VmHWM")


def drop_page_cache(*paths):
    """Everything with the right to do that, else what belongs to `paths` (files, or folders of files)."""
    os.sync()
    try:
        pathlib.Path("/proc/sys/vm/drop_caches").write_text("1\n")
        return
    except OSError:
        pass
    for path in paths:
        for file in [path] if path.is_file() else (entry for entry in path.rglob("*") if entry.is_file()):
            fd = os.open(file, os.O_RDONLY)
            os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
            os.close(fd)


def run_quietly(command, **more):
    result = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False, **more)
    if result.returncode != 0:
        die(f"{command[0]} ended with status {result.returncode}: {result.stderr.decode(errors='replace')[-300:]}")


def timed_command(command):
    """Seconds and CPU seconds of a command that has to succeed."""
    before, begin = os.times(), time.monotonic()
    run_quietly(command)
    seconds, after = time.monotonic() - begin, os.times()
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return seconds, cpu


def first_line(command):
    try:
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout.splitlines()[0].strip()
    except (OSError, IndexError):
        return "unknown"


def describe():
    """The machine in a few words, without names that would tell whose it is."""
    info = {"cores": os.cpu_count(), "kernel": platform.release().split("-")[0], "cpu": "unknown"}
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            info["cpu"] = line.split(":", 1)[1].strip()
            break
    info["memory_gib"] = round(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / (1 << 30), 1)
    for line in pathlib.Path("/etc/os-release").read_text().splitlines():
        if line.startswith("PRETTY_NAME="):
            info["system"] = line.split("=", 1)[1].strip('"')
    info["load"] = round(os.getloadavg()[0], 2)
    return info
