"""Much data at once: sequential with and without a wide area in front, many files, again from disk."""

import shutil
import time

import readers
from machine import MB, MIB, drop_page_cache, timed_command
from origin import Counted
from table import Bound, Measure
from workloads import WIDE, Workload

OURS = ("balancefs", "balancefs disk")
RCLONES = ("rclone", "rclone full", "rclone new", "rclone new x8")


def timed(mount, read):
    """Figures of one call of `read`, which gives the bytes that it read."""
    cpu, begin = mount.cpu(), time.monotonic()
    count = read()
    seconds = time.monotonic() - begin
    return {"speed": count / seconds / MB, "CPU": mount.cpu() - cpu, "peak memory": mount.peak()}


class Sequential(Workload):
    name = "sequential"
    tools = (*OURS, *RCLONES, "curl | cat", "curl")
    measures = (
        Measure("speed", "MB/s", bounds=(Bound(2, "rclone"), Bound(1, "curl | cat"))),
        Measure("CPU", "s", higher=False, bounds=(Bound(0.5, "rclone"),)),
        Measure("peak memory", "MiB", higher=False, shown=False),
    )

    def prepare(self, bench):
        self.bytes = bench.size(1024, 512) * MIB
        self.shape = f"{self.bytes // MIB} MiB cold, unshaped"
        self.file = bench.corpus.file("one/sequential.bin", self.bytes)

    def run(self, bench, tool):
        if tool.name.startswith("curl"):
            return self._curl(f"{bench.nginx.url}/{self.file}", piped=tool.name.endswith("cat"))
        with bench.mount(tool) as mount:
            mount.list("one")
            return timed(mount, lambda: readers.whole(mount, self.file))

    def _curl(self, url, piped):
        seconds, cpu = timed_command(["sh", "-c", f"curl -sf '{url}' | cat >/dev/null"] if piped
                                     else ["curl", "-sf", "-o", "/dev/null", url])
        return {"speed": self.bytes / seconds / MB, "CPU": cpu}

    def verify(self, bench, tool, check):
        with bench.mount(tool) as mount:
            readers.whole(mount, self.file, check)


class Many(Workload):
    name = "many"
    tools = (*OURS, "rclone", "rclone new", "curl")
    peer_rounds = 2
    measures = (
        Measure("speed", "MB/s", bounds=(Bound(3, "rclone"), Bound(0.6, "curl"))),
        Measure("peak memory", "MiB", higher=False, bounds=(Bound(400),), worst=True),
        Measure("CPU", "s", higher=False, shown=False),
    )

    def prepare(self, bench):
        count = bench.size(100, 50)
        self.shape = f"{count} files of 24 MiB at once, unshaped; curl: one process, all in parallel"
        self.files = bench.corpus.files("films", count, 24 * MIB)

    def run(self, bench, tool):
        total = len(self.files) * 24 * MIB
        if tool.name == "curl":
            command = ["curl", "-sfZ", "--parallel-immediate", "--parallel-max", str(len(self.files))]
            for file in self.files:
                command += ["-o", "/dev/null", f"{bench.nginx.url}/{file}"]
            seconds, cpu = timed_command(command)
            return {"speed": total / seconds / MB, "CPU": cpu}
        with bench.mount(tool) as mount:
            mount.list("films")
            return timed(mount, lambda: readers.whole_files(mount, self.files) or total)

    def verify(self, bench, tool, check):
        with bench.mount(tool) as mount:
            readers.whole_files(mount, self.files, check)


