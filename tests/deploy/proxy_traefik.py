"""deploy/traefik in front of real processes. TRAEFIK is its program."""
import json
import os
import re
import shutil
import ssl
import subprocess
import tempfile
import time
import unittest

import world
from front import REPLICAS, Brakes, Front, Replaces, make_certificate

# Traefik gives a request so long to arrive unless told otherwise; a live list must outlive it.
READ_LIMIT = 60
OWN_API = 8090


class Traefik(Brakes, Replaces, Front, unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.set_up_installation()
        cls.folder = tempfile.mkdtemp(prefix="civic-os-traefik-")
        dynamic = os.path.join(cls.folder, "dynamic")
        os.mkdir(dynamic)
        certificate, key = make_certificate(cls.folder, cls.HOST)
        # Only what the files' first lines call the operator's own: folders, addresses, and where certificates come from.
        with open(os.path.join(world.ROOT, "deploy/traefik/traefik.yml"), encoding="utf-8") as file:
            static = cls.replaced(file.read(), {"/etc/traefik/dynamic": dynamic, "/var/lib/traefik": cls.folder})
        # And a look at which replicas it takes for healthy.
        static = static.replace("entryPoints:\n", f"entryPoints:\n  traefik: {{ address: '127.0.0.1:{OWN_API}' }}\n", 1) + "api: { insecure: true }\nlog: { level: WARN }\n"
        with open(os.path.join(world.ROOT, "deploy/traefik/civic-os.yml"), encoding="utf-8") as file:
            servers = "".join(f"          - url: http://127.0.0.1:{port}\n" for port in REPLICAS)
            routes = cls.replaced(file.read(), {"tls: { certResolver: letsencrypt }": "tls: {}", "          - url: http://127.0.0.1:8000\n": servers})
        routes += f"\ntls:\n  certificates:\n    - {{ certFile: {certificate}, keyFile: {key} }}\n"
        configuration = os.path.join(cls.folder, "traefik.yml")
        for name, text in ((configuration, static), (os.path.join(dynamic, "civic-os.yml"), routes)):
            with open(name, "w", encoding="utf-8") as file:
                file.write(text)
        cls.log = open(os.path.join(cls.folder, "log"), "wb")
        cls.traefik = subprocess.Popen([os.environ["TRAEFIK"], f"--configFile={configuration}"], stdout=cls.log, stderr=cls.log)
        cls.context = ssl.create_default_context(cafile=certificate)
        world.until(cls.knows_its_routes, "Traefik")

    @staticmethod
    def replaced(text, changes):
        for old, new in changes.items():
            assert old in text, old
            text = text.replace(old, new)
        return text

    @classmethod
    def knows_its_routes(cls):
        """Whether the route is there: 404 is Traefik's own, anything else the route's."""
        try:
            return cls().ask("/health")[0] != 404
        except OSError:
            return False

    @classmethod
    def tearDownClass(cls):
        cls.traefik.terminate()
        cls.traefik.wait()
        cls.log.close()
        cls.postgres.close()
        shutil.rmtree(cls.folder, ignore_errors=True)

    def test_it_finds_no_fault_with_its_configuration(self):
        with open(os.path.join(self.folder, "log"), encoding="utf-8", errors="replace") as file:
            said = re.sub(r"\x1b\[[0-9;]*m", "", file.read())
        self.assertIn(" WRN ", said, "its log is read as it is written")
        self.assertEqual([line for line in said.splitlines() if " ERR " in line], [])

    def ready(self, port):
        super().ready(port)
        # It asks each replica every other second, and until then sends requests to what is no longer there.
        world.until(self.knows_its_replicas, "Traefik's view of the replicas")

    @staticmethod
    def knows_its_replicas():
        seen = json.loads(world.get(OWN_API, "/api/http/services/civic-os@file")[2])["serverStatus"]
        return seen == {f"http://127.0.0.1:{port}": "UP" if world.get(port, "/health") else "DOWN" for port in REPLICAS}

    def test_plain_http_is_sent_to_tls(self):
        status, headers, _ = world.get(80, "/view/requests?x=1", {"Host": self.HOST})
        self.assertIn(status, (301, 308))
        self.assertEqual(headers["Location"], "https://app.yourdomain.com/view/requests?x=1")

    def test_requests_are_named_by_the_server(self):
        api = self.api(REPLICAS[0])
        try:
            self.ready(REPLICAS[0])
            name = self.ask("/api/", headers={"X-Request-Id": "of-a-stranger"})[1]["X-Request-Id"]
            self.assertNotEqual(name, "of-a-stranger")
        finally:
            api.stop()

    def test_large_bodies_pass(self):
        api = self.api(REPLICAS[0])
        try:
            self.ready(REPLICAS[0])
            body = b'[{"display_name": "' + b"x" * 5_000_000 + b'"}]'
            status, _, answer = self.ask("/api/lanterns", "POST", body, {"Content-Type": "application/json"})
            self.assertEqual((status, json.loads(answer)["code"]), (401, "42501"), "read by the server, and refused by its rights")
        finally:
            api.stop()

    def test_a_live_list_lives_longer_than_a_request_may_take_to_arrive(self):
        api = self.api(REPLICAS[0])
        connection = self.connect()
        # Signs of life come every twenty seconds.
        connection.timeout = 40
        try:
            self.ready(REPLICAS[0])
            connection.request("GET", "/events?tables=lanterns", headers={"Accept": "text/event-stream"})
            response = connection.getresponse()
            self.assertEqual(response.status, 200)
            end = time.monotonic() + READ_LIMIT + 5
            heard = b""
            while time.monotonic() < end:
                piece = response.read1(4096)
                self.assertTrue(piece, f"the stream ended {end - time.monotonic():.0f} s too early, after {heard}")
                heard += piece
            self.postgres.sql("insert into public.lanterns (display_name) values ('High Street')")
            while b'"table":"lanterns"' not in heard:
                piece = response.read1(4096)
                self.assertTrue(piece, "the stream ended")
                heard += piece
        finally:
            connection.close()
            api.stop()
