"""What the faults share: private PostgreSQL servers, a TCP proxy, stand-ins of other services, processes, and a load that keeps book."""
import base64
import hashlib
import hmac
import http.client
import json
import os
import resource
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import uuid

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BINARY = os.path.realpath(os.environ.get("BINARY", os.path.join(ROOT, "dist/civic-os")))
PGBIN = os.environ["PGBIN"]
SECRET = "chaos-secret-of-more-than-thirty-two-bytes"
PASSWORD = "chaos-only"
PERSON = "00000000-0000-4000-8000-00000000000a"


def until(condition, what, seconds=60):
    """Asks until the condition holds and returns its value."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.02)
    raise AssertionError(f"{what}: not within {seconds} s")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def token(subject=PERSON, lifetime=3600):
    """A signed token of a person with the role user."""
    part = lambda document: base64.urlsafe_b64encode(json.dumps(document).encode()).rstrip(b"=")
    claims = {"sub": subject, "aud": "account", "exp": int(time.time()) + lifetime, "realm_access": {"roles": ["user", "admin"]}}
    text = part({"alg": "HS256", "typ": "JWT"}) + b"." + part(claims)
    signature = base64.urlsafe_b64encode(hmac.new(SECRET.encode(), text, hashlib.sha256).digest()).rstrip(b"=")
    return (text + b"." + signature).decode()


class Cluster:
    """A PostgreSQL server of our own; everything that it acknowledges is on disk."""

    def __init__(self, folder, standby_of=None):
        self.folder, self.port, self.process = folder, free_port(), None
        self.data = os.path.join(folder, f"data-{self.port}")
        self.user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
        if standby_of is None:
            self._run("initdb", "-D", self.data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8")
        else:
            self._run("pg_basebackup", "-D", self.data, "-R", "-X", "stream", "-c", "fast", "-h", "127.0.0.1", "-p", str(standby_of.port), "-U", "postgres")
        self.start()

    def _run(self, tool, *arguments):
        done = subprocess.run([*self.user, os.path.join(PGBIN, tool), *arguments], capture_output=True, text=True, cwd=self.folder, check=False)
        if done.returncode:
            raise AssertionError(done.stderr)
        return done.stdout

    def start(self):
        with open(os.path.join(self.folder, f"postgres-{self.port}.log"), "ab") as log:
            self.process = subprocess.Popen(
                [*self.user, os.path.join(PGBIN, "postgres"), "-D", self.data, "-c", f"port={self.port}", "-c", "listen_addresses=127.0.0.1",
                 "-c", f"unix_socket_directories={self.folder}", "-c", "max_connections=150", "-c", "shared_buffers=64MB",
                 "-c", "wal_level=replica", "-c", "hot_standby=on", "-c", "max_standby_streaming_delay=1s"],
                stdout=log, stderr=log, cwd=self.folder)
        until(lambda: self.sql_or_none("select 1"), "PostgreSQL", 60)

    def stop(self, mode="fast"):
        self._run("pg_ctl", "-D", self.data, "-m", mode, "-w", "stop")
        self.process.wait()

    def kill(self):
        """The postmaster dies without a word, its children with it."""
        with open(os.path.join(self.data, "postmaster.pid"), encoding="ascii") as file:
            postmaster = int(file.readline())
        children = subprocess.run(["pgrep", "-P", str(postmaster)], capture_output=True, text=True, check=False).stdout.split()
        for process in [postmaster, *map(int, children)]:
            try:
                os.kill(process, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.process.wait()

    def promote(self):
        self._run("pg_ctl", "-D", self.data, "-w", "promote")

    def url(self, user="postgres", port=None, database="chaos"):
        return f"postgres://{user}:{PASSWORD}@127.0.0.1:{port or self.port}/{database}"

    def psql(self, statement, database="chaos"):
        return subprocess.run([os.path.join(PGBIN, "psql"), self.url(database=database), "-Atqc", statement], capture_output=True, text=True, check=False)

    def sql(self, statement, database="chaos"):
        done = self.psql(statement, database)
        if done.returncode:
            raise AssertionError(f"{statement}: {done.stderr}")
        return done.stdout.strip()

    def sql_or_none(self, statement):
        done = self.psql(statement, "postgres")
        return done.stdout.strip() if done.returncode == 0 else None


class Proxy:
    """Forwards a port; can be cut (refuses), frozen (takes and says nothing), slowed down, and led elsewhere."""

    def __init__(self, target):
        self.target, self.delay, self.is_cut, self.is_frozen = target, 0.0, False, False
        self.connections = set()
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            if self.is_cut:
                client.close()
                continue
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client):
        try:
            server = socket.create_connection(("127.0.0.1", self.target), timeout=10)
        except OSError:
            client.close()
            return
        server.settimeout(None)
        pair = (client, server)
        self.connections.add(pair)
        for source, target in (pair, pair[::-1]):
            threading.Thread(target=self._pump, args=(source, target, pair), daemon=True).start()

    def _pump(self, source, target, pair):
        try:
            while data := source.recv(65536):
                while self.is_frozen:
                    time.sleep(0.05)
                if self.delay:
                    time.sleep(self.delay)
                target.sendall(data)
        except OSError:
            pass
        for end in pair:
            end.close()
        self.connections.discard(pair)

    def cut(self):
        self.is_cut = True
        for pair in list(self.connections):
            for end in pair:
                try:
                    end.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass

    def resume(self):
        self.is_cut = self.is_frozen = False

    def close(self):
        self.cut()
        self.listener.close()


class Process:
    """A civic-os process with a log of its own."""

    def __init__(self, folder, arguments, variables, limits=None, wrapper=()):
        self.arguments, self.variables, self.limits, self.wrapper = arguments, variables, limits, list(wrapper)
        self.log_path = os.path.join(folder, f"civic-os-{uuid.uuid4().hex[:8]}.log")
        self.process = None
        self.start()

    def start(self):
        def prepare():
            for limit, value in (self.limits or {}).items():
                resource.setrlimit(limit, (value, value))
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen([*self.wrapper, BINARY, *self.arguments], env=self.variables, stdout=log, stderr=log, cwd="/", preexec_fn=prepare)

    def log(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as file:
            return file.read()

    def is_alive(self):
        return self.process.poll() is None

    def resident(self, kind="VmRSS"):
        """Resident memory in MB; `RssAnon` is that without the pages of files, which the kernel maps and takes back as it likes."""
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as file:
            resident = next((int(line.split()[1]) for line in file if line.startswith(f"{kind}:")), None)
        if resident is None:
            raise AssertionError("the process was killed")
        return resident / 1024

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        if self.is_alive():
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(60)
            except subprocess.TimeoutExpired:
                self.kill()
        return self.process.returncode


def get(port, path, headers=None, method="GET", body=None, timeout=30):
    """Status and body; status 0 when nobody answers."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        connection.request(method, path, body=body, headers=headers or {})
        answer = connection.getresponse()
        return answer.status, answer.read()
    except (OSError, http.client.HTTPException):
        return 0, b""
    finally:
        connection.close()


