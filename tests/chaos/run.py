"""Faults under a running load, each with what is expected and what was seen; the table of docs/reliability.md.

run.py [FAULT ...]        all without names; prints a table in Markdown, then `chaos: N passed, N failed, N skipped`
"""
import json
import os
import resource
import socket
import subprocess
import sys
import threading
import time
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import world  # noqa: E402
from stand_ins import Mail, Provider, Quiet, Service, png  # noqa: E402
from world import Load, World, get, until, upload  # noqa: E402

FAULTS = {}


def fault(title, expected):
    """Registers a fault; it returns what was seen, as text, and raises when that is not what was expected."""
    def register(function):
        FAULTS[function.__name__] = (title, expected, function)
        return function
    return register


class Skip(Exception):
    """Cannot be tried on this machine."""


def intact(place, load, process, allowed=(500, 502, 503, 504), cluster=None):
    """Nothing acknowledged is lost, nothing was answered that must not be, the process is the one that was started."""
    load.stop()
    lost = place.lost(load, cluster)
    assert not lost, f"{len(lost)} acknowledged writes are lost"
    assert process.is_alive(), process.log()[-2000:]
    strange = {status: count for status, count in load.refused().items() if status not in allowed}
    assert not strange, f"unexpected answers {strange} of {load.statuses}"
    refused = ", ".join(f"{count} × {status}" for status, count in load.refused().items()) or "none"
    return f"{len(load.acknowledged)} writes acknowledged, none lost; refused: {refused}; longest answer {load.longest:.1f} s"


def loaded(place, roles="api", through=None, **more):
    """A process whose API is under load; `through` is the proxy between it and its database."""
    if through:
        more["CIVIC_OS_DATABASE__URL"] = place.primary.url("authenticator", through.port)
    process = place.serve(roles, **more)
    load = Load(process.port)
    load.until_it_works()
    return process, load


def works_again(load, within, after=""):
    """Waits until requests succeed again, which has to happen within so many seconds; in words."""
    back = load.until_it_works()
    assert back < within, back
    return f"works again {back:.1f} s after {after}"


@fault("database killed (`kill -9` of all its processes), started after 3 s", "503 meanwhile, works by itself within 10 s after the start")
def database_killed(place):
    process, load = loaded(place)
    place.primary.kill()
    time.sleep(3)
    place.primary.start()
    return f"{works_again(load, 10, 'the start')}; " + intact(place, load, process)


@fault("database restarted (`pg_ctl restart -m fast`)", "503 meanwhile, works by itself within 10 s")
def database_restarted(place):
    process, load = loaded(place)
    place.primary.stop("fast")
    place.primary.start()
    return f"{works_again(load, 10, 'the start')}; " + intact(place, load, process)


@fault("database failed over: primary killed, standby promoted (both in `database.url`, synchronous replication)",
       "503 until the promotion, then the new primary within 10 s; nothing acknowledged is lost")
def database_failed_over(place):
    standby = place.standby()
    primary = place.primary
    primary.sql("alter system set synchronous_standby_names = '*'", "postgres")
    primary.sql("select pg_reload_conf()", "postgres")
    until(lambda: primary.sql("select count(*) from pg_stat_replication where sync_state = 'sync'", "postgres") == "1", "replication")
    hosts = f"postgres://authenticator:{world.PASSWORD}@127.0.0.1:{primary.port},127.0.0.1:{standby.port}/chaos?target_session_attrs=read-write"
    process, load = loaded(place, **{"CIVIC_OS_DATABASE__URL": hosts})
    try:
        primary.kill()
        time.sleep(1)
        standby.promote()
        return f"{works_again(load, 10, 'the promotion')}; " + intact(place, load, process, cluster=standby)
    finally:
        load.stop()
        standby.stop("immediate")
        place.clusters.remove(standby)
        primary.start()
        primary.sql("alter system reset synchronous_standby_names", "postgres")
        primary.sql("select pg_reload_conf()", "postgres")


@fault("hot standby that answers reads (`database.read_url`) killed, started again",
       "no request fails; the primary answers, the standby again within 10 s of its start")
