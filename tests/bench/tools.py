"""The programs that are compared: balancefs in its modes, rclone of Debian and the newest one, and their mounts."""

import os
import pathlib
import shutil
import subprocess
import tempfile

from machine import ROOT, cpu_seconds, die, peak_mib, wait_for
from profiling import Profile


class Mount:
    """A tool's mount of one or more endpoints; a context manager. `cache` outlives it, for mounts that come after:
    those have the same mountpoint, as balancefs keeps a cache for each."""

    def __init__(self, tool, endpoints, scratch, cache=None, profile=None):
        self.tool, self._report = tool, profile
        self._folder = pathlib.Path(tempfile.mkdtemp(dir=scratch, prefix="mount-"))
        self.point = cache.with_name(cache.name + "-point") if cache else self._folder / "point"
        self.point.mkdir(exist_ok=True)
        self._cache = cache or self._folder / "cache"
        self._cache.mkdir(exist_ok=True)
        self._command = tool.command(self.point, endpoints, self._folder, self._cache)

    def __enter__(self):
        self._log = open(self._folder / "log", "wb")
        self.process = subprocess.Popen(self._command, stdout=self._log, stderr=self._log)
        wait_for(lambda: os.path.ismount(self.point) or self.process.poll() is not None, f"{self.tool.name} mounting")
        if self.process.poll() is not None:
            die(f"{self.tool.name} ended with status {self.process.returncode}: {self.log()}")
        self._profile = Profile(self.process.pid, self.tool.name, self._report, self._folder) if self._report else None
        return self

    def __exit__(self, *_):
        if self._profile:
            self._profile.finish()
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
        subprocess.run(["umount", "-l", self.point], stderr=subprocess.DEVNULL, check=False)
        self._log.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def log(self):
        return (self._folder / "log").read_text(errors="replace")[-600:]

    @property
    def root(self):
        return self.point / self.tool.prefix

    def path(self, name):
        return self.root / name

    def list(self, folder):
        return os.listdir(self.root / folder)

    def cpu(self):
        return cpu_seconds(self.process.pid)

    def peak(self):
        return peak_mib(self.process.pid)


class LimitedUrl(str):
    """A storage that balancefs may ask so much at once."""

    max_connections = 16


class Balancefs:
    """One variant of balancefs; `missing` says why it cannot run with this binary."""

    prefix = "pt"
    ours = True

    def __init__(self, binary, name, cache, group=""):
        self.binary, self.name, self.cache_section, self._group = binary, name, cache, group
        self.missing = None

    def _config(self, storages, cache):
        text = self.cache_section.format(dir=cache)
        for index, url in enumerate(storages):
            path = "/pt" if index == 0 else f"/pt.balance{index}"
            text += f'[[storage]]\npath = "{path}"\n'
            text += f'type = "webdav"\nurl = "{url}"\n' if url.startswith("http") else f'type = "local"\nroot = "{url}"\n'
            if isinstance(url, LimitedUrl):
                text += f"max_connections = {url.max_connections}\n"
        return text + (f'[group."/pt"]\n{self._group}\n' if self._group else "")

    def listening(self):
        """The same with a status page and metrics on a free port."""
        return Balancefs(self.binary, self.name, self.cache_section + LISTEN, self._group)

    def accepted(self, scratch):
        """Whether `balancefs check` takes this variant's configuration."""
        with tempfile.TemporaryDirectory(dir=scratch) as folder:
            conf = pathlib.Path(folder) / "try.conf"
            store = pathlib.Path(folder) / "store"
            store.mkdir()
            conf.write_text(self._config([str(store)], pathlib.Path(folder) / "cache"))
            result = subprocess.run([self.binary, "check", "--config", conf], capture_output=True, check=False)
        if result.returncode == 2:
            self.missing = "the binary does not take its configuration"
        return result.returncode != 2

    def command(self, point, endpoints, folder, cache):
        conf = folder / "mount.conf"
        conf.write_text(self._config(endpoints, cache))
        return [self.binary, "mount", "--foreground", "--config", conf, point]


class Rclone:
    prefix = ""
    ours = False
    missing = None

    def __init__(self, binary, name, *flags):
        self.binary, self.name, self._flags = binary, name, flags

    def command(self, point, endpoints, folder, cache):
        conf = folder / "rclone.conf"
        text = "".join(f"[m{index}]\ntype = webdav\nurl = {url}\n" for index, url in enumerate(endpoints))
        remote = "m0:"
        if len(endpoints) > 1:
            upstreams = " ".join(f"m{index}:" for index in range(len(endpoints)))
            text += f"[all]\ntype = union\nupstreams = {upstreams}\nsearch_policy = eprand\n"
            remote = "all:"
        conf.write_text(text)
        return [self.binary, "mount", "--config", conf, "--cache-dir", cache, "--read-only", *self._flags, remote, point]


MEMORY_FORMS = ('[cache]\nmode = "memory"\ndir = "{dir}"\n', '[cache]\nmode = "memory"\n', "")
LISTEN = '[control]\nlisten = "127.0.0.1:0"\n'
DISK = '[cache]\nmode = "disk"\ndir = "{dir}"\nsize = "20GiB"\n'


def in_memory(binary, name, scratch):
    for form in MEMORY_FORMS:
        tool = Balancefs(binary, name, form)
        if tool.accepted(scratch):
            return tool
    return tool


def balancefs_variants(binary, scratch):
    """memory, disk, and with the group's options; those that the binary does not take have `missing`."""
    memory = in_memory(binary, "", scratch).cache_section
    variants = [
        Balancefs(binary, "balancefs", memory),
        Balancefs(binary, "balancefs disk", DISK),
        Balancefs(binary, "balancefs stripe", memory, "stripe = true"),
        Balancefs(binary, "balancefs hedge", memory, "hedge = true"),
    ]
    for variant in variants:
        variant.accepted(scratch)
    return variants


def newest_rclone(build):
    """The newest release as Go builds it, kept between runs; None where that is not possible."""
    folder = ROOT / "build/bench-tools"
    binary = folder / "rclone"
    if binary.exists():
        return binary
    if not build or shutil.which("go") is None:
        return None
    folder.mkdir(parents=True, exist_ok=True)
    print("bench: building the newest rclone release, once (some minutes)", flush=True)
    environment = os.environ | {"GOBIN": str(folder), "CGO_ENABLED": "0"}
    result = subprocess.run(["go", "install", "github.com/rclone/rclone@latest"], env=environment, capture_output=True,
                            text=True, check=False)
    if result.returncode != 0:
        print(f"bench: no newer rclone: {result.stderr.strip()[-200:]}")
        return None
    return binary


def rclone_variants(build_newest):
    variants = []
    if shutil.which("rclone"):
        variants.append(Rclone("rclone", "rclone"))
        variants.append(Rclone("rclone", "rclone full", "--vfs-cache-mode", "full"))
    newest = newest_rclone(build_newest)
    if newest:
        variants.append(Rclone(newest, "rclone new"))
        variants.append(Rclone(newest, "rclone new x8", "--vfs-read-chunk-streams", "8"))
    return variants
