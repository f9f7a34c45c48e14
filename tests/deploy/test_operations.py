"""The CI script, the migration script, systemd's opinion of the units, and the Debian package in a root folder of its own."""
import os
import re
import shutil
import subprocess
import tempfile
import unittest

import world

PASSWORD = "ops-Pa55word"


def run(*arguments, check=False, **options):
    done = subprocess.run(arguments, capture_output=True, text=True, check=False, **options)
    if check and done.returncode:
        raise AssertionError(f"{arguments}: {done.returncode}\n{done.stdout}{done.stderr}")
    return done


class Scripts(unittest.TestCase):
    def setUp(self):
        world.hosts(["postgres"])
        self.postgres = world.Postgres(PASSWORD, PASSWORD, "civic_os_ci")
        self.environment = {"PATH": os.environ["PATH"], "CIVIC_OS": world.RELEASE}

    def tearDown(self):
        self.postgres.close()

    def test_the_ci_script_without_an_application_goes_there_and_back(self):
        done = run(os.path.join(world.ROOT, "deploy/ci/migrations.sh"), self.postgres.url, env=self.environment)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("── done", done.stdout)

    def test_the_ci_script_with_an_application_refuses_to_drop_it(self):
        done = run(os.path.join(world.ROOT, "deploy/ci/migrations.sh"), self.postgres.url, os.path.join(world.ROOT, "examples/town"), env=self.environment)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_the_ci_script_fails_with_a_broken_application(self):
        folder = tempfile.mkdtemp()
        with open(os.path.join(folder, "01_broken.sql"), "w", encoding="utf-8") as file:
            file.write("create table broken (id int primary key);\nselect * from nowhere;\n")
        done = run(os.path.join(world.ROOT, "deploy/ci/migrations.sh"), self.postgres.url, folder, env=self.environment)
        self.assertEqual(done.returncode, 2)
        self.assertIn("nowhere", done.stdout + done.stderr)
        shutil.rmtree(folder)

    def test_migrate_production(self):
        script = os.path.join(world.ROOT, "scripts/migrate-production.sh")
        version = run(world.RELEASE, "--version", check=True).stdout.split()[1]
        self.postgres.sql("create role authenticator login noinherit")
        refused = run(script, "9.9.9", self.postgres.url, env=self.environment)
        self.assertEqual(refused.returncode, 1)
        self.assertIn(version, refused.stderr)
        self.assertEqual(run(script, "v" + version, self.postgres.url, env=self.environment).returncode, 0)
        self.assertEqual(run(script, version, self.postgres.url, "status", "--check", env=self.environment).returncode, 0)
        unsure = run(script, version, self.postgres.url, "revert", "--to", "@ROOT", env=self.environment, input="no\n")
        self.assertEqual(unsure.returncode, 1)
        self.assertEqual(self.postgres.sql("select to_regclass('metadata.roles') is not null"), "t")
        sure = run(script, version, self.postgres.url, "revert", "--to", "@ROOT", env=self.environment, input="yes\n")
        self.assertEqual(sure.returncode, 0, sure.stderr)
        self.assertEqual(self.postgres.sql("select to_regclass('metadata.roles') is not null"), "f")
        self.assertEqual(run(script, env=self.environment).returncode, 1)
        self.assertNotIn(PASSWORD, unsure.stderr + refused.stderr)


