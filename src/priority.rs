//! Who waits when the processor is short: threads of work that nobody looks at stand behind those that answer requests.

/// How far, in nice levels.
#[cfg(target_os = "linux")]
const BEHIND: i32 = 10;

/// Puts the calling thread behind, and those that it starts. On Linux the level is the thread's own; elsewhere nothing happens.
pub fn step_back() {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::nice(BEHIND) {
        tracing::debug!(%error, "Background work runs with the same priority as requests");
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    #[test]
    fn only_the_calling_thread_steps_back() {
        let level = || rustix::process::nice(0).expect("a level");
        let before = level();
        let behind = std::thread::spawn(move || {
            super::step_back();
            level()
        });
        assert!(behind.join().expect("a level") > before);
        assert_eq!(level(), before);
    }
}
