"""A mail server for tests, on aiosmtpd. Every message is parsed by Python's email package, its signature checked by dkimpy, and printed as one line of JSON.

smtp_sink.py FOLDER NAME [starttls|tls]   certificate for NAME; STARTTLS or TLS is required, and a login

Standard input takes one JSON document a line; each is answered by {"understood": true}:
  {"script": [STEP, ...]}        what happens to the next deliveries, one step each: {"rcpt": REPLY}, {"data": REPLY}, {"drop": "mail"|"data"|"answer"}, {}
  {"greylist": SECONDS}          a pair of sender and recipient is refused until it comes back after so long
  {"password": TEXT}             the password from now on
"""

import base64
import collections
import datetime
import ipaddress
import json
import os
import socket
import ssl
import sys
import time
import warnings
from email import policy
from email.parser import BytesParser

import dkim
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

warnings.filterwarnings("ignore", message="Requiring AUTH while not")
folder, name = sys.argv[1], sys.argv[2]
is_implicit = sys.argv[3:] == ["tls"]


def write(file, content):
    path = os.path.join(folder, file)
    with open(path, "wb") as stream:
        stream.write(content)
    return path


def pem(private):
    return private.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())


def certify(common_name, public_key, issuer_name, issuer_key, is_authority):
    """A certificate of today and tomorrow."""
    now = datetime.datetime.now(datetime.timezone.utc)
    is_address = name[0].isdigit()
    alternative = x509.IPAddress(ipaddress.ip_address(name)) if is_address else x509.DNSName(name)
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer_name)]))
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
    )
    if not is_authority:
        builder = builder.add_extension(x509.SubjectAlternativeName([alternative]), critical=False)
    return builder.sign(issuer_key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


# Clients refuse an authority's certificate as a server's, so there are two.
authority_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
authority = write("authority.pem", certify("tests", authority_key.public_key(), "tests", authority_key, True))
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(write("cert.pem", certify(name, key.public_key(), "tests", authority_key, False)), write("key.pem", pem(key)))

# The key that the sender signs with, and what the DNS would say of it.
signing = rsa.generate_private_key(public_exponent=65537, key_size=2048)
signing_key = write("dkim.pem", pem(signing))
public = signing.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
RECORDS = {b"mail._domainkey.town.example.": b"v=DKIM1; k=rsa; p=" + base64.b64encode(public)}


def lookup(record, timeout=5):
    return RECORDS.get(record)


def verdict(raw):
    try:
        return dkim.verify(raw, dnsfunc=lookup)
    except dkim.DKIMException as error:
        return str(error)


script = collections.deque()
grey = {"seconds": None, "seen": {}}
login = {"password": b"sesame"}


def say(document):
    print(json.dumps(document), flush=True)


class Handler:
    async def handle_MAIL(self, server, session, envelope, address, options):
        session.step = script.popleft() if script else {}
        if session.step.get("drop") == "mail":
            server.transport.abort()
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 2.1.0 ok"

    async def handle_RCPT(self, server, session, envelope, address, options):
        if session.step.get("rcpt"):
            return session.step["rcpt"]
        if grey["seconds"] is not None:
            first = grey["seen"].setdefault((envelope.mail_from, address), time.monotonic())
            if time.monotonic() - first < grey["seconds"]:
                say({"greylisted": address})
                return "451 4.7.1 greylisted, please come back"
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 2.1.5 ok"

    async def handle_DATA(self, server, session, envelope):
        if session.step.get("drop") == "data":
            server.transport.abort()
            return "451 4.3.0 dropped"
        if session.step.get("data"):
            return session.step["data"]
        raw = envelope.original_content or envelope.content
        message = BytesParser(policy=policy.default).parsebytes(raw)
        parts = [
            {
                "type": part.get_content_type(),
                "content": part.get_content() if part.get_content_maintype() == "text" else None,
                "bytes": len(part.get_payload(decode=True)),
                "encoding": part["Content-Transfer-Encoding"],
                "charset": part.get_content_charset(),
                "id": part["Content-ID"],
                "disposition": part.get_content_disposition(),
            }
            for part in message.walk()
            if not part.is_multipart()
        ]
        say({
            "sender": envelope.mail_from,
            "recipients": envelope.rcpt_tos,
            "encrypted": session.ssl is not None or is_implicit,
            "user": session.auth_data.login.decode() if session.auth_data else None,
            "headers": {name: str(value) for name, value in message.items()},
            "names": [name for name, _ in message.items()],
            "is_ascii": raw.isascii(),
            "longest_line": max(len(line) for line in raw.split(b"\r\n")),
            "raw_subject": next(line for line in raw.split(b"\r\n") if line.startswith(b"Subject:")).decode("ascii", "replace"),
            "dkim": verdict(raw) if message["DKIM-Signature"] else None,
            "dkim_of_another_subject": verdict(raw.replace(b"\r\nSubject:", b"\r\nSubject: x", 1)) if message["DKIM-Signature"] else None,
            "dkim_of_another_body": verdict(raw[:-4] + b"x" + raw[-4:]) if message["DKIM-Signature"] else None,
            "from_name": message["From"].addresses[0].display_name,
            "to_name": message["To"].addresses[0].display_name,
            "to": message["To"].addresses[0].addr_spec,
            "date": message["Date"].datetime.isoformat(),
            "structure": message.get_content_type(),
            "containers": [part.get_content_type() for part in message.walk() if part.is_multipart()],
            "defects": [str(defect) for part in message.walk() for defect in part.defects] + [str(defect) for value in message.values() for defect in getattr(value, "defects", [])],
            "parts": parts,
        })
        if session.step.get("drop") == "answer":
            server.transport.abort()
        return "250 2.0.0 taken"


def authenticate(server, session, envelope, mechanism, data):
    return AuthResult(success=data.login == b"town" and data.password == login["password"], handled=False, auth_data=data)


options = {"ssl_context": context, "auth_require_tls": False} if is_implicit else {"tls_context": context, "require_starttls": True}
controller = Controller(Handler(), hostname="127.0.0.1", port=0, auth_required=True, authenticator=authenticate, server_hostname="sink.example", **options)
# The controller looks at its port before it is content; it does not know the one that the system chose.
controller._trigger_server = lambda: socket.create_connection(controller.server.sockets[0].getsockname(), 5).close()
controller.start()
say({"port": controller.server.sockets[0].getsockname()[1], "certificate": authority, "signing_key": signing_key})
for line in sys.stdin:
    command = json.loads(line)
    script.extend(command.get("script", []))
    if "greylist" in command:
        grey.update(seconds=command["greylist"], seen={})
    if "password" in command:
        login["password"] = command["password"].encode()
    say({"understood": True})
