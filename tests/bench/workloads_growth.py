"""How cost grows: 1 to 1000 open handles that read slowly, one reader of 1 to 64 MiB/s."""

import os
import time

import readers
from machine import MIB
from table import Bound, Measure
from workloads import WIDE, Workload

FILE = 24 * MIB
THREADS = 32  # that serve all handles: a blocked one holds up a thirty-second of them


class Handles(Workload):
    name = "handles"
    tools = ("balancefs", "balancefs disk", "rclone", "rclone new")
    rounds = 1
    counts = (1, 10, 100, 1000)
    rate = MIB // 4  # bytes a second and handle
    step = readers.PIECE

    def prepare(self, bench):
        self.seconds = bench.size(6, 2)
        self.shape = (f"open handles that read 256 KiB/s each, sequentially, {self.seconds} s, unshaped; compared while "
                      "they read. Flat: the CPU time for a MiB at most 1.5 times that of 10 handles, memory within the "
                      "bound of `many`. rclone up to 100: it takes 11 MiB a handle")
        self.files = bench.corpus.files("films", bench.size(200, 60), FILE)
        self.apart = FILE * len(self.files) // self.counts[-1] // readers.PIECE * readers.PIECE
        self.measures = ()
        for count in self.counts:
            self.measures += self._measures(count)

    def _measures(self, count):
        key, last = f"{count}, CPU for a MiB", count == self.counts[-1]
        flat = (Bound(1.5, of_measure="10, CPU for a MiB"),) if last else ()
        return (
            Measure(key, "ms", higher=False, bounds=flat),
            Measure(f"{count}, peak memory", "MiB", higher=False, bounds=(Bound(400),) if last else (), shown=last,
                    beside=key),
            Measure(f"{count}, CPU for a handle", "ms/s", higher=False, shown=False, beside=key),
            Measure(f"{count}, of the rate", "%", shown=last, beside=key),
        )

    def run(self, bench, tool):
        figures = {}
        for count in self.counts if tool.ours else self.counts[:-1]:  # rclone took 11 GiB for 1000 handles
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
        """[fd, name, offset] each; no two read the same."""
        handles = []
        for index in range(count):
            name = self.files[index % len(self.files)]
            offset = index // len(self.files) * self.apart
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
    name = "rate"
    tools = ("balancefs", "balancefs disk", "rclone")
    rounds = 1
    rates = (1, 4, 16, 64)

    def prepare(self, bench):
        self.seconds = bench.size(6, 2)
        self.shape = (f"one reader of 1 to 64 MiB/s, {self.seconds} s; the wide area's line; "
                      "compared while it reads")
        self.file = bench.corpus.file("one/sequential.bin", bench.size(1024, 512) * MIB)
        self.shaper = bench.shaper(**WIDE)
        self.measures = ()
        for rate in self.rates:
            key = f"{rate} MiB/s, CPU for a MiB"
            self.measures += (
                Measure(key, "ms", higher=False),
                Measure(f"{rate} MiB/s, peak memory", "MiB", higher=False, shown=False, beside=key),
                Measure(f"{rate} MiB/s, connections", "", higher=False, shown=False, beside=key),
                Measure(f"{rate} MiB/s, of the rate", "%", shown=False, beside=key),
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
