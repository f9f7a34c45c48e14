//! What the process gives back to the system: large buffers, as soon as nobody needs them.

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
