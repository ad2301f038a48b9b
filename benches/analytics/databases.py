"""The databases, in this process: how events come into them, and the words in which their SQL differs.

Both get the same tables, which are what a report needs:

- `channels` and `devices`: numbers for names, and the first session of each device.
- `sessions`: each session with its local day and hour, by day and device.
- `daily`: what each device did on each day, with its first day and channel, by day and device.
- `totals`: counts by day and channel. ClickHouse has the devices there too, as bitmaps, which it can
  join and intersect.

Making all of them belongs to taking the events in.
"""

import json
import os

ZONE = "Asia/Shanghai"


class DuckDb:
    """DuckDB, in a file."""

    name = "DuckDB"

    def __init__(self, folder):
        import duckdb

        self.path = os.path.join(folder, "duckdb.db")
        self.connection = duckdb.connect(self.path)
        self.connection.execute(f"SET TimeZone = '{ZONE}'")

    def rows(self, sql):
        return self.connection.execute(sql).fetchall()

    def ingest(self, events):
        for sql in f"""
            CREATE TABLE channels AS
                SELECT CAST(row_number() OVER (ORDER BY name) - 1 AS USMALLINT) AS id, name
                FROM (SELECT DISTINCT channel AS name FROM '{events}');
            CREATE TABLE devices AS
                SELECT CAST(row_number() OVER (ORDER BY start) - 1 AS UINTEGER) AS id, CAST(device AS UUID) AS key,
                    CAST(start AS DATE) AS first_day, CAST(hour(start) AS UTINYINT) AS first_hour, channels.id AS channel
                FROM (SELECT device, min(start) AS start, arg_min(channel, start) AS channel FROM '{events}' GROUP BY device) AS met
                JOIN channels ON channels.name = met.channel
                ORDER BY id;
            CREATE TABLE sessions AS
                SELECT CAST(start AS DATE) AS day, id AS device, start, CAST(hour(start) AS UTINYINT) AS hour, duration
                FROM '{events}' AS events JOIN devices ON devices.key = CAST(events.device AS UUID)
                ORDER BY day, id;
            CREATE TABLE daily AS
                SELECT day, device, CAST(count(*) AS UINTEGER) AS launches, CAST(sum(duration) AS UBIGINT) AS duration,
                    any_value(first_day) AS first_day, any_value(channel) AS channel
                FROM sessions JOIN devices ON id = device GROUP BY day, device ORDER BY day, device;
            CREATE TABLE totals AS
                SELECT day, channel, count(*) AS active, countif(first_day = day) AS new, countif(first_day = day - 1) AS returned,
                    CAST(sum(launches) AS UBIGINT) AS launches, CAST(sum(duration) AS UBIGINT) AS duration
                FROM daily GROUP BY day, channel ORDER BY day, channel;
            CHECKPOINT
        """.split(";"):
            self.connection.execute(sql)

    def settle(self):
        """What it would do by itself sooner or later."""

    def bytes(self):
        return os.path.getsize(self.path)

    def close(self):
        self.connection.close()

    # The words.

    def week(self, day):
        return f"CAST({day} - CAST(dayofweek({day}) AS INTEGER) AS DATE)"

    def month(self, day):
        return f"CAST(date_trunc('month', {day}) AS DATE)"

    #: Where each active device is found once a day, and how different ones are counted there.
    users = "daily"

    def different_users(self, condition="true"):
        return f"count(DISTINCT device) FILTER (WHERE {condition})"

    def windows(self, first, last, of_channel):
        """The devices that were active in the 7 and in the 30 days that end with each day, as steps.

        A device counts from each of its days until the next of them takes over."""
        return f"""
            WITH used AS (
                SELECT day, lead(day) OVER (PARTITION BY device ORDER BY day) AS next
                FROM daily WHERE day BETWEEN {first} - 29 AND {last} {of_channel}
            ), spans AS (
                SELECT length, greatest(day, {first}) AS begin, least(day + length, coalesce(next, day + length)) AS until
                FROM used, (VALUES (7), (30)) AS lengths (length)
            ), steps AS (
                SELECT length, begin AS step_day, count(*) AS step FROM spans WHERE until > {first} GROUP BY ALL
                UNION ALL SELECT length, until, -count(*) FROM spans WHERE until > {first} GROUP BY ALL
            )
            SELECT length, CAST(step_day AS DATE), CAST(sum(sum(step)) OVER (PARTITION BY length ORDER BY step_day) AS BIGINT)
            FROM steps GROUP BY length, step_day"""

    def retained(self, bucket, add, periods, whose, days, asked, starts, ended, of_channel):
        """How many of the users of each bucket were active in the later ones."""
        if whose == "new" and bucket("day") == "day":
            within = ", ".join(map(str, periods))
            return f"""
                SELECT first_day, day, count(*) FROM daily
                WHERE day BETWEEN {days[0]} AND {days[1]} AND first_day BETWEEN {starts[0]} AND {starts[1]}
                    AND day - first_day IN ({within}) AND day < {ended} {of_channel}
                GROUP BY first_day, day"""
        if whose == "new":
            return f"""
                SELECT {bucket("first_day")} AS born, {bucket("day")} AS later, count(DISTINCT device) FROM daily
                WHERE day BETWEEN {days[0]} AND {days[1]} AND first_day BETWEEN {starts[0]} AND {starts[1]} {of_channel}
                GROUP BY born, later"""
        return f"""
            WITH used AS (
                SELECT DISTINCT {bucket("day")} AS bucket, device FROM daily WHERE day BETWEEN {days[0]} AND {days[1]} {of_channel}
            ), asked AS (
                SELECT bucket, device, unnest([{", ".join(map(str, periods))}]) AS period FROM used
                WHERE bucket BETWEEN {starts[0]} AND {starts[1]}
            ), later AS (SELECT bucket, device, CAST({add("bucket", "period")} AS DATE) AS later FROM asked)
            SELECT later.bucket, later.later, count(*)
            FROM later JOIN used ON used.device = later.device AND used.bucket = later.later
            GROUP BY later.bucket, later.later"""

    def months_later(self, day, months):
        return f"{day} + to_months({months})"


