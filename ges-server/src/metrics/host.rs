//! What the operating system says about this process and its machine.

use std::fs;

/// The machine's name and memory.
#[derive(Clone, Debug)]
pub struct Host {
    name: String,
}

impl Host {
    /// This machine; its name from `HOSTNAME` as given, else from the system, else `localhost`.
    pub fn here(hostname: Option<String>) -> Self {
        let system = || fs::read_to_string("/proc/sys/kernel/hostname").ok();
        let name = hostname.or_else(system).map(|name| name.trim().to_owned());
        Self::named(name.filter(|name| !name.is_empty()).unwrap_or_else(|| "localhost".to_owned()))
    }

    /// A machine of this name.
    pub fn named(name: impl Into<String>) -> Self {
        Host { name: name.into() }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Resident memory of this process in bytes; 0 where it cannot be told.
    pub fn resident_bytes(&self) -> u64 {
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        kilobytes(&status, "VmRSS:")
    }

    /// The container's memory limit, else the machine's memory, in bytes; 0 where it cannot be told.
    pub fn memory_limit_bytes(&self) -> u64 {
        let limit = ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"]
            .iter()
            .find_map(|path| fs::read_to_string(path).ok()?.trim().parse::<u64>().ok());
        let machine = kilobytes(&fs::read_to_string("/proc/meminfo").unwrap_or_default(), "MemTotal:");
        limit.map_or(machine, |limit| if machine == 0 { limit } else { limit.min(machine) })
    }
}

/// The number of a line such as `VmRSS:   1234 kB`, in bytes.
fn kilobytes(text: &str, label: &str) -> u64 {
    let line = text.lines().find_map(|line| line.strip_prefix(label)).unwrap_or_default();
    line.split_whitespace()
        .next()
        .and_then(|number| number.parse::<u64>().ok())
        .unwrap_or(0)
        .saturating_mul(1024)
}