def upload(port, store, name, kind, content, before_it_is_registered=lambda: None):
    """Uploads as the web client does: asks for an address, writes to the store, registers the file. Its id."""
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token()}", "Prefer": "return=representation"}

    def call(path, document=None):
        status, body = get(port, path, headers, "POST" if document is not None else "GET", json.dumps(document) if document is not None else None)
        if status not in (200, 201):
            raise AssertionError(f"{path}: {status} {body[:500]}")
        return json.loads(body or b"null")
    request = call("/api/rpc/request_upload", {"p_entity_type": "notes", "p_entity_id": "7", "p_file_name": name, "p_file_type": kind, "p_file_size": len(content)})
    row = until(lambda: [row for row in call(f"/api/rpc/get_upload_url?p_request_id={request}") if row["status"] == "completed"], "an address")[0]
    path = row["url"].split("/", 3)[3]
    status, body = get(store, "/" + path, {"Content-Type": kind}, "PUT", content)
    if status != 200:
        raise AssertionError(f"the store answered {status} {body[:500]}")
    before_it_is_registered()
    call("/api/files", {"id": row["file_id"], "entity_type": "notes", "entity_id": "7", "file_name": name, "file_type": kind, "file_size": len(content),
                        "s3_bucket": "civic-os-files", "s3_original_key": path.split("?")[0].split("/", 1)[1], "thumbnail_status": "pending"})
    return row["file_id"]


class Load:
    """Writes and reads all the time, and remembers what was acknowledged. One connection per thread, kept while it works."""

    def __init__(self, port, threads=8, pause=0.005, headers=None):
        self.port, self.pause = port, pause
        self.headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token()}", **(headers or {})}
        self.acknowledged, self.statuses, self.successes, self.longest = [], {}, [], 0.0
        self.lock, self.ending = threading.Lock(), threading.Event()
        self.threads = [threading.Thread(target=self._run, daemon=True) for _ in range(threads)]
        for thread in self.threads:
            thread.start()

    def _run(self):
        connection, writes = None, True
        while not self.ending.is_set():
            identity, writes = str(uuid.uuid4()), not writes
            started = time.monotonic()
            try:
                connection = connection or http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
                if writes:
                    connection.request("POST", "/api/notes", body=json.dumps({"id": identity, "body": "x" * 200}), headers=self.headers)
                else:
                    connection.request("GET", "/api/notes?limit=5&select=id", headers=self.headers)
                answer = connection.getresponse()
                answer.read()
                status = answer.status
            except (OSError, http.client.HTTPException):
                status, connection = 0, None
            now = time.monotonic()
            with self.lock:
                self.statuses[status] = self.statuses.get(status, 0) + 1
                self.longest = max(self.longest, now - started)
                if status in (200, 201):
                    self.successes.append(now)
                    if writes:
                        self.acknowledged.append(identity)
            time.sleep(self.pause if status in (200, 201) else 0.05)

    def count(self):
        with self.lock:
            return len(self.successes)

    def until_it_works(self, seconds=60):
        """Waits for two hundred more successes after now; seconds until the first of them."""
        start, before = time.monotonic(), self.count()
        until(lambda: self.count() >= before + 200, "requests succeed again", seconds)
        with self.lock:
            return next(at for at in self.successes if at > start) - start

    def stop(self):
        self.ending.set()
        for thread in self.threads:
            thread.join(60)

    def refused(self):
        return {status: count for status, count in sorted(self.statuses.items()) if status not in (200, 201)}


