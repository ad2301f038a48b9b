"""The life of a space."""

from management import Management, run


def scenario(config):
    cloud = Management(config, config.get("scheme"))
    created = cloud.act("CreateSpace", Name="shop", Desc="第一个 space & more")
    space = created["SpaceId"]
    other = cloud.act("CreateSpace", Name="other", Desc="")["SpaceId"]
    described = cloud.act("DescribeSpaces", SpaceIds=[space, other])
    listed = cloud.act("ListSpace", PageNum=0, PageSize=1)
    filtered = cloud.act("ListSpace", SpaceIds=[space])
    cloud.act("UpdateSpace", SpaceId=space, Desc="renewed")
    updated = cloud.act("DescribeSpaces", SpaceIds=[space])
    client_config = cloud.act("DescribeSpaceClientConfig", SpaceId=space, Detail="true")
    cloud.act("ResetServerSecret", SpaceId=space)
    reset_config = cloud.act("DescribeSpaceClientConfig", SpaceId=space, Detail="true")
    domain = cloud.act("AddCorsDomain", SpaceId=space, Domain="shop.example.com")
    domains = cloud.act("ListCorsDomains", SpaceId=space)
    cloud.act("DeleteCorsDomain", SpaceId=space, DomainId=domain["DomainId"])
    no_domains = cloud.act("ListCorsDomains", SpaceId=space)
    cloud.act("DeleteSpace", SpaceId=other)
    return {
        "created": created,
        "other": other,
        "described": described,
        "listed": listed,
        "filtered": filtered,
        "updated": updated,
        "config": client_config,
        "resetConfig": reset_config,
        "domain": domain,
        "domains": domains,
        "noDomains": no_domains,
        "left": cloud.act("ListSpace"),
        "deleted": cloud.refused("DescribeSpaceClientConfig", SpaceId=other),
    }


run(scenario)
