"""The website of a space: opened, filled, described, changed and emptied with the official management SDK."""

import json

import requests
from management import Management, run


class Site:
    """A space's website."""

    def __init__(self, cloud, space):
        self.cloud, self.space = cloud, space

    def act(self, action, **fields):
        return self.cloud.act(action, SpaceId=self.space, **fields)

    def refused(self, action, **fields):
        return self.cloud.refused(action, SpaceId=self.space, **fields)

    def upload(self, path, contents=b"", **changed):
        data = self.act("GetWebHostingUploadCredential", FilePath=path)["Data"]
        form = {
            "key": data["FilePath"],
            "policy": data["Policy"],
            "OSSAccessKeyId": data["AccessKeyId"],
            "Signature": data["Signature"],
            "success_action_status": "200",
            **changed,
        }
        return requests.post(data["Endpoint"], data=form, files={"file": ("f", contents)}, timeout=60)

    def paths(self, **fields):
        """All paths, page by page."""
        paths, marker = [], ""
        while True:
            data = self.act("ListWebHostingFiles", Marker=marker, PageSize=2, **fields)["Data"]
            paths += [file["FilePath"] for file in data["WebHostingFiles"]]
            marker = data["NextMarker"]
            if not marker:
                return paths


def scenario(config):
    cloud = Management(config, config.get("scheme"))
    site = Site(cloud, config["spaceId"])
    closed = {
        "status": site.act("GetWebHostingStatus")["Data"],
        "config": site.refused("GetWebHostingConfig"),
        "upload": site.refused("GetWebHostingUploadCredential", FilePath="a.html"),
    }
    opened = [site.act("OpenWebHostingService")["Data"], site.act("OpenWebHostingService")["Data"]]
    status = site.act("GetWebHostingStatus")["Data"]
    uploads = {
        path: site.upload(path, contents.encode()).status_code
        for path, contents in {
            "index.html": "<h1>你好</h1>",
            "error.html": "<h1>404 error</h1>",
            "img/a.svg": "<svg/>",
            "img/b.svg": "<svg></svg>",
            "img/deep/c.svg": "<svg> </svg>",
            "空/文件.txt": "文",
        }.items()
    }
    folder = site.upload("empty/").status_code
    forged = site.upload("x.html", b"x", key="y.html")
    bad = [site.refused("GetWebHostingUploadCredential", FilePath=path) for path in ["../x", "a//b", "a\\b", "x" * 1024]]
    listed, in_folder = site.paths(), site.paths(Prefix="img/")
    described = site.act("DescribeWebHostingFile", FilePath="img/a.svg")["Data"]
    saved = requests.get(described["SignedUrl"], timeout=30)
    absent = site.act("DescribeWebHostingFile", FilePath="none")["Data"]
    before = site.act("GetWebHostingConfig")["Data"]
    modified = site.act("ModifyWebHostingConfig", IndexPath="index.html", ErrorPath="error.html", ErrorHttpStatus="404", AllowedIps="127.0.0.0/8")["Data"]
    after = site.act("GetWebHostingConfig")["Data"]
    refused = [
        site.refused("ModifyWebHostingConfig", **fields)
        for fields in [{"ErrorHttpStatus": "302"}, {"AllowedIps": "300.0.0.1"}, {"IndexPath": "../index.html"}]
    ]
    refreshed = site.act("RefreshWebHostingCustomDomainCache", DomainName=before["DefaultDomain"])
    one = site.act("DeleteWebHostingFile", FilePath="img/a.svg")["Data"]
    left = site.paths()
    several = site.act("BatchDeleteWebHostingFiles", FilePaths=["img/", "empty/", "none"])["Data"]
    return {
        "closed": closed,
        "opened": opened,
        "status": status,
        "uploads": uploads,
        "folder": folder,
        "forged": {"status": forged.status_code, "code": json.loads(forged.text)["code"]},
        "bad": bad,
        "listed": listed,
        "inFolder": in_folder,
        "described": described,
        "saved": saved.text,
        "absent": absent,
        "before": before,
        "modified": modified,
        "after": after,
        "refused": refused,
        "refreshed": refreshed,
        "one": one,
        "left": left,
        "several": several,
        "rest": site.paths(),
    }


run(scenario)
