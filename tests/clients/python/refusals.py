"""What the management API refuses, as the SDK tells it."""

from management import Management, run


def scenario(config):
    scheme = config.get("scheme")
    cloud = Management(config, scheme)
    return {
        "unknownAction": cloud.unknown_action("MakeCoffee"),
        "missingParameter": cloud.refused("DeleteSpace"),
        "unknownSpace": cloud.refused("DescribeSpaceClientConfig", SpaceId="no-such-space"),
        "wrongSecret": Management(config, scheme, key_secret="not-the-secret").refused("ListSpace"),
        "unknownKey": Management(config, scheme, key_id="not-a-key").refused("ListSpace"),
    }


run(scenario)
