"""deploy/nginx/civic-os.conf and deploy/caddy/Caddyfile in front of real processes; front.py has what both must pass. Traefik: proxy_traefik.py."""
import os
import re
import shutil
import ssl
import subprocess
import tempfile
import unittest

import world
from front import REPLICAS, Brakes, Front, Replaces, make_certificate


class Nginx(Brakes, Replaces, Front, unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.set_up_installation()
        cls.folder = tempfile.mkdtemp(prefix="civic-os-nginx-")
        certificate, key = make_certificate(cls.folder, cls.HOST)
        with open(os.path.join(world.ROOT, "deploy/nginx/civic-os.conf"), encoding="utf-8") as file:
            text = file.read()
        # Only what the file's first lines call the operator's own: certificates and addresses.
        text = re.sub(r"/etc/letsencrypt/live/[^/]+/fullchain.pem", certificate, text)
        text = re.sub(r"/etc/letsencrypt/live/[^/]+/privkey.pem", key, text)
        servers = "\n".join(f"    server 127.0.0.1:{port} max_fails=0;" for port in REPLICAS)
        text = re.sub(r"    server 127\.0\.0\.1:8000 [^\n]*", servers, text)
        configuration = os.path.join(cls.folder, "nginx.conf")
        with open(configuration, "w", encoding="utf-8") as file:
            file.write(f"pid {cls.folder}/pid;\nerror_log {cls.folder}/error.log;\nworker_processes 1;\nevents {{ worker_connections 1024; }}\n"
                       f"http {{ access_log off; client_body_temp_path {cls.folder}/body; proxy_temp_path {cls.folder}/proxy; "
                       f"fastcgi_temp_path {cls.folder}/f; uwsgi_temp_path {cls.folder}/u; scgi_temp_path {cls.folder}/s;\n{text}\n}}\n")
        cls.nginx = subprocess.Popen(["nginx", "-c", configuration, "-g", "daemon off; user root;"])
        cls.context = ssl.create_default_context(cafile=certificate)
        world.until(lambda: world.get(80, "/"), "nginx")

    @classmethod
    def tearDownClass(cls):
        cls.nginx.terminate()
        cls.nginx.wait()
        cls.postgres.close()
        shutil.rmtree(cls.folder, ignore_errors=True)

    def test_plain_http_is_sent_to_tls_with_its_method(self):
        status, headers, _ = world.get(80, "/view/requests?x=1", {"Host": "app.yourdomain.com"}, method="POST")
        self.assertEqual((status, headers["Location"]), (308, "https://app.yourdomain.com/view/requests?x=1"))


class Caddy(Front, unittest.TestCase):
    # It passes on while it reads: whichever of the two is first refuses, and a binary that refuses unread may be a bad gateway to Caddy 2.6.
    TOO_LARGE = (413, 400, 502)

    @classmethod
    def setUpClass(cls):
        cls.set_up_installation()
        cls.folder = tempfile.mkdtemp(prefix="civic-os-caddy-")
        certificate, key = make_certificate(cls.folder, cls.HOST)
        with open(os.path.join(world.ROOT, "deploy/caddy/Caddyfile"), encoding="utf-8") as file:
            text = file.read()
        # What comes by itself where the name is public, and the replica's port.
        text = text.replace("app.yourdomain.com {", f"app.yourdomain.com {{\n\ttls {certificate} {key}", 1).replace("127.0.0.1:8000", f"127.0.0.1:{REPLICAS[0]}")
        configuration = os.path.join(cls.folder, "Caddyfile")
        with open(configuration, "w", encoding="utf-8") as file:
            file.write("{\n\tadmin off\n}\n" + text)
        environment = {"PATH": os.environ["PATH"], "HOME": cls.folder, "XDG_DATA_HOME": cls.folder, "XDG_CONFIG_HOME": cls.folder}
        cls.log = open(os.path.join(cls.folder, "log"), "wb")
        cls.caddy = subprocess.Popen(["caddy", "run", "--config", configuration, "--adapter", "caddyfile"], env=environment, stdout=cls.log, stderr=cls.log)
        cls.context = ssl.create_default_context(cafile=certificate)
        world.until(lambda: world.get(80, "/"), "Caddy")

    @classmethod
    def tearDownClass(cls):
        cls.caddy.terminate()
        cls.caddy.wait()
        cls.log.close()
        cls.postgres.close()
        shutil.rmtree(cls.folder, ignore_errors=True)

    def test_plain_http_is_sent_to_tls(self):
        status, headers, _ = world.get(80, "/view/requests?x=1", {"Host": self.HOST})
        self.assertEqual((status, headers["Location"]), (308, "https://app.yourdomain.com/view/requests?x=1"))