class ClickHouse:
    """ClickHouse, as chdb, in a folder."""

    name = "chdb (ClickHouse)"

    def __init__(self, folder):
        from chdb import session

        self.folder = os.path.join(folder, "chdb")
        self.session = session.Session(self.folder)

    def rows(self, sql):
        return json.loads(str(self.session.query(sql, "JSONCompact")))["data"]

    def ingest(self, events):
        source = f"file('{events}', Parquet, 'device String, start DateTime64(3, \\'UTC\\'), duration UInt32, channel String')"
        for sql in f"""
            CREATE TABLE channels (id UInt16, name String) ENGINE = MergeTree ORDER BY id;
            INSERT INTO channels SELECT row_number() OVER (ORDER BY name) - 1, name FROM (SELECT DISTINCT channel AS name FROM {source});
            CREATE TABLE devices (id UInt32, key UUID, first_day Date, first_hour UInt8, channel UInt16) ENGINE = MergeTree ORDER BY id;
            INSERT INTO devices
                SELECT row_number() OVER (ORDER BY first) - 1, key, toDate(first, '{ZONE}'), toHour(first, '{ZONE}'), channels.id
                FROM (
                    SELECT reinterpretAsUUID(unhex(device)) AS key, min(start) AS first, argMin(channel, start) AS channel
                    FROM {source} GROUP BY key
                ) AS met JOIN channels ON channels.name = met.channel;
            CREATE TABLE sessions (day Date, device UInt32, start DateTime64(3, 'UTC'), hour UInt8, duration UInt32)
                ENGINE = MergeTree ORDER BY (day, device);
            INSERT INTO sessions
                SELECT toDate(start, '{ZONE}'), devices.id, start, toHour(start, '{ZONE}'), duration
                FROM (SELECT reinterpretAsUUID(unhex(device)) AS key, start, duration FROM {source}) AS events
                JOIN devices ON devices.key = events.key;
            CREATE TABLE daily (day Date, device UInt32, launches UInt32, duration UInt64, first_day Date, channel UInt16)
                ENGINE = MergeTree ORDER BY (day, device);
            INSERT INTO daily
                SELECT day, device, launches, duration, devices.first_day, devices.channel
                FROM (SELECT day, device, count() AS launches, sum(duration) AS duration FROM sessions GROUP BY day, device) AS used
                JOIN devices ON devices.id = used.device;
            CREATE TABLE totals (day Date, channel UInt16, active UInt64, new UInt64, returned UInt64, launches UInt64, duration UInt64,
                    users AggregateFunction(groupBitmap, UInt32), newcomers AggregateFunction(groupBitmap, UInt32))
                ENGINE = MergeTree ORDER BY (day, channel);
            INSERT INTO totals
                SELECT day, channel, count(), countIf(first_day = day), countIf(first_day = day - 1), sum(launches), sum(duration),
                    groupBitmapState(device), groupBitmapStateIf(device, first_day = day)
                FROM daily GROUP BY day, channel
        """.split(";"):
            self.session.query(sql)

    def settle(self):
        """What it would do by itself sooner or later."""
        for table in ["channels", "devices", "sessions", "daily", "totals"]:
            self.session.query(f"OPTIMIZE TABLE {table} FINAL")

    def bytes(self):
        return int(self.rows("SELECT sum(bytes_on_disk) FROM system.parts WHERE active AND database = currentDatabase()")[0][0])

    def close(self):
        self.session.close()

    # The words.

    def week(self, day):
        return f"toStartOfWeek({day})"

    def month(self, day):
        return f"toStartOfMonth({day})"

    #: Where each active device is found once a day, and how different ones are counted there.
    users = "totals"

    def different_users(self, condition="true"):
        return f"groupBitmapMergeIf(users, {condition})"

    def windows(self, first, last, of_channel):
        """The devices that were active in the 7 and in the 30 days that end with each day."""
        return f"""
            WITH windows AS (
                SELECT day + ahead AS at, groupBitmapMergeIf(used, ahead < 7) AS week, groupBitmapMerge(used) AS month
                FROM (
                    SELECT day, groupBitmapMergeState(users) AS used FROM totals
                    WHERE day BETWEEN {first} - 29 AND {last} {of_channel} GROUP BY day
                ) ARRAY JOIN range(30) AS ahead
                WHERE at BETWEEN {first} AND {last} GROUP BY at
            )
            SELECT arrayJoin([(7, week), (30, month)]) AS counted, at, counted.2 FROM windows"""

    def retained(self, bucket, add, periods, whose, days, asked, starts, ended, of_channel):
        """How many of the users of each bucket were active in the later ones."""
        users = "newcomers" if whose == "new" else "users"
        return f"""
            SELECT asked.bucket, used.bucket, bitmapAndCardinality(asked.those, used.those)
            FROM (
                SELECT {bucket("day")} AS bucket, groupBitmapMergeState({users}) AS those FROM totals
                WHERE day BETWEEN {asked[0]} AND {asked[1]} {of_channel} GROUP BY bucket
            ) AS asked CROSS JOIN (SELECT arrayJoin({list(periods)}) AS period) AS periods
            JOIN (
                SELECT {bucket("day")} AS bucket, groupBitmapMergeState(users) AS those FROM totals
                WHERE day BETWEEN {days[0]} AND {days[1]} {of_channel} GROUP BY bucket
            ) AS used ON used.bucket = {add("asked.bucket", "period")}"""

    def months_later(self, day, months):
        return f"addMonths({day}, {months})"
