"""Exports and imports of a collection, and what becomes of its name, with the official management SDK."""

import json
import time

import requests
from management import Management, run

LIMIT = 50 * 1024 * 1024


class Tasks:
    """A space's tasks."""

    def __init__(self, cloud, space):
        self.cloud, self.space = cloud, space

    def act(self, action, **fields):
        return self.cloud.act(action, SpaceId=self.space, **fields)

    def refused(self, action, **fields):
        return self.cloud.refused(action, SpaceId=self.space, **fields)

    def command(self, **fields):
        return self.act("RunDBCommand", Body=json.dumps({"options": {}, **fields}))

    def documents(self, collection):
        found = self.command(collection=collection, command="find", query={}, options={"sort": {"_id": 1}, "limit": 1000})
        return json.loads(found["Result"])

    def wait(self, action, task):
        """The status of a task that has ended."""
        deadline = time.monotonic() + 60
        while True:
            status = self.act(action, TaskId=task)
            if status["Status"] in ("SUCCESS", "FAILED"):
                return status
            if time.monotonic() > deadline:
                raise TimeoutError(status)
            time.sleep(0.05)

    def export(self, **fields):
        created = self.act("CreateDBExportTask", **fields)
        status = self.wait("QueryDBExportTaskStatus", created["TaskId"])
        downloaded = requests.get(status["DownloadUrl"], timeout=30)
        forged = requests.get(status["DownloadUrl"].replace("signature=", "signature=00"), timeout=30)
        return {"status": status, "text": downloaded.content.decode(), "code": downloaded.status_code, "forged": forged.status_code}

    def upload(self, created, file):
        form = {
            "key": created["FileKey"],
            "policy": created["Policy"],
            "OSSAccessKeyId": created["AccessKeyId"],
            "Signature": created["Signature"],
        }
        return requests.post(created["Host"], data=form, files={"file": ("import", file)}, timeout=60)

    def load(self, file, **fields):
        """An import; what was answered at first, to the upload, and at last."""
        created = self.act("CreateDBImportTask", **fields)
        new = self.act("QueryDBImportTaskStatus", TaskId=created["TaskId"])["Status"]
        upload = self.upload(created, file)
        if not upload.ok:
            return {"created": created, "new": new, "upload": upload.status_code, "refusal": upload.json()}
        status = self.wait("QueryDBImportTaskStatus", created["TaskId"])
        return {"created": created, "new": new, "upload": upload.status_code, "status": status}


def exports(tasks):
    documents = [
        {"_id": 1, "name": "小明, \"a\"", "at": {"$date": "2020-01-01T00:00:00.000Z"}, "address": {"city": "A"}, "n": {"$numberLong": "5"}},
        {"_id": 2, "name": "b", "price": {"$numberDecimal": "1.10"}, "tags": [1, "x"]},
    ]
    tasks.command(collection="goods", command="insertMany", docs=documents)
    return {
        "json": tasks.export(Collection="goods", FileType="JSON"),
        "fields": tasks.export(Collection="goods", FileType="JSON", Fields="address.city"),
        "csv": tasks.export(Collection="goods", FileType="CSV", Fields="name,address.city,at,tags"),
        "noFields": tasks.refused("CreateDBExportTask", Collection="goods", FileType="CSV"),
        "noCollection": tasks.refused("CreateDBExportTask", Collection="nothing", FileType="JSON"),
        "unknownTask": tasks.refused("QueryDBExportTaskStatus", TaskId="nothing"),
    }


