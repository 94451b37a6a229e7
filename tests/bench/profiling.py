"""Where a daemon's CPU time goes: perf over one mount, as text. Needs the package linux-perf."""

import signal
import subprocess


class Profile:
    """Samples a process from its beginning to its end and appends the functions that took most to a file."""

    def __init__(self, pid, title, report, folder):
        self._title, self._report, self._data = title, report, folder / "perf.data"
        self._process = subprocess.Popen(
            ["perf", "record", "-q", "-e", "cpu-clock", "-F", "997", "-g", "-p", str(pid), "-o", self._data],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def finish(self):
        self._process.send_signal(signal.SIGINT)
        self._process.wait()
        text = subprocess.run(
            ["perf", "report", "-i", self._data, "--stdio", "--no-children", "-g", "none", "--percent-limit", "0.7"],
            capture_output=True, text=True, check=False).stdout
        lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
        with open(self._report, "a", encoding="utf-8") as out:
            out.write(f"== {self._title}\n" + "\n".join(lines) + "\n\n")
