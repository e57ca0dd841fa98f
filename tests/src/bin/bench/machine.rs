//! What the kernel knows: of the machine, of its disk, of a process.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

/// The machine in one line.
pub fn facts() -> String {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let cpus = read("/proc/cpuinfo");
    let model = cpus.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let cores = cpus.lines().filter(|line| line.starts_with("processor")).count();
    let memory = read("/proc/meminfo");
    let kib = memory.lines().find_map(|line| line.strip_prefix("MemTotal:")?.trim().strip_suffix(" kB"));
    let gib = kib.and_then(|kib| kib.parse::<f64>().ok()).unwrap_or(0.0) / 1024.0 / 1024.0;
    let kernel = read("/proc/sys/kernel/osrelease");
    let model = model.map_or("unknown processor", |(_, name)| name);
    format!("{cores} × {model}, {gib:.0} GiB, Linux {}, load before {}", kernel.trim(), load())
}

/// How many processes have wanted a core during the last minute.
pub fn load() -> String {
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    load.split(' ').next().unwrap_or("?").to_owned()
}

/// How often a second one page can be forced to the disk of that folder, one at a time.
pub fn forced_writes(folder: &Path, during: Duration) -> anyhow::Result<f64> {
    let path = folder.join("forced-writes");
    let mut file = File::create(&path)?;
    let page = [0x5a; 4096];
    // Within the file's length, as in a log that is used again and again: only data has to be forced.
    for _ in 0..4096 {
        file.write_all(&page)?;
    }
    file.sync_all()?;
    let begun = Instant::now();
    let mut written = 0_u64;
    while begun.elapsed() < during {
        use std::os::unix::fs::FileExt;
        file.write_all_at(&page, written % 4096 * 4096)?;
        file.sync_data()?;
        written += 1;
    }
    let rate = written as f64 / begun.elapsed().as_secs_f64();
    fs::remove_file(&path)?;
    Ok(rate)
}

/// Resident memory of a process in MiB.
pub fn resident_mib(process: u32) -> anyhow::Result<f64> {
    let status = fs::read_to_string(format!("/proc/{process}/status"))?;
    let kib = status.lines().find_map(|line| line.strip_prefix("VmRSS:")?.trim().strip_suffix(" kB"));
    Ok(kib.and_then(|kib| kib.trim().parse::<f64>().ok()).unwrap_or(f64::NAN) / 1024.0)
}

/// Time a process has spent on a core, user and system together.
pub fn cpu_time(process: u32) -> anyhow::Result<Duration> {
    // Nanoseconds per thread; /proc/<pid>/stat counts in ticks of 10 ms, too coarse for an idle process.
    let mut nanos = 0;
    for thread in fs::read_dir(format!("/proc/{process}/task"))? {
        let text = fs::read_to_string(thread?.path().join("schedstat"))?;
        nanos += text.split(' ').next().and_then(|text| text.parse::<u64>().ok()).unwrap_or(0);
    }
    Ok(Duration::from_nanos(nanos))
}
