"""Prints "SHA-256 FILE" of every file that the package index has of the packages in a requirements file."""
import concurrent.futures
import json
import re
import sys
import urllib.request

from pip._internal.configuration import Configuration
from pip._internal.models.index import PyPI

settings = Configuration(isolated=False)
settings.load()
chosen = dict(settings.items())
index = (chosen.get(":env:.index-url") or chosen.get("global.index-url") or PyPI.simple_url).rstrip("/")


def files(name):
    accept = "application/vnd.pypi.simple.v1+json, text/html;q=0.1"
    request = urllib.request.Request(f"{index}/{name}/", headers={"Accept": accept})
    with urllib.request.urlopen(request, timeout=60) as reply:
        body = reply.read().decode()
        if "json" in reply.headers.get("Content-Type", ""):
            return [(f["filename"], f["hashes"].get("sha256", "")) for f in json.loads(body)["files"]]
        return re.findall(r'href="[^"]*?([^/"#]+)#sha256=([0-9a-f]{64})', body)


with open(sys.argv[1], encoding="utf-8") as lock:
    names = [re.split(r"[=\[]", line)[0] for line in lock if re.match(r"[A-Za-z0-9]", line)]
with concurrent.futures.ThreadPoolExecutor(8) as pool:
    for found in pool.map(files, names):
        for file, digest in found:
            print(digest, file)
