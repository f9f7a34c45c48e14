"""All roles in one process under mixed load for MINUTES (20): memory, its slope after the fifth minute, open descriptors at rest before and after.

Sent by `bench/soak.sh all`. Every kind of work comes again and again: reads, writes and refusals of the REST API, large answers and ones that nobody waits for,
uploads with previews (pictures in the process, documents in one of their own), notifications to a mail server, payments of the sandbox with its webhooks and
strangers' ones, listeners of /events that come and go, workbooks written and read. Fails at a slope of 1 MB per ten minutes, at other descriptors at rest
than before, at an unexpected answer, or when a kind of work did not happen. The bound is for memory of its own: which pages of the executable are
resident depends on what others do with the file.     BINARY, PGBIN as in api.sh; SAMPLES names a file for the samples.
"""
import json
import os
import random
import signal
import socket
import statistics
import sys
import threading
import time
import traceback
import uuid

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tests", "chaos"))
import world  # noqa: E402
from stand_ins import Mail, pdf, png  # noqa: E402
from world import World, get, until, upload  # noqa: E402

MINUTES = float(os.environ.get("MINUTES", "20"))
# People who are signed in, and seconds after which their client gets another token for them.
PEOPLE, TOKEN_SECONDS = 50, 300
# Minutes of load before the first rest, so that pools and caches have what they keep.
WARM_UP = 1.0
SETTLED = 5.0
SCHEMA = f"""
  select metadata.watch_table('public.notes');
  -- What an application's own functions do.
  create function public.begin_payment() returns uuid language sql security definer set search_path = public as
    $$ insert into payments.transactions (user_id, amount) values (public.current_user_id(), 10) returning id $$;
  create function public.announce(count integer) returns bigint language sql security definer set search_path = public as
    $$ select count(public.create_notification('{world.PERSON}', 'news', 'things', '7', jsonb_build_object('title', 'n' || n), '{{email}}'))
       from generate_series(1, $1) n $$;
  -- The table stays as large as it is.
  create function public.tidy() returns void language sql security definer set search_path = public as
    $$ delete from public.notes where id in (select id from public.notes order by made_at desc offset 2000) $$;
  grant execute on function public.begin_payment(), public.announce(integer), public.tidy() to authenticated;
  insert into public.notes (id, body) select gen_random_uuid(), repeat('y', 2000) from generate_series(1, 2000);
"""


