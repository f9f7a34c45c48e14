"""Sent by bench/backups.sh, which says what it measures."""
import datetime
import hashlib
import hmac
import http.client
import itertools
import os
import statistics
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tests", "chaos"))
import world  # noqa: E402
from world import World, free_port  # noqa: E402

ROUNDS = int(os.environ.get("ROUNDS", "1"))
KEY, SECRET, BUCKET = "BENCHBENCHBENCHBENCH", "a-secret-for-benchmarks-only-a-secret", "bench"
SIZES = [5_000_000] * 100 + [300_000_000]


def put(port, path, pieces=(), size=0):
    """A signed PUT (AWS signature 4, the body unsigned)."""
    now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
    day, host = now[:8], f"127.0.0.1:{port}"
    headers = {"host": host, "x-amz-content-sha256": "UNSIGNED-PAYLOAD", "x-amz-date": now}
    names = ";".join(headers)
    request = "\n".join(["PUT", path, "", *(f"{name}:{value}" for name, value in headers.items()), "", names, "UNSIGNED-PAYLOAD"])
    scope = f"{day}/us-east-1/s3/aws4_request"
    text = "\n".join(["AWS4-HMAC-SHA256", now, scope, hashlib.sha256(request.encode()).hexdigest()])
    key = f"AWS4{SECRET}".encode()
    for part in (day, "us-east-1", "s3", "aws4_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    signature = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
    headers["authorization"] = f"AWS4-HMAC-SHA256 Credential={KEY}/{scope}, SignedHeaders={names}, Signature={signature}"
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    headers["content-length"] = str(size)
    connection.request("PUT", path, body=iter(pieces), headers=headers)
    answer = connection.getresponse()
    text = answer.read()
    assert answer.status in (200, 409), (answer.status, text)


def main():
    place, port = World(), free_port()
    store = {"S3_ACCESS_KEY_ID": KEY, "S3_SECRET_ACCESS_KEY": SECRET}
    bucket = {**store, "S3_ENDPOINT": f"http://127.0.0.1:{port}", "S3_BUCKET": BUCKET}
    figures = {}

    def measure(what, *arguments, **variables):
        began = time.monotonic()
        child = subprocess.Popen([world.BINARY, "backup", *arguments], env=place.variables(**variables), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd="/")
        said = child.stdout.read().decode()
        _, status, usage = os.wait4(child.pid, 0)
        assert status == 0, said
        figures.setdefault(what, []).append((usage.ru_maxrss / 1024, time.monotonic() - began))

    try:
        place.serve("worker", CIVIC_OS_STORE__LISTEN=f"127.0.0.1:{port}", S3_BUCKET=BUCKET, CIVIC_OS_FILES__MAX_SIZE=400_000_000, **store)
        for number, size in enumerate(SIZES):
            # What differs from object to object, and is quick to make.
            piece = hashlib.sha256(str(number).encode()).digest() * 3125
            put(port, f"/{BUCKET}/o/{number}", itertools.repeat(piece, size // len(piece)), size)
            place.primary.sql(f"""insert into metadata.files (entity_type, entity_id, file_name, file_type, file_size, s3_bucket, s3_original_key, thumbnail_status)
                values ('o', '{number}', 'o', 'application/octet-stream', {size}, '{BUCKET}', 'o/{number}', 'completed')""")
        for number in range(ROUNDS):
            put(port, f"/second-{number}")
            second = {**bucket, "S3_BUCKET": f"second-{number}"}
            folder = {"CIVIC_OS_STORE__LISTEN": f"127.0.0.1:{free_port()}"}
            measure("create", "create", **bucket)
            measure("verify", "verify", **bucket)
            measure("restore into an empty bucket", "restore", "latest", "--database", f"second_{number}", **second)
            measure("restore over the same objects", "restore", "latest", "--only-files", "--database", f"second_{number}", **second)
            moved = os.path.join(place.folder, f"restored-{number}")
            os.makedirs(moved)
            os.symlink(os.path.join(place.folder, "civic-os", "backups"), os.path.join(moved, "backups"))
            measure("restore into a folder", "restore", "latest", "--database", f"folder_{number}", CIVIC_OS_DATA_DIR=moved, **folder)
        for what, rounds in figures.items():
            memory, seconds = ([round_[part] for round_ in rounds] for part in (0, 1))
            print(f"{what}: {statistics.median(memory):.0f} MB, {statistics.median(seconds):.1f} s ({min(seconds):.1f} to {max(seconds):.1f})")
    finally:
        place.close()


main()
