//! What figures were measured on.

use std::fs::read_to_string;

use super::outcome::Machine;

/// This machine, as far as the system tells; what it does not stays empty.
pub(super) fn this() -> Machine {
    let file = |path| read_to_string(path).unwrap_or_default();
    let field = |text: &str, name: &str| {
        let value = text.lines().find_map(|line| line.strip_prefix(name))?;
        Some(value.trim_start_matches([' ', '\t', ':']).trim().to_owned())
    };
    let memory_kib = field(&file("/proc/meminfo"), "MemTotal")
        .and_then(|value| value.strip_suffix(" kB")?.parse::<u64>().ok());
    Machine {
        cpu: field(&file("/proc/cpuinfo"), "model name").unwrap_or_default(),
        cores: std::thread::available_parallelism().map_or(0, usize::from),
        memory_gib: memory_kib.map_or(0, |kib| (kib + (1 << 19)) >> 20),
        kernel: format!("Linux {}", file("/proc/sys/kernel/osrelease").trim()),
    }
}
