"""Several equal members: one file over all of them, files spread over them, a member that dies in the middle."""

import os
import time

import readers
from machine import MIB
from origin import Counted
from table import Bound, Measure
from workloads import Workload
from workloads_speed import timed

MEMBER = {"rtt": "10ms", "total": "30MB"}


class Members(Workload):
    """Three members of 30 MB/s and 10 ms each."""

    members = 3

    def prepare(self, bench):
        self.shapers = [bench.shaper(**MEMBER) for _ in range(self.members)]

    @property
    def urls(self):
        return [shaper.url for shaper in self.shapers]

    def measured(self, mount, read):
        before = [shaper.counts()["bytes"] for shaper in self.shapers]
        with Counted(*self.shapers) as counted:
            figures = timed(mount, read)
        shares = sorted(shaper.counts()["bytes"] - start for shaper, start in zip(self.shapers, before))
        return figures | {"fetched / read": counted.bytes / self.bytes, "smallest share": 100 * shares[0] / sum(shares)}


BESIDE = (
    Measure("fetched / read", "", higher=False, shown=False),
    Measure("smallest share", "%", shown=False),
    Measure("CPU", "s", higher=False, shown=False),
    Measure("peak memory", "MiB", higher=False, shown=False),
)


class Stripe(Members):
    name = "stripe"
    tools = ("balancefs stripe", "balancefs", "rclone")
    peer_rounds = 1
    measures = (Measure("speed", "MB/s", bounds=(Bound(82, tools=("balancefs stripe",)),)), *BESIDE)

    def prepare(self, bench):
        super().prepare(bench)
        self.bytes = bench.size(512, 256) * MIB
        self.shape = (f"one file of {self.bytes // MIB} MiB, three members of 30 MB/s (10 ms); rclone: a union of the three")
        self.file = bench.corpus.file("stripe/stripe.bin", self.bytes)

    def run(self, bench, tool):
        with bench.mount(tool, self.urls) as mount:
            mount.list("stripe")
            return self.measured(mount, lambda: readers.whole(mount, self.file))

    def verify(self, bench, tool, check):
        if tool.name == "balancefs":
            return  # without striping this is the sequential row
        with bench.mount(tool, self.urls) as mount:
            readers.whole(mount, self.file, check)


class Spread(Members):
    name = "spread"
    tools = ("balancefs", "balancefs disk", "rclone")
    peer_rounds = 1
    measures = (Measure("speed", "MB/s", bounds=(Bound(82),)), *BESIDE)

    def prepare(self, bench):
        super().prepare(bench)
        each = bench.size(48, 24) * MIB
        self.bytes = 12 * each
        self.shape = f"12 files of {each // MIB} MiB at once, three members of 30 MB/s (10 ms); rclone: a union of the three"
        self.files = bench.corpus.files("spread", 12, each)

    def run(self, bench, tool):
        with bench.mount(tool, self.urls) as mount:
            mount.list("spread")
            return self.measured(mount, lambda: readers.whole_files(mount, self.files) or self.bytes)

    def verify(self, bench, tool, check):
        with bench.mount(tool, self.urls) as mount:
            readers.whole_files(mount, self.files, check)


FAULTS = {"refuse": "refuse", "reset": "reset", "503": "unavailable", "stall": "stall"}


class MemberDies(Members):
    """Two members; the one that serves the file fails when a third of it is read. Compared as it is read."""

    name = "member dies"
    members = 2
    tools = ("balancefs", "balancefs hedge")
    every = tools
    measures = (
        Measure("refuse", "ms", higher=False, bounds=(Bound(500, tools=every),), worst=True),
        Measure("reset", "ms", higher=False, bounds=(Bound(500, tools=every),), worst=True),
        Measure("503", "ms", higher=False, bounds=(Bound(500, tools=every),), worst=True),
        Measure("stall", "ms", higher=False, worst=True,
                bounds=(Bound(4000), Bound(600, tools=("balancefs hedge",)))),
    )

    def prepare(self, bench):
        super().prepare(bench)
        size = bench.size(96, 64)
        self.shape = (f"longest gap of a reader of {size} MiB, two members of 30 MB/s (10 ms), the one that serves fails in "
                      "the middle; compared while it reads")
        self.file = bench.corpus.file(f"dies/dies{size}.bin", size * MIB)
        self.size = size * MIB

    def run(self, bench, tool):
        return {name: self._one(bench, tool, fault) for name, fault in FAULTS.items()}

    def _one(self, bench, tool, fault):
        check = bench.checker()
        with bench.mount(tool, self.urls) as mount:
            mount.list("dies")
            before = [shaper.counts()["bytes"] for shaper in self.shapers]
            fd = os.open(mount.path(self.file), os.O_RDONLY)
            try:
                self._read(fd, 0, self.size // 3, check)
                counts = [shaper.counts()["bytes"] - start for shaper, start in zip(self.shapers, before)]
                serving = self.shapers[counts.index(max(counts))]
                serving.fault(fault)
                return 1e3 * self._read(fd, self.size // 3, self.size, check)
            finally:
                os.close(fd)
                for shaper in self.shapers:
                    shaper.fault("none")

    def _read(self, fd, begin, end, check):
        """The longest time that one read of 128 KiB took, in seconds."""
        offset, longest = begin, 0.0
        while offset < end:
            start = time.monotonic()
            data = os.pread(fd, readers.PIECE, offset)
            longest = max(longest, time.monotonic() - start)
            if not data:
                raise readers.WrongBytes(f"{self.file} ends at {offset}")
            check(self.file, offset, data)
            offset += len(data)
        return longest


WORKLOADS = [Stripe(), Spread(), MemberDies()]
