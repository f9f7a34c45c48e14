"""`database.read_url` with a real standby: who reads where, how stale, and what happens when it lags, refuses, is promoted or goes."""
import json
import subprocess
import sys
import time
import unittest
import uuid

import world
from world import World, get, token, until

WRITER = "00000000-0000-4000-8000-00000000000a"


class Standby(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.world = World()
        # Also when the rest of this fails.
        cls.addClassCleanup(cls.world.close)
        cls.primary, cls.standby = cls.world.primary, cls.world.standby()
        cls.process = cls.world.serve("api", **{"CIVIC_OS_DATABASE__READ_URL": cls.standby.url("authenticator"), "CIVIC_OS_DATABASE__READ_MAX_LAG": "3",
                                                "CIVIC_OS_LOG__LEVEL": "info"})
        cls.near()

    @classmethod
    def figure(cls, series):
        text = get(cls.process.admin, "/metrics")[1].decode()
        return next((float(line[len(series):]) for line in text.splitlines() if line.startswith(series + " ")), None)

    @classmethod
    def near(cls):
        """Until the standby may answer."""
        def is_near():
            lag = cls.figure("civic_os_db_replica_lag_seconds")
            return lag is not None and lag < 1
        until(is_near, "the standby is near", 30)

    def reads(self, server):
        return self.figure(f'civic_os_db_replica_reads_total{{server="{server}"}}') or 0

    def ask(self, path="/api/notes?select=id", person=None, headers=None):
        bearer = {"Authorization": f"Bearer {token(person or str(uuid.uuid4()))}"}
        return get(self.process.port, path, {**bearer, **(headers or {})})

    def write(self, person=WRITER):
        identity = str(uuid.uuid4())
        status, body = get(self.process.port, "/api/notes", {"Authorization": f"Bearer {token(person)}", "Content-Type": "application/json"}, "POST",
                           json.dumps({"id": identity, "body": "x"}))
        self.assertEqual(status, 201, body)
        return identity

    def goes_to(self, server, **more):
        before = self.reads(server)
        status, body = self.ask(**more)
        self.assertEqual(status, 200, body)
        self.assertEqual(self.reads(server), before + 1, f"answered by the {server}")
        return body.decode()

    def test_readers_read_from_the_standby_and_writers_what_they_wrote(self):
        self.near()
        self.goes_to("standby")
        self.goes_to("standby", path="/api/rpc/is_admin")
        identity = self.write()
        self.assertIn(identity, self.goes_to("primary", person=WRITER))
        self.goes_to("standby")
        self.goes_to("standby", person=str(uuid.uuid4()))
        # Asked for the newest, the API does not count: the standby could not have answered.
        before = self.reads("standby")
        self.assertEqual(self.ask(headers={"Cache-Control": "no-cache"})[0], 200)
        self.assertEqual(self.reads("standby"), before)
        until(lambda: identity in self.ask()[1].decode(), "the standby has it", 10)
        time.sleep(4.5)  # read_max_lag and a second: then the writer is a reader again.
        self.assertIn(identity, self.goes_to("standby", person=WRITER))

    def test_a_standby_that_stands_still_is_left_alone_once_it_is_too_far_behind(self):
        self.near()
        self.standby.sql("select pg_wal_replay_pause()")
        identity = self.write()
        try:
            # Stale, and known to be.
            self.assertNotIn(identity, self.goes_to("standby"))
            until(lambda: (self.figure("civic_os_db_replica_lag_seconds") or 0) > 3, "the lag is seen", 20)
            self.assertIn(identity, self.goes_to("primary"))
        finally:
            self.standby.sql("select pg_wal_replay_resume()")
        self.near()
        self.assertIn(identity, self.goes_to("standby"))

    def test_what_only_the_primary_can_is_asked_there(self):
        self.primary.sql("create or replace function public.snap() returns text language plpgsql stable as $$ begin perform pg_notify('x', 'y'); return 'noted'; end $$; "
                         "grant execute on function public.snap() to authenticated; notify pgrst, 'reload schema'")
        until(lambda: self.ask("/api/rpc/snap")[0] == 200, "the function is known", 20)
        self.near()
        before = self.reads("fallback")
        status, body = self.ask("/api/rpc/snap")
        self.assertEqual((status, body), (200, b'"noted"'))
        self.assertEqual(self.reads("fallback"), before + 1)
        # A mistake of the caller is nobody else's business.
        before = self.reads("fallback")
        self.assertEqual(self.ask("/api/notes?id=eq.nonsense")[0], 400)
        self.assertEqual(self.reads("fallback"), before)

    def test_configuration_counts_its_connections(self):
        text = self.world.run("config", "check", "--role", "api", "--replicas", "3", **{"CIVIC_OS_DATABASE__READ_URL": self.standby.url("authenticator")})
        self.assertIn("30 to the standby of database.read_url", text)

    def test_the_doctor_knows_it(self):
        environment = self.world.variables(**{"CIVIC_OS_DATABASE__READ_URL": self.standby.url("authenticator"), "CIVIC_OS_WEB__LISTEN": f"127.0.0.1:{world.free_port()}",
                                              "CIVIC_OS_ADMIN__LISTEN": f"127.0.0.1:{world.free_port()}"})
        text = subprocess.run([world.BINARY, "doctor", "--role", "api"], env=environment, capture_output=True, text=True, cwd="/", check=False).stdout
        self.assertRegex(text, "ok +standby +PostgreSQL .* answers reads for login authenticator")

    def test_z_a_standby_that_is_promoted_or_gone_is_not_read_from(self):
        self.near()
        self.standby.kill()
        for _ in range(20):
            self.assertEqual(self.ask()[0], 200)
        self.standby.start()
        self.near()
        self.goes_to("standby")
        self.standby.promote()
        until(lambda: self.figure("civic_os_db_replica_lag_seconds") is None, "the promotion is seen", 20)
        self.goes_to("primary")
        self.assertIn("it is no standby", self.process.log())


if __name__ == "__main__":
    suite = unittest.defaultTestLoader.loadTestsFromTestCase(Standby)
    result = unittest.TextTestRunner(stream=sys.stdout, verbosity=2).run(suite)
    failed = len(result.failures) + len(result.errors)
    print(f"standby: {max(0, result.testsRun - failed)} passed, {failed} failed, 0 skipped")
    sys.exit(1 if failed else 0)
