"""What every proxy in front of real processes must pass on: live lists, the client's address, the size of webhooks; and what some of them do besides."""
import http.client
import os
import subprocess
import threading
import time
import zlib

import world

PASSWORD = "proxy-Pa55word"
REPLICAS = (8001, 8002, 8003)


def make_certificate(folder, host):
    certificate, key = os.path.join(folder, "cert.pem"), os.path.join(folder, "key.pem")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "1",
                    "-subj", f"/CN={host}", "-addext", f"subjectAltName=DNS:{host}", "-keyout", key, "-out", certificate],
                   check=True, capture_output=True)
    return certificate, key


class Front:
    """What both proxies have in front of them and must pass on."""

    HOST = "app.yourdomain.com"
    TOO_LARGE = (413,)

    @classmethod
    def set_up_installation(cls):
        world.hosts(["postgres", cls.HOST])
        with open(os.path.join(world.ROOT, "deploy/compose/10-authenticator.sh"), encoding="utf-8") as file:
            cls.postgres = world.Postgres(PASSWORD, PASSWORD, "civic_os_prod", file.read())
        base = {"PATH": os.environ["PATH"], "POSTGRES_DB": "civic_os_prod", "POSTGRES_PASSWORD": PASSWORD,
                "KEYCLOAK_URL": "https://auth.yourdomain.com", "KEYCLOAK_REALM": "production",
                # As the examples say: the proxy on this machine names the client.
                "CIVIC_OS_WEB__TRUSTED_PROXIES": "127.0.0.1/32"}
        with world.running(["serve", "--role", "migrate"], base, world.RELEASE) as process:
            assert process.wait() == 0
        cls.postgres.sql("create table public.lanterns (id serial primary key, display_name text not null);"
                         "alter table public.lanterns enable row level security;"
                         "create policy everybody on public.lanterns for select to web_anon using (true);"
                         "grant select on public.lanterns to web_anon;"
                         "select metadata.watch_table('public.lanterns')")
        cls.base = base

    def api(self, port):
        environment = {**self.base, "CIVIC_OS_WEB__LISTEN": f"127.0.0.1:{port}", "CIVIC_OS_ADMIN__LISTEN": f"127.0.0.1:{port + 1000}",
                       "CIVIC_OS_WEB__PUBLIC_URL": f"https://{self.HOST}", "CIVIC_OS_DATABASE__POOL_API": "4"}
        return world.Process(["serve", "--role", "api"], environment, world.RELEASE)

    def payments(self, **more):
        environment = {**self.base, "WEBHOOK_PORT": "8080", "CIVIC_OS_ADMIN__LISTEN": "127.0.0.1:3003",
                       "STRIPE_API_KEY": "sk_test_x", "STRIPE_WEBHOOK_SECRET": "whsec_x", **more}
        return world.Process(["serve", "--role", "payments"], environment, world.RELEASE)

    def connect(self, source=None):
        """A connection to the proxy, from an address of this machine."""
        return http.client.HTTPSConnection(self.HOST, 443, context=self.context, timeout=20, source_address=source and (source, 0))

    def ask(self, path, method="GET", body=None, headers=None, source=None):
        connection = self.connect(source)
        try:
            connection.request(method, path, body=body, headers=headers or {})
            response = connection.getresponse()
            return response.status, dict(response.getheaders()), response.read()
        finally:
            connection.close()

    def ready(self, port):
        world.until(lambda: (world.get(port + 1000, "/ready") or (0,))[0] == 200, f"replica {port}")

    def test_pages_rest_and_the_size_of_webhooks(self):
        payments, api = self.payments(), self.api(REPLICAS[0])
        try:
            self.ready(REPLICAS[0])
            world.until(lambda: world.get(8080, "/health"), "payments")
            self.assertEqual(self.ask("/health")[2], b"healthy\n")
            self.assertEqual(self.ask("/api/")[0], 200)
            self.assertIn(b"<html", self.ask("/", headers={"Accept": "text/html"})[2])
            status = self.ask("/webhooks/stripe", "POST", b"x" * (1024 * 1024 + 1))[0]
            self.assertIn(status, self.TOO_LARGE, "more than one megabyte")
            self.assertEqual(self.ask("/webhooks/stripe", "POST", b"{}")[0], 400, "unsigned, but let through by the proxy")
        finally:
            payments.stop()
            api.stop()

    def test_live_lists_arrive_at_once(self):
        api = self.api(REPLICAS[0])
        connection = self.connect()
        try:
            self.ready(REPLICAS[0])
            # As a browser asks: a proxy that compresses must not hold back what it has compressed.
            connection.request("GET", "/events?tables=lanterns", headers={"Accept": "text/event-stream", "Accept-Encoding": "gzip"})
            response = connection.getresponse()
            self.assertEqual((response.status, response.getheader("Content-Type").split(";")[0]), (200, "text/event-stream"))
            compressed = response.getheader("Content-Encoding") == "gzip"
            plain = zlib.decompressobj(31).decompress if compressed else bytes
            heard = b""

            def until(text):
                nonlocal heard
                # The connection's own time-out ends a wait in vain.
                while text not in heard:
                    piece = response.read1(4096)
                    self.assertTrue(piece, f"the stream ended after {heard}")
                    heard += plain(piece)

            until(b"event: ready")
            self.postgres.sql("insert into public.lanterns (display_name) values ('Main Street')")
            until(b'"table":"lanterns"')
        finally:
            connection.close()
            api.stop()

    def test_the_client_s_address_reaches_the_process_and_cannot_be_forged(self):
        payments = self.payments(CIVIC_OS_PAYMENTS__WEBHOOK_ADDRESSES="127.0.0.2")
        try:
            world.until(lambda: world.get(8080, "/health"), "payments")
            post = lambda source, **headers: self.ask("/webhooks/stripe", "POST", b"{}", headers, source)[0]
            self.assertEqual(post("127.0.0.2"), 400, "from a permitted address; only the signature is missing")
            self.assertEqual(post("127.0.0.3"), 403, "from another")
            self.assertEqual(post("127.0.0.3", **{"X-Forwarded-For": "127.0.0.2"}), 403, "who writes the header himself is not believed")
        finally:
            payments.stop()


class Brakes:
    """A proxy that limits how often an address may send events."""

    def test_a_burst_of_webhooks_is_braked(self):
        payments = self.payments()
        try:
            world.until(lambda: world.get(8080, "/health"), "payments")
            # Another address than the other tests', which have used up some of theirs.
            statuses = [self.ask("/webhooks/stripe", "POST", b"{}", source="127.0.0.9")[0] for _ in range(25)]
            self.assertIn(429, statuses, statuses)
            self.assertEqual(statuses[0], 400, "unsigned, but let through by the proxy")
        finally:
            payments.stop()


class Replaces:
    """A proxy before three replicas that are replaced under load."""

    def test_replacing_three_api_processes_one_by_one_loses_no_request(self):
        replicas = {port: self.api(port) for port in REPLICAS}
        for port in REPLICAS:
            self.ready(port)
        stop, statuses, failures = threading.Event(), [], []

        def load():
            connection = self.connect()
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
                    connection = self.connect()
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
                self.ready(port)
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