def standby_killed(place):
    standby = place.standby()
    process = place.serve("api", **{"CIVIC_OS_DATABASE__READ_URL": standby.url("authenticator")})
    reader = {"Authorization": f"Bearer {world.token('00000000-0000-4000-8000-00000000000b')}"}
    reads = lambda: int(figure(process, 'civic_os_db_replica_reads_total{server="standby"}') or 0)

    def goes_to_the_standby():
        before = reads()
        assert get(process.port, "/api/notes?limit=1", reader)[0] == 200
        return reads() > before
    until(goes_to_the_standby, "reads go to the standby")
    load = Load(process.port)
    load.until_it_works()
    standby.kill()
    time.sleep(2)
    assert get(process.port, "/api/notes?limit=1", reader)[0] == 200
    standby.start()
    started = time.monotonic()
    until(goes_to_the_standby, "reads go to the standby again", 10)
    back = time.monotonic() - started
    try:
        return f"the standby answers again after {back:.1f} s; " + intact(place, load, process, allowed=())
    finally:
        standby.stop("immediate")
        place.clusters.remove(standby)


@fault("disk of the database full (a tablespace of 24 MB)", "writes are refused (5xx), reads work, writes work when there is room again")
def database_disk_full(place):
    folder = os.path.join(place.folder, "small")
    os.makedirs(folder, exist_ok=True)
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m,mode=0777", "tmpfs", folder], capture_output=True, check=False).returncode:
        raise Skip("needs the right to mount a small file system")
    try:
        inside = os.path.join(folder, "space")
        os.mkdir(inside, 0o700)
        world.shutil.chown(inside, "postgres", "postgres")
        place.primary.sql(f"create tablespace small location '{inside}'")
        place.primary.sql("alter table public.notes set tablespace small; alter index public.notes_pkey set tablespace small")
        process, load = loaded(place)
        filler = os.path.join(folder, "filler")
        subprocess.run(["dd", "if=/dev/zero", f"of={filler}", "bs=1M"], capture_output=True, check=False)
        until(lambda: load.refused(), "writes are refused", 60)
        time.sleep(3)
        reads = [get(process.port, "/api/notes?limit=1", load.headers)[0] for _ in range(5)]
        assert reads == [200] * 5, reads
        os.unlink(filler)
        before = len(load.acknowledged)
        started = time.monotonic()
        until(lambda: len(load.acknowledged) > before + 5, "writes work again")
        back = time.monotonic() - started
        seen = intact(place, load, process)
        return f"reads worked throughout; writes again {back:.1f} s after there was room; {seen}"
    finally:
        place.end_processes()
        place.primary.sql("alter table public.notes set tablespace pg_default; alter index public.notes_pkey set tablespace pg_default")
        place.primary.sql("drop tablespace if exists small")
        subprocess.run(["umount", folder], capture_output=True, check=False)


@fault("network to the database cut for 5 s", "503 meanwhile, works by itself within 5 s")
def network_cut(place):
    proxy = place.proxy(place.primary.port)
    process, load = loaded(place, through=proxy)
    proxy.cut()
    time.sleep(5)
    proxy.resume()
    return f"{works_again(load, 5, 'it was back')}; " + intact(place, load, process)


@fault("network to the database silent for 5 s (packets vanish)", "requests wait or 503/504; works by itself within 15 s")
def network_silent(place):
    proxy = place.proxy(place.primary.port)
    process, load = loaded(place, through=proxy)
    proxy.is_frozen = True
    time.sleep(5)
    proxy.resume()
    return f"{works_again(load, 15, 'it was back')}; " + intact(place, load, process)


@fault("200 ms more to and from the database", "slower, no request fails")
def network_slow(place):
    proxy = place.proxy(place.primary.port)
    process, load = loaded(place, through=proxy)
    proxy.delay = 0.1
    before = load.count()
    time.sleep(5)
    during = (load.count() - before) / 5
    return f"{during:.0f} requests a second of 8 clients; " + intact(place, load, process, allowed=())


def notify(place, count):
    place.primary.sql(f"""select count(create_notification('{world.PERSON}', 'news', 'things', '7', jsonb_build_object('title', 'n' || n), '{{email}}'))
                          from generate_series(1, {count}) n""")


def mailing(place, port, roles="api,worker", **more):
    return place.serve(roles, **{"CIVIC_OS_NOTIFICATIONS__SMTP_HOST": "127.0.0.1", "CIVIC_OS_NOTIFICATIONS__SMTP_PORT": port,
                                    "CIVIC_OS_NOTIFICATIONS__SMTP_SECURITY": "none", "CIVIC_OS_NOTIFICATIONS__SMTP_FROM": "town@town.example",
                                    "CIVIC_OS_WEB__PUBLIC_URL": "https://town.example", **more})


