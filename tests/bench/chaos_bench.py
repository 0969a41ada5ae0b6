"""Chaos at full length: `tests.support.chaos` with the store away for a minute.

`python -m tests.bench.chaos_bench --seeds 1 2 3` takes some five minutes a seed, says what it
breaks when, and ends with status 1 if anything was lost, invented or miscounted.
"""

import argparse
import sys

from tests.bench.figures import Figure
from tests.support.chaos import Verdict, run_chaos

SEEDS = (1, 2, 3)
FULL, QUICK = 1.0, 0.07


def measure(scale: float = QUICK) -> list[Figure]:
    """Readings lost or invented in all of the seeds together."""
    verdicts = [run_chaos(seed, scale) for seed in SEEDS]
    wrong = sum(len(verdict.lost) + len(verdict.invented) for verdict in verdicts)
    sent = sum(verdict.outcome.sent for verdict in verdicts)
    return [
        Figure("ingest.chaos_lost_or_invented", wrong, "readings", 0),
        Figure("ingest.chaos_sent", sent, "readings"),
    ]


def main() -> int:
    """Run the seeds that the options name."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=SEEDS)
    parser.add_argument("--scale", type=float, default=FULL, help="1 is the full length")
    parser.add_argument("--rate", type=float, default=2_000, help="messages a second")
    options = parser.parse_args()
    verdicts = []
    for seed in options.seeds:
        _say(f"seed {seed}:")
        verdicts.append(run_chaos(seed, options.scale, rate=options.rate, say=_say))
        _say(f"seed {seed}: {verdicts[-1]}")
        for end in verdicts[-1].ends:
            _say(f"  ended by itself, {end}")
    return 0 if all(map(_is_clean, verdicts)) else 1


def _is_clean(verdict: Verdict) -> bool:
    return not (
        verdict.lost
        or verdict.invented
        or verdict.quarantined
        or verdict.complaints
        or verdict.counters.unaccounted
        or verdict.outcome.missing
        or verdict.outcome.unrouted
    )


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
