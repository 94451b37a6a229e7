"""Few bytes, soon: first bytes, random places, a media scan, a film."""

import statistics
import time

import readers
from machine import MB, MIB
from origin import Counted
from table import Bound, Measure
from workloads import WIDE, Workload
from workloads_speed import OURS, RCLONES

SMALL = 64 * 1024
LINE = "the wide area's line"


def counted_figures(counted, asked):
    return {"fetched / asked": counted.bytes / asked, "requests": counted.requests}


class FirstByte(Workload):
    name = "first byte"
    tools = (*OURS, "rclone", "rclone full", "rclone new", "rclone new x8")
    peer_rounds = 1
    measures = (
        Measure("median", "ms", higher=False, bounds=(Bound(48),)),
        Measure("slowest", "ms", higher=False, shown=False),
        Measure("fetched / asked", "", higher=False, shown=False),
        Measure("requests", "", higher=False, shown=False),
    )

    def prepare(self, bench):
        self.count = bench.size(40, 20)
        self.shape = f"64 KiB from open of each of {self.count} listed files; {LINE}"
        self.files = bench.corpus.files("films", self.count, 24 * MIB)
        self.shaper = bench.shaper(**WIDE)

    def run(self, bench, tool, check=None):
        with bench.mount(tool, [self.shaper.url]) as mount:
            mount.list("films")
            with Counted(self.shaper) as counted:
                times = readers.first_bytes(mount, self.files, SMALL, check)
                time.sleep(0.2)  # what was fetched ahead counts
            return {"median": statistics.median(times), "slowest": max(times),
                    **counted_figures(counted, self.count * SMALL)}

    def verify(self, bench, tool, check):
        self.run(bench, tool, check)


class Random(Workload):
    name = "random"
    tools = (*OURS, *RCLONES)
    peer_rounds = 1
    of_peers = 20  # of them each may take a second: rclone fetches megabytes for every one
    measures = (
        Measure("median", "ms", higher=False, bounds=(Bound(48),)),
        Measure("fetched / asked", "", higher=False, bounds=(Bound(2),)),
        Measure("slowest", "ms", higher=False, shown=False),
        Measure("requests", "", higher=False, shown=False),
    )

    def prepare(self, bench):
        self.count = bench.size(100, 40)
        self.shape = f"{self.count} times 64 KiB at random in {bench.size(1024, 512)} MiB (rclone: {self.of_peers} times); {LINE}"
        self.file = bench.corpus.file("one/sequential.bin", bench.size(1024, 512) * MIB)
        self.shaper = bench.shaper(**WIDE)

    def run(self, bench, tool, check=None):
        with bench.mount(tool, [self.shaper.url]) as mount:
            mount.list("one")
            with Counted(self.shaper) as counted:
                count = self.count if tool.ours else self.of_peers
                times = readers.random_reads(mount, self.file, count, SMALL, 1, check)
                time.sleep(0.2)
            return {"median": statistics.median(times), "slowest": max(times), **counted_figures(counted, count * SMALL)}

    def verify(self, bench, tool, check):
        self.run(bench, tool, check)


class MediaScan(Workload):
    name = "media scan"
    tools = (*OURS, *RCLONES)
    peer_rounds = 1

    def prepare(self, bench):
        count = bench.size(200, 60)
        self.shape = (f"{count} files of 24 MiB: 1 MiB head, 256 KiB tail, 64 KiB middle each, 4 threads; {LINE}")
        self.files = bench.corpus.files("films", count, 24 * MIB)
        self.shaper = bench.shaper(**WIDE)
        self.measures = (
            Measure("time", "s", higher=False, bounds=(Bound(6.5 * count / 200),)),
            Measure("fetched / asked", "", higher=False, bounds=(Bound(1.5),)),
            Measure("requests", "", higher=False, shown=False),
            Measure("CPU", "s", higher=False, shown=False),
        )

    def run(self, bench, tool, check=None):
        with bench.mount(tool, [self.shaper.url]) as mount:
            mount.list("films")
            with Counted(self.shaper) as counted:
                cpu, begin = mount.cpu(), time.monotonic()
                asked = readers.scan(mount, self.files, 4, check)
                seconds = time.monotonic() - begin
                time.sleep(0.3)
            return {"time": seconds, "CPU": mount.cpu() - cpu, **counted_figures(counted, asked)}

    def verify(self, bench, tool, check):
        self.run(bench, tool, check)


class Film(Workload):
    name = "film"
    tools = (*OURS, "rclone", "rclone new")
    rounds = 1
    peer_rounds = 1
    measures = (
        Measure("longest gap", "ms", higher=False, bounds=(Bound(150),), worst=True),
        Measure("fetched / read", "", higher=False, bounds=(Bound(1.3),)),
        Measure("time with 2 connections or fewer", "%", bounds=(Bound(80),)),
        Measure("most connections", "", higher=False, shown=False),
        Measure("requests", "", higher=False, shown=False),
        Measure("read", "MB/s", shown=False),
        Measure("peak memory", "MiB", higher=False, shown=False),
    )

    def prepare(self, bench):
        self.seconds = bench.size(41, 14)
        self.shape = (f"{self.seconds} s at 5 MB/s in 1 GiB with a seek each 10 s; {LINE}; "
                      "compared while it plays")
        self.file = bench.corpus.file("one/sequential.bin", bench.size(1024, 512) * MIB)
        self.shaper = bench.shaper(**WIDE)

    def run(self, bench, tool):
        check = bench.checker()
        with bench.mount(tool, [self.shaper.url]) as mount:
            mount.list("one")
            film = readers.Paced(mount, self.file, 5 * MB, check)
            with Counted(self.shaper) as counted:
                with readers.Sampler(lambda: self.shaper.counts()["busy"]) as busy:
                    film.run(self.seconds, seek_every=10)
            few = sum(1 for value in busy.values if value <= 2)
            return {"longest gap": film.longest * 1e3, "fetched / read": counted.bytes / film.read,
                    "time with 2 connections or fewer": 100 * few / len(busy.values),
                    "most connections": max(busy.values), "requests": counted.requests,
                    "read": film.read / self.seconds / MB, "peak memory": mount.peak()}


WORKLOADS = [FirstByte(), Random(), MediaScan(), Film()]
