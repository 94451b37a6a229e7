"""How cost grows: 1 to 1000 open handles that read slowly, one reader of 1 to 64 MiB/s."""

import os
import time

import readers
from machine import MIB
from table import Bound, Measure
from workloads import WIDE, Workload

THREADS = 32  # that serve all handles: a blocked one holds up a thirty-second of them


class Handles(Workload):
    name = "growth: handles"
    tools = ("balancefs", "balancefs disk", "rclone", "rclone new")
    rounds = 1
    counts = (1, 10, 100, 1000)
    rate = MIB // 4  # bytes a second and handle
    step = readers.PIECE

    def prepare(self, bench):
        self.seconds = bench.size(6, 3)
        self.shape = (f"open handles that read 256 KiB/s each, sequentially, {self.seconds} s, unshaped; compared while "
                      "they read. Flat: the CPU time for a MiB at most 1.5 times that of 10 handles, memory within the "
                      "bound of `many`")
        self.files = bench.corpus.files("films", 200 if not bench.quick else 60, 24 * MIB)
        self.measures = ()
        for count in self.counts:
            self.measures += self._measures(count)

    def _measures(self, count):
        last = count == self.counts[-1]
        return (
            Measure(f"{count}, CPU for a MiB", "ms", higher=False, bounds=self._flat if last else ()),
            Measure(f"{count}, peak memory", "MiB", higher=False, bounds=(Bound(400),) if last else ()),
            Measure(f"{count}, CPU for a handle", "ms/s", higher=False),
            Measure(f"{count}, of the rate", "%", shown=last),
        )

    _flat = ()

    def run(self, bench, tool):
        figures = {}
        for count in self.counts:
            with bench.mount(tool) as mount:
                mount.list("films")
                figures |= self._one(bench, mount, count)
        return figures

    def _one(self, bench, mount, count):
        handles = self._open(mount, count)
        check = bench.checker()
        read = [0] * THREADS
        try:
            cpu, begin = mount.cpu(), time.monotonic()
            readers.in_threads([lambda index=index: self._serve(handles[index::THREADS], begin, check, read, index)
                                for index in range(min(THREADS, count))])
            seconds = time.monotonic() - begin
            cpu = mount.cpu() - cpu
        finally:
            for fd, _, _ in handles:
                os.close(fd)
        total = sum(read)
        return {f"{count}, CPU for a MiB": cpu * 1e3 / (total / MIB), f"{count}, peak memory": mount.peak(),
                f"{count}, CPU for a handle": cpu * 1e3 / seconds / count,
                f"{count}, of the rate": 100 * total / (count * self.rate * self.seconds)}

    def _open(self, mount, count):
        """[fd, name, offset] each; handles of one file stand 4 MiB apart."""
        handles = []
        for index in range(count):
            name = self.files[index % len(self.files)]
            offset = index // len(self.files) * 4 * MIB % (20 * MIB)
            handles.append([os.open(mount.path(name), os.O_RDONLY), name, offset])
        return handles

    def _serve(self, handles, begin, check, read, index):
        """Reads a step from each handle in turn, as often as the rate says."""
        for turn in range(int(self.seconds * self.rate / self.step)):
            time.sleep(max(0.0, begin + turn * self.step / self.rate - time.monotonic()))
            if time.monotonic() > begin + self.seconds:
                return
            for handle in handles:
                data = os.pread(handle[0], self.step, handle[2])
                check(handle[1], handle[2], data)
                handle[2] += len(data)
                read[index] += len(data)


class Rates(Workload):
    name = "growth: rate"
    tools = ("balancefs", "balancefs disk", "rclone", "rclone new")
    rounds = 1
    rates = (1, 4, 16, 64)

    def prepare(self, bench):
        self.seconds = bench.size(6, 3)
        self.shape = (f"one reader of 1 to 64 MiB/s, {self.seconds} s; 40 ms round trip, 25 MB/s a connection, 200 MB/s in "
                      "all; compared while it reads")
        self.file = bench.corpus.file("one/sequential.bin", bench.size(1024, 512) * MIB)
        self.shaper = bench.shaper(**WIDE)
        self.measures = ()
        for rate in self.rates:
            self.measures += (
                Measure(f"{rate} MiB/s, CPU for a MiB", "ms", higher=False),
                Measure(f"{rate} MiB/s, peak memory", "MiB", higher=False),
                Measure(f"{rate} MiB/s, connections", "", higher=False),
                Measure(f"{rate} MiB/s, of the rate", "%"),
            )

    def run(self, bench, tool):
        figures = {}
        for rate in self.rates:
            with bench.mount(tool, [self.shaper.url]) as mount:
                mount.list("one")
                figures |= self._one(bench, mount, rate)
        return figures

    def _one(self, bench, mount, rate):
        reader = readers.Paced(mount, self.file, rate * MIB, bench.checker())
        cpu = mount.cpu()
        with readers.Sampler(lambda: self.shaper.counts()["busy"]) as busy:
            reader.run(self.seconds)
        cpu = mount.cpu() - cpu
        return {f"{rate} MiB/s, CPU for a MiB": cpu * 1e3 / (reader.read / MIB),
                f"{rate} MiB/s, peak memory": mount.peak(),
                f"{rate} MiB/s, connections": sum(busy.values) / len(busy.values),
                f"{rate} MiB/s, of the rate": 100 * reader.read / (rate * MIB * self.seconds)}


WORKLOADS = [Handles(), Rates()]