class Units(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp()
        self.units = []
        for name in sorted(os.listdir(os.path.join(world.ROOT, "systemd"))):
            if name.endswith((".service", ".timer", ".socket")):
                with open(os.path.join(world.ROOT, "systemd", name), encoding="utf-8") as file:
                    # `verify` wants the program to exist.
                    text = file.read().replace("/usr/local/bin/civic-os", world.RELEASE)
                path = os.path.join(self.folder, name)
                with open(path, "w", encoding="utf-8") as file:
                    file.write(text)
                self.units.append(path)

    def tearDown(self):
        shutil.rmtree(self.folder)

    def test_units_verify(self):
        self.assertGreaterEqual(len(self.units), 3)
        for unit in self.units:
            instance = unit.replace("@.", "@api.")
            if instance != unit:
                os.rename(unit, instance)
            done = run("systemd-analyze", "verify", "--man=no", instance)
            complaints = [line for line in done.stderr.splitlines() if os.path.basename(instance).split(".")[0].split("@")[0] in line]
            self.assertEqual((done.returncode, complaints), (0, []), unit)

    def test_units_are_hardened(self):
        for unit in (unit for unit in self.units if unit.endswith(".service")):
            done = run("systemd-analyze", "security", "--offline=true", unit)
            exposure = float(re.search(r"exposure level for .*: ([0-9.]+)", done.stdout + done.stderr).group(1))
            self.assertLess(exposure, 2.5, unit)


class Package(unittest.TestCase):
    def test_the_package_installs_upgrades_and_goes(self):
        if os.geteuid() != 0:
            self.skipTest("needs root for an overlay of the root folder")
        out = tempfile.mkdtemp(prefix="civic-os-deb-")
        version = run(world.RELEASE, "--version", check=True).stdout.split()[1]
        # The function of ./dev, on the binary that is there: building it is another test's subject.
        build = run("bash", "-c", f'source <(sed \'/^main "$@"$/d; s,"$(dirname "${{BASH_SOURCE\\[0\\]}}")",{world.ROOT},\' dev) && build_deb {version}', cwd=world.ROOT)
        package = os.path.join(world.ROOT, "dist", f"civic-os_{version}_amd64.deb")
        self.assertEqual(build.returncode, 0, build.stderr)
        for name in ("upper", "work", "root"):
            os.mkdir(os.path.join(out, name))
        root = os.path.join(out, "root")
        # On tmpfs: an overlay cannot lie on another one.
        run("mount", "-t", "tmpfs", "tmpfs", os.path.join(out, "upper"), check=True)
        for name in ("u", "w"):
            os.mkdir(os.path.join(out, "upper", name))
        run("mount", "-t", "overlay", "overlay", "-o", f"lowerdir=/,upperdir={out}/upper/u,workdir={out}/upper/w", root, check=True)
        try:
            shutil.copy(package, os.path.join(root, "root/civic-os.deb"))
            inside = lambda *arguments: run("chroot", root, *arguments, env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"})
            done = inside("dpkg", "-i", "/root/civic-os.deb")
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            self.assertEqual(inside("civic-os", "--version").stdout.split()[1], version)
            self.assertIn("civic-os", inside("getent", "passwd", "civic-os").stdout)
            mode = inside("stat", "-c", "%a %U:%G", "/etc/civic-os/civic-os.toml").stdout.strip()
            self.assertEqual(mode, "640 root:civic-os")
            self.assertEqual(inside("civic-os", "config", "check", "--role", "migrate", "--config", "/etc/civic-os/civic-os.toml").returncode, 1, "says what is missing")
            self.assertEqual(inside("sh", "-c", "zcat /usr/share/man/man1/civic-os.1.gz | head -n 5 | grep -ci civic").returncode, 0)
            for unit in ("civic-os.service", "civic-os.socket", "civic-os-backup.timer"):
                self.assertEqual(inside("test", "-e", f"/lib/systemd/system/{unit}").returncode, 0, unit)
            self.assertEqual(inside("test", "-e", "/etc/systemd/system/sockets.target.wants/civic-os.socket").returncode, 1, "only where it is asked for")
            # An operator's own configuration survives an upgrade.
            with open(os.path.join(root, "etc/civic-os/civic-os.toml"), "a", encoding="utf-8") as file:
                file.write("# ours\n")
            done = inside("dpkg", "-i", "/root/civic-os.deb")
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            self.assertIn("# ours", inside("cat", "/etc/civic-os/civic-os.toml").stdout)
            self.assertEqual(inside("dpkg", "--remove", "civic-os").returncode, 0)
            self.assertEqual(inside("test", "-d", "/var/lib/civic-os").returncode, 0, "data stay")
            self.assertEqual(inside("dpkg", "--purge", "civic-os").returncode, 0)
            self.assertEqual(inside("test", "-e", "/etc/civic-os/civic-os.toml").returncode, 1)
        finally:
            run("umount", root)
            run("umount", os.path.join(out, "upper"))
            shutil.rmtree(out, ignore_errors=True)
            os.unlink(package)
