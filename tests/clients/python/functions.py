"""A function: created, uploaded, deployed, run, read of, and deleted."""

import io
import json
import time
import zipfile

import requests
from management import Management, run

INDEX = """
module.exports = async (ctx) => {
  ctx.logger.info('counting %s', ctx.args.kind);
  const found = await ctx.mpserverless.db.collection('animals').find({ kind: ctx.args.kind });
  return { version: VERSION, names: found.result.map((animal) => animal.name) };
};
"""


def package(version):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("index.js", INDEX.replace("VERSION", str(version)))
    return file.getvalue()


def scenario(config):
    cloud = Management(config, config.get("scheme"))
    space = cloud.act("CreateSpace", Name="zoo", Desc="")["SpaceId"]

    def command(**fields):
        return cloud.act("RunDBCommand", SpaceId=space, Body=json.dumps({"collection": "animals", "options": {}, **fields}))

    inserted = command(command="insertMany", docs=[{"kind": "cat", "name": "Tom"}, {"kind": "dog", "name": "Rex"}])
    found = command(command="find", query={"kind": "cat"})
    broken = cloud.refused("RunDBCommand", SpaceId=space, Body="{")

    def deploy(version):
        deployment = cloud.act("CreateFunctionDeployment", SpaceId=space, Name="count")
        upload = requests.put(deployment["UploadSignedUrl"], data=package(version), timeout=30)
        cloud.act("DeployFunction", SpaceId=space, DeploymentId=deployment["DeploymentId"])
        return {"deployment": deployment, "upload": upload.status_code}

    def call():
        return cloud.act("RunFunction", SpaceId=space, Body=json.dumps({"functionTarget": "count", "functionArgs": {"kind": "cat"}}))

    def logs():
        """The log, which is written after the calls have ended."""
        deadline = time.monotonic() + 15
        while True:
            reply = cloud.act("ListFunctionLog", SpaceId=space, Name="count")
            if len(reply["DataList"]) >= 2 or time.monotonic() > deadline:
                return reply
            time.sleep(0.1)

    created = cloud.act("CreateFunction", SpaceId=space, Name="count", Desc="counts", Memory=256, Timeout=10, Runtime="nodejs18")
    twice = cloud.refused("CreateFunction", SpaceId=space, Name="count", Desc="", Memory=256, Timeout=10, Runtime="nodejs18")
    not_deployed = cloud.refused("RunFunction", SpaceId=space, Body=json.dumps({"functionTarget": "count", "functionArgs": {}}))
    first, first_run = deploy(1), call()
    second, second_run = deploy(2), call()
    forged = deployment_with_forged_url(cloud, space)
    result = {
        "space": space,
        "inserted": inserted,
        "found": found,
        "broken": broken,
        "created": created,
        "twice": twice,
        "notDeployed": not_deployed,
        "first": first,
        "firstRun": first_run,
        "second": second,
        "secondRun": second_run,
        "forged": forged,
        "listed": cloud.act("ListFunction", SpaceId=space),
        "described": cloud.act("DescribeFunction", SpaceId=space, Name="count"),
        "deployments": cloud.act("ListFunctionDeployment", SpaceId=space, Name="count"),
        "logs": logs(),
    }
    cloud.act("DeleteFunction", SpaceId=space, Name="count")
    result["afterDelete"] = cloud.act("ListFunction", SpaceId=space)
    result["gone"] = cloud.refused("DescribeFunction", SpaceId=space, Name="count")
    result["runGone"] = cloud.refused("RunFunction", SpaceId=space, Body=json.dumps({"functionTarget": "count", "functionArgs": {}}))
    return result


def deployment_with_forged_url(cloud, space):
    """The status of an upload whose signed URL was tampered with."""
    url = cloud.act("CreateFunctionDeployment", SpaceId=space, Name="count")["UploadSignedUrl"]
    last = "0" if url[-1] != "0" else "1"
    return requests.put(url[:-1] + last, data=package(3), timeout=30).status_code


run(scenario)