def imports(tasks):
    people = {"collection": "people"}
    tasks.command(command="createIndexes", indexes=[{"key": {"phone": 1}, "name": "phone_1", "unique": True}], **people)
    tasks.command(command="insertMany", docs=[{"_id": 1, "phone": "a"}, {"_id": 2, "phone": "b"}], **people)

    def lines(*documents):
        return "\n".join(json.dumps(document) for document in documents).encode()

    target = {"Collection": "people", "FileType": "JSON"}
    result = {
        "insert": tasks.load(lines({"_id": 1, "phone": "x"}, {"_id": 3, "phone": "b"}, {"_id": 4, "phone": "d"}), Mode="INSERT", **target),
        "upsert": tasks.load(lines({"_id": 1, "phone": "x"}, {"_id": 5, "phone": "a"}, {"phone": "f"}), Mode="UPSERT", **target),
        "conflict": tasks.load(lines({"_id": 6, "phone": "g"}, {"_id": 2, "phone": "d"}, {"_id": 7, "phone": "h"}), Mode="UPSERT", **target),
        "csv": tasks.load(b"_id,phone,address.city,vip\n10,0086,A,true\n11,,B,\n", Mode="INSERT", Collection="table", FileType="CSV"),
        "array": tasks.load(b'{"_id":20,"phone":"t"}\n[]\n', **target),
        "twice": tasks.load(b'{"a":1,"a":2}', **target),
        "dots": tasks.load(b'{"a..b":1}', **target),
        "latin1": tasks.load('{"a":"é"}'.encode("latin-1"), **target),
        "tooLarge": tasks.load(b" " * (LIMIT + 1), **target),
        "largest": tasks.load((b" " * 1023 + b"\n") * (LIMIT // 1024), **target),
        "badMode": tasks.refused("CreateDBImportTask", Collection="people", FileType="JSON", Mode="REPLACE"),
    }
    created = tasks.act("CreateDBImportTask", **target)
    result["forged"] = tasks.upload({**created, "Signature": "AAAA"}, b"{}").status_code
    result["otherKey"] = tasks.upload({**created, "FileKey": "other"}, b"{}").status_code
    result["people"] = tasks.documents("people")
    result["table"] = tasks.documents("table")
    return result


def names(tasks):
    tasks.command(collection="old", command="insertOne", doc={"_id": 1})
    tasks.act("RenameDBCollection", OriginCollection="old", NewCollection="new")
    result = {
        "renamed": tasks.documents("new"),
        "taken": tasks.refused("RenameDBCollection", OriginCollection="new", NewCollection="people"),
        "missing": tasks.refused("RenameDBCollection", OriginCollection="old", NewCollection="x"),
    }
    tasks.act("DeleteDBCollection", Body=json.dumps({"collection": "new"}))
    result["deleted"] = tasks.documents("new")
    result["again"] = tasks.refused("DeleteDBCollection", Body="new")
    return result


def restores(tasks):
    """Puts a collection back from the newest backup, as the manual describes it."""
    times = tasks.act("QueryDBBackupDumpTimes")["BackupDumpTimes"]
    backup = times[0]["BackupId"]

    def restore(origin, new):
        created = tasks.act("CreateDBRestoreTask", BackupId=backup, OriginCollections=origin, NewCollections=new)
        return tasks.wait("QueryDBRestoreTaskStatus", created["TaskId"])

    result = {
        "times": times,
        "collections": tasks.act("QueryDBBackupCollections", BackupId=backup)["Collections"],
        "restored": restore("users,orders", "users_bak,orders_bak"),
        "taken": tasks.refused("CreateDBRestoreTask", BackupId=backup, OriginCollections="users", NewCollections="orders_bak"),
        "notInIt": tasks.refused("CreateDBRestoreTask", BackupId=backup, OriginCollections="nothing", NewCollections="x"),
        "noBackup": tasks.refused("QueryDBBackupCollections", BackupId="20200101000000_x"),
        "indexes": json.loads(tasks.command(collection="users_bak", command="listIndexes")["Result"]),
    }
    tasks.act("DeleteDBCollection", Body=json.dumps({"collection": "users"}))
    tasks.act("RenameDBCollection", OriginCollection="users_bak", NewCollection="users")
    result["users"] = tasks.documents("users")
    return result


def scenario(config):
    tasks = Tasks(Management(config, config.get("scheme")), config["space"])
    return {part: globals()[part](tasks) for part in config["parts"]}


run(scenario)
