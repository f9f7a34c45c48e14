//! What the process itself takes, under the names that Prometheus' own clients use; read when somebody asks. What a machine without /proc does not tell is left out.

use nix::sys::resource::{Resource, UsageWho, getrlimit, getrusage};
use std::fmt::Write as _;
use std::time::{SystemTime, UNIX_EPOCH};

/// Writes the figures of this process; `started` is when it began to serve.
pub(super) fn write(text: &mut String, started: SystemTime) {
    let mut family = |name: &str, kind: &str, help: &str, value: Option<String>| {
        if let Some(value) = value {
            let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}\n{name} {value}");
        }
    };
    let seconds = started.duration_since(UNIX_EPOCH).ok().map(|since| since.as_secs().to_string());
    family("process_start_time_seconds", "gauge", "When the process began to serve, seconds since 1970", seconds);
    family("process_cpu_seconds_total", "counter", "Processor time, user and system", processor_seconds());
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    family("process_resident_memory_bytes", "gauge", "Resident memory", kilobytes(&status, "VmRSS:"));
    family("process_virtual_memory_bytes", "gauge", "Address space", kilobytes(&status, "VmSize:"));
    let threads = field(&status, "Threads:").map(str::to_owned);
    family("process_threads", "gauge", "Threads", threads);
    // The folder that is being read is one of them.
    let open = std::fs::read_dir("/proc/self/fd").ok().map(|entries| entries.count().saturating_sub(1).to_string());
    family("process_open_fds", "gauge", "Open file descriptors", open);
    let most = getrlimit(Resource::RLIMIT_NOFILE).ok().map(|(soft, _)| soft.to_string());
    family("process_max_fds", "gauge", "Most file descriptors that may be open", most);
}

fn processor_seconds() -> Option<String> {
    let usage = getrusage(UsageWho::RUSAGE_SELF).ok()?;
    let (user, system) = (usage.user_time(), usage.system_time());
    let microseconds = (user.tv_sec() + system.tv_sec()) * 1_000_000 + user.tv_usec() + system.tv_usec();
    Some(format!("{}.{:06}", microseconds / 1_000_000, microseconds % 1_000_000))
}

/// The first word behind a name in /proc/self/status.
fn field<'a>(status: &'a str, name: &str) -> Option<&'a str> {
    status.lines().find_map(|line| line.strip_prefix(name))?.split_whitespace().next()
}

fn kilobytes(status: &str, name: &str) -> Option<String> {
    let kilobytes: u64 = field(status, name)?.parse().ok()?;
    Some((kilobytes * 1024).to_string())
}