class WideArea(Workload):
    name = "wide area"
    slow = ("rclone", "rclone full", "rclone new", "curl")  # one connection: a quarter of the file says as much
    tools = (*OURS, *RCLONES, "curl", "curl x10", "aria2c x10")
    peer_rounds = 1
    measures = (
        Measure("speed", "MB/s", bounds=(Bound(160),)),
        Measure("fetched / read", "", higher=False, shown=False),
        Measure("requests", "", higher=False, shown=False),
        Measure("CPU", "s", higher=False, shown=False),
        Measure("peak memory", "MiB", higher=False, shown=False),
    )

    def prepare(self, bench):
        self.bytes = bench.size(1024, 512) * MIB
        self.file = bench.corpus.file("one/sequential.bin", self.bytes)
        self.shape = (f"{self.bytes // MIB} MiB cold, 40 ms round trip, 25 MB/s a connection, 200 MB/s in all "
                      "(what reads over one connection: a quarter)")
        self.shaper = bench.shaper(**WIDE)

    def run(self, bench, tool):
        url = f"{self.shaper.url}/{self.file}"
        if tool.name.startswith("curl"):
            return self._curl(url, 10 if tool.name.endswith("x10") else 1, self._length(tool))
        if tool.name.startswith("aria2c"):
            return self._aria(bench, url)
        with bench.mount(tool, [self.shaper.url]) as mount:
            mount.list("one")
            with Counted(self.shaper) as counted:
                figures = timed(mount, lambda: self._read(mount, tool))
            read = self._length(tool)
            return figures | {"fetched / read": counted.bytes / read, "requests": counted.requests}

    def _length(self, tool):
        return self.bytes // 4 if tool.name in self.slow else self.bytes

    def _read(self, mount, tool):
        buffer, total = bytearray(MIB), 0
        with open(mount.path(self.file), "rb", buffering=0) as file:
            while total < self._length(tool):
                total += file.readinto(buffer)
        return total

    def _curl(self, url, connections, length):
        """What the shaper gives to the simplest of clients: the measure of the bench itself."""
        share = length // connections
        command = ["curl", "-sfZ", "--parallel-immediate"]
        for index in range(connections):
            command += ["--next"] if index else []
            command += ["-f", "-r", f"{index * share}-{(index + 1) * share - 1}", "-o", "/dev/null", url]
        seconds, cpu = timed_command(command)
        return {"speed": connections * share / seconds / MB, "CPU": cpu}

    def _aria(self, bench, url):
        folder = bench.cache_folder("aria2c")
        seconds, cpu = timed_command(["aria2c", "-q", "-x10", "-s10", "-k1M", "--file-allocation=none", "-d", folder, url])
        shutil.rmtree(folder)
        return {"speed": self.bytes / seconds / MB, "CPU": cpu}

    def verify(self, bench, tool, check):
        with bench.mount(tool, [self.shaper.url]) as mount:
            readers.whole(mount, self.file, check)


class AgainFromDisk(Workload):
    name = "again from disk"
    tools = ("native file", "balancefs disk", "rclone full", "rclone new full")
    measures = (
        Measure("speed", "MB/s", bounds=(Bound(0.8, "native file", ("balancefs disk",)),)),
        Measure("fetched / read", "", higher=False, bounds=(Bound(0.01, tools=("balancefs disk",)),)),
        Measure("CPU", "s", higher=False, shown=False),
    )

    def prepare(self, bench):
        self.bytes = bench.size(1024, 256) * MIB
        self.shape = f"{self.bytes // MIB} MiB read once, mounted anew, page cache dropped, read again"
        self.file = bench.corpus.file("again/again.bin", self.bytes)
        self.shaper = bench.shaper()

    def _fill(self, bench, tool, check=None):
        cache = bench.cache_folder("again-" + tool.name.replace(" ", "-"))
        with bench.mount(tool, [self.shaper.url], cache) as mount:
            readers.whole(mount, self.file, check)
        return cache

    def run(self, bench, tool):
        if tool.name == "native file":
            return self._native(bench)
        cache = self._fill(bench, tool)
        try:
            with bench.mount(tool, [self.shaper.url], cache) as mount:
                mount.list("again")
                drop_page_cache(cache)
                with Counted(self.shaper) as counted:
                    figures = timed(mount, lambda: readers.whole(mount, self.file))
                return figures | {"fetched / read": counted.bytes / self.bytes}
        finally:
            shutil.rmtree(cache)

    def _native(self, bench):
        copy = bench.scratch / "native.bin"
        shutil.copyfile(bench.nginx.root / self.file, copy)
        drop_page_cache(copy)
        begin, buffer, total = time.monotonic(), bytearray(MIB), 0
        with open(copy, "rb", buffering=0) as file:
            while count := file.readinto(buffer):
                total += count
        seconds = time.monotonic() - begin
        copy.unlink()
        return {"speed": total / seconds / MB}

    def verify(self, bench, tool, check):
        cache = self._fill(bench, tool, check)
        with bench.mount(tool, [self.shaper.url], cache) as mount:
            drop_page_cache(cache)
            readers.whole(mount, self.file, check)
        shutil.rmtree(cache)


WORKLOADS = [Sequential(), Many(), WideArea(), AgainFromDisk()]
