//! The server process: start, readiness, end.
//!
//! The server must not outlive this process, not even when it is killed outright. The kernel offers a signal at the
//! death of the *thread* that forked, so one thread of its own forks the server and then stays with it until its end:
//! it ends only with the server or with the whole process. In the latter case the server gets SIGINT, its fast shutdown,
//! which ends sessions and writes a checkpoint. The server runs in a process group of its own, so that Ctrl-C in a
//! terminal reaches this process alone, which then stops its parts in order.

use super::binaries::Binaries;
use super::directory::ClusterDirectory;
use super::error::ClusterError;
use super::{ClusterOptions, ClusterStep, Durability, StepListener};
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{Id, WaitPidFlag, waitid};
use nix::unistd::{Pid, getpid, getppid};
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// Between two looks at the server's state while it starts or stops.
const LOOK: Duration = Duration::from_millis(10);
/// A start includes crash recovery after a power cut, so it may take long.
const START_LIMIT: Duration = Duration::from_secs(120);
/// A fast shutdown writes a checkpoint; after this an immediate one follows.
const FAST_STOP_LIMIT: Duration = Duration::from_secs(15);
/// An immediate shutdown writes nothing.
const IMMEDIATE_STOP_LIMIT: Duration = Duration::from_secs(5);
/// A free port can be taken between choosing it and the server's start.
const PORT_ATTEMPTS: usize = 5;

/// A running server.
#[derive(Debug)]
pub(super) struct Server {
    port: u16,
    pid: u32,
    process: Arc<Process>,
    ended: watch::Receiver<bool>,
}

/// The process id as long as it is certainly ours.
#[derive(Debug)]
struct Process {
    // Invariant: `None` from the moment in which the process is reaped, so that no signal can reach another process.
    pid: Mutex<Option<Pid>>,
}

impl Process {
    fn signal(&self, signal: Signal) {
        let pid = self.pid.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(pid) = *pid {
            let _ = kill(pid, signal);
        }
    }
}

impl Server {
    /// Starts the server and waits until it accepts connections.
    pub(super) fn start(
        binaries: &Binaries,
        directory: &ClusterDirectory,
        options: &ClusterOptions,
    ) -> Result<Self, ClusterError> {
        let mut attempt = 1;
        loop {
            let server = Self::start_once(binaries, directory, options)?;
            match server.wait_ready(directory) {
                Ok(()) => return Ok(server),
                Err(ClusterError::Start { tail, .. })
                    if attempt < PORT_ATTEMPTS && tail.contains("Address already in use") =>
                {
                    attempt += 1;
                }
                Err(error) => return Err(error),
            }
        }
    }

    fn start_once(
        binaries: &Binaries,
        directory: &ClusterDirectory,
        options: &ClusterOptions,
    ) -> Result<Self, ClusterError> {
        let program = binaries.program("postgres");
        let port = free_port().map_err(|source| ClusterError::Run { program: program.clone(), source })?;
        let log = directory.open_log()?;
        let mut command = Command::new(&program);
        directory.environment(&mut command);
        command.arg("-D").arg(directory.data()).stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).process_group(0);
        for (name, value) in settings(directory, options, port) {
            command.arg("-c").arg(format!("{name}={value}"));
        }
        end_with_parent(&mut command, Signal::SIGINT);

        let (child_sender, child_receiver) = std::sync::mpsc::channel::<std::io::Result<u32>>();
        let (ended_sender, ended) = watch::channel(false);
        let process = Arc::new(Process { pid: Mutex::new(None) });
        let of_thread = Arc::clone(&process);
        std::thread::Builder::new()
            .name("postgres".into())
            .spawn(move || match command.spawn() {
                Ok(child) => {
                    let pid = Pid::from_raw(child.id().cast_signed());
                    *of_thread.pid.lock().unwrap_or_else(PoisonError::into_inner) = Some(pid);
                    let _ = child_sender.send(Ok(child.id()));
                    stay_with(child, pid, &of_thread);
                    let _ = ended_sender.send(true);
                }
                Err(error) => {
                    let _ = child_sender.send(Err(error));
                }
            })
            .map_err(|source| ClusterError::Run { program: program.clone(), source })?;
        match child_receiver.recv() {
            Ok(Ok(pid)) => Ok(Self { port, pid, process, ended }),
            Ok(Err(source)) => Err(ClusterError::Run { program, source }),
            Err(_) => Err(ClusterError::Run { program, source: std::io::ErrorKind::Interrupted.into() }),
        }
    }

    fn wait_ready(&self, directory: &ClusterDirectory) -> Result<(), ClusterError> {
        let limit = Instant::now() + START_LIMIT;
        loop {
            if is_ready(&directory.data(), self.pid) {
                return Ok(());
            }
            if *self.ended.borrow() || Instant::now() > limit {
                self.process.signal(Signal::SIGQUIT);
                return Err(ClusterError::Start { log: directory.log_file(), tail: directory.log_tail(8) });
            }
            std::thread::sleep(LOOK);
        }
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    pub(super) fn pid(&self) -> u32 {
        self.pid
    }

    /// Waits for the end of the process.
    pub(super) async fn ended(&self) {
        // An error means that the sender is gone, which happens only after the end.
        let _ = self.ended.clone().wait_for(|ended| *ended).await;
    }

    /// Fast shutdown, then an immediate one if that does not help.
    pub(super) async fn stop(&self) -> Result<(), ClusterError> {
        for (signal, limit) in [(Signal::SIGINT, FAST_STOP_LIMIT), (Signal::SIGQUIT, IMMEDIATE_STOP_LIMIT)] {
            self.process.signal(signal);
            if tokio::time::timeout(limit, self.ended()).await.is_ok() {
                return Ok(());
            }
        }
        Err(ClusterError::Stop { pid: self.pid })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.process.signal(Signal::SIGINT);
    }
}

