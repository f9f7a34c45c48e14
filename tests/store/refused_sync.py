"""The embedded store on a disk that does not sync: what cannot be made durable is refused, and what was there stays.

A filter of system calls (seccomp), which a process hands down to the program that it becomes, answers fsync and fdatasync with EIO, as
the kernel does when a disk fails. Usage: refused_sync.py BINARY FOLDER
"""
import ctypes
import os
import platform
import signal
import socket
import struct
import subprocess
import sys
import time

import boto3
from botocore.client import Config
from botocore.exceptions import ClientError

BINARY, FOLDER = sys.argv[1:3]
BUCKET = "civic-os-files"
ARCHITECTURE, CALLS = {"x86_64": (0xC000003E, (74, 75)), "aarch64": (0xC00000B7, (82, 83))}[platform.machine()]
LOAD, EQUAL, RETURN = 0x20, 0x15, 0x06
ALLOW, REFUSE = 0x7FFF0000, 0x00050000 | 5
passed = 0


def refuse_to_sync():
    """From here on this process and what it becomes cannot sync a file."""
    program = [(LOAD, 0, 0, 4), (EQUAL, 0, 3, ARCHITECTURE), (LOAD, 0, 0, 0), (EQUAL, 2, 0, CALLS[0]), (EQUAL, 1, 0, CALLS[1]),
               (RETURN, 0, 0, ALLOW), (RETURN, 0, 0, REFUSE)]
    # Jumps count from the next instruction; another architecture's calls are let through.
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *one) for one in program))
    header = ctypes.create_string_buffer(struct.pack("HxxxxxxP", len(program), ctypes.addressof(code)))
    library = ctypes.CDLL(None, use_errno=True)
    for arguments in ((38, 1, 0, 0, 0), (22, 2, ctypes.addressof(header), 0, 0)):
        if library.prctl(*(ctypes.c_ulong(one) for one in arguments)):
            raise OSError(ctypes.get_errno(), "prctl")


def check(what, value):
    global passed
    assert value, what
    passed += 1


class Store:
    """A process with an embedded store on the folder, and a client of it."""

    def __init__(self, prepare=None):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        variables = {"PATH": os.environ["PATH"], "CIVIC_OS_STORE__LISTEN": f"127.0.0.1:{port}", "CIVIC_OS_DATA_DIR": FOLDER, "CIVIC_OS_ADMIN__LISTEN": "off",
                     "CIVIC_OS_DATABASE__URL": "postgres://nobody@127.0.0.1:9/none", "CIVIC_OS_MIGRATE__ON_START": "false", "CIVIC_OS_LOG__LEVEL": "warn"}
        self.log_path = os.path.join(FOLDER, "log")
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen([BINARY, "serve", "--role", "worker"], env=variables, stdout=log, stderr=log, preexec_fn=prepare)
        end = time.monotonic() + 60
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                assert self.process.poll() is None and time.monotonic() < end, self.log()
                time.sleep(0.05)
        with open(os.path.join(FOLDER, "store", "credentials"), encoding="ascii") as file:
            key, secret = file.read().split()
        options = Config(signature_version="s3v4", s3={"addressing_style": "path"}, retries={"total_max_attempts": 1})
        self.client = boto3.client("s3", endpoint_url=f"http://127.0.0.1:{port}", aws_access_key_id=key, aws_secret_access_key=secret,
                                   region_name="us-east-1", config=options)

    def log(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as file:
            return file.read()

    def put(self, key, body):
        self.client.put_object(Bucket=BUCKET, Key=key, Body=body)

    def get(self, key):
        return self.client.get_object(Bucket=BUCKET, Key=key)["Body"].read()

    def keys(self):
        return [one["Key"] for one in self.client.list_objects_v2(Bucket=BUCKET).get("Contents", [])]

    def status(self, call):
        try:
            call()
        except ClientError as error:
            return error.response["ResponseMetadata"]["HTTPStatusCode"]
        return 200

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        check("an orderly end", self.process.wait(60) == 0)


def files():
    """Files of bytes and descriptions, finished or not."""
    return sorted(os.path.join(place, name) for place, _, names in os.walk(os.path.join(FOLDER, "store", "buckets")) for name in names)


def main():
    store = Store()
    store.put("kept", b"first")
    before = files()
    check("bytes and a description", len(before) == 2)
    store.stop()

    store = Store(refuse_to_sync)
    check("what is there is served", store.get("kept") == b"first")
    check("a new object is refused", store.status(lambda: store.put("new", b"never")) == 500)
    check("so is another body of an old one", store.status(lambda: store.put("kept", b"never")) == 500)
    check("and a copy", store.status(lambda: store.client.copy_object(Bucket=BUCKET, Key="copy", CopySource={"Bucket": BUCKET, "Key": "kept"})) == 500)
    upload = store.client.create_multipart_upload
    check("and a large one, at the latest with its first part", store.status(lambda: store.client.upload_part(
        Bucket=BUCKET, Key="large", PartNumber=1, UploadId=upload(Bucket=BUCKET, Key="large")["UploadId"], Body=b"never")) == 500)
    check("the old one is as it was", store.get("kept") == b"first")
    check("nobody lists what was refused", store.keys() == ["kept"])
    check("it leaves nothing behind", [path for path in files() if "/uploads/" not in path] == before)
    check("the log says why", "Input/output error" in store.log())
    store.stop()

    store = Store()
    check("the old one is there after a restart, the others are not", (store.keys(), store.get("kept")) == (["kept"], b"first"))
    store.put("new", b"second")
    check("a disk that works again is enough", store.get("new") == b"second")
    store.stop()
    print(f"{passed} passed, 0 failed, 0 skipped")


main()
