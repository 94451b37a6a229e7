"""Figures, the bounds they have to keep, and the table: for the terminal, as Markdown, as JSON."""

import dataclasses
import statistics

PEER = "rclone"


@dataclasses.dataclass
class Bound:
    """`limit`, or `limit` times what the tool `of` had in the same run, or times the tool's own figure in the
    measure `of_measure`. `tools`: who has to keep it."""

    limit: float
    of: str | None = None
    tools: tuple = ("balancefs", "balancefs disk")
    of_measure: str | None = None

    def value(self, medians, measure, tool):
        if self.of is None and self.of_measure is None:
            return self.limit
        peer = medians.get((self.of_measure or measure, self.of or tool))
        return self.limit * peer if peer is not None else None

    def source(self):
        what = self.of or self.of_measure
        return f" ({number(self.limit)} × {what})" if what else ""


@dataclasses.dataclass
class Measure:
    """One figure of a workload. `shown`: with a line of its own; else beside the figure `beside`, or the first."""

    key: str
    unit: str
    higher: bool = True
    bounds: tuple = ()
    shown: bool = True
    worst: bool = False  # the bound holds for every round, not for the median
    beside: str = ""

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

    def __init__(self, workload, measure, tool, values, medians):
        self.workload, self.measure, self.tool, self.values = workload, measure, tool, values
        self.median = statistics.median(values)
        bad = min(values) if measure.higher else max(values)
        judged = bad if measure.worst else self.median
        peer = medians.get((measure.key, PEER))
        self.ratio = self.median / peer if peer and tool != PEER else None
        self.required, verdicts = [], []
        for bound in measure.bounds:
            if tool not in bound.tools:
                continue
            limit = bound.value(medians, measure.key, tool)
            self.required.append(f"{measure.sign} {number(limit)}{bound.source()}" if limit is not None
                                 else f"{bound.of} not here")
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
    values = {(measure.key, tool): [run[measure.key] for run in runs if run.get(measure.key) is not None]
              for measure in workload.measures for tool, runs in samples.items()}
    medians = {key: statistics.median(of_key) for key, of_key in values.items() if of_key}
    rows = [Row(workload, measure, tool, values[measure.key, tool], medians)
            for measure in workload.measures for tool in samples if values[measure.key, tool]]
    for row in rows:
        row.also = ", ".join(f"{other.measure.key.split(', ')[-1]} {number(other.median)} {other.measure.unit}".strip() for other in rows
                             if other.tool == row.tool and not other.measure.shown
                             and row.measure.key == (other.measure.beside or workload.measures[0].key))
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
        cells = [cell.replace("|", "\\|") for cell in row.cells()]
        cells[6] = "**missed**" if cells[6] == "missed" else cells[6]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)
