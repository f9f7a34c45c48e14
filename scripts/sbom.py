#!/usr/bin/env python3
"""Writes a CycloneDX 1.5 document of what is linked into the binary: `cargo metadata` on stdin, the lock file as argument.

Only what the binary's own crate needs at run time counts: development and build dependencies are left out.
"""
import json
import re
import sys
import tomllib

metadata = json.load(sys.stdin)
with open(sys.argv[1], "rb") as lock:
    checksums = {(package["name"], package["version"]): package.get("checksum") for package in tomllib.load(lock)["package"]}
packages = {package["id"]: package for package in metadata["packages"]}
nodes = {node["id"]: node for node in metadata["resolve"]["nodes"]}
root = metadata["resolve"]["root"]

wanted, waiting = set(), [root]
while waiting:
    identity = waiting.pop()
    if identity in wanted:
        continue
    wanted.add(identity)
    for dependency in nodes[identity]["deps"]:
        if any(kind["kind"] is None for kind in dependency["dep_kinds"]):
            waiting.append(dependency["pkg"])


def component(package):
    entry = {
        "type": "library",
        "bom-ref": f"pkg:cargo/{package['name']}@{package['version']}",
        "name": package["name"],
        "version": package["version"],
        "purl": f"pkg:cargo/{package['name']}@{package['version']}",
    }
    if package.get("license"):
        # Old crates separate alternatives by a slash.
        entry["licenses"] = [{"expression": re.sub(r"\s*/\s*", " OR ", package["license"])}]
    checksum = checksums.get((package["name"], package["version"]))
    if checksum:
        entry["hashes"] = [{"alg": "SHA-256", "content": checksum}]
    return entry


own = packages[root]
json.dump(
    {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {"component": {**component(own), "type": "application"}},
        "components": sorted((component(packages[identity]) for identity in wanted - {root}), key=lambda entry: entry["bom-ref"]),
    },
    sys.stdout,
    indent=1,
)
sys.stdout.write("\n")
