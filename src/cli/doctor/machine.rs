//! The machine: the folder of our own files, and ports.

use super::finding::Findings;
use super::http_probe;
use crate::config::{Config, DatabaseMode, Loaded, Role};
use std::io::ErrorKind;
use std::net::{TcpListener, ToSocketAddrs};
use std::path::Path;

const DATA_DIR: &str = "data folder";
const PORTS: &str = "ports";

/// Whether the folder of our own files can be written, or made.
pub(super) fn data_dir(loaded: &Loaded, findings: &mut Findings) {
    let folder = loaded.config.data_dir();
    let shown = folder.display();
    let remedy = format!("choose another folder with data_dir, or: install -d -o $(id -un) {shown}");
    let existing = folder.ancestors().find(|path| path.exists()).unwrap_or(Path::new("/"));
    if existing == folder {
        if !folder.is_dir() {
            findings.fail(DATA_DIR, format!("{shown} is not a folder"), remedy);
            return;
        }
        let probe = folder.join(format!(".civic-os-doctor-{}", std::process::id()));
        match std::fs::File::create_new(&probe).and_then(|_| std::fs::remove_file(&probe)) {
            Ok(()) => findings.ok(DATA_DIR, format!("{shown} can be written")),
            Err(error) if is_needed(&loaded.config) => {
                findings.fail(DATA_DIR, format!("{shown} cannot be written: {error}"), remedy);
            }
            Err(error) => findings.warn(DATA_DIR, format!("{shown} cannot be written: {error}"), remedy),
        }
    } else if nix::unistd::access(existing, nix::unistd::AccessFlags::W_OK).is_ok() {
        findings.ok(DATA_DIR, format!("{shown} will be made when it is needed"));
    } else {
        let message = format!("{shown} does not exist, and this user may not make it in {}", existing.display());
        if is_needed(&loaded.config) {
            findings.fail(DATA_DIR, message, remedy)
        } else {
            findings.warn(DATA_DIR, message, remedy)
        }
    }
}

/// Whether the process keeps files of its own at all.
fn is_needed(config: &Config) -> bool {
    config.identity.enabled || config.database.mode == DatabaseMode::Managed || config.store.listen.is_some()
}

/// Whether the listeners could be opened now, or are open already because the process runs.
pub(super) fn listeners(loaded: &Loaded, findings: &mut Findings) {
    let (config, roles) = (&loaded.config, loaded.roles);
    if roles.is_only(Role::Migrate) {
        return;
    }
    let payments = config.payments_listen(roles);
    let of_api = |listen: Option<&str>| listen.filter(|_| roles.contains(Role::Api)).map(str::to_owned);
    let listeners = [
        ("web.listen", of_api(Some(&config.web.listen)), "/health"),
        ("api.listen", of_api(config.api.listen.as_deref()), "/"),
        ("payments.listen", payments, "/health"),
        ("admin.listen", Some(config.admin.listen.clone()), "/live"),
        ("store.listen", config.store.listen.clone(), "/"),
    ];
    for (key, listen, path) in listeners {
        let Some(listen) = listen.filter(|listen| !listen.is_empty()) else { continue };
        listener(key, &listen, path, findings);
    }
}

fn listener(key: &str, listen: &str, path: &str, findings: &mut Findings) {
    let addresses: Vec<_> = match listen.to_socket_addrs() {
        Ok(addresses) => addresses.collect(),
        Err(error) => {
            let remedy = "write an address of this machine, or 0.0.0.0 for all";
            findings.fail(PORTS, format!("{key} = {listen}: no such host ({error})"), remedy);
            return;
        }
    };
    let Err(error) = TcpListener::bind(&addresses[..]) else {
        findings.ok(PORTS, format!("{key} = {listen} is free"));
        return;
    };
    let port = addresses.first().map_or(0, std::net::SocketAddr::port);
    match error.kind() {
        ErrorKind::AddrInUse => match http_probe::get(listen, path) {
            Ok(answer) if answer.is_ours() => {
                findings.ok(PORTS, format!("{key} = {listen} is answered by a running civic-os"))
            }
            _ => findings.fail(
                PORTS,
                format!("{key} = {listen} is taken by another process"),
                format!("stop it (`ss -ltnp 'sport = :{port}'` names it) or choose another port with {key}"),
            ),
        },
        ErrorKind::PermissionDenied => findings.fail(
            PORTS,
            format!("{key} = {listen}: this user may not open port {port}"),
            format!(
                "choose a port from 1024 on with {key}, or: setcap cap_net_bind_service=+ep $(command -v civic-os)"
            ),
        ),
        ErrorKind::AddrNotAvailable => findings.fail(
            PORTS,
            format!("{key} = {listen} is no address of this machine"),
            "write an address of this machine, or 0.0.0.0 for all",
        ),
        _ => findings.fail(PORTS, format!("{key} = {listen} cannot be opened: {error}"), ""),
    }
}
