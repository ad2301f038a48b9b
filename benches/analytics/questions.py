"""The reports in SQL. Each gives what the engine gives, or the part of it that is hard: counts, and the
means and rates that follow from them. Days, weeks and months that nobody used are filled up here."""

from datetime import date, timedelta

UNTIL_TIME = [3_000, 10_000, 30_000, 60_000, 180_000, 600_000, 1_800_000]
UNTIL_LAUNCHES = [3, 6, 10, 20, 50, 100]


class Reports:
    """The reports of one database. What it is asked for is in `rows`."""

    def __init__(self, database, today):
        self.rows, self.database, self.today = database.rows, database, date.fromisoformat(today)

    def answer(self, report, params, known):
        """`known` is what the engine answers: it tells which earlier days a range is compared with."""
        made = getattr(self, report)(params)
        if "compare" in params and "comparison" in known:
            earlier = {name: known["comparison"][name] for name in ["from", "to"]}
            made["comparison"] = getattr(self, report)({**params, **earlier, "compare": None})
        return made

    # 6.4

    def overview(self, _):
        until = self.today - timedelta(1)
        before = until - timedelta(7)
        active = self.database.different_users
        last = lambda end, days: active(f"day BETWEEN {day(end - timedelta(days - 1))} AND {day(end)}")
        rows = self.rows(f"""
            SELECT day, sum(new), sum(active), sum(duration), sum(returned), 0 FROM totals
            WHERE day BETWEEN {day(until - timedelta(15))} AND {day(until)} GROUP BY day
            UNION ALL SELECT {day(self.today)}, {last(until, 7)}, {last(before, 7)}, {last(until, 30)}, {last(before, 30)}, 0
                FROM {self.database.users} WHERE day BETWEEN {day(until - timedelta(36))} AND {day(until)}
            UNION ALL SELECT {day(self.today + timedelta(1))}, sum({when(f"day <= {day(until)}", "new")}),
                sum({when(f"day <= {day(before)}", "new")}), 0, 0, 0 FROM totals""")
        days = {str(row[0]): row[1:] for row in rows}
        week, week_before, month, month_before, _ = days[str(self.today)]
        all_now, all_before, *_ = days[str(self.today + timedelta(1))]
        of = lambda some: days.get(str(some), (0, 0, 0, 0, 0))

        def means(end):
            week = [end - timedelta(n) for n in range(7)]
            retention = [rate(of(some)[3], of(some - timedelta(1))[0]) for some in week]
            return {
                "newUsers": mean([of(some)[0] for some in week]),
                "nextDayRetention": mean([part for part in retention if part is not None]),
                "activeUsers": mean([of(some)[1] for some in week]),
                "dailyUseTime": mean([of(some)[2] / of(some)[1] for some in week if of(some)[1]]),
            }

        now, earlier = means(until), means(before)
        changes = {name: {"value": now[name], "previous": earlier[name]} for name in now}
        return changes | {
            "activeUsers7Days": {"value": week, "previous": week_before},
            "activeUsers30Days": {"value": month, "previous": month_before},
            "cumulativeUsers": {"value": all_now, "previous": all_before},
        }

    def trend(self, params):
        found = self.figures(params, {"different", "returned", "before"})
        cumulative, made = found.before, []
        for at, of in found.buckets():
            cumulative += of.new
            made.append({
                "at": at, "newUsers": of.new, "activeUsers": of.active, "launches": of.launches, "cumulativeUsers": cumulative,
                "dailyUseTime": rate(of.duration, of.daily_active), "dailyLaunches": rate(of.launches, of.daily_active),
                "returningUsers": of.active - of.new, "singleUseTime": rate(of.duration, of.launches),
                "nextDayRetention": rate(of.retained, of.followed),
            })
        return {"buckets": made}

    def realtime(self, _):
        yesterday = self.today - timedelta(1)
        rows = self.rows(f"""
            SELECT 0, day, hour, {self.different("device")}, count(*) FROM sessions
                WHERE day BETWEEN {day(yesterday)} AND {day(self.today)} GROUP BY day, hour
            UNION ALL SELECT 1, first_day, first_hour, count(*), 0 FROM devices
                WHERE first_day BETWEEN {day(yesterday)} AND {day(self.today)} GROUP BY first_day, first_hour
            UNION ALL SELECT 2, day, first, count(*), 0 FROM (
                SELECT day, device, min(hour) AS first FROM sessions
                WHERE day BETWEEN {day(yesterday)} AND {day(self.today)} GROUP BY day, device) AS firsts GROUP BY day, first""")
        found = {(kind, str(at), hour): figures for kind, at, hour, *figures in rows}

        def hours(of_day):
            made, so_far = [], 0
            for hour in range(24):
                active, launches = found.get((0, str(of_day), hour), (0, 0))
                so_far += found.get((2, str(of_day), hour), (0,))[0]
                new = found.get((1, str(of_day), hour), (0,))[0]
                made.append({"hour": hour, "newUsers": new, "launches": launches, "activeUsers": active, "activeUsersSoFar": so_far})
            return made

        return {"today": hours(self.today), "yesterday": hours(yesterday)}

    # 6.5

    def newUsers(self, params):
        found = self.figures(params, {"different"})
        made = {
            "total": sum(of.new for _, of in found.buckets()),
            "buckets": [{"at": at, "newUsers": of.new, "share": rate(of.new, of.active)} for at, of in found.buckets()],
        }
        if found.unit != "hour":
            rows = self.rows(f"""
                SELECT day, sum(new), sum(returned) FROM totals
                WHERE day BETWEEN {found.first} AND {found.last} + 1 {found.of_channel} GROUP BY day""")
            days = {str(at): figures for at, *figures in rows}
            of = lambda some: days.get(str(some), (0, 0))

            def next_day(at):
                retained = of(at + timedelta(1))[1] if at + timedelta(1) < self.today else None
                return {"date": str(at), "newUsers": of(at)[0], "retained": retained}

            made["nextDayRetention"] = [next_day(at) for at in found.days()]
        return made

    def activeUsers(self, params):
        found = self.figures(params, {"different", "before", "total"})
        everybody, cumulative, made = sum(of.active for _, of in found.buckets()), found.before, []
        windows = {}
        if found.unit == "day":
            rows = self.rows(self.database.windows(found.first, found.last, found.of_channel))
            windows = {(length if isinstance(length, int) else length[0], str(at)): count for length, at, count in rows}
        for at, of in found.buckets():
            cumulative += of.new
            made.append({
                "at": at, "activeUsers": of.active, "share": rate(of.active, everybody), "newUsers": of.new,
                "returningUsers": of.active - of.new,
                "stickiness7Days": rate(of.active, windows.get((7, at), 0)), "stickiness30Days": rate(of.active, windows.get((30, at), 0)),
                "activeRate": rate(of.active, cumulative) if found.unit in ("week", "month") else None,
            })
        by_hour = []
        days = list(found.days())
        if len(days) <= 7:
            rows = self.rows(f"""
                SELECT hour, sum(active) FROM (
                    SELECT day, hour, {self.different("device")} AS active FROM sessions
                    WHERE day BETWEEN {found.first} AND {found.last} GROUP BY day, hour) AS hours GROUP BY hour""")
            counts = dict(rows)
            by_hour = [counts.get(hour, 0) / len(days) for hour in range(24)]
        return {"total": found.total, "buckets": made, "byHour": by_hour}

    def launches(self, params):
        found = self.figures(params, set())
        total = sum(of.launches for _, of in found.buckets())
        made = [{"at": at, "launches": of.launches, "share": rate(of.launches, total)} for at, of in found.buckets()]
        return {"total": total, "buckets": made}

    # 6.6

    def retention(self, params):
        unit, whose = params.get("unit", "day"), params.get("users", "new")
        found = Found(self, params, unit)
        periods = [1, 2, 3, 4, 5, 6, 7, 14, 30] if unit == "day" else list(range(1, 10))
        starts = (day(min(found.keys)), day(max(found.keys)))
        last = min(step(max(found.keys), unit, max(periods) + 1), bucket_of(self.today, unit)) - timedelta(1)
        days = (day(min(found.keys)), day(max(last, found.to)))
        add = {
            "day": lambda at, by: f"({at} + {by})", "week": lambda at, by: f"({at} + {by} * 7)", "month": self.database.months_later,
        }[unit]
        of_bucket = lambda column: self.bucket(column, unit)
        rows = self.rows(self.database.retained(of_bucket, add, periods, whose, days, (found.first, found.last), starts, day(self.today), found.of_channel))
        retained = {(str(at), str(later)): count for at, later, count in rows}
        users = "sum(new)" if whose == "new" else "sum(active)" if unit == "day" else self.database.different_users()
        rows = self.rows(f"""
            SELECT {of_bucket("day")} AS bucket, {users} FROM {self.database.users if users.endswith(")") and "sum" not in users else "totals"}
            WHERE day BETWEEN {found.first} AND {found.last} {found.of_channel} GROUP BY bucket""")
        counts = {str(at): count for at, count in rows}

        def row(at):
            laters = [step(at, unit, period) for period in periods]
            ended = lambda later: step(later, unit, 1) <= self.today
            return {
                "at": str(at), "users": counts.get(str(at), 0),
                "retained": [retained.get((str(at), str(later)), 0) if ended(later) else None for later in laters],
            }

        return {"rows": [row(at) for at in found.keys]}

    # 6.7

    def useTime(self, params):
        dates = [params["date"], *params.get("compare", [])]
        table = "sessions" if params["per"] == "launch" else "daily"
        bounds = [0, *UNTIL_TIME, 1 << 62]
        classes = ", ".join(f"sum({when(f'duration >= {low} AND duration < {high}', '1')})" for low, high in zip(bounds, bounds[1:]))
        listed = ", ".join(f"DATE '{some}'" for some in dates)
        rows = self.rows(f"SELECT day, count(*), sum(duration), {classes} FROM {table} WHERE day IN ({listed}) GROUP BY day")
        found = {str(row[0]): row[1:] for row in rows}

        def distribution(some):
            count, duration, *counts = found.get(some, [0] * 10)
            return {
                "date": some, "average": rate(duration, count), "total": count,
                "classes": [{"count": part, "share": rate(part, count)} for part in counts],
            }

        first, *others = [distribution(some) for some in dates]
        return first | {"comparisons": others}

    def frequency(self, params):
        unit = params.get("unit", "day")
        bounds = [1, *UNTIL_LAUNCHES, 1 << 62]
        classes = ", ".join(f"sum({when(f'many >= {low} AND many < {high}', '1')})" for low, high in zip(bounds, bounds[1:]))

        def range_of(some):
            if unit == "day":
                return some, some
            this = bucket_of(some, unit)
            return step(this, unit, -1), this - timedelta(1)

        ranges = [range_of(date.fromisoformat(some)) for some in [params["date"], *params.get("compare", [])]]
        parts = [f"""
            SELECT {number}, count(*), sum(many), {classes} FROM (
                SELECT device, sum(launches) AS many FROM daily WHERE day BETWEEN {day(first)} AND {day(last)} GROUP BY device) AS used
            """ for number, (first, last) in enumerate(ranges)]
        found = {row[0]: row[1:] for row in self.rows(" UNION ALL ".join(parts))}

        def distribution(number):
            users, launches, *counts = found[number]
            return {
                "users": users, "average": rate(launches, users),
                "classes": [{"users": part, "share": rate(part, users)} for part in counts],
            }

        first, *others = [distribution(number) for number in range(len(ranges))]
        return first | {"comparisons": others}

    # 6.8 and the strongest channels of 6.4

    def channelTop(self, params):
        now = date.fromisoformat(params["date"])
        before = now - timedelta(1)
        on = lambda some, what: f"sum({when(f'day = {day(some)}', what)})"
        rows = self.rows(f"""
            SELECT name, {on(now, "new")}, {on(before, "new")}, {on(now, "active")}, {on(before, "active")},
                sum(new), sum({when(f"day <= {day(before)}", "new")})
            FROM totals JOIN channels ON channels.id = channel WHERE day <= {day(now)} GROUP BY name""")

        def ranking(at):
            all_now, all_before = (sum(row[at + n] for row in rows) for n in (0, 1))
            first = sorted((row for row in rows if row[at]), key=lambda row: (-row[at], row[0].encode()))[:10]
            share = lambda name, users, earlier: {
                "channel": name, "users": users, "share": rate(users, all_now), "usersBefore": earlier,
                "shareBefore": rate(earlier, all_before),
            }
            shown = [share(row[0], row[at], row[at + 1]) for row in first]
            rest = [whole - sum(one[name] for one in shown) for whole, name in ((all_now, "users"), (all_before, "usersBefore"))]
            return {"channels": shown, "others": share("", *rest)}

        return {"newUsers": ranking(1), "activeUsers": ranking(3), "cumulativeUsers": ranking(5)}

    def channelDay(self, params):
        rows = self.rows(f"""
            SELECT name, first_hour, count(*) FROM devices JOIN channels ON channels.id = channel
            WHERE first_day = DATE '{params["date"]}' GROUP BY name, first_hour""")
        channels = {}
        for name, hour, count in rows:
            channels.setdefault(name, [0] * 24)[hour] = count
        first = sorted(channels.items(), key=lambda channel: (-sum(channel[1]), channel[0].encode()))[:10]
        shown = [{"channel": name, "newUsers": sum(hours), "hours": hours} for name, hours in first]
        return {"total": sum(count for *_, count in rows), "channels": shown}

    def channelList(self, params):
        found = Found(self, params, "day")
        rows = self.rows(f"""
            SELECT name, born, different, launched, used, daily_active, followed, retained FROM (
                SELECT channel, sum({when(found.inside, "new")}) AS born, sum({when(found.inside, "active")}) AS daily_active,
                    sum({when(found.inside, "launches")}) AS launched, sum({when(found.inside, "duration")}) AS used,
                    sum({when(f"{found.inside} AND {found.followed}", "new")}) AS followed,
                    sum({when(found.returning, "returned")}) AS retained
                FROM totals WHERE day BETWEEN {found.first} AND {found.last} + 1 GROUP BY channel
            ) AS counted JOIN (
                SELECT channel, {self.database.different_users()} AS different FROM {self.database.users}
                WHERE {found.inside} GROUP BY channel
            ) AS users ON users.channel = counted.channel JOIN channels ON channels.id = counted.channel""")

        def row(name, new, active, launches, duration, daily_active, followed, retained):
            return {
                "channel": name, "newUsers": new, "activeUsers": active, "launches": launches,
                "singleUseTime": rate(duration, launches), "dailyUseTime": rate(duration, daily_active),
                "nextDayRetention": rate(retained, followed),
            }

        rows = sorted(rows, key=lambda row: (-row[1], row[0].encode()))
        others = [sum(column) for column in zip(*(row[1:] for row in rows[10:]))] or [0] * 7
        return {"count": len(rows), "channels": [row(*one) for one in rows[:10]], "others": row("", *others)}

    def channelTrend(self, params):
        unit, figure = params.get("unit", "day"), params.get("figure", "newUsers")
        found = Found(self, params, unit)
        counted = {
            "newUsers": f"sum({when(found.inside, 'new')})",
            "dailyUseTime": f"sum({when(found.inside, 'duration')}) / nullif(sum({when(found.inside, 'active')}), 0)",
            "nextDayRetention": None,
            "activeUsers": self.database.different_users() if unit != "day" else "sum(active)",
        }[figure]
        of_bucket = self.bucket("day", unit)
        if figure == "nextDayRetention":
            # What came back on a day belongs to the day before.
            born = self.bucket("born", unit)
            table = f"""(
                SELECT channel, day AS born, {when(found.followed, "new")} AS followed, 0 AS retained FROM totals WHERE {found.inside}
                UNION ALL SELECT channel, CAST(day - 1 AS DATE), 0, returned FROM totals WHERE {found.returning}) AS counted"""
            ratio = "sum(retained) / nullif(sum(followed), 0)"
            whole = f"SELECT channel, {ratio} AS figure FROM {table} GROUP BY channel"
            parts = f"SELECT channel, {born} AS bucket, {ratio} AS figure FROM {table} WHERE channel IN (SELECT id FROM first_ten) GROUP BY channel, bucket"
        else:
            everywhere = self.database.different_users() if figure == "activeUsers" else counted
            of_whole = self.database.users if figure == "activeUsers" else "totals"
            of_parts = self.database.users if figure == "activeUsers" and unit != "day" else "totals"
            whole = f"SELECT channel, {everywhere} AS figure FROM {of_whole} WHERE {found.inside} GROUP BY channel"
            parts = f"""
                SELECT channel, {of_bucket} AS bucket, {counted} AS figure FROM {of_parts}
                WHERE {found.inside} AND channel IN (SELECT id FROM first_ten) GROUP BY channel, bucket"""
        rows = self.rows(f"""
            WITH first_ten AS (
                SELECT id, figure, name FROM ({whole}) AS ranked JOIN channels ON channels.id = channel
                ORDER BY figure DESC NULLS LAST, name LIMIT 10)
            SELECT first_ten.name, first_ten.figure, parts.bucket, parts.figure FROM ({parts}) AS parts JOIN first_ten ON first_ten.id = parts.channel""")
        names = sorted({(name, whole) for name, whole, *_ in rows}, key=lambda one: (-(one[1] if one[1] is not None else -1), one[0].encode()))
        values = {(name, str(at)): value for name, _, at, value in rows}
        missing = 0 if figure in ("newUsers", "activeUsers") else None
        return {
            "buckets": [str(at) for at in found.keys],
            "channels": [{"channel": name, "values": [values.get((name, str(at)), missing) for at in found.keys]} for name, _ in names],
        }

    # What several have.

    def bucket(self, column, unit):
        return {"week": self.database.week, "month": self.database.month}.get(unit, lambda some: some)(column)

    def different(self, what):
        return f"count(DISTINCT {what})"

    def figures(self, params, wanted):
        unit = params.get("unit", "day")
        found = Found(self, params, unit)
        if unit == "hour":
            found.take_hours(self.rows(f"""
                SELECT 0, day, hour, {self.different("device")}, count(*), sum(duration) FROM sessions WHERE {found.inside} GROUP BY day, hour
                UNION ALL SELECT 1, first_day, first_hour, count(*), 0, 0 FROM devices
                    WHERE first_day BETWEEN {found.first} AND {found.last} GROUP BY first_day, first_hour
                UNION ALL SELECT 2, {found.first}, 0, count(*), 0, 0 FROM devices WHERE first_day < {found.first}
                UNION ALL SELECT 3, {found.first}, 0, {self.different("device")}, 0, 0 FROM sessions WHERE {found.inside}"""))
            return found
        bucket = self.bucket("day", unit)
        of, users = found.of_channel, self.database.users
        parts = [f"""
            SELECT 0, {bucket} AS bucket, sum(new), sum(active), sum(launches), sum(duration), sum({when(found.followed, "new")})
            FROM totals WHERE {found.inside} {of} GROUP BY bucket"""]
        if "returned" in wanted:
            born = self.bucket("CAST(day - 1 AS DATE)", unit)
            parts.append(f"SELECT 1, {born} AS bucket, sum(returned), 0, 0, 0, 0 FROM totals WHERE {found.returning} {of} GROUP BY bucket")
        if "before" in wanted:
            parts.append(f"SELECT 2, {found.first}, coalesce(sum(new), 0), 0, 0, 0, 0 FROM totals WHERE day < {found.first} {of}")
        if "total" in wanted:
            parts.append(f"SELECT 3, {found.first}, {self.database.different_users()}, 0, 0, 0, 0 FROM {users} WHERE {found.inside} {of}")
        if "different" in wanted and unit != "day":
            different = self.database.different_users()
            parts.append(f"SELECT 4, {bucket} AS bucket, {different}, 0, 0, 0, 0 FROM {users} WHERE {found.inside} {of} GROUP BY bucket")
        found.take(self.rows(" UNION ALL ".join(parts)))
        return found


