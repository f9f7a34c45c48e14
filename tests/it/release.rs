//! The static binary `dist/civic-os` in an empty root folder: no libraries, no `/dev`, no shell, nothing but itself.
//!
//! Run by `./dev test` and `./dev release`'s callers with `CIVIC_OS_RELEASE_BINARY`; needs root for chroot.

use crate::support::{TestDatabase, free_port, http_client, tokens};
use nix::sys::signal::Signal;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

const LIMIT: Duration = Duration::from_secs(120);
/// The bound of the first issue; the binary carries the web client and both examples.
const LARGEST: u64 = 60_000_000;

fn release_binary() -> PathBuf {
    let path = std::env::var_os("CIVIC_OS_RELEASE_BINARY")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("dist/civic-os"), PathBuf::from);
    assert!(path.is_file(), "{} is missing: run ./dev release", path.display());
    path
}

/// A folder with the binary and nothing else.
fn empty_root() -> TempDir {
    let root = tempfile::tempdir().expect("folder");
    std::fs::copy(release_binary(), root.path().join("civic-os")).expect("copy the binary");
    root
}

/// The binary as the first process of a container from an empty image would see the world.
fn inside(root: &Path) -> Command {
    let mut command;
    if nix::unistd::geteuid().is_root() {
        command = Command::new("chroot");
        command.arg(root);
    } else {
        // A user namespace lets anybody be root of a folder.
        command = Command::new("unshare");
        command.args(["--map-root-user", "--root"]).arg(root);
    }
    command.arg("/civic-os").env_clear().env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin").stdin(Stdio::null());
    command
}

fn output(command: &mut Command) -> (Option<i32>, String, String) {
    let Output { status, stdout, stderr } = command.output().expect("run in the empty root");
    (status.code(), String::from_utf8_lossy(&stdout).into_owned(), String::from_utf8_lossy(&stderr).into_owned())
}

struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
#[ignore = "needs dist/civic-os: ./dev release"]
fn is_static_and_small_enough() {
    let path = release_binary();
    let size = std::fs::metadata(&path).expect("metadata").len();
    assert!(size < LARGEST, "{size} bytes");
    let bytes = std::fs::read(&path).expect("read");
    // Program header type 3 is PT_INTERP: a dynamic program names its loader there.
    let offset = u64::from_le_bytes(bytes[32..40].try_into().expect("8 bytes")) as usize;
    let (entry, count) = (usize::from(bytes[54]), usize::from(bytes[56]));
    let loader = (0..count).any(|index| bytes[offset + index * entry..][..4] == 3u32.to_le_bytes());
    assert!(bytes.starts_with(b"\x7fELF") && !loader, "not a static program");
}

#[test]
#[ignore = "needs dist/civic-os: ./dev release"]
fn speaks_in_an_empty_root() {
    let root = empty_root();
    let (code, out, err) = output(inside(root.path()).arg("--version"));
    assert_eq!((code, out.trim()), (Some(0), concat!("civic-os ", env!("CARGO_PKG_VERSION"))), "{err}");

    let (code, _, err) = output(inside(root.path()).args(["config", "check"]));
    assert_eq!(code, Some(1), "nothing is configured: {err}");
    let (code, out, err) = output(
        inside(root.path())
            .args(["config", "check"])
            .env("CIVIC_OS_DATABASE__URL", "postgresql://authenticator:x@db.example/town")
            .env("CIVIC_OS_DATABASE__OWNER_URL", "postgresql://owner:x@db.example/town")
            .env("CIVIC_OS_AUTH__JWT_SECRET", tokens::SECRET),
    );
    assert_eq!(code, Some(0), "{out}{err}");
    assert!(!out.contains(tokens::SECRET) && !err.contains(tokens::SECRET), "no secret is printed");

    let (code, out, err) = output(inside(root.path()).arg("demo"));
    assert_eq!(code, Some(2), "{out}{err}");
    let empty: Vec<_> =
        std::fs::read_dir(root.path()).expect("root").flatten().map(|entry| entry.file_name()).collect();
    assert!(!empty.iter().any(|name| name == "etc"), "it ran without /etc: {empty:?}");
}