class Clients:
    """Threads that work until they are told to stop, with a count of what each kind did."""

    tokens = {}

    def __init__(self, process, store, place):
        self.process, self.store, self.place = process, store, place
        self.done, self.problems, self.ending, self.lock = {}, [], threading.Event(), threading.Lock()
        kinds = [(self.read, 0.03)] * 2 + [(self.write, 0.05)] * 2 + [
            (self.refused, 0.2), (self.large, 1), (self.aborted, 0.5), (self.picture, 1.5), (self.document, 5), (self.notify, 1),
            (self.pay, 20), (self.forged_webhook, 3), (self.workbook, 2), (self.tidy, 5)] + [(self.listen, 0.5)] * 4
        self.threads = [threading.Thread(target=self._again, args=kind, daemon=True) for kind in kinds]
        for thread in self.threads:
            thread.start()

    def _again(self, work, pause):
        while not self.ending.is_set():
            try:
                work()
                with self.lock:
                    self.done[work.__name__] = self.done.get(work.__name__, 0) + 1
            except Exception:
                with self.lock:
                    self.problems.append(f"{work.__name__}: {traceback.format_exc(limit=-2)}")
            self.ending.wait(pause * random.uniform(0.5, 1.5))

    def stop(self):
        self.ending.set()
        for thread in self.threads:
            thread.join(120)

    def token(self, subject=world.PERSON):
        """What a person's client sends for some minutes."""
        until_then, token = self.tokens.get(subject, (0, None))
        if time.monotonic() > until_then:
            token = world.token(subject)
            self.tokens[subject] = (time.monotonic() + TOKEN_SECONDS * random.uniform(0.5, 1.5), token)
        return token

    def ask(self, expected, path, method="GET", document=None, subject=world.PERSON, **headers):
        """One request over a connection of its own; the body of its answer."""
        body = json.dumps(document) if document is not None else None
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {self.token(subject)}", **headers}
        status, answer = get(self.process.port, path, headers, method, body, timeout=60)
        if status != expected:
            raise AssertionError(f"{method} {path}: {status} instead of {expected}: {answer[:300]}")
        return answer

    def read(self):
        someone = f"00000000-0000-4000-8000-{random.randrange(PEOPLE):012d}"
        self.ask(206, f"/api/notes?select=id,made_at&limit=25&offset={25 * random.randrange(4)}", subject=someone, Prefer="count=exact")

    def write(self):
        self.ask(201, "/api/notes", "POST", {"id": str(uuid.uuid4()), "body": "x" * random.randrange(20, 4000)})

    def refused(self):
        self.ask(400, f"/api/notes?no_such_column_{random.randrange(10 ** 6)}=eq.1")
        self.ask(401, "/api/notes", Authorization="Bearer not.a.token")
        self.ask(400, "/api/notes", "POST", {"id": "no uuid", "body": 7})
        self.ask(404, f"/api/no_such_table_{random.randrange(10 ** 6)}")

    def large(self):
        assert len(json.loads(self.ask(200, "/api/notes"))) > 1000

    def aborted(self):
        """Asks for a large answer and goes away."""
        with socket.create_connection(("127.0.0.1", self.process.port), timeout=30) as connection:
            connection.sendall(f"GET /api/notes HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {self.token()}\r\n\r\n".encode())
            connection.recv(1000)

    def picture(self):
        self._preview("x.png", "image/png", png(random.randrange(300, 2000), random.randrange(300, 2000)))

    def document(self):
        self._preview("x.pdf", "application/pdf", pdf(f"Page {random.randrange(1000)}"))

    def _preview(self, name, kind, content):
        file = upload(self.process.port, self.store, name, kind, content)
        state = lambda: json.loads(self.ask(200, f"/api/files?id=eq.{file}&select=thumbnail_status,thumbnail_error,s3_thumbnail_small_key"))[0]
        row = until(lambda: (row := state())["thumbnail_status"] not in ("pending", "processing") and row, "a preview")
        assert row["thumbnail_status"] == "completed", row
        status, preview = get(self.store, f"/civic-os-files/{row['s3_thumbnail_small_key']}")
        assert status == 200 and preview, status

    def notify(self):
        self.ask(200, "/api/rpc/announce", "POST", {"count": 5})

    def pay(self):
        payment = json.loads(self.ask(200, "/api/rpc/begin_payment", "POST", {}))
        row = lambda: json.loads(self.ask(200, f"/api/payment_transactions?id=eq.{payment}&select=exact_status,provider_client_secret"))[0]
        secret = until(lambda: row()["provider_client_secret"], "a secret")
        self.ask(200, "/sandbox/confirm", "POST", {"client_secret": secret, "card": "4242424242424242"})
        until(lambda: row()["exact_status"] == "succeeded", "paid by webhook")

    def forged_webhook(self):
        self.ask(400, "/webhooks/stripe", "POST", {"id": "evt_forged"}, **{"Stripe-Signature": f"t={int(time.time())},v1=00"})

    def workbook(self):
        rows = [["Number", "Text"]] + [[n, f"text {n}"] for n in range(2000)]
        book = self.ask(200, "/spreadsheets/write", "POST", [{"name": "Sheet", "rows": rows, "headings": 1}])
        headers = {"Authorization": f"Bearer {self.token()}"}
        status, answer = get(self.process.port, "/spreadsheets/read", headers, "POST", book, timeout=60)
        assert status == 200 and len(json.loads(answer)["rows"]) == 2001, (status, answer[:300])

    def tidy(self):
        self.ask(204, "/api/rpc/tidy", "POST", {})

    def listen(self):
        """Hears that the table changed, stays for a while, and goes without a word."""
        with socket.create_connection(("127.0.0.1", self.process.port), timeout=30) as connection:
            connection.sendall(f"GET /events?tables=notes HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {self.token()}\r\n\r\n".encode())
            heard, end = b"", time.monotonic() + random.uniform(1, 10)
            while time.monotonic() < end or b"notes" not in heard:
                part = connection.recv(65536)
                assert part, heard[-500:]
                heard = (heard + part)[-10000:]


def connections():
    """Of each TCP socket of this machine, by its inode: who is at the other end, or that it listens."""
    known = {}
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        with open(table, encoding="ascii") as file:
            for line in file.readlines()[1:]:
                _, here, there, state, *_ = fields = line.split()
                ports = [int(end.rsplit(":", 1)[1], 16) for end in (here, there)]
                known[fields[9]] = "listens" if state == "0A" else ports
    return known


def descriptors(process, named=()):
    """Open descriptors by what they are; of sockets whose other end has one of the named ports the name."""
    folder, kinds, tcp = f"/proc/{process.process.pid}/fd", {}, connections() if named else {}
    for name in os.listdir(folder):
        try:
            kind, _, inode = os.readlink(os.path.join(folder, name)).partition(":[")
        except FileNotFoundError:
            continue
        if named and kind == "socket":
            ends = tcp.get(inode.rstrip("]"), "local")
            kind = f"socket: {ends}" if isinstance(ends, str) else f"socket: {named.get(ends[1]) or 'to ' + named.get(ends[0], 'others')}"
        kinds[kind] = kinds.get(kind, 0) + 1
    return kinds