@fault("worker killed (`kill -9`) with mail under way, another one runs", "its jobs are handed back within 20 s; every mail is delivered, none twice but what was in its hands")
def worker_killed(place):
    mail = Mail()
    first, second = mailing(place, mail.port, roles="worker"), mailing(place, mail.port)
    load = Load(second.port)
    load.until_it_works()
    notify(place, 400)
    until(lambda: len(mail.delivered) > 50, "mail is sent")
    first.kill()
    killed = time.monotonic()
    unfinished = lambda: place.jobs("queue = 'notifications' and state not in ('completed', 'discarded')")

    def done():
        place.hurry()
        return unfinished() == 0
    until(lambda: place.jobs("state = 'running'") == 0, "jobs are handed back", 30)
    back = time.monotonic() - killed
    until(done, "all mail is sent", 60)
    titles = {f"n{n}" for n in range(1, 401)}
    subjects = [line.split(b": ", 1)[1].decode().strip() for text in mail.delivered for line in text.splitlines() if line.startswith(b"Subject: ")]
    assert set(subjects) == titles, f"{len(titles - set(subjects))} mails are missing"
    twice = len(subjects) - len(titles)
    assert back < 20 and twice <= 20, (back, twice)
    assert place.jobs("state = 'discarded'") == 0
    return f"handed back {back:.1f} s after the kill; 400 of 400 mails delivered, {twice} twice; " + intact(place, load, second, allowed=())


@fault("mail server down for 5 s", "mail waits and is retried; every mail is delivered, none twice")
def mail_down(place):
    mail = Mail()
    proxy = place.proxy(mail.port)
    process = mailing(place, proxy.port)
    load = Load(process.port)
    load.until_it_works()
    proxy.cut()
    notify(place, 50)
    until(lambda: place.jobs("state = 'retryable'") > 0, "attempts fail")
    time.sleep(3)
    proxy.resume()

    def done():
        place.hurry()
        return place.jobs("queue = 'notifications' and state not in ('completed', 'discarded')") == 0
    until(done, "all mail is sent", 60)
    assert len(mail.delivered) == 50, len(mail.delivered)
    assert place.jobs("state = 'discarded'") == 0
    return "50 of 50 mails delivered once, no job given up; " + intact(place, load, process, allowed=())


@fault("payment provider down for 5 s", "payments wait for their intent; each gets exactly one when it is back")
def provider_down(place):
    provider = Service(Provider)
    proxy = place.proxy(provider.port)
    process, load = loaded(place, roles="api,payments", **{"CIVIC_OS_PAYMENTS__STRIPE_API_KEY": "sk_test_chaos", "CIVIC_OS_PAYMENTS__STRIPE_WEBHOOK_SECRET": "whsec_chaos",
                                         "CIVIC_OS_PAYMENTS__STRIPE_API_BASE": f"http://127.0.0.1:{proxy.port}", "CIVIC_OS_PAYMENTS__LISTEN": f"127.0.0.1:{world.free_port()}"})
    proxy.cut()
    place.primary.sql(f"insert into payments.transactions (user_id, amount) select '{world.PERSON}', 10 from generate_series(1, 20)")
    until(lambda: place.jobs("kind = 'create_payment_intent' and state = 'retryable'") > 0, "attempts fail")
    time.sleep(3)
    proxy.resume()

    def done():
        place.hurry()
        return place.primary.sql("select count(*) from payments.transactions where provider_payment_id is null") == "0"
    until(done, "all payments have an intent", 60)
    distinct = int(place.primary.sql("select count(distinct provider_payment_id) from payments.transactions"))
    assert distinct == 20 and len(Provider.intents) == 20, (distinct, len(Provider.intents))
    assert place.jobs("kind = 'create_payment_intent' and state = 'discarded'") == 0
    return "20 of 20 payments have their intent, the provider made 20; " + intact(place, load, process, allowed=())


@fault("store of files down for 5 s", "checking an upload waits and is retried; it ends well when the store is back")
def store_down(place):
    store_port = world.free_port()
    keys = {"S3_ACCESS_KEY_ID": "CHAOSCHAOSCHAOSCHAOS", "S3_SECRET_ACCESS_KEY": "chaos-only-chaos-only-chaos-only-chaos-only", "S3_BUCKET": "civic-os-files"}
    proxy = place.proxy(store_port)
    api, load = loaded(place, **{**keys, "CIVIC_OS_STORE__LISTEN": f"127.0.0.1:{store_port}"})
    worker = place.serve("worker", **{**keys, "S3_ENDPOINT": f"http://127.0.0.1:{proxy.port}", "S3_PUBLIC_ENDPOINT": f"http://127.0.0.1:{proxy.port}"})
    file = upload(api.port, proxy.port, "x.png", "image/png", png(64, 48), before_it_is_registered=proxy.cut)
    until(lambda: place.jobs("state = 'retryable' and queue = 'thumbnails'") > 0, "attempts fail")
    time.sleep(3)
    proxy.resume()
    look = lambda: place.primary.sql(f"select thumbnail_status from metadata.files where id = '{file}'")

    def done():
        place.hurry()
        return look() == "completed"
    until(done, "thumbnails", 60)
    assert worker.is_alive()
    return "the upload was checked and drawn after the store came back; " + intact(place, load, api, allowed=())


