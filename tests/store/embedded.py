"""boto3 against the embedded object store: what Amazon's own client expects of S3.

Usage: embedded.py ENDPOINT ACCESS_KEY SECRET_KEY
"""
import hashlib
import sys
import urllib.error
import urllib.request

import boto3
from boto3.s3.transfer import TransferConfig
from botocore.client import Config
from botocore.exceptions import ClientError

ENDPOINT, KEY, SECRET = sys.argv[1:4]
BUCKET = "civic-os-files"
MIB = 1024 * 1024
passed = 0


def client(secret=SECRET, **config):
    options = Config(signature_version="s3v4", s3={"addressing_style": "path"}, retries={"max_attempts": 1}, **config)
    return boto3.client("s3", endpoint_url=ENDPOINT, aws_access_key_id=KEY, aws_secret_access_key=secret,
                        region_name="us-east-1", config=options)


def check(what, value):
    global passed
    assert value, what
    passed += 1


def refused(code, call):
    try:
        call()
    except ClientError as error:
        check(f"{error.response['Error']['Code']} instead of {code}", error.response["Error"]["Code"] in code.split("|"))
    else:
        raise AssertionError(f"{code} expected")


def fetch(url, method="GET", body=None, **headers):
    request = urllib.request.Request(url, data=body, method=method, headers=headers)
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


s3 = client()
check("the bucket is listed", BUCKET in [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]])

# Plain objects, with the checksums that boto3 sends by itself, and headers that come back.
for key in ["plain.txt", "mit leer/ünï+&=%25.txt", "a/b", "a/b/c", "../../etc/passwd", "k" * 1024]:
    body = key.encode()
    answer = s3.put_object(Bucket=BUCKET, Key=key, Body=body, ContentType="text/x-test", CacheControl="max-age=5",
                           Metadata={"owner": "anna"})
    check(key, answer["ETag"] == f'"{hashlib.md5(body).hexdigest()}"')
    got = s3.get_object(Bucket=BUCKET, Key=key)
    check(key, got["Body"].read() == body and got["ContentType"] == "text/x-test" and got["CacheControl"] == "max-age=5")
    check(key, got["Metadata"] == {"owner": "anna"} and got["ContentLength"] == len(body))
refused("BadDigest|InvalidDigest|400", lambda: s3.put_object(Bucket=BUCKET, Key="x", Body=b"x", ContentMD5="AAAAAAAAAAAAAAAAAAAAAA=="))
refused("KeyTooLongError|InvalidArgument|400", lambda: s3.put_object(Bucket=BUCKET, Key="k" * 1025, Body=b"x"))
refused("NoSuchKey", lambda: s3.get_object(Bucket=BUCKET, Key="nothing"))
refused("NoSuchBucket", lambda: s3.put_object(Bucket="another-bucket", Key="x", Body=b"x"))
check("a range", s3.get_object(Bucket=BUCKET, Key="plain.txt", Range="bytes=1-3")["Body"].read() == b"lai")
refused("InvalidRange|416", lambda: s3.get_object(Bucket=BUCKET, Key="plain.txt", Range="bytes=99-"))

# Listings: prefixes, delimiters, pages.
for number in range(25):
    s3.put_object(Bucket=BUCKET, Key=f"pages/{number:02}/x", Body=b"")
keys, prefixes = [], []
for page in s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix="pages/", PaginationConfig={"PageSize": 7}):
    keys += [entry["Key"] for entry in page.get("Contents", [])]
check("all pages, in order", keys == [f"pages/{number:02}/x" for number in range(25)])
for page in s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix="pages/", Delimiter="/", PaginationConfig={"PageSize": 4}):
    prefixes += [entry["Prefix"] for entry in page.get("CommonPrefixes", [])]
check("common prefixes once each", prefixes == [f"pages/{number:02}/" for number in range(25)])
deleted = s3.delete_objects(Bucket=BUCKET, Delete={"Objects": [{"Key": key} for key in keys]})
check("deleted together", len(deleted["Deleted"]) == 25)
check("empty", "Contents" not in s3.list_objects_v2(Bucket=BUCKET, Prefix="pages/"))

