"""What a workload is, the bench that runs it tool by tool and round by round, and the list of all."""

import contextlib
import dataclasses
import pathlib

from origin import Shaper
from readers import Checker, WrongBytes
from tools import Mount


class Workload:
    """A way to read, its figures and their bounds. Subclasses fill in what stands here.

    run() does one round with one tool and gives {measure's key: value}; verify() reads the same and compares every
    byte, in a pass of its own. `peer_rounds`: rounds of tools that are slow here.
    """

    name = ""
    shape = ""
    tools = ()
    measures = ()
    rounds = None  # of ours; None: as the command line says
    peer_rounds = None

    def prepare(self, bench):
        """Makes files and shapers; bench.keep() what has to be closed."""

    def run(self, bench, tool):
        raise NotImplementedError

    def verify(self, bench, tool, check):
        """Nothing to do where run() compares all it reads."""


@dataclasses.dataclass
class NamedTool:
    """curl, aria2c, a native file: measured by the workload itself, without a mount."""

    name: str
    ours: bool = False
    missing: str | None = None


WIDE = {"rtt": "40ms", "per_connection": "25MB", "total": "200MB"}


class Bench:
    """Runs workloads; owns nothing but the folder of the run."""

    def __init__(self, options, scratch, nginx, corpus, tools):
        self.options, self.scratch, self.nginx, self.corpus = options, scratch, nginx, corpus
        self.quick = options.quick
        self._tools = {tool.name: tool for tool in tools}
        self._open = None
        self.failures = []  # what makes the run fail: wrong bytes, tools that break

    # -- for workloads --------------------------------------------------------------------------------------

    def mount(self, tool, endpoints=None, cache=None):
        return Mount(tool, endpoints or [self.nginx.url], self.scratch, cache, self.options.profile if tool.ours else None)

    def shaper(self, **settings):
        """One that lives as long as the workload."""
        return self.keep(Shaper(self.nginx.port, **settings))

    def keep(self, resource):
        return self._open.enter_context(resource)

    def checker(self):
        return self.keep(Checker(self.nginx.root))

    def size(self, full, quick):
        return quick if self.quick else full

    def cache_folder(self, name):
        folder = pathlib.Path(self.scratch) / name
        folder.mkdir(exist_ok=True)
        return folder

    # -- running --------------------------------------------------------------------------------------------

    def run(self, workload):
        """tool -> list of rounds, and why tools are left out."""
        samples, absent = {}, {}
        with contextlib.ExitStack() as self._open:
            workload.prepare(self)
            tools = []
            for name in self._names(workload):
                tool = self._tools.get(name)
                if tool is None or tool.missing:
                    absent[name] = tool.missing if tool else "not here"
                elif self.options.tool and name not in self.options.tool:
                    absent[name] = "not asked for"
                else:
                    tools.append(tool)
            for tool in list(tools):
                if tool.ours or workload.name == "sequential":
                    self._try(workload, tool, tools, lambda tool=tool: self._verify(workload, tool))
            for index in range(self._rounds(workload, None)):
                for tool in list(tools):
                    if index < self._rounds(workload, tool):
                        print(f"  {workload.name}: {tool.name}, round {index + 1}", flush=True)
                        figures = self._try(workload, tool, tools, lambda tool=tool: workload.run(self, tool))
                        samples.setdefault(tool.name, []).extend([figures] if figures else [])
        return {name: runs for name, runs in samples.items() if runs}, absent

    def _names(self, workload):
        """With the build that --against names beside ours."""
        before = ["balancefs before"] if "balancefs before" in self._tools and "balancefs" in workload.tools else []
        names = [*before, *workload.tools]
        if self.quick and not self.options.tool:  # of rclone only what the ratios need
            peer = "rclone" if "rclone" in names else "rclone full"
            names = [name for name in names if name == peer or not name.startswith("rclone")]
        return names

    def _try(self, workload, tool, tools, step):
        """A tool that fails is left out of the rest of the workload, and the others go on."""
        try:
            return step()
        except (WrongBytes, OSError) as error:
            what = "wrong bytes: " if isinstance(error, WrongBytes) else ""
            self.failures.append(f"{workload.name}, {tool.name}: {what}{error}")
            print(f"  FAILED: {self.failures[-1]}", flush=True)
            tools.remove(tool)
            return None

    def _rounds(self, workload, tool):
        rounds = self.options.rounds or (1 if self.quick else workload.rounds or 3)
        if tool is not None and not tool.ours and workload.peer_rounds and not self.options.rounds:
            rounds = min(rounds, workload.peer_rounds)
        return rounds

    def _verify(self, workload, tool):
        if self.options.no_verify or isinstance(tool, NamedTool):
            return
        workload.verify(self, tool, self.checker())


def all_workloads():
    # Imported here: the modules below use this one.
    import workloads_group
    import workloads_growth
    import workloads_insight
    import workloads_latency
    import workloads_metadata
    import workloads_speed

    modules = (workloads_speed, workloads_latency, workloads_group, workloads_growth, workloads_metadata, workloads_insight)
    return [workload for module in modules for workload in module.WORKLOADS]