@fault("disk of the embedded store full (16 MB)", "uploads are refused (5xx), what is there is served, the API works; uploads work when there is room again")
def store_disk_full(place):
    folder = os.path.join(place.folder, "files")
    os.makedirs(folder, exist_ok=True)
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16m,mode=0700", "tmpfs", folder], capture_output=True, check=False).returncode:
        raise Skip("needs the right to mount a small file system")
    try:
        store_port = world.free_port()
        process, load = loaded(place, roles="api,worker", **{"CIVIC_OS_DATA_DIR": folder, "CIVIC_OS_STORE__LISTEN": f"127.0.0.1:{store_port}"})
        picture = png(64, 48)
        first = upload(process.port, store_port, "x.png", "image/png", picture)
        key = place.primary.sql(f"select s3_original_key from metadata.files where id = '{first}'")
        filler = os.path.join(folder, "filler")
        subprocess.run(["dd", "if=/dev/zero", f"of={filler}", "bs=64k"], capture_output=True, check=False)
        refused = None
        try:
            upload(process.port, store_port, "x.png", "image/png", picture)
        except AssertionError as error:
            refused = str(error)
        assert refused and refused.startswith("the store answered 5"), refused
        status, body = get(store_port, f"/civic-os-files/{key}")
        assert status == 200 and body == picture, status
        os.unlink(filler)
        upload(process.port, store_port, "x.png", "image/png", picture)
        return f"{refused[:len('the store answered 503')]}; what was there was served, uploads worked with room again; " + intact(place, load, process, allowed=())
    finally:
        place.end_processes()
        subprocess.run(["umount", folder], capture_output=True, check=False)


@fault("identity provider down: while the process runs, and when it starts", "tokens of known keys work on; a process started meanwhile answers 503 or 401 to tokens, anonymous pages work, and tokens work when it is back")
def issuer_down(place):
    key = os.path.join(place.folder, "issuer.pem")
    subprocess.run(["openssl", "genrsa", "-out", key, "2048"], capture_output=True, check=True)
    modulus = subprocess.run(["openssl", "rsa", "-in", key, "-noout", "-modulus"], capture_output=True, text=True, check=True).stdout.split("=")[1].strip()
    plain = lambda data: world.base64.urlsafe_b64encode(data).rstrip(b"=").decode()

    class Issuer(Quiet):
        def do_GET(self):
            base = f"http://127.0.0.1:{proxy.port}/realms/town"
            if self.path.endswith("/.well-known/openid-configuration"):
                self.reply(200, {"issuer": base, "jwks_uri": f"{base}/keys", "authorization_endpoint": f"{base}/auth", "token_endpoint": f"{base}/token"})
            else:
                self.reply(200, {"keys": [{"kty": "RSA", "kid": "one", "use": "sig", "alg": "RS256", "n": plain(bytes.fromhex(modulus)), "e": "AQAB"}]})
    service = Service(Issuer)
    proxy = place.proxy(service.port)
    issuer = f"http://127.0.0.1:{proxy.port}/realms/town"
    claims = {"iss": issuer, "sub": world.PERSON, "aud": "account", "azp": "civic-os", "exp": int(time.time()) + 3600, "iat": int(time.time()), "realm_access": {"roles": ["user"]}}
    text = plain(json.dumps({"alg": "RS256", "kid": "one", "typ": "JWT"}).encode()) + "." + plain(json.dumps(claims).encode())
    signature = subprocess.run(["openssl", "dgst", "-sha256", "-sign", key], input=text.encode(), capture_output=True, check=True).stdout
    bearer = {"Authorization": f"Bearer {text}.{plain(signature)}"}
    settings = {"CIVIC_OS_AUTH__ISSUER": issuer, "CIVIC_OS_AUTH__JWT_SECRET": None}
    process = place.serve("api", **settings)
    until(lambda: get(process.port, "/api/notes?limit=1", bearer)[0] == 200, "tokens are accepted")
    load = Load(process.port, headers=bearer)
    load.until_it_works()
    proxy.cut()
    time.sleep(5)
    seen = intact(place, load, process, allowed=())
    late = place.serve("api", wait="/live", **settings)
    until(lambda: get(late.port, "/")[0] == 200, "the page")
    refused = get(late.port, "/api/notes?limit=1", bearer)[0]
    assert refused in (401, 503), refused
    proxy.resume()
    started = time.monotonic()
    until(lambda: get(late.port, "/api/notes?limit=1", bearer)[0] == 200, "tokens work")
    return f"{seen}; started meanwhile: {refused} to tokens, accepted {time.monotonic() - started:.1f} s after it was back"