class Of:
    """The counts of a bucket."""

    new = active = daily_active = launches = duration = followed = retained = 0


class Found:
    """The buckets of a range, and what was found of them."""

    def __init__(self, reports, params, unit):
        self.unit, self.today = unit, reports.today
        start, to = (date.fromisoformat(params[name]) for name in ["from", "to"])
        self.start = bucket_of(start, unit)
        self.to = min(max(step(bucket_of(to, unit), unit, 1) - timedelta(1), to), self.today)
        self.first, self.last = day(self.start), day(self.to)
        self.keys = []
        at = self.start
        while at <= self.to:
            self.keys.append(at)
            at = step(at, unit, 1)
        self.inside = f"day BETWEEN {self.first} AND {self.last}"
        self.followed = f"day < {day(self.today - timedelta(1))}"
        self.returning = f"day BETWEEN {self.first} + 1 AND {day(min(self.to + timedelta(1), self.today - timedelta(1)))}"
        channel = params.get("channel")
        self.of_channel = f"AND channel = (SELECT id FROM channels WHERE name = '{channel}')" if channel is not None else ""
        self.before = self.total = 0
        self.of = {}

    def take(self, rows):
        for kind, at, count, *more in rows:
            if kind == 2:
                self.before = count
            elif kind == 3:
                self.total = count
            else:
                of = self.of.setdefault(str(at), Of())
                if kind == 0:
                    of.new, (of.daily_active, of.launches, of.duration, of.followed) = count, more
                    of.active = of.active or of.daily_active
                elif kind == 1:
                    of.retained = count
                else:
                    of.active = count

    def take_hours(self, rows):
        for kind, at, hour, count, launches, duration in rows:
            if kind > 1:
                self.before, self.total = (count, self.total) if kind == 2 else (self.before, count)
                continue
            of = self.of.setdefault(f"{at} {hour:02}", Of())
            if kind == 0:
                of.active = of.daily_active = count
                of.launches, of.duration = launches, duration
            else:
                of.new = count

    def buckets(self):
        names = [str(at) for at in self.keys]
        if self.unit == "hour":
            names = [f"{at} {hour:02}" for at in names for hour in range(24)]
        return [(name, self.of.get(name) or Of()) for name in names]

    def days(self):
        return (self.start + timedelta(n) for n in range((self.to - self.start).days + 1))


