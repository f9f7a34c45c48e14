"""Measures one binary's embedded store with OBJECTS objects that are there before it starts. Sent by `bench/store.sh`."""
import hashlib
import hmac
import json
import os
import random
import re
import statistics
import sys
import time
import uuid
from urllib.parse import quote

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tests", "chaos"))
import world  # noqa: E402
from world import World, get, until  # noqa: E402

OBJECTS = int(os.environ.get("OBJECTS", "400000"))
# A folder for the objects that stays, filled where it is missing; SEED_ONLY ends there.
KEPT = os.environ.get("STORE_FOLDER")
BUCKET = "civic-os-files"
# Seconds after which the store has forgotten a listing: twice what it keeps keys, and some.
FORGOTTEN = int(os.environ.get("FORGOTTEN", "130"))
BOUNDS = {"rest": 60, "listing": 100}


def objects():
    """The same keys and names of bytes each time: an upload and its three previews."""
    numbers = random.Random(OBJECTS)
    name = lambda: uuid.UUID(int=numbers.getrandbits(128), version=4)
    for _ in range(-(-OBJECTS // 4)):
        record, file = name(), name()
        for part in ("original.jpg", "thumb-small.jpg", "thumb-medium.jpg", "thumb-large.jpg"):
            yield f"service_requests/{record}/{file}/{part}", name()


def seed(folder):
    """Writes objects as the store keeps them. A folder that is complete is left as it is."""
    if os.path.exists(os.path.join(folder, "complete")):
        return
    bucket = os.path.join(folder, "buckets", BUCKET)
    for shelf in range(256):
        for part in ("keys", "data"):
            os.makedirs(os.path.join(bucket, part, f"{shelf:02x}"), exist_ok=True)
    os.makedirs(os.path.join(bucket, "uploads"), exist_ok=True)
    etag = hashlib.md5(b"bytes").hexdigest()
    for key, data in objects():
        digest = hashlib.sha256(key.encode()).hexdigest()
        description = {"key": key, "data": str(data), "size": 5, "etag": etag,
                       "modified": 1_790_000_000_000_000, "content_type": "image/jpeg", "cache_control": "private, max-age=3600"}
        with open(os.path.join(bucket, "keys", digest[:2], f"{digest[2:]}.json"), "w", encoding="ascii") as file_of_description:
            json.dump(description, file_of_description)
        with open(os.path.join(bucket, "data", data.hex[30:], data.hex), "wb") as file_of_bytes:
            file_of_bytes.write(b"bytes")
    with open(os.path.join(folder, "complete"), "w", encoding="ascii"):
        pass


def signed(port, credentials, query):
    """The headers of a GET of the bucket with this query, whose parameters are in order (AWS signature, version 4)."""
    key, secret = credentials
    now = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    scope = f"{now[:8]}/us-east-1/s3/aws4_request"
    headers = {"host": f"127.0.0.1:{port}", "x-amz-content-sha256": "UNSIGNED-PAYLOAD", "x-amz-date": now}
    names = ";".join(headers)
    request = "\n".join(["GET", f"/{BUCKET}", query, *(f"{name}:{value}" for name, value in headers.items()), "", names, "UNSIGNED-PAYLOAD"])
    text = "\n".join(["AWS4-HMAC-SHA256", now, scope, hashlib.sha256(request.encode()).hexdigest()])
    signature = f"AWS4{secret}".encode()
    for part in (*scope.split("/"), text):
        signature = hmac.new(signature, part.encode(), hashlib.sha256).digest()
    return {**headers, "Authorization": f"AWS4-HMAC-SHA256 Credential={key}/{scope}, SignedHeaders={names}, Signature={signature.hex()}"}


def listing(port, credentials):
    """Lists all objects page by page; their number, and the seconds of the first page and of all."""
    count, token, started, first = 0, None, time.monotonic(), None
    while True:
        query = (f"continuation-token={quote(token, safe='')}&" if token else "") + "list-type=2"
        status, answer = get(port, f"/{BUCKET}?{query}", signed(port, credentials, query), timeout=300)
        assert status == 200, (status, answer[:500])
        answer = answer.decode()
        first = first or time.monotonic() - started
        count += answer.count("<Key>")
        token = re.search("<NextContinuationToken>(.*?)</NextContinuationToken>", answer)
        if not token:
            return count, first, time.monotonic() - started
        token = token[1]


def main():
    if "SEED_ONLY" in os.environ:
        seed(KEPT)
        return 0
    place = World()
    try:
        folder = os.path.join(place.folder, "civic-os", "store")
        if KEPT:
            os.makedirs(os.path.dirname(folder), exist_ok=True)
            os.symlink(KEPT, folder)
        seed(folder)
        keys, store = [key for key, _ in objects()], world.free_port()
        began = time.monotonic()
        process = place.serve("all", CIVIC_OS_STORE__LISTEN=f"127.0.0.1:{store}")
        until(lambda: get(store, f"/{BUCKET}/{keys[0]}")[0] == 200, "the store answers", 300)
        started = time.monotonic() - began
        # Whatever it does after its start is over when its processor time stands still.
        ticks = lambda: sum(map(int, open(f"/proc/{process.process.pid}/stat", encoding="ascii").read().rsplit(")", 1)[1].split()[11:13]))
        before = None
        while before != (before := ticks()):
            time.sleep(2)
        time.sleep(65)
        rest = process.resident("RssAnon")
        times = []
        for key in random.sample(keys, min(2000, len(keys))):
            asked = time.perf_counter()
            status, body = get(store, f"/{BUCKET}/{key}")
            times.append(time.perf_counter() - asked)
            assert (status, body) == (200, b"bytes"), (status, key)
        with open(os.path.join(folder, "credentials"), encoding="ascii") as file:
            credentials = file.read().split()
        count, first, whole = listing(store, credentials)
        assert count == len(keys), count
        listed = process.resident("RssAnon")
        time.sleep(FORGOTTEN)
        afterwards = process.resident("RssAnon")
        assert process.stop() == 0, process.log()[-2000:]
        missed = [name for name, figure in (("rest", max(rest, afterwards)), ("listing", listed)) if figure > BOUNDS[name]]
        print(f"{os.environ['BINARY']}: {len(keys)} objects: answers {started:.2f} s after its start; at rest {rest:.1f} MB of its own, after a listing "
              f"{listed:.1f} MB, {FORGOTTEN} s later {afterwards:.1f} MB; GET median {statistics.median(times) * 1000:.2f} ms; "
              f"first page of the listing {first:.2f} s, all {whole:.1f} s  {'MISSED: ' + ', '.join(missed) if missed else 'ok'}", flush=True)
        return 1 if missed and "BEFORE" not in os.environ else 0
    finally:
        place.close()


if __name__ == "__main__":
    sys.exit(main())
