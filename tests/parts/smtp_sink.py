"""A mail server for tests: STARTTLS and login are required; every message is parsed by Python's email package and printed as one line of JSON."""

import datetime
import ipaddress
import json
import os
import ssl
import sys
import time
from email import policy
from email.parser import BytesParser

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

folder, name = sys.argv[1], sys.argv[2]
key = ec.generate_private_key(ec.SECP256R1())
subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
now = datetime.datetime.now(datetime.timezone.utc)
alternative = x509.DNSName(name) if name == "localhost" or "." not in name or not name[0].isdigit() else x509.IPAddress(ipaddress.ip_address(name))
certificate = (
    x509.CertificateBuilder()
    .subject_name(subject)
    .issuer_name(subject)
    .public_key(key.public_key())
    .serial_number(x509.random_serial_number())
    .not_valid_before(now - datetime.timedelta(days=1))
    .not_valid_after(now + datetime.timedelta(days=1))
    .add_extension(x509.SubjectAlternativeName([alternative]), critical=False)
    .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    .sign(key, hashes.SHA256())
)
paths = [os.path.join(folder, file) for file in ("cert.pem", "key.pem")]
with open(paths[0], "wb") as file:
    file.write(certificate.public_bytes(serialization.Encoding.PEM))
with open(paths[1], "wb") as file:
    file.write(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(*paths)


def say(document):
    print(json.dumps(document), flush=True)


class Handler:
    async def handle_DATA(self, server, session, envelope):
        message = BytesParser(policy=policy.default).parsebytes(envelope.original_content or envelope.content)
        parts = [
            {"type": part.get_content_type(), "content": part.get_content() if part.get_content_maintype() == "text" else None, "encoding": part["Content-Transfer-Encoding"], "id": part["Content-ID"]}
            for part in message.walk()
            if not part.is_multipart()
        ]
        say({
            "sender": envelope.mail_from,
            "recipients": envelope.rcpt_tos,
            "encrypted": session.ssl is not None,
            "user": session.auth_data.login.decode() if session.auth_data else None,
            "headers": {name: str(value) for name, value in message.items()},
            "from_name": message["From"].addresses[0].display_name,
            "to_name": message["To"].addresses[0].display_name,
            "to": message["To"].addresses[0].addr_spec,
            "date": message["Date"].datetime.isoformat(),
            "structure": message.get_content_type(),
            "defects": [str(defect) for part in message.walk() for defect in part.defects] + [str(defect) for value in message.values() for defect in getattr(value, "defects", [])],
            "parts": parts,
        })
        return "250 2.0.0 taken"


def authenticate(server, session, envelope, mechanism, data):
    return AuthResult(success=data.login == b"town" and data.password == b"sesame", handled=False, auth_data=data)


controller = Controller(Handler(), hostname="127.0.0.1", port=0, tls_context=context, require_starttls=True, auth_required=True, authenticator=authenticate)
controller.start()
say({"port": controller.server.sockets[0].getsockname()[1], "certificate": paths[0]})
while True:
    time.sleep(3600)
