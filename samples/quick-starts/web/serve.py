"""Lets the page beside this file call the server, and serves it. Needs nothing but Python.

Argument: the port of the page; 0 takes any free one. Default 8088.
"""
import functools
import http.server
import json
import os
import pathlib
import sys
import time
import urllib.error
import urllib.request

KEY = os.environ.get("CDP_KEY") or sys.exit('CDP_KEY is not set. Say: export CDP_KEY="$(cat data/operator.key)"')
SERVER = os.environ.get("CDP_HTTP_URL", "http://127.0.0.1:7879").rstrip("/")


def call(method, message):
    headers = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}
    request = urllib.request.Request(f"{SERVER}/cdp.v1.{method}", json.dumps(message).encode(), headers)
    try:
        with urllib.request.urlopen(request, timeout=30) as reply:
            return json.load(reply)
    except urllib.error.HTTPError as error:
        sys.exit(json.load(error)["message"])
    except urllib.error.URLError as error:
        sys.exit(f"{SERVER} does not answer: {error.reason}")


def may_call(origin):
    """What a browser asks before it lets a page call."""
    headers = {"Origin": origin, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization,content-type"}
    request = urllib.request.Request(f"{SERVER}/cdp.v1.Ingest/PublishEvents", headers=headers, method="OPTIONS")
    with urllib.request.urlopen(request, timeout=30) as reply:
        return reply.headers.get("Access-Control-Allow-Origin") == origin


page = functools.partial(http.server.SimpleHTTPRequestHandler, directory=pathlib.Path(__file__).resolve().parent)
web = http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1]) if len(sys.argv) > 1 else 8088), page)
origin = f"http://127.0.0.1:{web.server_port}"

# PutTenant replaces all settings, so they are read first; the etag refuses it where they were changed meanwhile.
tenant = call("Admin/GetTenant", {})["tenant"]
if origin not in tenant.get("allowedOrigins", []):
    call("Admin/PutTenant", {"tenant": tenant | {"allowedOrigins": [*tenant.get("allowedOrigins", []), origin]}})
while not may_call(origin):
    time.sleep(0.1)  # an origin is known within a second

print(f"Open {origin}/#{SERVER}", flush=True)
try:
    web.serve_forever()
except KeyboardInterrupt:
    pass
