"""Side by side with other servers, in one run: `make bench`. docs/performance.md says what each column means.

Every server in turn is pinned to one core and the load to another. Absolute times mean nothing on a shared machine:
read the ratios.
"""

from __future__ import annotations

import argparse
import os
import time

from rows import ROWS, Column, Figures, Load, Row
from servers import LOAD_CORE, RELAY, SERVERS, Failed

LABEL = 30


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="rows:\n" + "\n".join(f"  {number}  {row.name}" for number, row in enumerate(ROWS)),
    )
    parser.add_argument("--seconds", type=int, default=6, help="how long each load lasts")
    parser.add_argument("--servers", default=",".join(SERVERS), help="which servers, by name")
    parser.add_argument("--rows", default=",".join(map(str, range(len(ROWS)))), help="which rows, by number")
    arguments = parser.parse_args()
    os.sched_setaffinity(0, {int(LOAD_CORE)})
    began = time.monotonic()
    for number in map(int, arguments.rows.split(",")):
        row = ROWS[number]
        print(f"\n{number}  {row.name}", flush=True)
        # All servers for one row before the next row: what is compared is measured within minutes.
        lines: list[tuple[str, str, Figures]] = []
        for name in arguments.servers.split(","):
            if name == RELAY and not isinstance(row, Load):
                continue  # it keeps no documents
            try:
                lines.extend((name, label, figures) for label, figures in row.measure(name, arguments.seconds))
            except Failed as failure:
                print(f"  {name}: {failure}")
        print_table(row, lines)
    print(f"\n{time.monotonic() - began:.0f} s in all")


def print_table(row: Row, lines: list[tuple[str, str, Figures]]) -> None:
    """The first column is compared with the best peer's, so that a ratio below 1 is better than all of them."""
    columns = list(row.columns)
    best = min(
        (figures[row.compared] for name, _, figures in lines if name not in ("scriptorium", RELAY)), default=None
    )
    if best is not None and best > 0:
        place = [column.key for column in columns].index(row.compared) + 1
        columns.insert(place, Column("ratio", "ratio", "{:.2f}".format))
        for _, _, figures in lines:
            figures["ratio"] = figures[row.compared] / best
    print(" " * LABEL + "".join(f"  {column.title}" for column in columns))
    for _, label, figures in lines:
        cells = (
            f"  {'-' if figures[column.key] is None else column.show(figures[column.key]):>{len(column.title)}}"
            for column in columns
        )
        print(f"  {label:<{LABEL - 2}}{''.join(cells)}", flush=True)


if __name__ == "__main__":
    main()
