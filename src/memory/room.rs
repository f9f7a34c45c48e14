//! Room for the large values that people send or are sent: bodies, and answers that cannot pass through in parts. Small ones are bounded by their number;
//! of large ones, a few dozen at once would be more than the process may have.

use bytes::Bytes;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Values up to this many bytes need no room.
pub const SMALL: usize = 64 * 1024;
/// What a unit stands for, bytes.
const UNIT: usize = 1024;
/// The part of the memory that the process may use: one of so many.
const PART: u64 = 4;
/// Room without a configured size, bytes at least and at most.
const LEAST: u64 = 16 << 20;
const MOST: u64 = 1 << 30;

/// Shared room; clones are the same room.
#[derive(Clone, Debug)]
pub struct Room {
    free: Arc<Semaphore>,
    units: u32,
}

/// Room that is taken, none at first. It is free again when this is dropped.
#[derive(Debug, Default)]
pub struct Place {
    permit: Option<OwnedSemaphorePermit>,
}

impl Room {
    /// Room for so many bytes. No I/O.
    pub fn new(bytes: u64) -> Self {
        let units = u32::try_from(bytes / UNIT as u64).unwrap_or(u32::MAX).max(1);
        let units = units.min(u32::try_from(Semaphore::MAX_PERMITS).unwrap_or(u32::MAX));
        Self { free: Arc::new(Semaphore::new(units as usize)), units }
    }

    /// As much room as anybody wants. No I/O.
    pub fn unbounded() -> Self {
        Self::new(u64::MAX)
    }

    /// A quarter of what the process may use: its control group's limit, or the machine's memory; between 16 MB and 1 GB.
    pub fn of_this_process() -> Self {
        let part = usable().map_or(LEAST, |bytes| bytes / PART);
        Self::new(part.clamp(LEAST, MOST))
    }

    /// Its size in bytes.
    pub fn size(&self) -> u64 {
        u64::from(self.units) * UNIT as u64
    }

    /// Bytes that are taken now.
    pub fn taken(&self) -> u64 {
        self.size() - (self.free.available_permits() * UNIT) as u64
    }

    /// Waits for room; `None` when there was none in time. What is larger than all of it gets all of it.
    pub async fn take(&self, bytes: usize, patience: Duration) -> Option<Place> {
        let mut place = Place::default();
        self.grow(&mut place, bytes, patience).await.then_some(place)
    }

    /// Makes a place as large as `bytes`, waiting for room; `false` when there was none in time, and then it stays as it is.
    pub async fn grow(&self, place: &mut Place, bytes: usize, patience: Duration) -> bool {
        let wanted = u32::try_from(bytes.div_ceil(UNIT)).unwrap_or(u32::MAX).min(self.units);
        let held = u32::try_from(place.units()).unwrap_or(u32::MAX);
        let more = wanted.saturating_sub(held);
        if more == 0 {
            return true;
        }
        let waited = tokio::time::timeout(patience, Arc::clone(&self.free).acquire_many_owned(more)).await;
        let Ok(Ok(permit)) = waited else { return false };
        match &mut place.permit {
            Some(held) => held.merge(permit),
            none => *none = Some(permit),
        }
        true
    }
}

impl Place {
    /// Bytes of it.
    pub fn bytes(&self) -> usize {
        self.units() * UNIT
    }

    fn units(&self) -> usize {
        self.permit.as_ref().map_or(0, OwnedSemaphorePermit::num_permits)
    }

    /// The value that the room was taken for: it is free again when the last part of the value is dropped.
    pub fn hold(self, value: Bytes) -> Bytes {
        if self.permit.is_none() { value } else { Bytes::from_owner(Held { value, _place: self }) }
    }
}

struct Held {
    value: Bytes,
    _place: Place,
}

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        &self.value
    }
}

