"""Files with the management SDK: put by a signed address, registered, listed, guarded, deleted."""

import json

import requests
from management import Management, run


def scenario(config):
    cloud = Management(config, config.get("scheme"))
    space = cloud.act("CreateSpace", Name="files", Desc="")["SpaceId"]

    def put(path, contents, content_type=""):
        signed = cloud.act("DescribeFileUploadSignedUrl", SpaceId=space, FileId=path, Filename=path, Size=len(contents), ContentType=content_type)
        early = cloud.refused("RegisterFile", SpaceId=space, Id=signed["Id"])
        status = requests.put(signed["SignUrl"], data=contents, timeout=30).status_code
        cloud.act("RegisterFile", SpaceId=space, Id=signed["Id"])
        return {"signed": signed, "early": early, "status": status}

    def listed(**fields):
        reply = cloud.act("ListFile", SpaceId=space, **fields)
        return {"names": [file["Name"] for file in reply["DataList"]], "next": reply["Paginator"]["NextToken"], "all": reply}

    def get(**headers):
        reply = requests.get(url, headers=headers, timeout=30)
        return {"status": reply.status_code, "text": reply.text, "headers": {k.lower(): v for k, v in reply.headers.items()}}

    first = put("a/1.png", b"one", "image/webp")
    put("a/2.txt", b"two")
    put("b.bin", b"three")
    url = listed(FileId="a/1.png")["all"]["DataList"][0]["Url"]
    page = listed(PageSize=2)
    result = {
        "space": space,
        "first": first,
        "listed": listed(),
        "page": page,
        "rest": listed(PageSize=2, NextToken=page["next"]),
        "prefix": listed(Prefix="a/"),
        "keyword": listed(Keyword="2.t"),
        "got": get(),
        "forged": requests.put(first["signed"]["SignUrl"].replace("signature=", "signature=0"), data=b"x", timeout=30).status_code,
        "before": cloud.act("DescribeCdnDomain", SpaceId=space),
    }
    cloud.act(
        "SaveCdnDomainConfig",
        SpaceId=space,
        RefererConfig=json.dumps({"Type": "white", "ReferList": "shop.example.com", "AllowEmpty": "off"}),
        CorsConfig=json.dumps({"AccessOriginControl": True, "AllowOrigin": "https://shop.example.com"}),
        UaConfig=json.dumps({"Type": "black", "UaList": "*robot*"}),
    )
    result.update(
        {
            "after": cloud.act("DescribeCdnDomain", SpaceId=space),
            "noReferer": get()["status"],
            "referer": get(Referer="https://www.shop.example.com/x", Origin="https://shop.example.com"),
            "robot": get(Referer="https://shop.example.com/", **{"User-Agent": "a robot 1.0"})["status"],
            "badRule": cloud.refused("SaveCdnDomainConfig", SpaceId=space, IpConfig=json.dumps({"Type": "black", "IpList": "300.1.1.1"})),
        }
    )
    cloud.act(
        "SaveCdnDomainConfig",
        SpaceId=space,
        RefererConfig=json.dumps({"Type": "off"}),
        AuthConfig=json.dumps({"AuthType": "type_a", "AuthKey": "abcdef123456", "AuthDelta": 600}),
    )
    result["unsigned"] = get()["status"]
    url = listed(FileId="a/1.png")["all"]["DataList"][0]["Url"]
    result["signed"] = get()["status"]
    cloud.act("DeleteFile", SpaceId=space, Id=first["signed"]["Id"])
    result["afterDelete"] = listed()
    result["twice"] = cloud.refused("DeleteFile", SpaceId=space, Id=first["signed"]["Id"])
    return result


run(scenario)
