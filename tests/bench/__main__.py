"""Runs every measurement, prints a table and writes `build/bench.json`.

Arguments name the measurements to run (`ingest`, `idle`, ...); without any, all run but `millions`,
which takes a quarter of an hour and three gigabytes for each million events that it is asked about.
"""

import argparse
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path

from tests.bench import (
    alarm_bench,
    chaos_bench,
    epcis_bench,
    event_query_bench,
    grafana_bench,
    idle_bench,
    ingest_bench,
    lineage_bench,
    millions_bench,
    soak_bench,
    traceability_bench,
)
from tests.bench.figures import Figure

MEASUREMENTS: Mapping[str, Callable[[], Sequence[Figure]]] = {
    "ingest": ingest_bench.measure,
    "alarms": alarm_bench.measure,
    "traceability": traceability_bench.measure,
    "epcis": epcis_bench.measure,
    "query": event_query_bench.measure,
    "lineage": lineage_bench.measure,
    "grafana": grafana_bench.measure,
    "idle": idle_bench.measure,
    "soak": soak_bench.measure,
    "chaos": chaos_bench.measure,
}
MILLIONS = "millions"
"""Runs only where it is named."""
RESULT = Path("build/bench.json")


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", allow_abbrev=False)
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=", ".join([*MEASUREMENTS, MILLIONS])
    )
    millions_bench.add_options(parser.add_argument_group(f"of {MILLIONS}"))
    options = parser.parse_args(arguments)
    unknown = set(options.names) - {*MEASUREMENTS, MILLIONS}
    if unknown:
        parser.error(f"no measurement {', '.join(sorted(unknown))}")
    measurements: dict[str, Callable[[], Sequence[Figure]]] = {
        **MEASUREMENTS,
        MILLIONS: partial(millions_bench.measure_as, options),
    }
    figures = [figure for name in options.names or MEASUREMENTS for figure in measurements[name]()]
    sys.stdout.write(table(figures))
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps([asdict(figure) for figure in figures], indent=2) + "\n")
    return 0


def table(figures: Sequence[Figure]) -> str:
    """The figures as aligned text, one a line."""
    rows = [("name", "figure", "unit", "limit", "ratio")]
    rows += [
        (f.name, _number(f.figure), f.unit, _number(f.limit), _number(f.ratio)) for f in figures
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(5)]
    return "".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        + "\n"
        for row in rows
    )


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:,.3g}" if abs(value) < 100 else f"{value:,.0f}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
