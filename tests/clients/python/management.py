"""What the drivers share: the official management SDK, called by the names of its actions."""

import json
import sys

from alibabacloud_mpserverless20190615 import models
from alibabacloud_mpserverless20190615.client import Client
from alibabacloud_tea_openapi.models import Config, OpenApiRequest, Params
from alibabacloud_tea_util.models import RuntimeOptions


class Management:
    """One SDK client; `scheme` is None for the SDK's default signature, or "v2"."""

    def __init__(self, config, scheme=None, key_id=None, key_secret=None):
        self.client = Client(
            Config(
                endpoint=config["endpoint"],
                protocol="HTTP",
                access_key_id=key_id or config["accessKeyId"],
                access_key_secret=key_secret or config["accessKeySecret"],
                signature_algorithm=scheme,
            )
        )
        self.functions = {name.replace("_", ""): name for name in dir(Client)}

    def act(self, action, **fields):
        """Runs an action and gives its reply with the API's own names."""
        request = getattr(models, f"{action}Request")().from_map(fields)
        reply = getattr(self.client, self.functions[action.lower()])(request)
        return reply.body.to_map()

    def refused(self, action, **fields):
        """Runs an action that must fail, and says how."""
        return refusal(lambda: self.act(action, **fields))

    def unknown_action(self, action):
        """Runs an action that the SDK has no function for."""
        params = Params(
            action=action,
            version="2019-06-15",
            protocol="HTTP",
            pathname="/",
            method="POST",
            auth_type="AK",
            style="RPC",
            req_body_type="formData",
            body_type="json",
        )
        return refusal(lambda: self.client.call_api(params, OpenApiRequest(body={"SpaceId": "x"}), RuntimeOptions()))


def refusal(work):
    try:
        return {"succeeded": str(work())}
    except Exception as error:  # The SDK has a class for each range of statuses; what counts is the code.
        status = getattr(error, "statusCode", None) or getattr(error, "status_code", None)
        return {"code": getattr(error, "code", None), "message": getattr(error, "message", str(error)), "status": status}


def run(scenario):
    """Runs a scenario with the configuration in argv and prints its result as one line of JSON."""
    print(json.dumps(scenario(json.loads(sys.argv[1]))))
