"""HTTP triggers and timers of functions, set with the management SDK."""

import io
import zipfile

import requests
from management import Management, run

INDEX = "module.exports = (ctx) => ({ method: ctx.args.httpMethod, source: ctx.env.MP_SOURCE })"


def package():
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("index.js", INDEX)
    return file.getvalue()


def scenario(config):
    cloud = Management(config, config.get("scheme"))
    space = cloud.act("CreateSpace", Name="triggers", Desc="")["SpaceId"]

    def function(name):
        cloud.act("CreateFunction", SpaceId=space, Name=name)
        deployment = cloud.act("CreateFunctionDeployment", SpaceId=space, Name=name)
        requests.put(deployment["UploadSignedUrl"], data=package(), timeout=30).raise_for_status()
        cloud.act("DeployFunction", SpaceId=space, DeploymentId=deployment["DeploymentId"])

    def update(**fields):
        return cloud.act("UpdateFunction", SpaceId=space, **fields)

    def refused(**fields):
        return cloud.refused("UpdateFunction", SpaceId=space, Name="hello", **fields)

    def fetch(url):
        response = requests.get(url, timeout=30)
        return {"status": response.status_code, "headers": dict(response.headers), "text": response.text}

    function("hello")
    function("other")
    off = cloud.act("DescribeHttpTriggerConfig", SpaceId=space)
    path = update(Name="hello", HttpTriggerPath="/http/hello")
    url = f"http://{off['DefaultEndpoint']}{path['HttpTriggerPath']}"
    result = {"space": space, "off": off, "path": path, "beforeOn": fetch(url)}
    result["on"] = cloud.act("UpdateHttpTriggerConfig", SpaceId=space, EnableService=True)
    result["fetched"] = fetch(url)
    result["described"] = cloud.act("DescribeFunction", SpaceId=space, Name="hello")["Function"]
    result["taken"] = cloud.refused("UpdateFunction", SpaceId=space, Name="other", HttpTriggerPath="/http/hello")
    result["badPaths"] = [refused(HttpTriggerPath=bad) for bad in ["/hello", "/http/", "/http/a b", "/http/" + "a" * 123]]
    result["domain"] = cloud.refused("UpdateHttpTriggerConfig", SpaceId=space, CustomDomain="fn.example.com")
    result["noPath"] = update(Name="hello", HttpTriggerPath="")
    result["afterNoPath"] = fetch(url)
    update(Name="hello", HttpTriggerPath="/http/hello")
    result["again"] = fetch(url)
    result["switchedOff"] = cloud.act("UpdateHttpTriggerConfig", SpaceId=space, EnableService=False)
    result["afterOff"] = fetch(url)

    timer = "cron:0 30 2 * * ?"
    result["timer"] = update(Name="hello", TimingTriggerConfig=timer, TimingTriggerUserPayload="nightly", Timeout=600)
    result["badTimers"] = {
        bad: refused(TimingTriggerConfig=bad)
        for bad in [
            "0 0 * * * *",
            "cron:0 0  * * * *",
            "cron:* 0 * * * *",
            "cron:0 */5 * * * *",
            "cron:0 0 0 1 * MON",
            "cron:0 0 * * * * 2026",
            "cron:0 0 0 31 FEB ?",
        ]
    }
    result["kept"] = cloud.act("DescribeFunction", SpaceId=space, Name="hello")["Function"]
    result["noTimer"] = update(Name="hello", TimingTriggerConfig="", TimingTriggerUserPayload="")
    result["manuals"] = update(Name="hello", TimingTriggerConfig="cron:00 * * * *")
    return result


run(scenario)