/// Bytes of memory that the process may use: the lowest limit of its control groups, else the machine's memory.
fn usable() -> Option<u64> {
    let groups = std::fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    let limit = groups.lines().filter_map(|line| limit_of_group(line, Path::new("/sys/fs/cgroup"))).min();
    let machine = std::fs::read_to_string("/proc/meminfo").ok().and_then(|text| {
        let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
        line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok().map(|kilobytes| kilobytes * 1024)
    });
    match (limit, machine) {
        (Some(limit), Some(machine)) => Some(limit.min(machine)),
        (limit, machine) => limit.or(machine),
    }
}

/// The limit by a line of `/proc/self/cgroup`: version 2 (`0::/path`) or version 1's memory controller (`n:memory:/path`), the group's
/// own or that of one above it. In a container the path is often that outside of it, where only the mounted root can be read.
fn limit_of_group(line: &str, mounted: &Path) -> Option<u64> {
    let (controllers, path) = line.split_once(':')?.1.split_once(':')?;
    let (root, file) = match controllers {
        "" => (mounted.to_owned(), "memory.max"),
        _ if controllers.split(',').any(|name| name == "memory") => (mounted.join("memory"), "memory.limit_in_bytes"),
        _ => return None,
    };
    let group = root.join(path.trim_start_matches('/'));
    let groups = group.ancestors().take_while(|group| group.starts_with(&root));
    let limits = groups.filter_map(|group| std::fs::read_to_string(group.join(file)).ok()?.trim().parse().ok());
    limits.min()
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOMENT: Duration = Duration::from_millis(20);

    #[tokio::test]
    async fn room_is_taken_waited_for_and_given_back() {
        let room = Room::new(100 * 1024);
        let first = room.take(60 * 1024, MOMENT).await.expect("room");
        assert!(room.take(60 * 1024, MOMENT).await.is_none(), "there is none");
        let mut second = room.take(30 * 1024, MOMENT).await.expect("room for less");
        assert!(!room.grow(&mut second, 60 * 1024, MOMENT).await);
        assert_eq!((second.bytes(), room.taken()), (30 * 1024, 90 * 1024), "it keeps what it had");
        let value = first.hold(Bytes::from(vec![7; 60 * 1024]));
        let part = value.slice(10..20);
        drop(value);
        assert_eq!(room.taken(), 90 * 1024, "a part of the value is still in use");
        let (grown, ()) = tokio::join!(room.grow(&mut second, 60 * 1024, Duration::from_secs(60)), async {
            tokio::task::yield_now().await;
            assert_eq!(part[..], [7; 10]);
            drop(part);
        });
        assert!(grown, "whoever waits gets what comes back");
        drop(second);
        assert_eq!(room.taken(), 0);
    }

    #[tokio::test]
    async fn what_is_larger_than_all_room_gets_all_of_it() {
        let room = Room::new(100 * 1024);
        let mut place = room.take(usize::MAX, MOMENT).await.expect("all of it");
        assert_eq!(room.taken(), room.size());
        assert!(room.grow(&mut place, usize::MAX, MOMENT).await);
        assert!(room.take(1, MOMENT).await.is_none());
    }

    #[test]
    fn limits_of_both_versions_of_control_groups_are_read() {
        let mounted = tempfile::tempdir().expect("a folder");
        let write = |path: &str, text: &str| {
            let path = mounted.path().join(path);
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
            std::fs::write(path, text).expect("written");
        };
        write("town/api/memory.max", "max\n");
        write("town/memory.max", "268435456\n");
        write("memory/a/memory.limit_in_bytes", "134217728\n");
        write("memory/memory.limit_in_bytes", "9223372036854771712\n");
        let limit = |line: &str| limit_of_group(line, mounted.path());
        assert_eq!(limit("0::/town/api"), Some(256 << 20), "of the group above it");
        assert_eq!(limit("0::/elsewhere"), None);
        assert_eq!(limit("4:memory:/a"), Some(128 << 20));
        assert_eq!(limit("5:cpu,cpuacct:/a"), None);
        assert_eq!(limit("0::/../../outside"), None, "no way out of the mounted root");
        assert_eq!(limit("nonsense"), None);
    }
}
