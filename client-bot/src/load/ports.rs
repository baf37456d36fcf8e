//! A port a connection, of those that the system gives to who connects.
//!
//! Each address that connections come from has the whole range to itself. Connections
//! that were closed hold theirs for a minute.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::ops::RangeInclusive;

use super::LoadError;
use crate::target::Target;

const RANGE_FILE: &str = "/proc/sys/net/ipv4/ip_local_port_range";
/// The sockets of this machine, of both families.
const SOCKET_FILES: [&str; 2] = ["/proc/net/tcp", "/proc/net/tcp6"];

/// Ports that connections to one server can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ports {
    pub used: u64,
    /// Used or not.
    pub available: u64,
}

impl Ports {
    /// Those towards `target` now; none where the system does not tell.
    #[must_use]
    pub fn towards(target: &Target) -> Option<Self> {
        let range = range(&std::fs::read_to_string(RANGE_FILE).ok()?)?;
        let sources = target.sources();
        let used = SOCKET_FILES
            .iter()
            .filter_map(|file| std::fs::read_to_string(file).ok())
            .map(|table| used(&table, target, &range))
            .sum();
        let width = u64::from(*range.end()) - u64::from(*range.start()) + 1;
        Some(Self { used, available: width * sources as u64 })
    }

    /// Whether `connections` more can be made.
    ///
    /// # Errors
    /// When they have no ports to come from.
    pub fn allow(self, connections: usize, sources: usize) -> Result<(), LoadError> {
        let needed = connections as u64;
        let free = self.available.saturating_sub(self.used);
        if needed <= free {
            return Ok(());
        }
        Err(LoadError::Ports { needed, free, available: self.available, sources })
    }
}

/// The first and the last port, with white space between.
fn range(text: &str) -> Option<RangeInclusive<u16>> {
    let mut bounds = text.split_whitespace().map(str::parse);
    let (low, high) = (bounds.next()?.ok()?, bounds.next()?.ok()?);
    (low <= high).then_some(low..=high)
}

/// Ports in `table` that connections towards `target` hold: they come from an address of
/// ours, or lead to the server.
fn used(table: &str, target: &Target, range: &RangeInclusive<u16>) -> u64 {
    let server = target.address();
    let from: BTreeSet<String> = target.source_ips().map(written_ip).collect();
    let server = format!("{}:{:04X}", written_ip(server.ip()), server.port());
    let held = table.lines().skip(1).filter(|line| {
        let mut fields = line.split_whitespace().skip(1);
        let Some((local, remote)) = fields.next().zip(fields.next()) else { return false };
        let Some((ip, port)) = local.split_once(':') else { return false };
        u16::from_str_radix(port, 16).is_ok_and(|port| range.contains(&port))
            && (from.contains(ip) || remote == server)
    });
    held.count() as u64
}

/// An address as the kernel's table has it: words in the byte order of the machine.
fn written_ip(ip: IpAddr) -> String {
    let octets = match ip {
        IpAddr::V4(ip) => ip.octets().to_vec(),
        IpAddr::V6(ip) => ip.octets().to_vec(),
    };
    let words = octets.chunks_exact(4).map(|word| [word[0], word[1], word[2], word[3]]);
    words.map(|word| format!("{:08X}", u32::from_ne_bytes(word))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid
   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  0
   1: 0101007F:9C40 0100007F:1F90 01 00000000:00000000 00:00000000 00000000  0
   2: 0201007F:9C40 0100007F:1F91 06 00000000:00000000 00:00000000 00000000  0
   3: 0100007F:9C41 0100007F:1F90 01 00000000:00000000 00:00000000 00000000  0
   4: 0100007F:9C42 0100007F:0050 01 00000000:00000000 00:00000000 00000000  0
   5: 0100007F:1F90 0101007F:9C40 01 00000000:00000000 00:00000000 00000000  0
";

    #[test]
    #[cfg(all(target_os = "linux", target_endian = "little"))]
    fn a_port_is_held_by_a_source_of_ours_or_towards_the_server() {
        let target = Target::resolve("ws://127.0.0.1:8080/ws").expect("an address");
        assert_eq!(used(TABLE, &target, &(32768..=60999)), 3, "because closed ones hold theirs");
        assert_eq!(used("", &target, &(1..=9)), 0);
    }

    #[test]
    fn ranges_are_read_strictly() {
        assert_eq!(range("32768\t60999\n"), Some(32768..=60999));
        for wrong in ["", "1", "9 1", "a b", "1 70000"] {
            assert_eq!(range(wrong), None, "because {wrong:?} is no range");
        }
    }

    #[test]
    fn who_has_no_ports_is_told_what_to_raise() {
        let ports = Ports { used: 200, available: 1000 };
        assert_eq!(ports.allow(800, 1), Ok(()));
        let text = ports.allow(801, 1).expect_err("one is missing").to_string();
        for part in ["801 ports", "800 are free", "of 1000", "net.ipv4.ip_local_port_range"] {
            assert!(text.contains(part), "because {part} helps: {text}");
        }
    }
}