#[tokio::test]
#[ignore = "needs dist/civic-os: ./dev release"]
async fn serves_from_an_empty_root() {
    let root = empty_root();
    let database = TestDatabase::create().await;
    let port = free_port();
    let mut command = inside(root.path());
    command
        .args(["serve"])
        .env("CIVIC_OS_DATABASE__URL", database.authenticator_url().expose().expect("URL"))
        .env("CIVIC_OS_DATABASE__OWNER_URL", database.owner_url().expose().expect("URL"))
        .env("CIVIC_OS_AUTH__JWT_SECRET", tokens::SECRET)
        .env("CIVIC_OS_WEB__LISTEN", format!("127.0.0.1:{port}"))
        .env("CIVIC_OS_ADMIN__LISTEN", format!("127.0.0.1:{}", free_port()))
        .stdout(Stdio::inherit())
        .stderr(Stdio::inherit())
        .process_group(0);
    civic_os::cluster::end_with_parent(&mut command, Signal::SIGKILL);
    let mut child = Running(command.spawn().expect("start"));

    let http = http_client();
    let url = format!("http://127.0.0.1:{port}/api/schema_entities");
    let limit = Instant::now() + LIMIT;
    let answer = loop {
        assert!(child.0.try_wait().expect("look").is_none(), "it ended");
        match http.get(&url).send().await {
            Ok(answer) if answer.status() == 200 => break answer,
            _ => assert!(Instant::now() < limit, "no answer within {LIMIT:?}"),
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    assert!(answer.text().await.expect("body").starts_with('['));
    let page = http.get(format!("http://127.0.0.1:{port}/")).header("accept", "text/html").send().await.expect("page");
    assert!(page.text().await.expect("page").contains("<html"), "the embedded web client");
    let token = tokens::sign(&tokens::claims("resident", &["user"]));
    let answer = http.get(&url).bearer_auth(token).send().await.expect("with a token");
    assert_eq!(answer.status(), 200, "tokens are verified");

    nix::sys::signal::kill(nix::unistd::Pid::from_raw(child.0.id().cast_signed()), Signal::SIGTERM).expect("stop");
    let status = child.0.wait().expect("end");
    assert_eq!(status.code(), Some(0), "an orderly stop");
}

/// The file system and settings of the Dockerfile's last stage, and its user.
#[tokio::test]
#[ignore = "needs dist/civic-os: ./dev release"]
async fn works_as_the_container_image() {
    if !nix::unistd::geteuid().is_root() {
        println!("skipped: only root can become the image's user");
        return;
    }
    let dockerfile =
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("Dockerfile")).expect("Dockerfile");
    let (_, last_stage) = dockerfile.split_once("FROM scratch").expect("a last stage");
    for line in ["USER 65532:65532", "ENTRYPOINT [\"/civic-os\"]", "CMD [\"serve\"]", "CMD [\"/civic-os\", \"health\"]"]
    {
        assert!(last_stage.contains(line), "this test follows the Dockerfile, which lacks {line}");
    }
    let settings: Vec<(&str, &str)> = last_stage
        .lines()
        .skip_while(|line| !line.starts_with("ENV "))
        .take_while(|line| !line.starts_with("EXPOSE"))
        .filter_map(|line| line.trim_start_matches("ENV ").trim().trim_end_matches('\\').trim().split_once('='))
        .collect();
    assert!(settings.iter().any(|(name, _)| *name == "CIVIC_OS_ADMIN__LISTEN"), "{settings:?}");

    let root = empty_root();
    for folder in ["etc", "tmp", "var/lib/civic-os"] {
        std::fs::create_dir_all(root.path().join(folder)).expect("folder");
    }
    std::fs::write(root.path().join("etc/passwd"), "civic-os:x:65532:65532::/var/lib/civic-os:/\n").expect("passwd");
    std::os::unix::fs::chown(root.path().join("var/lib/civic-os"), Some(65532), Some(65532)).expect("owner");
    std::fs::set_permissions(root.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755)).expect("mode");
    let database = TestDatabase::create().await;
    let (web, admin) = (free_port(), free_port());
    let image = |arguments: &[&str]| {
        let mut command = Command::new("chroot");
        command.arg("--userspec=65532:65532").arg(root.path()).arg("/civic-os").args(arguments).env_clear();
        command.env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
        command.envs(settings.iter().copied()).stdin(Stdio::null());
        // The machine's ports are shared, a container's are not.
        command
            .env("CIVIC_OS_ADMIN__LISTEN", format!("0.0.0.0:{admin}"))
            .env("CIVIC_OS_WEB__LISTEN", format!("127.0.0.1:{web}"));
        command
    };
    let mut command = image(&["serve"]);
    command
        .env("CIVIC_OS_DATABASE__URL", database.authenticator_url().expose().expect("URL"))
        .env("CIVIC_OS_DATABASE__OWNER_URL", database.owner_url().expose().expect("URL"))
        .env("CIVIC_OS_IDENTITY__ENABLED", "true")
        .env("CIVIC_OS_STORE__LISTEN", format!("127.0.0.1:{}", free_port()));
    civic_os::cluster::end_with_parent(&mut command, Signal::SIGKILL);
    let mut child = Running(command.spawn().expect("start"));
    let limit = Instant::now() + LIMIT;
    while output(&mut image(&["health"])).0 != Some(0) {
        assert!(child.0.try_wait().expect("look").is_none(), "it ended");
        assert!(Instant::now() < limit, "not healthy within {LIMIT:?}: {:?}", output(&mut image(&["health"])));
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let url = format!("http://127.0.0.1:{web}/realms/civic-os/.well-known/openid-configuration");
    assert_eq!(http_client().get(url).send().await.expect("provider").status(), 200);
    let keys = database.connect().await.query_one("select count(*) from civic_os_identity.signing_keys", &[]).await;
    assert!(keys.expect("keys").get::<_, i64>(0) > 0, "the provider's keys are kept in the database");
    let kept = std::fs::metadata(root.path().join("var/lib/civic-os/store/credentials")).expect("the store's key");
    assert_eq!(std::os::unix::fs::MetadataExt::uid(&kept), 65532, "files are kept in the volume, by the image's user");
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(child.0.id().cast_signed()), Signal::SIGTERM).expect("stop");
    assert_eq!(child.0.wait().expect("end").code(), Some(0), "an orderly stop");
    assert_eq!(output(&mut image(&["health"])).0, Some(2), "and then it is not healthy");
}