def day(some):
    return f"DATE '{some}'"


def when(condition, what):
    return f"CASE WHEN {condition} THEN {what} ELSE 0 END"


def rate(part, whole):
    return part / whole if whole else None


def mean(figures):
    return sum(figures) / len(figures) if figures else None


def bucket_of(some, unit):
    if unit == "week":
        return some - timedelta((some.weekday() + 1) % 7)
    return some.replace(day=1) if unit == "month" else some


def step(some, unit, by):
    if unit == "month":
        months = some.year * 12 + some.month - 1 + by
        return date(months // 12, months % 12 + 1, 1)
    return some + timedelta(by * (7 if unit == "week" else 1))


def differs(made, known, at=""):
    """Where what was made is not what is known; none where it is. Counts are equal, rates nearly."""
    if isinstance(made, dict):
        return next((found for name in made if (found := differs(made[name], known.get(name), f"{at}.{name}"))), None)
    if isinstance(made, list):
        if not isinstance(known, list) or len(made) != len(known):
            return f"{at}: {len(made)} entries, {known if not isinstance(known, list) else len(known)} known"
        return next((found for n, pair in enumerate(zip(made, known)) if (found := differs(*pair, f"{at}[{n}]"))), None)
    if isinstance(made, (int, float)) and isinstance(known, (int, float)) and not isinstance(made, bool):
        return None if abs(made - known) <= 1e-9 * max(abs(made), abs(known)) else f"{at}: {made}, {known} known"
    return None if made == known else f"{at}: {made!r}, {known!r} known"