MEMORY = int(os.environ.get("MEMORY", "128"))


@fault(f"memory limit of {MEMORY} MB (cgroup), six clients that read 20 MB and two that send 9 MB all the time", "requests are answered or refused; the process is not killed")
def memory_limit(place):
    group = "/sys/fs/cgroup/memory/civic-os-chaos"
    try:
        os.makedirs(group, exist_ok=True)
        with open(f"{group}/memory.limit_in_bytes", "w", encoding="ascii") as file:
            file.write(str(MEMORY * 1024 * 1024))
    except OSError as error:
        raise Skip(f"needs a memory cgroup ({error})") from error
    try:
        place.primary.sql("insert into public.notes (id, body) select gen_random_uuid(), repeat('y', 2000) from generate_series(1, 10000)")
        process, load = loaded(place, wrapper=["sh", "-c", f"echo $$ > {group}/cgroup.procs && exec \"$@\"", "sh"])
        ending, answers = threading.Event(), []

        def heavy(kind):
            while not ending.is_set():
                if kind == "read":
                    answers.append(get(process.port, "/api/notes", load.headers, timeout=60)[0])
                else:
                    body = json.dumps([{"id": str(world.uuid.uuid4()), "body": "z" * 9_000_000}])
                    answers.append(get(process.port, "/api/notes", load.headers, "POST", body, timeout=60)[0])
        threads = [threading.Thread(target=heavy, args=(kind,), daemon=True) for kind in ["read"] * 6 + ["write"] * 2]
        for thread in threads:
            thread.start()
        most, end = 0.0, time.monotonic() + 10
        while time.monotonic() < end:
            most = max(most, process.resident())
            time.sleep(0.1)
        ending.set()
        for thread in threads:
            thread.join(60)
        assert set(answers) <= {200, 201, 413, 503, 504}, set(answers)
        seen = intact(place, load, process)
        return f"{len(answers)} heavy requests answered, at most {most:.0f} MB resident; {seen}"
    finally:
        place.end_processes()
        place.primary.sql("truncate public.notes")
        until(lambda: not open(f"{group}/cgroup.procs", encoding="ascii").read(), "the group is empty")
        os.rmdir(group)


@fault("64 file descriptors, 200 connections that say nothing", "the process lives; requests work again when the connections are gone")
def descriptor_limit(place):
    process, load = loaded(place, limits={resource.RLIMIT_NOFILE: 64})
    idle = []
    for _ in range(200):
        try:
            idle.append(socket.create_connection(("127.0.0.1", process.port), timeout=1))
        except OSError:
            break
    time.sleep(3)
    during = load.count()
    for connection in idle:
        connection.close()
    back = load.until_it_works(30)
    seen = intact(place, load, process, allowed=(0, 500, 503, 504))
    return f"{len(idle)} idle connections opened; works {back:.1f} s after they closed ({during} answers before); {seen}"


def figure(process, series):
    """A figure of /metrics as text."""
    text = get(process.admin, "/metrics")[1].decode()
    return next((line[len(series):].strip() for line in text.splitlines() if line.startswith(series)), None)


def main():
    names = sys.argv[1:] or list(FAULTS)
    unknown = [name for name in names if name not in FAULTS]
    if unknown:
        print(f"no such fault: {', '.join(unknown)} (known: {', '.join(FAULTS)})", file=sys.stderr)
        return 1
    place, rows, failed, skipped = World(), [], 0, 0
    try:
        for name in names:
            title, expected, function = FAULTS[name]
            started = time.monotonic()
            try:
                seen = function(place)
            except Skip as reason:
                seen, skipped = f"not tried: {reason}", skipped + 1
            except Exception:
                traceback.print_exc()
                for process in place.processes:
                    print(process.log()[-1500:], file=sys.stderr)
                seen, failed = "**not as expected**", failed + 1
            place.end_processes()
            place.primary.sql("truncate public.notes; delete from metadata.river_job")
            rows.append((title, expected, seen))
            print(f"{name}: {seen} ({time.monotonic() - started:.0f} s)", file=sys.stderr, flush=True)
    finally:
        place.close()
    print("| Fault | Expected | Observed |\n|---|---|---|")
    for row in rows:
        print("| " + " | ".join(row) + " |")
    print(f"chaos: {len(rows) - failed - skipped} passed, {failed} failed, {skipped} skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
