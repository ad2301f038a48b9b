"""The settings of mini programs on their platforms, with the official management SDK."""

from management import Management, run


def scenario(config):
    cloud = Management(config, config.get("scheme"))
    space = config["spaceId"]

    def act(action, **fields):
        return cloud.act(action, SpaceId=space, **fields)

    def refused(action, **fields):
        return cloud.refused(action, SpaceId=space, **fields)

    def listed(platform):
        return act("ListOpenPlatformConfig", Platform=platform)["SecretList"]

    ant = {"AppId": "2021000000000001", "PrivateKey": config["privateKey"], "PublicKey": config["publicKey"], "SignMode": "key"}
    act("SaveAntOpenPlatformConfig", **ant)
    act("SaveAppAuthToken", AppId="2021000000000002", IsvAppId="2021000000000001", AppAuthToken="SECRET-token")
    act("SaveWechatOpenPlatformConfig", AppId="wx0000000000000001", AppSecret="SECRET-wechat")
    act("AddDingtalkOpenPlatformConfig", AppId="ding1", AppSecret="SECRET-dingtalk")
    result = {
        "ant": listed("alipay"),
        "wechat": listed("wechat"),
        "added": act("ListDingtalkOpenPlatformConfigs")["Configs"],
        "twice": refused("AddDingtalkOpenPlatformConfig", AppId="ding1", AppSecret="SECRET-other"),
        "unknown": refused("UpdateDingtalkOpenPlatformConfig", AppId="ding2", AppSecret="SECRET-other"),
        "noKey": refused("SaveAntOpenPlatformConfig", AppId="2021000000000003", PublicKey=config["publicKey"]),
        "noId": refused("SaveWechatOpenPlatformConfig", AppSecret="SECRET-other"),
        "noApp": refused("SaveAppAuthToken", AppId="2021000000000009", AppAuthToken="SECRET-other"),
    }
    act("UpdateDingtalkOpenPlatformConfig", AppId="ding1", AppSecret="SECRET-changed")
    result["updated"] = act("ListDingtalkOpenPlatformConfigs")["Configs"]
    # What a console has read and sends back changes nothing.
    act("SaveAntOpenPlatformConfig", **{name: result["ant"][0][name] for name in ant})
    result["again"] = listed("ant")

    result["extensions"] = cloud.act("ListExtensions", PageNumber=1, PageSize=10)
    cloud.act("EnableExtension", ExtensionId=result["extensions"]["Extensions"][0]["ExtensionId"])
    result["noExtension"] = cloud.refused("EnableExtension", ExtensionId="nothing")
    result["services"] = [act("QueryServiceStatus", ServiceName=name)["ServiceStatus"] for name in ("db", "file", "function", "webhosting")]
    act("OpenService", ServiceName="webhosting")
    result["opened"] = act("QueryServiceStatus", ServiceName="webhosting")["ServiceStatus"]
    result["noService"] = refused("QueryServiceStatus", ServiceName="tea")

    act("DeleteAntOpenPlatformConfig", AppId="2021000000000001")
    act("DeleteWechatOpenPlatformConfig", AppId="wx0000000000000001")
    act("DeleteDingtalkOpenPlatformConfig", AppId="ding1")
    result["gone"] = refused("DeleteDingtalkOpenPlatformConfig", AppId="ding1")
    result["left"] = [listed(""), act("ListDingtalkOpenPlatformConfigs")["Configs"]]
    return result


run(scenario)
