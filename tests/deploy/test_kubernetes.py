"""The manifests of deploy/k8s: valid, complete, and every container starts with exactly its arguments and variables."""
import json
import os
import re
import unittest

import kubernetes_validate
import yaml

import world

FOLDER = os.path.join(world.ROOT, "deploy/k8s")
# The authenticator's is one that would break a URL put together by hand.
PASSWORDS = {"password": "owner-Pa55word", "authenticator-password": "login%Pa55#word/@"}


def documents(name):
    with open(os.path.join(FOLDER, name), encoding="utf-8") as file:
        return [document for document in yaml.safe_load_all(file) if document]


def everything():
    kustomization = documents("kustomization.yaml")[0]
    return [document for name in kustomization["resources"] for document in documents(name)] + documents("secrets.example.yaml")


def named(kind, name):
    found = [document for document in everything() if document["kind"] == kind and document["metadata"]["name"] == name]
    assert len(found) == 1, f"{kind} {name}: {len(found)} found"
    return found[0]


# The image of a container, and the stage of the Dockerfile that makes it.
STAGES = {"civic-os": None, "civic-os-tools": "tools"}


def template(document):
    """The pods that a document makes."""
    specification = document["spec"]["jobTemplate"]["spec"] if document["kind"] == "CronJob" else document["spec"]
    return specification["template"]


def pods():
    for document in everything():
        if document["kind"] in ("Deployment", "StatefulSet", "CronJob"):
            yield document, template(document)["spec"]


def environment(container):
    """The variables as the kubelet would resolve them."""
    values = {}
    for source in container.get("envFrom", []):
        values.update(named("ConfigMap", source["configMapRef"]["name"])["data"])
    for entry in container.get("env", []):
        if "value" in entry:
            values[entry["name"]] = entry["value"]
            continue
        (kind, reference), = entry["valueFrom"].items()
        if kind == "configMapKeyRef":
            values[entry["name"]] = named("ConfigMap", reference["name"])["data"][reference["key"]]
        else:
            secret = named("Secret", reference["name"])["stringData"][reference["key"]]
            values[entry["name"]] = PASSWORDS.get(reference["key"], secret) if reference["name"] == "postgres-credentials" else secret
    return values


