"""The tables in RESULTS.md."""

import os
import re
from statistics import median

TITLE = "Analytics"
#: The goal of any report at ten million events, in milliseconds.
GOAL = 50


def write(path, sizes):
    """Puts the section into the file: where it was, or at the end."""
    section = f"## {TITLE}\n\n{text(sizes)}"
    print(section)
    with open(path) as file:
        before = file.read()
    parts = re.split(r"(?m)^(?=## )", before)
    at = next((n for n, part in enumerate(parts) if part.startswith(f"## {TITLE}\n")), len(parts))
    follows = at + 1 < len(parts)
    parts[at:at + 1] = [section.rstrip("\n") + ("\n\n" if follows else "\n")]
    if at and not parts[at - 1].endswith("\n\n"):
        parts[at - 1] = parts[at - 1].rstrip("\n") + "\n\n"
    with open(path, "w") as file:
        file.write("".join(parts))


def text(sizes):
    compared = [size for size in sizes if len(size["contenders"]) > 1]
    big = max(compared, key=lambda size: size["millions"])
    return "\n".join([about(sizes), taking_in(sizes), starting(sizes), reports(big), judged(big), growth(sizes)])


def about(sizes):
    with open("/proc/cpuinfo") as file:
        cpu = next((line.split(":", 1)[1].strip() for line in file if line.startswith("model name")), "unknown CPU")
    days, questions = 365, len(sizes[0]["contenders"][0]["reports"]["questions"])
    devices = ", ".join(f"{size['contenders'][0]['ingest']['devices']:,}" for size in sizes)
    return (
        f"A year ({days} days) of calm traffic: one event for each session, in order, from {devices} devices and 41 channels. All read the "
        "same Parquet file of device text, start, duration and channel; the engine's 100 million are made in memory outside of the clock. "
        "The engine notes batches of which any event may come twice, late or out of order, and after each million makes a snapshot and "
        "has its segments on the disk. The databases load all at once, and need not look for duplicates: into sessions by day and device, "
        "what each device did on each day with its first day and channel, and counts by day and channel; ClickHouse also has bitmaps of "
        "devices by day and channel, with which it counts and intersects. `OPTIMIZE` is outside of the clock, not of the memory. The engine notes on one thread while "
        f"others read and hash the next events and wait for the disk, the databases work on all cores. Reports are asked {questions} questions over ranges of a day to the year, all from the Python process that "
        "holds the database, or from a loop in the process that holds the engine; what a database answers is compared with the "
        "engine's answer. A time is the median of 5, after one that does not count; the first one after a start is that of a database "
        "that was just opened, with all files in the page cache, or of a state that was just loaded, of which nothing was prepared; "
        "databases are opened anew for each question. Times of the databases are those of their statements alone. "
        f"{os.cpu_count()} cores, {cpu}; release build; load average before and after each size: {loads(sizes)}.\n"
    )


def loads(sizes):
    return "; ".join(f"{size['millions']} million, {size['load'][0]:.2f} and {size['load'][1]:.2f}" for size in sizes)


def table(head, rows):
    lines = [f"| {' | '.join(head)} |", f"| --- |{' ---: |' * (len(head) - 1)}"]
    return "\n".join(lines + [f"| {' | '.join(row)} |" for row in rows]) + "\n"


def by_size(sizes, rows):
    """A column for each size, a row for each figure of each contender."""
    names = [contender["name"] for contender in sizes[0]["contenders"]]

    def cells(name, figure):
        found = [next((one for one in size["contenders"] if one["name"] == name), None) for size in sizes]
        return [figure(one) if one else "" for one in found]

    head = ["", *(f"{size['millions']} million" for size in sizes)]
    return table(head, [[f"{title}, {name}", *cells(name, figure)] for title, figure in rows for name in names])


def megabytes(count):
    return f"{count / 1e6:,.0f}"


def taking_in(sizes):
    return "### Taking events in\n\n" + by_size(sizes, [
        ("events/s", lambda one: f"{one['ingest']['events'] / one['ingest']['seconds']:,.0f}"),
        ("MB on the disk", lambda one: megabytes(one["ingest"]["bytes"])),
        ("MB of memory at most", lambda one: megabytes(one["ingest"]["peak"])),
    ]) + "\nThe engine's seconds: " + "; ".join(steps(size) for size in sizes) + ".\n"


def steps(size):
    ingest = size["contenders"][0]["ingest"]
    return f"{size['millions']} million: " + ", ".join(f"{name} {seconds:.1f}" for name, seconds in ingest["steps"].items())


