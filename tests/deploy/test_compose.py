"""docker-compose.prod.yml with .env.example: every service of ours starts with its command and variables, in the order of its dependencies."""
import datetime
import json
import os
import re
import subprocess
import unittest

import yaml

import world

with open(os.path.join(world.ROOT, "docker-compose.prod.yml"), encoding="utf-8") as text:
    COMPOSE = yaml.safe_load(text)


def example():
    values = {}
    with open(os.path.join(world.ROOT, ".env.example"), encoding="utf-8") as file:
        for line in file:
            if "=" in line and not line.startswith("#"):
                name, value = line.rstrip("\n").split("=", 1)
                values[name] = value
    return values


def interpolate(value, values):
    """`${NAME}`, `${NAME:-default}`, `${NAME:?message}` and `$$`, as compose does."""
    def replace(match):
        name, operator, rest = match.group(2), match.group(3), match.group(4)
        if match.group(1):
            return "$"
        if values.get(name):
            return values[name]
        if operator == ":?":
            raise KeyError(f"{name}: {rest}")
        return rest or ""
    return re.sub(r"(\$\$)|\$\{(\w+)(?:(:-|:\?)([^}]*))?\}", replace, str(value))


def environment(service, values):
    return {name: interpolate(value, values) for name, value in COMPOSE["services"][service]["environment"].items()}