class Manifests(unittest.TestCase):
    def test_each_document_is_valid_against_the_schemas(self):
        known = 0
        for document in everything():
            if document["apiVersion"].split("/")[0] in ("monitoring.coreos.com", "cert-manager.io"):
                continue
            kubernetes_validate.validate(document, kubernetes_validate.latest_version(), strict=True)
            known += 1
        self.assertGreater(known, 20)

    def test_the_schema_check_sees_a_mistake(self):
        broken = named("Service", "civic-os-api") | {"spec": {"ports": [{"prot": 1}]}}
        with self.assertRaises(kubernetes_validate.ValidationError):
            kubernetes_validate.validate(broken, kubernetes_validate.latest_version(), strict=True)

    def test_every_file_is_listed_and_every_name_is_unique(self):
        listed = set(documents("kustomization.yaml")[0]["resources"]) | {"kustomization.yaml", "secrets.example.yaml"}
        self.assertEqual(listed, {name for name in os.listdir(FOLDER) if name.endswith(".yaml")})
        names = [(document["kind"], document["metadata"]["name"]) for document in everything()]
        self.assertEqual(len(names), len(set(names)))

    def test_references_resolve(self):
        for owner, pod in pods():
            for container in pod.get("initContainers", []) + pod["containers"]:
                environment(container)
                volumes = {volume["name"] for volume in pod.get("volumes", [])}
                volumes |= {claim["metadata"]["name"] for claim in owner["spec"].get("volumeClaimTemplates", [])}
                for mount in container.get("volumeMounts", []):
                    self.assertIn(mount["name"], volumes, owner["metadata"]["name"])
                ports = {port["name"] for port in container.get("ports", [])}
                for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
                    if "httpGet" in container.get(probe, {}):
                        self.assertIn(container[probe]["httpGet"]["port"], ports)
            for volume in pod.get("volumes", []):
                if "configMap" in volume:
                    named("ConfigMap", volume["configMap"]["name"])
                if "persistentVolumeClaim" in volume:
                    named("PersistentVolumeClaim", volume["persistentVolumeClaim"]["claimName"])
            if "serviceAccountName" in pod:
                self.assertFalse(named("ServiceAccount", pod["serviceAccountName"])["automountServiceAccountToken"])
            self.assertFalse(pod["automountServiceAccountToken"])

    def test_services_reach_pods_and_the_ingress_reaches_services(self):
        for service in (document for document in everything() if document["kind"] == "Service"):
            targets = [pod for owner, pod in pods()
                       if service["spec"]["selector"].items() <= template(owner)["metadata"]["labels"].items()]
            self.assertEqual(len(targets), 1, service["metadata"]["name"])
            offered = {port["name"] for container in targets[0]["containers"] for port in container.get("ports", [])}
            for port in service["spec"]["ports"]:
                self.assertIn(port["targetPort"], offered)
        ingresses = [document for document in everything() if document["kind"] == "Ingress"]
        for ingress in ingresses:
            for rule in ingress["spec"]["rules"]:
                for path in rule["http"]["paths"]:
                    backend = path["backend"]["service"]
                    offered = {port["name"] for port in named("Service", backend["name"])["spec"]["ports"]}
                    self.assertIn(backend["port"]["name"], offered)
        self.assertEqual(ingresses[0]["spec"]["rules"][0]["http"]["paths"][0]["path"], "/webhooks/stripe", "the webhook comes first")

    def test_policies_scalers_and_budgets_point_at_something(self):
        for document in everything():
            if document["kind"] == "HorizontalPodAutoscaler":
                target = document["spec"]["scaleTargetRef"]
                named(target["kind"], target["name"])
            if document["kind"] in ("PodDisruptionBudget", "NetworkPolicy"):
                selector = document["spec"].get("selector", document["spec"].get("podSelector"))
                labels = (selector or {}).get("matchLabels", {})
                self.assertTrue(any(labels.items() <= template(owner)["metadata"]["labels"].items() for owner, _ in pods()))

    def test_our_containers_are_locked_down_and_limited(self):
        for owner, pod in pods():
            for container in pod.get("initContainers", []) + pod["containers"]:
                self.assertIn("limits", container["resources"], owner["metadata"]["name"])
                if container["image"] in STAGES:
                    security = container["securityContext"]
                    self.assertTrue(security["readOnlyRootFilesystem"])
                    self.assertFalse(security["allowPrivilegeEscalation"])
                    self.assertTrue(pod["securityContext"]["runAsNonRoot"])


    def test_backups_run_once_a_night_and_one_at_a_time(self):
        job = named("CronJob", "civic-os-backup")["spec"]
        self.assertEqual((job["schedule"], job["timeZone"], job["concurrencyPolicy"]), ("0 2 * * *", "Etc/UTC", "Forbid"))
        self.assertLess(job["jobTemplate"]["spec"]["activeDeadlineSeconds"], 86400, "done before the next")
        self.assertGreater(job["startingDeadlineSeconds"], 0)
        images = {image["name"] for image in documents("kustomization.yaml")[0]["images"]}
        used = {container["image"] for _, pod in pods() for container in pod["containers"]}
        self.assertEqual(images, used & set(STAGES), "kustomize names the images that it replaces")

    def test_pg_dump_is_as_new_as_the_server(self):
        """An older one refuses."""
        server = re.search(r":(\d+)", named("StatefulSet", "postgres")["spec"]["template"]["spec"]["containers"][0]["image"])
        with open(os.path.join(world.ROOT, "Dockerfile"), encoding="utf-8") as file:
            client = re.search(r"postgresql-client-(\d+)", file.read())
        self.assertGreaterEqual(int(client[1]), int(server[1]))


