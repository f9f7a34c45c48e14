"""The API as its clients see it: postgrest-js, postgrest-py and schemathesis, unmodified, against a server of our own.

    tests/api-clients/run.py BINARY

CIVIC_OS_TEST_DATABASE_URL names a PostgreSQL server, as a superuser; `psql` and `node` are taken from PATH. REQUESTS is
how many generated requests there must be at least (5000).
"""
import base64, hashlib, hmac, json, os, re, socket, subprocess, sys, tempfile, time, urllib.parse, urllib.request
from pathlib import Path

HERE = Path(__file__).resolve().parent
SECRET = "only-this-test-knows-the-secret-of-32-bytes"
REQUESTS = int(os.environ.get("REQUESTS", "5000"))


def token(role):
    encode = lambda data: base64.urlsafe_b64encode(data).rstrip(b"=")
    claims = {"role": role, "exp": int(time.time()) + 7200}
    head = encode(b'{"alg":"HS256","typ":"JWT"}') + b"." + encode(json.dumps(claims).encode())
    return (head + b"." + encode(hmac.new(SECRET.encode(), head, hashlib.sha256).digest())).decode()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def psql(url, *args):
    subprocess.run(["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", url, *args], check=True)


def generated(url, log, bearer, folder):
    """At least REQUESTS requests made from the OpenAPI document; none may end in a 5xx."""
    request = urllib.request.Request(url + "/", headers={"Accept": "application/openapi+json", "Authorization": f"Bearer {bearer}"})
    document = json.load(urllib.request.urlopen(request))
    (folder / "openapi.json").write_text(json.dumps(document))
    answered = lambda: re.findall(r'" (\d{3}) (?:\d+|-) "', log.read_text(errors="replace"))
    before = len(answered())
    tool = Path(sys.executable).with_name("schemathesis")
    seed = 0
    while len(answered()) - before < REQUESTS:
        seed += 1
        made = len(answered())
        subprocess.run(
            [tool, "run", folder / "openapi.json", "--url", url, "-H", f"Authorization: Bearer {bearer}", "--checks",
             "not_a_server_error", "--phases", "examples,coverage,fuzzing", "--mode", "all", "--max-examples", "200",
             "--seed", str(seed), "--continue-on-failure", "--suppress-health-check", "all", "--warnings", "off", "--no-color"],
            check=True, cwd=folder, stdout=subprocess.DEVNULL if seed > 1 else sys.stderr,
        )
        if len(answered()) == made:
            sys.exit("schemathesis made no requests")
    statuses = answered()[before:]
    bad = [status for status in statuses if status >= "500"]
    by_class = {f"{digit}xx": sum(status[0] == digit for status in statuses) for digit in "2345"}
    print(f"schemathesis: {len(statuses)} requests, {by_class}", file=sys.stderr)
    assert len(statuses) >= REQUESTS and not bad, f"{len(bad)} server errors of {len(statuses)} requests"
    assert by_class["2xx"] > 0 and by_class["4xx"] > 0, "requests of one kind only"


def main():
    binary, server_url = os.path.realpath(sys.argv[1]), os.environ["CIVIC_OS_TEST_DATABASE_URL"]
    name = f"civic_os_test_{os.getpid()}_clients"
    server = urllib.parse.urlsplit(server_url)
    database = server._replace(path=f"/{name}").geturl()
    psql(server_url, "-c", f'create database "{name}" template template0')
    passed = failed = 0
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        log, process = folder / "log", None
        try:
            psql(database, "-f", str(HERE / "schema.sql"))
            password = urllib.parse.unquote(server.password or "")
            psql(database, "-c", "alter role api_clients_login password '%s'" % password.replace("'", "''"))
            host = server.netloc.rpartition("@")[2]
            port = free_port()
            url = f"http://127.0.0.1:{port}"
            environment = {
                "PATH": os.environ["PATH"], "PGRST_DB_SCHEMAS": "shop", "PGRST_DB_ANON_ROLE": "api_clients_anon",
                "PGRST_DB_URI": f"postgresql://api_clients_login:{server.password or ''}@{host}/{name}",
                "PGRST_JWT_SECRET": SECRET, "PGRST_SERVER_HOST": "127.0.0.1", "PGRST_SERVER_PORT": str(port), "PGRST_LOG_LEVEL": "info",
            }
            with log.open("w") as out:
                process = subprocess.Popen([binary, "serve", "--role", "api", "--postgrest"], env=environment, cwd=folder, stdout=out, stderr=out)
            for _ in range(600):
                try:
                    urllib.request.urlopen(url + "/kinds")
                    break
                except OSError:
                    if process.poll() is not None:
                        sys.exit(log.read_text())
                    time.sleep(0.1)
            os.environ.update(API_URL=url, API_TOKEN=token("api_clients_clerk"))
            runs = [
                ("postgrest-js", lambda: subprocess.run(["node", "--test", HERE / "suite.mjs"], check=True, stdout=sys.stderr)),
                ("postgrest-py", lambda: subprocess.run([sys.executable, HERE / "suite.py"], check=True, stdout=sys.stderr)),
                ("schemathesis", lambda: generated(url, log, os.environ["API_TOKEN"], folder)),
            ]
            for run, prove in runs:
                try:
                    prove()
                    assert process.poll() is None, "the server ended"
                    passed += 1
                except (subprocess.CalledProcessError, AssertionError) as error:
                    failed += 1
                    print(f"{run}: {error}", file=sys.stderr)
                    lines = [line for line in log.read_text(errors="replace").splitlines() if re.search('" 5\\d\\d |"Request failed|panicked', line)]
                    print("\n".join(lines[-20:]), file=sys.stderr)
        finally:
            if process:
                process.terminate()
                process.wait()
            psql(server_url, "-c", f'drop database "{name}" with (force)')
    print(f"{passed} passed, {failed} failed, 0 skipped")
    return 1 if failed else 0


sys.exit(main())
