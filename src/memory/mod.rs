//! What the process takes at once (`room`), and what it gives back to the system: large buffers as soon as nobody needs them, and holes between small ones.

mod room;

pub use room::{Place, Room, SMALL};

use std::time::Duration;

/// Between two looks for holes.
const PERIOD: Duration = Duration::from_secs(60);

/// From this many bytes on a buffer is a mapping of its own. Bodies, answers and pictures are larger, rows and pages smaller.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const LARGE: libc::c_int = 256 * 1024;

/// Heaps beyond one for each processor. By itself there are eight for each, and every one keeps what its busiest moment took.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const MORE_HEAPS: usize = 1;

/// To be called once, before there are threads. By itself the C library's allocator learns from each large buffer that is given back,
/// until those below 32 MB come from its heaps, one for each busy thread: there they leave holes, and the process stays as large as
/// its worst moment, for each heap.
pub fn give_back_large_buffers() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        let heaps = libc::c_int::try_from(processors + MORE_HEAPS).unwrap_or(libc::c_int::MAX);
        for (setting, value) in [(libc::M_MMAP_THRESHOLD, LARGE), (libc::M_ARENA_MAX, heaps)] {
            #[expect(unsafe_code, reason = "the only way to tell the C library's allocator")]
            // SAFETY: `mallopt` takes two numbers and changes a setting of the allocator; no other thread is there yet.
            let _ = unsafe { libc::mallopt(setting, value) };
        }
    }
}

/// Gives free pages inside the heaps back once a minute, on a thread of its own, as long as the process lives. By itself
/// the C library gives back only what lies at a heap's end, and one small value there keeps everything below it. One thread for
/// all calls.
pub fn give_back_holes() {
    static THREAD: std::sync::Once = std::sync::Once::new();
    THREAD.call_once(|| {
        let spawned = std::thread::Builder::new().name("memory".into()).spawn(|| {
            loop {
                std::thread::sleep(PERIOD);
                trim();
            }
        });
        if let Err(error) = spawned {
            tracing::warn!(%error, "Free memory inside heaps is not given back");
        }
    });
}

/// Gives free pages inside the heaps back now: after something large that consisted of small values. May take milliseconds; not
/// for a thread that must not wait.
pub fn trim() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    {
        #[expect(unsafe_code, reason = "the only way to tell the C library's allocator")]
        // SAFETY: `malloc_trim` takes a number, locks each heap while it looks through it, and touches only what is free.
        let _ = unsafe { libc::malloc_trim(0) };
    }
}

#[cfg(all(test, target_os = "linux", target_env = "gnu"))]
mod tests {
    /// Resident memory that is not of files, bytes.
    fn resident() -> usize {
        let status = std::fs::read_to_string("/proc/self/status").expect("status");
        let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).expect("RssAnon");
        line.trim().trim_end_matches(" kB").parse::<usize>().expect("a number") * 1024
    }

    #[test]
    fn holes_between_small_values_go_back() {
        const SIZE: usize = 16 * 1024;
        let mut values: Vec<Vec<u8>> = (0..6000).map(|_| vec![1; SIZE]).collect();
        // One in a hundred stays, spread over all of it.
        let mut number = 0;
        values.retain(|_| {
            number += 1;
            number % 100 == 0
        });
        let before = resident();
        super::trim();
        assert!(resident() + 50 * 1024 * 1024 < before, "{} after {before}", resident());
        assert!(values.iter().all(|value| value.len() == SIZE));
    }
}
