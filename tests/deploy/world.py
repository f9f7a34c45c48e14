"""What the tests share: a PostgreSQL under the containers' names and ports, processes that end, HTTP without a library."""
import contextlib
import http.client
import os
import shutil
import signal
import subprocess
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BINARY = os.environ.get("BINARY", os.path.join(ROOT, "target/debug/civic-os"))
RELEASE = os.environ.get("RELEASE", os.path.join(ROOT, "dist/civic-os"))
PGBIN = os.environ["PGBIN"]


def until(condition, what, seconds=60):
    """Asks until the condition holds; fails loudly otherwise."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.02)
    raise AssertionError(f"{what}: not within {seconds} s")


def get(port, path, headers=None, method="GET", body=None, host="127.0.0.1"):
    """Status, headers and body; None when nobody answers."""
    connection = http.client.HTTPConnection(host, port, timeout=10)
    try:
        connection.request(method, path, body=body, headers=headers or {})
        response = connection.getresponse()
        return response.status, dict(response.getheaders()), response.read()
    except (ConnectionError, OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()


def hosts(names):
    """Gives the names to this namespace's loopback address."""
    with tempfile.NamedTemporaryFile("w", delete=False, prefix="civic-os-hosts-") as file:
        file.write("127.0.0.1 localhost " + " ".join(names) + "\n")
    os.chmod(file.name, 0o644)
    subprocess.run(["mount", "--bind", file.name, "/etc/hosts"], check=True)


class Postgres:
    """A server on 127.0.0.1:5432 as its image would start it: password, database, and the init script."""

    def __init__(self, password, authenticator_password, database, init_script=None):
        self.folder = tempfile.mkdtemp(prefix="civic-os-deploy-")
        os.chmod(self.folder, 0o755)
        self.data = os.path.join(self.folder, "data")
        self.log = open(os.path.join(self.folder, "log"), "wb")
        self.user = []
        if os.geteuid() == 0 and shutil.which("runuser") and os.environ.get("SUDO_UID") is None:
            self.user = ["runuser", "-u", "postgres", "--"]
            os.mkdir(self.data, 0o700)
            shutil.chown(self.data, "postgres", "postgres")
        secret = os.path.join(self.folder, "password")
        with open(secret, "w", encoding="utf-8") as file:
            file.write(password)
        os.chmod(secret, 0o644)
        self._run("initdb", "-D", self.data, "-U", "postgres", "--pwfile", secret, "--auth=scram-sha-256", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")
        os.unlink(secret)
        self.process = subprocess.Popen(
            [*self.user, os.path.join(PGBIN, "postgres"), "-D", self.data, "-c", "listen_addresses=127.0.0.1", "-c", "port=5432",
             "-c", "fsync=off", "-c", f"unix_socket_directories={self.data}", "-c", "max_connections=200"],
            stdout=self.log, stderr=self.log, cwd=self.folder)
        self.url = f"postgres://postgres:{password}@127.0.0.1:5432/{database}"
        admin = f"postgres://postgres:{password}@127.0.0.1:5432/postgres"
        until(lambda: subprocess.run(["psql", admin, "-c", ""], capture_output=True, check=False).returncode == 0, "PostgreSQL")
        self.password = password
        self.sql(f'create database "{database}"', admin)
        if init_script:
            environment = {**os.environ, "PGHOST": "127.0.0.1", "PGPASSWORD": password, "POSTGRES_USER": "postgres",
                           "POSTGRES_DB": database, "AUTHENTICATOR_PASSWORD": authenticator_password}
            subprocess.run(["sh", "-c", init_script], env=environment, check=True, capture_output=True)

    def _run(self, tool, *arguments):
        subprocess.run([*self.user, os.path.join(PGBIN, tool), *arguments], check=True, capture_output=True, cwd=self.folder)

    def sql(self, statement, url=None):
        """Runs SQL as the owner; returns its rows as text."""
        done = subprocess.run(["psql", url or self.url, "-Atqc", statement], capture_output=True, text=True, check=False)
        if done.returncode:
            raise AssertionError(done.stderr)
        return done.stdout.strip()

    def close(self):
        subprocess.run([*self.user, os.path.join(PGBIN, "pg_ctl"), "-D", self.data, "-m", "immediate", "stop"], capture_output=True, check=False, cwd=self.folder)
        self.process.wait()
        self.log.close()
        shutil.rmtree(self.folder, ignore_errors=True)


class Process:
    """A running binary whose output is shown when a test fails."""

    def __init__(self, arguments, environment, binary=None):
        # A container sees its own variables and nothing of ours.
        self.file = tempfile.TemporaryFile()
        self.process = subprocess.Popen([binary or BINARY, *arguments], env=environment, stdout=self.file, stderr=self.file, cwd="/")

    def output(self):
        self.file.seek(0)
        return self.file.read().decode(errors="replace")

    def wait(self, seconds=120):
        return self.process.wait(seconds)

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(60)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        return self.process.returncode


@contextlib.contextmanager
def volume(path):
    """An empty volume at a container's path, for the length of a block."""
    os.makedirs(path, exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", path], check=True)
    try:
        yield path
    finally:
        subprocess.run(["umount", path], check=True)


@contextlib.contextmanager
def running(arguments, environment, binary=None):
    """A process for the length of a block; its output is printed when the block fails."""
    process = Process(arguments, environment, binary)
    try:
        yield process
    except BaseException:
        print(process.output())
        raise
    finally:
        process.stop()


def image_environment(stage=None):
    """The variables that a stage of the Dockerfile sets, the last one or the named, as the image would give them to every container."""
    with open(os.path.join(ROOT, "Dockerfile"), encoding="utf-8") as file:
        text = file.read().replace("\\\n", " ")
    stages = text.split("\nFROM ")[1:]
    chosen, = [body for body in stages if body.splitlines()[0].endswith(f" AS {stage}")] if stage else stages[-1:]
    environment = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
    for line in chosen.splitlines():
        if line.startswith("ENV "):
            environment.update(part.split("=", 1) for part in line[4:].split())
    return environment
