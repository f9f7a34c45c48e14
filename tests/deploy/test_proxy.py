"""deploy/nginx/civic-os.conf in front of real processes: TLS, the webhook's limits, and replacing three API processes under load."""
import http.client
import os
import re
import shutil
import ssl
import subprocess
import tempfile
import threading
import time
import unittest

import world

PASSWORD = "proxy-Pa55word"
REPLICAS = (8001, 8002, 8003)


class Proxy(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        world.hosts(["postgres", "app.yourdomain.com"])
        with open(os.path.join(world.ROOT, "deploy/compose/10-authenticator.sh"), encoding="utf-8") as file:
            cls.postgres = world.Postgres(PASSWORD, PASSWORD, "civic_os_prod", file.read())
        base = {"PATH": os.environ["PATH"], "POSTGRES_DB": "civic_os_prod", "POSTGRES_PASSWORD": PASSWORD,
                "KEYCLOAK_URL": "https://auth.yourdomain.com", "KEYCLOAK_REALM": "production"}
        with world.running(["serve", "--role", "migrate"], base, world.RELEASE) as process:
            assert process.wait() == 0
        cls.base = base
        cls.folder = tempfile.mkdtemp(prefix="civic-os-nginx-")
        certificate, key = os.path.join(cls.folder, "cert.pem"), os.path.join(cls.folder, "key.pem")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "1",
                        "-subj", "/CN=app.yourdomain.com", "-addext", "subjectAltName=DNS:app.yourdomain.com", "-keyout", key, "-out", certificate],
                       check=True, capture_output=True)
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

    def api(self, port):
        environment = {**self.base, "CIVIC_OS_WEB__LISTEN": f"127.0.0.1:{port}", "CIVIC_OS_ADMIN__LISTEN": f"127.0.0.1:{port + 1000}",
                       "CIVIC_OS_WEB__PUBLIC_URL": "https://app.yourdomain.com", "CIVIC_OS_DATABASE__POOL_API": "4"}
        return world.Process(["serve", "--role", "api"], environment, world.RELEASE)

    def ask(self, path, method="GET", body=None, headers=None):
        connection = http.client.HTTPSConnection("app.yourdomain.com", 443, context=self.context, timeout=20)
        try:
            connection.request(method, path, body=body, headers=headers or {})
            response = connection.getresponse()
            return response.status, dict(response.getheaders()), response.read()
        finally:
            connection.close()

    def test_plain_http_is_sent_to_tls_with_its_method(self):
        status, headers, _ = world.get(80, "/view/requests?x=1", {"Host": "app.yourdomain.com"}, method="POST")
        self.assertEqual((status, headers["Location"]), (308, "https://app.yourdomain.com/view/requests?x=1"))

    def test_pages_rest_and_webhooks_through_nginx(self):
        payments = world.Process(["serve", "--role", "payments"],
                                 {**self.base, "WEBHOOK_PORT": "8080", "CIVIC_OS_ADMIN__LISTEN": "127.0.0.1:3003",
                                  "STRIPE_API_KEY": "sk_test_x", "STRIPE_WEBHOOK_SECRET": "whsec_x"}, world.RELEASE)
        replicas = [self.api(port) for port in REPLICAS]
        try:
            for port in REPLICAS:
                world.until(lambda port=port: (world.get(port + 1000, "/ready") or (0,))[0] == 200, f"replica {port}")
            world.until(lambda: world.get(8080, "/health"), "payments")
            self.assertEqual(self.ask("/health")[2], b"healthy\n")
            self.assertEqual(self.ask("/api/")[0], 200)
            self.assertIn(b"<html", self.ask("/", headers={"Accept": "text/html"})[2])
            status = self.ask("/webhooks/stripe", "POST", b"x" * (1024 * 1024 + 1))[0]
            self.assertEqual(status, 413, "one megabyte is the proxy's limit")
            statuses = [self.ask("/webhooks/stripe", "POST", b"{}")[0] for _ in range(25)]
            self.assertIn(429, statuses, statuses)
            self.assertNotIn(statuses[0], (200, 429), "unsigned, but let through by the proxy")
        finally:
            for process in [payments, *replicas]:
                process.stop()

    def test_replacing_three_api_processes_one_by_one_loses_no_request(self):
        replicas = {port: self.api(port) for port in REPLICAS}
        for port in REPLICAS:
            world.until(lambda port=port: (world.get(port + 1000, "/ready") or (0,))[0] == 200, f"replica {port}")
        stop, statuses, failures = threading.Event(), [], []

        def load():
            connection = http.client.HTTPSConnection("app.yourdomain.com", 443, context=self.context, timeout=20)
            while not stop.is_set():
                try:
                    connection.request("GET", "/api/rpc/is_admin", headers={"Accept": "application/json"})
                    response = connection.getresponse()
                    response.read()
                    statuses.append(response.status)
                    if response.status >= 500:
                        failures.append(response.status)
                except Exception as error:
                    failures.append(repr(error))
                    connection = http.client.HTTPSConnection("app.yourdomain.com", 443, context=self.context, timeout=20)
                time.sleep(0.005)

        threads = [threading.Thread(target=load) for _ in range(4)]
        try:
            for thread in threads:
                thread.start()
            for port in REPLICAS:
                before = len(statuses)
                world.until(lambda before=before: len(statuses) > before + 50, "load")
                self.assertEqual(replicas[port].stop(), 0)
                replicas[port] = self.api(port)
                world.until(lambda port=port: (world.get(port + 1000, "/ready") or (0,))[0] == 200, f"replica {port} again")
            before = len(statuses)
            world.until(lambda: len(statuses) > before + 50, "load at the end")
        finally:
            stop.set()
            for thread in threads:
                thread.join()
            for process in replicas.values():
                process.stop()
        self.assertEqual(failures, [], f"of {len(statuses)} requests")
        self.assertGreater(len(statuses), 200)