/// Blocks until the process has ended and reaps it.
fn stay_with(mut child: Child, pid: Pid, process: &Process) {
    // Looking without reaping first keeps the number ours until `pid` is cleared.
    while let Err(nix::errno::Errno::EINTR) = waitid(Id::Pid(pid), WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT) {}
    *process.pid.lock().unwrap_or_else(PoisonError::into_inner) = None;
    let _ = child.wait();
}

/// Lets the kernel send a command's process this signal when the *thread* that spawned it ends.
///
/// # Errors
/// Spawning fails when this process has ended in the meantime.
pub fn end_with_parent(command: &mut Command, signal: Signal) {
    let parent = getpid();
    let before_exec = move || {
        nix::sys::prctl::set_pdeathsig(signal)?;
        // The parent may have ended before the line above: then nobody would tell us any more.
        if getppid() == parent { Ok(()) } else { Err(std::io::ErrorKind::Interrupted.into()) }
    };
    #[expect(
        unsafe_code,
        reason = "the only way to run code between fork and exec; it makes two system calls and allocates nothing"
    )]
    // SAFETY: `before_exec` calls prctl and getppid only, both async-signal-safe, and touches no lock and no heap.
    unsafe {
        command.pre_exec(before_exec);
    }
}

fn settings(directory: &ClusterDirectory, options: &ClusterOptions, port: u16) -> Vec<(&'static str, String)> {
    let socket = directory.socket_dir().map(|path| path.to_string_lossy().into_owned()).unwrap_or_default();
    let mut settings = vec![
        ("listen_addresses", "127.0.0.1".to_owned()),
        ("port", port.to_string()),
        ("unix_socket_directories", socket),
        ("unix_socket_permissions", "0700".into()),
        ("max_connections", options.max_connections.to_string()),
        ("shared_buffers", "128MB".into()),
        ("password_encryption", "scram-sha-256".into()),
        ("cluster_name", "civic-os".into()),
        // Requests are short; compiling them costs more than it saves.
        ("jit", "off".into()),
        ("timezone", "UTC".into()),
        ("log_timezone", "UTC".into()),
        ("log_line_prefix", "%m [%p] %q%u@%d ".into()),
        ("logging_collector", "off".into()),
        ("log_destination", "stderr".into()),
    ];
    if options.durability == Durability::None {
        for (name, value) in [
            ("fsync", "off"),
            ("synchronous_commit", "off"),
            ("full_page_writes", "off"),
            ("wal_level", "minimal"),
            ("max_wal_senders", "0"),
            ("max_wal_size", "4GB"),
            ("checkpoint_timeout", "1h"),
            ("autovacuum", "off"),
        ] {
            settings.push((name, value.to_owned()));
        }
    }
    settings
}

/// Whether the server of this process id says in its own state file that it accepts connections.
fn is_ready(data: &Path, pid: u32) -> bool {
    let Ok(text) = std::fs::read_to_string(data.join("postmaster.pid")) else { return false };
    let mut lines = text.lines();
    lines.next().is_some_and(|first| first.trim() == pid.to_string())
        && lines.nth(6).is_some_and(|status| status.trim() == "ready")
}

fn free_port() -> std::io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

/// Stops a server that still works in this folder although its process is gone (we hold the folder's lock).
pub(super) fn stop_leftover(directory: &ClusterDirectory, progress: &StepListener) -> Result<(), ClusterError> {
    let data = directory.data();
    let Some(pid) = leftover(&data) else { return Ok(()) };
    progress(ClusterStep::StoppingLeftover);
    for (signal, limit) in [(Signal::SIGINT, FAST_STOP_LIMIT), (Signal::SIGQUIT, IMMEDIATE_STOP_LIMIT)] {
        let _ = kill(pid, signal);
        let limit = Instant::now() + limit;
        while Instant::now() < limit {
            if leftover(&data) != Some(pid) {
                return Ok(());
            }
            std::thread::sleep(LOOK);
        }
    }
    Err(ClusterError::Leftover { directory: data, pid: pid.as_raw() })
}

/// The living postmaster of a data folder, recognised by its working folder: the number alone may belong to anybody.
fn leftover(data: &Path) -> Option<Pid> {
    let text = std::fs::read_to_string(data.join("postmaster.pid")).ok()?;
    let pid: i32 = text.lines().next()?.trim().parse().ok()?;
    let works_in = std::fs::read_link(format!("/proc/{pid}/cwd")).ok()?;
    (pid > 1 && works_in == data).then(|| Pid::from_raw(pid))
}
