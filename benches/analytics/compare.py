"""Measures the analytics engine beside DuckDB and ClickHouse, on the same events, and writes the section of
RESULTS.md. `cargo xtask bench --only analytics` makes the virtual environment, builds the engine's part
(`plugins/analytics/engine/examples/measure`) and starts this.

Each step of each contender is a process of its own, so that its memory is known and nothing is left from
another one. Whoever answers otherwise than the engine is named, and has no figures.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time

import results
from databases import ClickHouse, DuckDb
from questions import Reports, differs

DATABASES = {"duckdb": DuckDb, "chdb": ClickHouse}
REPEATS = 5


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--engine", required=True, help="the built example `measure`")
    parser.add_argument("--results", required=True, help="RESULTS.md")
    parser.add_argument("--millions", default="1,10", help="how many million events all take in")
    parser.add_argument("--alone", default="100", help="how many million the engine takes in alone; none when empty")
    parser.add_argument("--folder", help="where events and states go; below it they are removed again")
    arguments = parser.parse_args()
    sizes = []
    for millions, alone in [*((n, False) for n in numbers(arguments.millions)), *((n, True) for n in numbers(arguments.alone))]:
        folder = tempfile.mkdtemp(prefix="bench-analytics-", dir=arguments.folder)
        before = os.getloadavg()[0]
        try:
            size = measure(os.path.abspath(arguments.engine), folder, millions, alone)
            sizes.append(size | {"load": (before, os.getloadavg()[0])})
        finally:
            shutil.rmtree(folder)
        results.write(arguments.results, sizes)


def numbers(text):
    return [int(number) for number in text.split(",") if number]


def measure(engine, folder, millions, alone):
    """All figures of one size."""
    count, events, state = millions * 1_000_000, os.path.join(folder, "events.parquet"), os.path.join(folder, "engine")
    if not alone:
        run(engine, "write", str(count), events)
    of_engine = {"name": "mpcloud", "ingest": run(engine, "ingest", str(count) if alone else events, state)}
    of_engine |= {"reports": run(engine, "reports", state, *(["warm"] if alone else []))}
    tell(millions, of_engine)
    known = os.path.join(folder, "known.json")
    with open(known, "w") as file:
        json.dump(of_engine["reports"], file)
    contenders = [of_engine]
    for name in [] if alone else DATABASES:
        ours = (sys.executable, os.path.abspath(__file__), "--", name, folder)
        contenders.append({"name": DATABASES[name].name, "ingest": run(*ours, events), "reports": run(*ours, known)})
        tell(millions, contenders[-1])
    return {"millions": millions, "contenders": contenders}


def run(*command):
    """What a process prints as its last line."""
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def tell(millions, contender):
    ingest = contender["ingest"]
    print(f"{millions} million, {contender['name']}: {ingest['events'] / ingest['seconds']:,.0f} events/s", flush=True)


def database_step(name, folder, file):
    """Takes the events of a Parquet file in, or answers the questions of a JSON file."""
    done = ingest(DATABASES[name], folder, file) if file.endswith(".parquet") else reports(DATABASES[name], folder, file)
    print(json.dumps(done))


def ingest(kind, folder, events):
    database = kind(folder)
    begun = time.perf_counter()
    database.ingest(events)
    seconds = time.perf_counter() - begun
    [[count]] = database.rows("SELECT count(*) FROM sessions")
    [[devices]] = database.rows("SELECT count(*) FROM devices")
    database.settle()
    done = {"events": count, "devices": devices, "seconds": seconds, "bytes": database.bytes(), "peak": memory("VmHWM")}
    database.close()
    return done


def reports(kind, folder, file):
    with open(file) as opened:
        known = json.load(opened)
    begun = time.perf_counter()
    clock = Clock(kind(folder))
    clock.rows("SELECT max(day) FROM totals")
    start, asked = time.perf_counter() - begun, []
    for question in known["questions"]:
        # The files' pages are in the machine's cache; what the database keeps of them is not.
        clock.database.close()
        clock.database = kind(folder)
        clock.rows("SELECT max(day) FROM totals")
        cold, wrong = answer(clock, question, known["today"])
        warm = [answer(clock, question, known["today"])[0] for _ in range(REPEATS)]
        asked.append({"report": question["report"], "params": question["params"], "cold": cold, "warm": warm, "wrong": wrong})
        if wrong:
            print(f"{kind.name}, {question['report']} {question['params']}: {wrong}", file=sys.stderr)
    done = {"questions": asked, "start": start, "resident": memory("VmRSS"), "peak": memory("VmHWM")}
    clock.database.close()
    return done


def answer(clock, question, today):
    """How many milliseconds the database took, and what is wrong with its answer."""
    clock.spent = 0.0
    made = Reports(clock, today).answer(question["report"], question["params"], question["answer"])
    return clock.spent * 1e3, differs(made, question["answer"])


class Clock:
    """A database, and how long it has taken."""

    def __init__(self, database):
        self.database, self.spent = database, 0.0

    def rows(self, sql):
        begun = time.perf_counter()
        found = self.database.rows(sql)
        self.spent += time.perf_counter() - begun
        return found

    def __getattr__(self, name):
        return getattr(self.database, name)


def memory(name):
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith(name))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--"]:
        database_step(*sys.argv[2:])
    else:
        main()
