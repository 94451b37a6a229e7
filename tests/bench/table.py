"""Figures, the bounds they have to keep, and the table: for the terminal, as Markdown, as JSON."""

import dataclasses
import statistics

PEER = "rclone"


@dataclasses.dataclass
class Bound:
    """`limit`, or `limit` times what the tool `of` had in the same run. `tools`: who has to keep it."""

    limit: float
    of: str | None = None
    tools: tuple = ("balancefs", "balancefs disk")

    def value(self, of_tools):
        if self.of is None:
            return self.limit
        return self.limit * of_tools[self.of] if self.of in of_tools else None


@dataclasses.dataclass
class Measure:
    """One figure of a workload. `shown`: with a line of its own; else only beside the workload's first figure."""

    key: str
    unit: str
    higher: bool = True
    bounds: tuple = ()
    shown: bool = True
    worst: bool = False  # the bound holds for every round, not for the median

    @property
    def sign(self):
        return "≥" if self.higher else "≤"


def number(value):
    if value is None:
        return "-"
    if value >= 100:
        return f"{value:.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


class Row:
    """One tool's figure in one measure of one workload."""

    def __init__(self, workload, measure, tool, values, peers):
        self.workload, self.measure, self.tool, self.values = workload, measure, tool, values
        self.median = statistics.median(values)
        bad = min(values) if measure.higher else max(values)
        judged = bad if measure.worst else self.median
        peer = peers.get(PEER)
        self.ratio = self.median / peer if peer and tool != PEER else None
        self.required, verdicts = [], []
        for bound in measure.bounds:
            if tool not in bound.tools:
                continue
            limit = bound.value(peers)
            of = f" ({number(bound.limit)} × {bound.of})" if bound.of else ""
            self.required.append(f"{measure.sign} {number(limit)}{of}" if limit is not None else f"{bound.of} not here")
            if limit is not None:
                verdicts.append(judged >= limit if measure.higher else judged <= limit)
        self.verdict = ("ok" if all(verdicts) else "missed") if verdicts else ""
        self.also = ""

    def cells(self):
        name = f"{self.workload.name}: {self.measure.key}"
        spread = f"{number(min(self.values))} to {number(max(self.values))}" if len(self.values) > 1 else ""
        figure = f"{number(self.median)} {self.measure.unit}".strip()
        ratio = f"{number(self.ratio)}" if self.ratio is not None else ""
        return [name, self.tool, figure, spread, ratio, ", ".join(self.required), self.verdict, self.also]

    def as_json(self):
        return {"workload": self.workload.name, "measure": self.measure.key, "unit": self.measure.unit,
                "tool": self.tool, "median": self.median, "values": self.values, "ratio_to_rclone": self.ratio,
                "required": self.required, "verdict": self.verdict}


def rows_of(workload, samples):
    """samples: tool -> list of {measure: value}. The rows of one workload, those beside the others included."""
    hidden = [measure for measure in workload.measures if not measure.shown]
    rows = []
    for measure in workload.measures:
        of_tools = {tool: [run[measure.key] for run in runs if run.get(measure.key) is not None]
                    for tool, runs in samples.items()}
        medians = {tool: statistics.median(values) for tool, values in of_tools.items() if values}
        rows += [Row(workload, measure, tool, values, medians) for tool, values in of_tools.items() if values]
    first = workload.measures[0].key
    for row in rows:
        if row.measure.key == first:
            beside = [(other.measure, other.median) for other in rows if other.tool == row.tool and other.measure in hidden]
            row.also = ", ".join(f"{measure.key} {number(value)}{' ' * bool(measure.unit)}{measure.unit}"
                                 for measure, value in beside)
    return rows


HEAD = ["workload: figure", "tool", "median", "min to max", "/ rclone", "required", "", "beside it"]


def shown(rows):
    return [row for row in rows if row.measure.shown]


def as_text(rows):
    table = [HEAD] + [row.cells() for row in shown(rows)]
    widths = [max(len(line[column]) for line in table) for column in range(len(HEAD))]
    lines, before = [], None
    for line in table:
        if before is not None and line[0] != before:
            lines.append("")
        before = line[0]
        lines.append("  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip())
    return "\n".join(lines)


def as_markdown(rows):
    lines = ["| " + " | ".join(HEAD) + " |", "| --- | --- | ---: | ---: | ---: | --- | --- | --- |"]
    for row in shown(rows):
        cells = row.cells()
        cells[6] = "**missed**" if cells[6] == "missed" else cells[6]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)
