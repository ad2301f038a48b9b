"""What a space uses and may use."""

from management import Management, run


def scenario(config):
    cloud = Management(config, config.get("scheme"))
    space = config["spaceId"]

    def usage(act=cloud.act, start=config["start"], end=config["end"], **more):
        return act("QuerySpaceUsage", SpaceId=space, StartTime=start, EndTime=end, **more)

    def resources(act=cloud.act, **more):
        return act("DescribeResourceUsage", SpaceId=space, **more)

    return {
        "quota": cloud.act("DescribeResourceQuota", SpaceId=space),
        "consumption": cloud.act("QuerySpaceConsumption", SpaceId=space),
        "usage": usage(Interval=60),
        "past": usage(start="2020-01-01T00:00:00Z", end="2020-01-02T00:00:00Z"),
        "resources": resources(),
        "second": resources(PageNumber=2, PageSize=10),
        "before": resources(EndTime="2020-01-02T00:00:00Z"),
        "spec": cloud.act("QuerySpaceSpecDetail", SpecCode="UNLIMITED"),
        "refused": [
            usage(cloud.refused, end="2020-01-02T00:00:00Z"),
            usage(cloud.refused, start="yesterday"),
            usage(cloud.refused, Interval=7),
            resources(cloud.refused, Format="XML"),
            cloud.refused("QuerySpaceSpecDetail", SpecCode="BASE"),
        ],
        "unknown": cloud.refused("QuerySpaceConsumption", SpaceId="11111111-2222-3333-4444-555555555555"),
    }


run(scenario)