class Compose(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.values = example()
        world.hosts(["postgres"])
        with open(os.path.join(world.ROOT, "deploy/compose/10-authenticator.sh"), encoding="utf-8") as file:
            script = file.read()
        database = environment("postgres", cls.values)
        cls.postgres = world.Postgres(database["POSTGRES_PASSWORD"], database["AUTHENTICATOR_PASSWORD"], database["POSTGRES_DB"], script)

    @classmethod
    def tearDownClass(cls):
        cls.postgres.close()

    def start(self, service, **more):
        stage = COMPOSE["services"][service]["build"]
        stage = stage["target"] if isinstance(stage, dict) else None
        variables = {**world.image_environment(stage), **environment(service, self.values), **more}
        return world.running(COMPOSE["services"][service]["command"], variables, world.RELEASE)

    def test_1_migrations_with_an_empty_application_folder(self):
        folder = os.path.join(self.postgres.folder, "app")
        os.makedirs(folder, exist_ok=True)
        os.chmod(folder, 0o755)
        with self.start("migrations", CIVIC_OS_APP__INIT_DIR=folder) as process:
            self.assertEqual(process.wait(), 0)

    def test_2_api(self):
        with self.start("api") as process:
            world.until(lambda: (world.get(3001, "/ready") or (0,))[0] == 200, "ready")
            self.assertEqual(world.get(8000, "/health")[2], b"healthy\n")
            self.assertEqual(world.get(3000, "/")[0], 200)
            self.assertIn(b"https://api.yourdomain.com/", world.get(8000, "/assets/config.js")[2])
            self.assertEqual(process.stop(), 0)

    def test_3_worker(self):
        with self.start("worker") as process:
            world.until(lambda: (world.get(3001, "/ready") or (0,))[0] == 200, "ready")
            self.assertEqual(process.stop(), 0)

    def test_4_payment_worker(self):
        with self.start("payment-worker") as process:
            world.until(lambda: (world.get(8080, "/health") or (0, {}, b""))[2] == b'{"status":"healthy"}\n', "healthy")
            self.assertEqual(process.stop(), 0)

    def test_5_backup_makes_one_at_once_and_waits_for_the_next(self):
        mount, shared = (volume.split(":")[1] for volume in COMPOSE["services"]["backup"]["volumes"])
        with world.volume(mount), world.volume(shared), self.start("backup") as process:
            world.until(lambda: "The next backup is due at" in process.output(), "one backup")
            made = [name for name in os.listdir(os.path.join(mount, "backups")) if name.startswith("civic-os-")]
            self.assertEqual(len(made), 1, process.output())
            self.assertIn("02:00:00", process.output())
            self.assertEqual(process.stop(), 0)

    def test_6_the_api_tells_how_old_the_backup_is_and_cannot_read_it(self):
        mounts = {service: dict(volume.split(":", 1) for volume in COMPOSE["services"][service]["volumes"]) for service in ("api", "backup")}
        self.assertNotIn("backups", mounts["api"])
        shared = mounts["backup"]["shared"]
        self.assertEqual(mounts["api"]["shared"], f"{shared}:ro")
        # Docker gives a new volume the owner that the folder has in the image of whoever comes first.
        with open(os.path.join(world.ROOT, "Dockerfile"), encoding="utf-8") as file:
            self.assertEqual(len(re.findall(rf"65532.*{shared}$", file.read(), re.MULTILINE)), 2)
        with world.volume(shared):
            with world.volume(mounts["backup"]["backups"]) as folder, self.start("backup") as process:
                world.until(lambda: "The next backup is due at" in process.output(), "one backup")
                made, = [name for name in os.listdir(os.path.join(folder, "backups")) if name.startswith("civic-os-")]
                with open(os.path.join(folder, "backups", made, "manifest.json"), encoding="utf-8") as file:
                    created = datetime.datetime.fromisoformat(json.load(file)["created_at"])
                self.assertEqual(process.stop(), 0)
            # The API has its own data, no backups, and of the shared folder nothing to write.
            self.assertEqual(mounts["api"]["api-data"], mounts["backup"]["backups"])
            subprocess.run(["mount", "-o", "remount,ro", shared], check=True)
            with world.volume(mounts["api"]["api-data"]), self.start("api") as process:
                world.until(lambda: (world.get(3001, "/ready") or (0,))[0] == 200, "ready")
                told = re.search(rb"^civic_os_backup_newest_timestamp_seconds (\d+)$", world.get(3001, "/metrics")[2], re.MULTILINE)
                self.assertEqual(int(told[1]), int(created.timestamp()))
                self.assertEqual(process.stop(), 0)

    def test_every_variable_of_the_file_is_in_the_example(self):
        with open(os.path.join(world.ROOT, "docker-compose.prod.yml"), encoding="utf-8") as file:
            used = set(re.findall(r"\$\{(\w+)", file.read()))
        self.assertEqual(used - set(self.values), set())

    def test_a_missing_password_is_named(self):
        with self.assertRaises(KeyError):
            environment("postgres", {**self.values, "POSTGRES_PASSWORD": ""})

    def test_dependencies_volumes_and_networks_exist(self):
        for name, service in COMPOSE["services"].items():
            for dependency in service.get("depends_on", {}):
                self.assertIn(dependency, COMPOSE["services"], name)
            for volume in service.get("volumes", []):
                source = volume.split(":")[0]
                if source.startswith("./deploy"):
                    self.assertTrue(os.path.exists(os.path.join(world.ROOT, source)), source)
                elif not source.startswith("."):
                    self.assertIn(source, COMPOSE["volumes"])
            for network in service["networks"]:
                self.assertIn(network, COMPOSE["networks"])
            self.assertEqual(service["logging"]["options"], {"max-size": "10m", "max-file": "3"}, name)

    def test_the_seed_s_variables_start_the_binary(self):
        """The block of the guide that operators have, with its inline comments, as `--env-file`."""
        block = os.path.join(self.postgres.folder, "seed.env")
        with open(os.path.join(world.ROOT, "tests/deploy/existing.env"), encoding="utf-8") as file:
            text = file.read().replace("CHANGEME_SECURE_PASSWORD_HERE", self.values["POSTGRES_PASSWORD"])
        with open(block, "w", encoding="utf-8") as file:
            file.write(text)
        # There the login and the owner share the password.
        self.postgres.sql(f"alter role authenticator password '{self.values['POSTGRES_PASSWORD']}'")
        base = {"PATH": os.environ["PATH"], "XDG_DATA_HOME": self.postgres.folder}
        try:
            with world.running(["serve", "--env-file", block], base, world.RELEASE) as process:
                world.until(lambda: (world.get(80, "/health") or (0, {}, b""))[2] == b"healthy\n", "FRONTEND_PORT 80")
                world.until(lambda: (world.get(3000, "/") or (0,))[0] == 200, "POSTGREST_PORT 3000")
                self.assertEqual(world.get(8080, "/health")[2], b'{"status":"healthy"}\n', "WEBHOOK_PORT 8080")
                self.assertIn(b"civic-os-prod", world.get(80, "/assets/config.js")[2])
                self.assertEqual(process.stop(), 0)
        finally:
            self.postgres.sql(f"alter role authenticator password '{self.values['AUTHENTICATOR_PASSWORD']}'")