# Multipart: the managed upload, by hand, and everything that can be wrong with it.
large = bytes(range(256)) * (13 * MIB // 256)
with open("large.bin", "wb") as file:
    file.write(large)
s3.upload_file("large.bin", BUCKET, "large.bin", Config=TransferConfig(multipart_threshold=5 * MIB, multipart_chunksize=5 * MIB))
head = s3.head_object(Bucket=BUCKET, Key="large.bin")
check("three parts", head["ETag"].endswith('-3"') and head["ContentLength"] == len(large))
check("the same bytes", s3.get_object(Bucket=BUCKET, Key="large.bin")["Body"].read() == large)
upload = s3.create_multipart_upload(Bucket=BUCKET, Key="hand", ContentType="x/y")["UploadId"]
part = lambda number, body: {"PartNumber": number, "ETag": s3.upload_part(
    Bucket=BUCKET, Key="hand", UploadId=upload, PartNumber=number, Body=body)["ETag"]}
first, small = part(1, large[: 5 * MIB]), part(2, b"small")
last = part(3, b"end")
complete = lambda parts, key="hand": s3.complete_multipart_upload(Bucket=BUCKET, Key=key, UploadId=upload, MultipartUpload={"Parts": parts})
refused("EntityTooSmall", lambda: complete([first, small, last]))
refused("InvalidPartOrder", lambda: complete([last, first]))
refused("InvalidPart", lambda: complete([{**first, "ETag": '"00000000000000000000000000000000"'}]))
refused("NoSuchUpload", lambda: complete([first], "other"))
check("listed", [entry["PartNumber"] for entry in s3.list_parts(Bucket=BUCKET, Key="hand", UploadId=upload)["Parts"]] == [1, 2, 3])
complete([first, last])
check("joined", s3.get_object(Bucket=BUCKET, Key="hand")["Body"].read() == large[: 5 * MIB] + b"end")
refused("NoSuchUpload", lambda: complete([first, last]))
given_up = s3.create_multipart_upload(Bucket=BUCKET, Key="given up")["UploadId"]
s3.abort_multipart_upload(Bucket=BUCKET, Key="given up", UploadId=given_up)
refused("NoSuchUpload", lambda: s3.abort_multipart_upload(Bucket=BUCKET, Key="given up", UploadId=given_up))
s3.copy_object(Bucket=BUCKET, Key="copy", CopySource={"Bucket": BUCKET, "Key": "hand"})
check("copied", s3.head_object(Bucket=BUCKET, Key="copy")["ContentType"] == "x/y")

# Signatures.
refused("SignatureDoesNotMatch", lambda: client("not the secret").put_object(Bucket=BUCKET, Key="x", Body=b"x"))
sign = lambda method, seconds=60, key="signed": s3.generate_presigned_url(method, Params={"Bucket": BUCKET, "Key": key}, ExpiresIn=seconds)
check("botocore's address to write", fetch(sign("put_object"), "PUT", b"by address")[0] == 200)
check("botocore's address to read", fetch(sign("get_object")) == (200, b"by address"))
tampered = sign("put_object").replace("/signed?", "/other?")
status, body = fetch(tampered, "PUT", b"x")
check("another key", status == 403 and b"SignatureDoesNotMatch" in body)
old = sign("put_object", 1)
import time
time.sleep(2.1)
status, body = fetch(old, "PUT", b"x")
check("an old address", status == 403 and b"AccessDenied" in body)
status, body = fetch(f"{ENDPOINT}/{BUCKET}/unsigned", "PUT", b"x")
check("no signature", status == 403)
check("nothing was written", "Contents" not in s3.list_objects_v2(Bucket=BUCKET, Prefix="unsigned"))
print(f"{passed} passed, 0 failed, 0 skipped")
