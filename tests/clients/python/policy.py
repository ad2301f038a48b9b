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

    def files(rules):
        def update(act, **more):
            return act("UpdateServicePolicy", SpaceId=space, ServiceName="file", **more)

        def describe():
            return cloud.act("DescribeServicePolicy", SpaceId=space, ServiceName="file")

        return {
            "default": describe(),
            "preset": update(cloud.act, PolicyName="PRIVATE"),
            "described": describe(),
            "own": update(cloud.act, PolicyName="EXTENDED", Policy=rules),
            "refused": [
                update(cloud.refused, PolicyName="EXTENDED", Policy=policy)
                for policy in ("{", '{"/a(?=b)/":{"*":true}}', '{"a":{".write":"request.auth.userId"}}', '{".read":true,".write":true}')
            ],
            "noPolicy": update(cloud.refused, PolicyName="EXTENDED"),
            "left": describe(),
        }

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
        "other": refused(ServiceName="function", PolicyName="PRIVATE"),
        "unknownSpace": refused(SpaceId="11111111-2222-3333-4444-555555555555", PolicyName="PRIVATE"),
        "refused": describe("refused"),
        "files": files(config["fileRules"]),
    }


run(scenario)
