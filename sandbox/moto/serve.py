"""Runs moto's server for one sandbox: on a free loopback port, and only as long as that sandbox lives.

Standard input is the leash. Its first line holds the options as JSON, {"secret": …, "region": …}; its end means that
the sandbox is gone, however it went, so the server goes too. Standard output gets one line of JSON: {"port": …}.

moto checks no signature, so whoever reaches it may do everything, and the sandbox's instances are real shells.
Therefore each request must carry the secret, which only the sandbox's endpoint knows.
"""

import hmac
import json
import os
import sys
import threading
from typing import Any, Callable, Iterable

from moto.core import DEFAULT_ACCOUNT_ID
from moto.ec2.models import ec2_backends
from moto.server import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import make_server

from access_keys import describe_access_key
from mends import mend_all

SECRET_HEADER = "HTTP_X_SANDBOX_SECRET"
# A header and not a path: every path may be a bucket's.
ACCESS_KEY_HEADER = "HTTP_X_SANDBOX_ACCESS_KEY"

StartResponse = Callable[[str, list[tuple[str, str]]], Any]
Application = Callable[[dict[str, Any], StartResponse], Iterable[bytes]]


class OnlyForTheSandbox:
    """Hands a request on to moto if it carries the secret; and tells the sandbox whose an access key is."""

    def __init__(self, application: Application, secret: str):
        self.application = application
        self.secret = secret.encode()

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        offered = environ.pop(SECRET_HEADER, "").encode("latin-1")
        if not hmac.compare_digest(offered, self.secret):
            return answer(start_response, "403 Forbidden", {"error": "only the sandbox's endpoint may talk to moto"})
        access_key_id = environ.get(ACCESS_KEY_HEADER)
        if access_key_id is None:
            return self.application(environ, start_response)
        access_key = describe_access_key(access_key_id)
        return answer(start_response, "200 OK" if access_key else "404 Not Found", access_key)


def answer(start_response: StartResponse, status: str, content: Any) -> Iterable[bytes]:
    start_response(status, [("Content-Type", "application/json")])
    return [json.dumps(content).encode()]


def exit_with_the_sandbox() -> None:
    """Waits for the end of standard input; a killed sandbox cannot say goodbye, but the pipe closes all the same."""
    sys.stdin.read()
    os._exit(0)


def main() -> None:
    options = json.loads(sys.stdin.readline())
    threading.Thread(target=exit_with_the_sandbox, daemon=True).start()
    mend_all()
    application = OnlyForTheSandbox(DomainDispatcherApplication(create_backend_app), options["secret"])
    server = make_server("127.0.0.1", 0, application, threaded=True, request_handler=MotoRequestHandler)
    print(json.dumps({"port": server.port}), flush=True)
    # moto reads its list of images at the first EC2 call, which takes a second; nobody has to wait for it now.
    threading.Thread(target=lambda: ec2_backends[DEFAULT_ACCOUNT_ID][options["region"]], daemon=True).start()
    server.serve_forever()


main()
