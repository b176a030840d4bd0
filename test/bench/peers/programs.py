"""The peer of the benchmarks `programs-batch…`: a process pool made for each batch of programs, as the published code does.

    python programs.py job.json

with a Python that has pebble, the published code's pool. The job has the programs, the size of a batch and the number of processes.
Answers one JSON line when ready and one for each line on stdin: seconds over all batches, and the programs' values.
"""

import json
import sys
import time

import pebble

TIMEOUT = 2


def main():
    job = json.load(open(sys.argv[1]))
    programs, size = job["programs"], job["size"]
    answer({"pebble": pebble.__name__})
    for _ in sys.stdin:
        started = time.perf_counter()
        values = [
            value
            for start in range(0, len(programs), size)
            for value in run(programs[start : start + size], job["processes"])
        ]
        answer({"seconds": time.perf_counter() - started, "values": values})


def run(programs, processes):
    values = []
    with pebble.ProcessPool(max_workers=processes) as pool:
        results = pool.map(execute, programs, timeout=TIMEOUT).result()
        for _ in programs:
            try:
                values.append(next(results))
            except Exception:
                values.append(None)
    return values


def execute(program):
    names = {}
    exec(program, names)
    return float(names["solution"]())


def answer(fields):
    print(json.dumps(fields), flush=True)


if __name__ == "__main__":
    main()