class World:
    """A database with the core schema and one table of an application, and processes on it."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="civic-os-chaos-")
        os.chmod(self.folder, 0o755)
        if os.geteuid() == 0:
            shutil.chown(self.folder, "postgres", "postgres")
        self.primary, self.processes, self.clusters, self.proxies = Cluster(self.folder), [], [], []
        self.clusters.append(self.primary)
        self.primary.sql(f"create role authenticator login noinherit password '{PASSWORD}'", "postgres")
        self.primary.sql("create database chaos", "postgres")
        self.run("migrate", "deploy")
        self.primary.sql(f"""
            insert into metadata.civic_os_users (id, display_name) values ('{PERSON}', 'Anna');
            insert into metadata.civic_os_users_private (id, display_name, email) values ('{PERSON}', 'Anna', 'anna@town.example');
            insert into metadata.notification_templates (name, subject_template, html_template, text_template)
              values ('news', '{{{{.Entity.title}}}}', '<p>{{{{.Entity.title}}}}</p>', '{{{{.Entity.title}}}}');
            create table public.notes (id uuid primary key, body text not null, made_at timestamptz not null default now());
            alter table public.notes enable row level security;
            create policy anybody on public.notes for all to authenticated using (true) with check (true);
            grant select, insert on public.notes to authenticated;""")

    def variables(self, **more):
        """The environment of a process; what is None is taken out."""
        variables = {"PATH": os.environ["PATH"], "XDG_DATA_HOME": self.folder, "CIVIC_OS_DATA_DIR": os.path.join(self.folder, "civic-os"),
                "CIVIC_OS_DATABASE__URL": self.primary.url("authenticator"), "CIVIC_OS_DATABASE__OWNER_URL": self.primary.url(),
                "CIVIC_OS_AUTH__JWT_SECRET": SECRET, "CIVIC_OS_LIMITS__WRITES": "0", "CIVIC_OS_LIMITS__UPLOADS": "0", "CIVIC_OS_LOG__LEVEL": "warn",
                "CIVIC_OS_MIGRATE__ON_START": "false", **more}
        return {name: str(value) for name, value in variables.items() if value is not None}

    def run(self, *arguments, **more):
        done = subprocess.run([BINARY, *arguments], env=self.variables(**more), capture_output=True, text=True, cwd="/", check=False)
        if done.returncode:
            raise AssertionError(f"{arguments}: {done.stdout}{done.stderr}")
        return done.stdout

    def serve(self, roles, limits=None, wrapper=(), wait="/ready", **more):
        """A process that is ready; it has `port` and `admin`."""
        port, admin = free_port(), free_port()
        variables = self.variables(**{"CIVIC_OS_WEB__LISTEN": f"127.0.0.1:{port}", "CIVIC_OS_ADMIN__LISTEN": f"127.0.0.1:{admin}", **more})
        process = Process(self.folder, ["serve", "--role", roles], variables, limits, wrapper)
        process.port, process.admin = port, admin
        self.processes.append(process)
        if wait:
            self.ready(process, wait)
        return process

    def ready(self, process, path="/ready"):
        def answers():
            if not process.is_alive():
                raise AssertionError(f"the process ended with {process.process.returncode}:\n{process.log()[-3000:]}")
            return get(process.admin, path)[0] == 200
        until(answers, path, 90)

    def proxy(self, target):
        proxy = Proxy(target)
        self.proxies.append(proxy)
        return proxy

    def standby(self):
        cluster = Cluster(self.folder, standby_of=self.primary)
        self.clusters.append(cluster)
        return cluster

    def jobs(self, where):
        return int(self.primary.sql(f"select count(*) from metadata.river_job where {where}"))

    def hurry(self):
        """What an operator does after an outage, instead of waiting for the pauses between attempts: `civic-os jobs retry`."""
        ids = self.primary.sql("select string_agg(id::text, ' ') from metadata.river_job where state in ('retryable', 'scheduled')")
        if ids:
            self.run("jobs", "retry", *ids.split())

    def lost(self, load, cluster=None):
        """Acknowledged writes that the database does not have."""
        have = set((cluster or self.primary).sql("select id from public.notes").split())
        return [identity for identity in load.acknowledged if identity not in have]

    def end_processes(self):
        for process in self.processes:
            process.stop()
        for proxy in self.proxies:
            proxy.close()
        self.processes, self.proxies = [], []

    def close(self):
        self.end_processes()
        for cluster in self.clusters:
            try:
                cluster.stop("immediate")
            except (AssertionError, OSError):
                pass
        shutil.rmtree(self.folder, ignore_errors=True)