def starting(sizes):
    seconds = lambda start: f"{sum(start.values()) if isinstance(start, dict) else start:.2f}"
    middle = by_size(sizes, [
        ("seconds to open", lambda one: seconds(one["reports"]["start"])),
        ("MB of memory after all reports", lambda one: megabytes(one["reports"]["resident"])),
        ("MB of memory at most", lambda one: megabytes(one["reports"]["peak"])),
    ])
    snapshots = "; ".join(
        f"{size['millions']} million: {times(size['contenders'][0]['reports']['snapshots'])}" for size in sizes)
    prepared = "; ".join(f"{size['millions']} million: {size['contenders'][0]['reports']['prepare']:.2f}" for size in sizes)
    return f"### Starting with what is saved\n\n{middle}\nSeconds that the engine takes to prepare what reports need of many days, in the background: {prepared}. Milliseconds that the engine's snapshot takes after one new event of today, median and most: {snapshots}.\n"


def times(some):
    return f"{median(some):.2f} and {max(some):.1f}"


def warm(question):
    return median(question["warm"])


def of_reports(contender):
    found = {}
    for question in contender["reports"]["questions"]:
        found.setdefault(question["report"], []).append(question)
    return found


def reports(size):
    engine, *others = size["contenders"]
    head = ["report", "questions", "mpcloud", "most", "after a new event", "first after a start"]
    for other in others:
        head += [other["name"], "most", "first after a start"]
    head.append("mpcloud is faster than both in")
    rows = []
    for report, questions in of_reports(engine).items():
        row = [f"`{report}`", str(len(questions)), shown(median(map(warm, questions))), shown(max(map(warm, questions)))]
        row += [shown(max(question[when] for question in questions)) for when in ("changed", "cold")]
        for other in others:
            theirs = of_reports(other)[report]
            wrong = sum(1 for question in theirs if question["wrong"])
            if wrong:
                row += [f"{wrong} wrong", "", ""]
            else:
                row += [shown(median(map(warm, theirs))), shown(max(map(warm, theirs))), shown(max(one["cold"] for one in theirs))]
        beaten = [number for number, question in enumerate(questions) if ahead(question, [of_reports(other)[report][number] for other in others])]
        rows.append(row + [f"{len(beaten)} of {len(questions)}"])
    return (f"### Reports at {size['millions']} million events\n\nMilliseconds: the median over the questions, and the slowest question. After a new "
            "event, and first after a start: the slowest question.\n\n" + table(head, rows))


def ahead(question, theirs):
    return all(warm(question) < warm(other) for other in theirs)


def shown(milliseconds):
    return f"{milliseconds:.2f}" if milliseconds < 10 else f"{milliseconds:.0f}"


def judged(size):
    engine, *others = size["contenders"]
    lines = []
    for when, name in ((warm, "warm"), (lambda one: one["changed"], "after a new event"), (lambda one: one["cold"], "first after a start")):
        worst = max(engine["reports"]["questions"], key=when)
        lines.append(f"{name} {shown(when(worst))} ms (`{worst['report']}`), {'reached' if when(worst) < GOAL else 'missed'}")
    behind = [
        f"`{question['report']}` {asked(question)}: {shown(warm(question))} ms, " + ", ".join(f"{other['name']} {shown(warm(theirs))}" for other, theirs in zip(others, them))
        for question, *them in zip(engine["reports"]["questions"], *(other["reports"]["questions"] for other in others))
        if not ahead(question, them)
    ]
    goal = f"The goal is any report under {GOAL} ms: {'; '.join(lines)}."
    all_questions = len(engine["reports"]["questions"])
    return f"{goal} It is to be ahead of both: in {all_questions - len(behind)} of {all_questions} questions." + (
        " Not in: " + "; ".join(behind) + "." if behind else "") + "\n"


def asked(question):
    params = {name: value for name, value in question["params"].items() if name not in ("compare",)}
    return ", ".join(f"{name} {value}" for name, value in params.items())


def growth(sizes):
    def row(contender, report, find):
        questions = of_reports(contender)[report]
        return "wrong" if any(question.get("wrong") for question in questions) else shown(find(questions))

    slowest = lambda report: lambda one: row(one, report, lambda questions: max(map(warm, questions)))
    names = list(of_reports(sizes[0]["contenders"][0]))
    return "### The slowest question of each report as events grow\n\nMilliseconds.\n\n" + by_size(sizes, [(f"`{name}`", slowest(name)) for name in names])
