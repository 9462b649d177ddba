//! What Linux tells about processes, processors and file systems.

use std::fs;
use std::path::Path;
use std::time::Duration;

/// Processor time used so far, in clock ticks.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct CpuTime(u64);

/// Ticks per second that `/proc` counts in; fixed at 100 in every Linux ABI Rust builds for.
const TICKS: u64 = 100;

impl CpuTime {
    /// User and system time of a process.
    pub(crate) fn of(pid: u32) -> Self {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        // The name in parentheses may hold spaces; fields are counted behind it.
        let behind = stat
            .rsplit_once(')')
            .map(|(_, behind)| behind)
            .unwrap_or_default();
        let fields: Vec<&str> = behind.split_whitespace().collect();
        let ticks = |at: usize| {
            fields
                .get(at)
                .and_then(|text| text.parse::<u64>().ok())
                .unwrap_or(0)
        };
        Self(ticks(11) + ticks(12))
    }
}

/// The time between two readings.
pub(crate) fn between(before: CpuTime, after: CpuTime) -> Duration {
    Duration::from_millis(after.0.saturating_sub(before.0) * 1_000 / TICKS)
}

/// Resident memory of a process in KiB.
pub(crate) fn resident_kib(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|rest| rest.trim().trim_end_matches(" kB").parse().ok())
        .unwrap_or(0)
}

/// Processors this program may use.
pub(crate) fn processors() -> usize {
    std::thread::available_parallelism()
        .map(Into::into)
        .unwrap_or(1)
}

/// Model name of the first processor.
pub(crate) fn processor_name() -> String {
    let text = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let line = text.lines().find(|line| line.starts_with("model name"));
    line.and_then(|line| line.split_once(": "))
        .map(|(_, name)| name.to_owned())
        .unwrap_or_default()
}

/// The type of the file system that holds a folder: whether a sync reaches a disk at all.
pub(crate) fn file_system(folder: &Path) -> String {
    let mounts = fs::read_to_string("/proc/mounts").unwrap_or_default();
    let mut best = (0, "unknown".to_owned());
    for line in mounts.lines() {
        let mut fields = line.split(' ').skip(1);
        let (Some(place), Some(kind)) = (fields.next(), fields.next()) else {
            continue;
        };
        if folder.starts_with(place) && place.len() >= best.0 {
            best = (place.len(), kind.to_owned());
        }
    }
    best.1
}

/// Leave to use so much of one core and no more, of a process that is running (cgroup v1 or v2).
pub(crate) struct Share(std::path::PathBuf);

/// The span that the share is measured out in: short, so that answers wait little for the next.
const PERIOD_MICROS: u32 = 10_000;

impl Share {
    /// Confines a process with all its threads; none where this user may not.
    pub(crate) fn of_one_core(pid: u32, percent: u32) -> Option<Self> {
        let quota = PERIOD_MICROS * percent / 100;
        let name = format!("idp-load-{pid}");
        let first = Path::new("/sys/fs/cgroup/cpu").join(&name);
        let second = Path::new("/sys/fs/cgroup").join(&name);
        let (folder, settings) = if fs::create_dir(&first).is_ok() {
            let period = ("cpu.cfs_period_us", PERIOD_MICROS.to_string());
            (first, vec![period, ("cpu.cfs_quota_us", quota.to_string())])
        } else {
            fs::create_dir(&second).ok()?;
            (
                second,
                vec![("cpu.max", format!("{quota} {PERIOD_MICROS}"))],
            )
        };
        let share = Self(folder);
        for (file, value) in settings {
            fs::write(share.0.join(file), value).ok()?;
        }
        fs::write(share.0.join("cgroup.procs"), pid.to_string()).ok()?;
        Some(share)
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        // Possible once the process is gone.
        let _ = fs::remove_dir(&self.0);
    }
}