def at_rest(process, place, ends, wanted=None):
    """Descriptors once all jobs are done: when they are as wanted, or when their number has not changed for 20 seconds and nothing is wanted.
    Pools close what is idle after half a minute or more and open it again when they need it; what leaks does not come back in three minutes."""
    until(lambda: place.jobs("state in ('available', 'running', 'retryable')") == 0, "jobs are done", 300)
    named = {place.primary.port: "database", **{port: name for name, port in ends.items()}}
    seen, since, end = descriptors(process, named), time.monotonic(), time.monotonic() + 180
    while seen != wanted and time.monotonic() < (end if wanted else min(end, since + 20)):
        time.sleep(0.5)
        now = descriptors(process, named)
        if now != seen:
            seen, since = now, time.monotonic()
    return seen


def main():
    # Ends what was started, also when somebody ends this.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    place, mail = World(), Mail()
    try:
        place.primary.sql(SCHEMA)
        store = world.free_port()
        process = place.serve("all", **{
            "CIVIC_OS_STORE__LISTEN": f"127.0.0.1:{store}", "CIVIC_OS_PAYMENTS__SANDBOX": "true", "CIVIC_OS_WEB__PUBLIC_URL": "http://town.example",
            "CIVIC_OS_NOTIFICATIONS__SMTP_HOST": "127.0.0.1", "CIVIC_OS_NOTIFICATIONS__SMTP_PORT": mail.port,
            "CIVIC_OS_NOTIFICATIONS__SMTP_SECURITY": "none", "CIVIC_OS_NOTIFICATIONS__SMTP_FROM": "town@town.example"})
        start = process.resident()
        # Twice as many as later, so that the pool has opened what it will need.
        warming = [Clients(process, store, place) for _ in range(2)]
        time.sleep(WARM_UP * 60)
        for clients in warming:
            clients.stop()
        ends = {"mail": mail.port, "store": store, "web": process.port, "admin": process.admin}
        before = at_rest(process, place, ends)
        mail.delivered.clear()
        print(f"at the start {start:.1f} MB; at rest after {WARM_UP:.0f} minute of load {process.resident():.1f} MB, descriptors {before}", flush=True)

        load, samples, began = Clients(process, store, place), [], time.monotonic()
        while (passed := (time.monotonic() - began) / 60) < MINUTES:
            samples.append((passed, process.resident("RssAnon"), process.resident(), sum(descriptors(process).values())))
            if "SAMPLES" in os.environ:
                with open(os.environ["SAMPLES"], "a", encoding="ascii") as file:
                    file.write("%.2f min, %.2f MB of its own, %.2f MB with files, %d descriptors\n" % samples[-1])
            time.sleep(10)
        load.stop()
        after = at_rest(process, place, ends, before)
        resting = process.resident()
        ended_well = process.stop() == 0

        settled = [(at, *memory) for at, *memory, _ in samples if at >= min(SETTLED, MINUTES / 2)]
        moments, own, resident = zip(*settled)
        slope, with_files = (statistics.linear_regression(moments, memory).slope * 10 for memory in (own, resident))
        print(f"{MINUTES:.0f} minutes: " + ", ".join(f"{count} × {kind}" for kind, count in sorted(load.done.items())) + f", {len(mail.delivered)} mails")
        problems = [problem for clients in (*warming, load) for problem in clients.problems]
        for problem in problems[:5]:
            print(problem, file=sys.stderr)
        idle = [thread for thread in ("read", "write", "refused", "large", "aborted", "picture", "document", "notify", "pay", "forged_webhook", "workbook", "tidy", "listen")
                if not load.done.get(thread)]
        faults = [text for text, bad in [
            (f"slope {slope:.2f} MB per 10 minutes", slope >= 1), (f"descriptors at rest {after} instead of {before}", after != before),
            (f"{len(problems)} problems", problems), (f"did not happen: {idle}", idle), ("did not end well", not ended_well),
            (f"{len(mail.delivered)} mails of {load.done.get('notify', 0) * 5}", len(mail.delivered) < load.done.get("notify", 0) * 5)] if bad]
        print(f"memory of its own (without pages of the executable) under load {min(own):.1f} to {max(own):.1f} MB, "
              f"slope after the fifth minute {slope:.2f} MB per 10 minutes (bound 1); resident {min(resident):.1f} to {max(resident):.1f} MB, slope {with_files:.2f}, "
              f"at rest afterwards {resting:.1f} MB; descriptors under load {max(d for *_, d in samples)} at most, "
              f"at rest {sum(after.values())}, before {sum(before.values())}  {'MISSED: ' + '; '.join(faults) if faults else 'ok'}")
        return 1 if faults else 0
    except AssertionError:
        for process in place.processes:
            print(process.log()[-3000:], file=sys.stderr)
        raise
    finally:
        place.close()


if __name__ == "__main__":
    sys.exit(main())