class Containers(unittest.TestCase):
    """One after the other, as they depend on each other: the database as its image makes it, migrations, then each role."""

    @classmethod
    def setUpClass(cls):
        world.hosts(["postgres"])
        script = named("ConfigMap", "postgres-init")["data"]["10-authenticator.sh"]
        cls.postgres = world.Postgres(PASSWORDS["password"], PASSWORDS["authenticator-password"], "civic_os_prod", script)

    @classmethod
    def tearDownClass(cls):
        cls.postgres.close()

    def start(self, container):
        values = {**world.image_environment(STAGES[container["image"]]), **environment(container)}
        # What Kubernetes adds for every service of the namespace.
        values.update(POSTGRES_PORT="tcp://10.0.0.1:5432", POSTGRES_SERVICE_HOST="10.0.0.1", CIVIC_OS_API_PORT="tcp://10.0.0.2:8000",
                      CIVIC_OS_API_SERVICE_HOST="10.0.0.2", PAYMENT_WORKER_PORT_8080_TCP="tcp://10.0.0.3:8080")
        return world.running(container["args"], values, world.RELEASE)

    def probes(self, container):
        ports = {port["name"]: port["containerPort"] for port in container["ports"]}
        for name in ("startupProbe", "livenessProbe", "readinessProbe"):
            if "httpGet" not in container.get(name, {}):
                continue
            probe = container[name]["httpGet"]
            answered = lambda probe=probe: (world.get(ports[probe["port"]], probe["path"]) or (0,))[0] == 200
            world.until(answered, f"{name} {probe}")
        return ports

    def test_1_migrations(self):
        container = named("Deployment", "civic-os-api")["spec"]["template"]["spec"]["initContainers"][0]
        with self.start(container) as process:
            self.assertEqual(process.wait(), 0)
        self.assertEqual(self.postgres.sql("select count(*) > 0 from metadata.roles"), "t")
        # A second replica finds nothing to do.
        with self.start(container) as process:
            self.assertEqual(process.wait(), 0)

    def test_2_every_container_answers_its_probes(self):
        started = 0
        for owner, pod in pods():
            for container in pod["containers"]:
                if container["image"] != "civic-os":
                    continue
                with self.subTest(owner["metadata"]["name"]), self.start(container) as process:
                    ports = self.probes(container)
                    if "web" in ports:
                        self.assertEqual(world.get(ports["web"], "/health")[2], b"healthy\n")
                        self.assertEqual(world.get(ports["rest"], "/")[0], 200)
                        self.assertIn(b"auth.yourdomain.com", world.get(ports["web"], "/assets/config.js")[2])
                    if "webhook" in ports:
                        self.assertEqual(world.get(ports["webhook"], "/health")[2], b'{"status":"healthy"}\n')
                    self.assertEqual(process.stop(), 0, "an orderly end")
                started += 1
        self.assertEqual(started, 3)

    def test_3_the_backup_lies_in_its_volume(self):
        container = template(named("CronJob", "civic-os-backup"))["spec"]["containers"][0]
        mount = next(mount["mountPath"] for mount in container["volumeMounts"] if mount["name"] == "backups")
        with world.volume(mount) as folder:
            with self.start(container) as process:
                self.assertEqual(process.wait(), 0)
                said = process.output()
            made = [name for name in os.listdir(folder) if name.startswith("civic-os-")]
            self.assertEqual(len(made), 1, said)
            self.assertIn(made[0], said)
            with open(os.path.join(folder, made[0], "manifest.json"), encoding="utf-8") as file:
                manifest = json.load(file)
        self.assertEqual((manifest["database"], manifest["files_from"]), ("civic_os_prod", "bucket"))
        rows = {(table["schema"], table["name"]): table["rows"] for table in manifest["tables"]}
        self.assertEqual(str(rows["metadata", "roles"]), self.postgres.sql("select count(*) from metadata.roles"))


if __name__ == "__main__":
    unittest.main()
