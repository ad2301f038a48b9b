"""The rules of a space's collections: set, described, refused."""

from management import Management, run


def scenario(config):
    cloud = Management(config, config.get("scheme"))
    space = config["spaceId"]

    def fields(collection, **more):
        return {"SpaceId": space, "ServiceName": "db", "CollectionName": collection, **more}

    def describe(collection):
        return cloud.act("DescribeServicePolicy", **fields(collection))

    def refused(**more):
        return cloud.refused("UpdateServicePolicy", **{**fields("refused"), **more})

    updated = {}
    for rule in config["rules"]:
        more = {name: rule[name] for name in ("PolicyName", "Policy") if name in rule}
        updated[rule["collection"]] = cloud.act("UpdateServicePolicy", **fields(rule["collection"], **more))
    return {
        "default": describe("new"),
        "updated": updated,
        "described": {rule["collection"]: describe(rule["collection"]) for rule in config["rules"]},
        "noName": refused(),
        "unknownName": refused(PolicyName="NONE"),
        "noPolicy": refused(PolicyName="EXTENDED"),
        "half": refused(PolicyName="EXTENDED", Policy='{".read":true}'),
        "twice": refused(PolicyName="EXTENDED", Policy='{"*":true,"*":false}'),
        "noRule": refused(PolicyName="EXTENDED", Policy='{".read":true,".write":"auth.userId"}'),
        "file": refused(ServiceName="file", PolicyName="PRIVATE"),
        "unknownSpace": refused(SpaceId="11111111-2222-3333-4444-555555555555", PolicyName="PRIVATE"),
        "refused": describe("refused"),
    }


run(scenario)
