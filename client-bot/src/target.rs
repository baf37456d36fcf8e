//! Which server a load goes to, and where its connections come from.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, ToSocketAddrs};

use throng_shared::limits::CONNECTIONS_MAX;
use tokio_tungstenite::tungstenite::http::Uri;

/// Source addresses on loopback, in networks of so many. An address has some 28,000 ports
/// to connect from, and closed connections hold theirs for a minute; and a server takes
/// only so many connections of one. The largest load has 200 of each.
const SOURCES: usize = 500;
const NETWORK: usize = 250;
/// Bots that come from one address without asking a server for more than it gives.
pub(crate) const BOTS_PER_SOURCE: usize = 200;

/// Whether loopback has many addresses for clients to come from.
const LOOPBACK_IS_WIDE: bool = cfg!(target_os = "linux");

/// What a server of one's own is told beside all else, so that a load of any size finds room.
#[must_use]
pub(crate) fn room_for_a_load() -> Vec<String> {
    room_for_a_load_from(LOOPBACK_IS_WIDE)
}

/// Where all come from one address, that one needs every connection there is.
fn room_for_a_load_from(many_addresses: bool) -> Vec<String> {
    if many_addresses {
        return Vec::new();
    }
    vec!["--connections-per-address".to_owned(), CONNECTIONS_MAX.to_string()]
}

/// A server by its url, with its address looked up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    url: String,
    address: SocketAddr,
}

/// Why a url leads to no server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TargetError {
    NotWebSocket { url: String },
    Tls { url: String },
    UnknownHost { host: String, why: String },
}

impl std::fmt::Display for TargetError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NotWebSocket { url } => {
                write!(f, "--url {url} is not of the form ws://HOST:PORT/ws")
            }
            Self::Tls { url } => write!(f, "--url {url} asks for TLS, and bots speak plain ws://"),
            Self::UnknownHost { host, why } => {
                write!(f, "--url names the host {host}, which has no address: {why}")
            }
        }
    }
}

impl std::error::Error for TargetError {}

impl Target {
    /// Parses `ws://HOST[:PORT]/PATH` and looks the host up.
    ///
    /// # Errors
    /// When it is no such url, or the host has no address.
    pub fn resolve(url: &str) -> Result<Self, TargetError> {
        let (host, port) = host_and_port(url)?;
        let unknown = |why: String| TargetError::UnknownHost { host: host.clone(), why };
        let mut addresses =
            (host.as_str(), port).to_socket_addrs().map_err(|error| unknown(error.to_string()))?;
        let address = addresses.next().ok_or_else(|| unknown("none was found".to_owned()))?;
        Ok(Self { url: url.to_owned(), address })
    }

    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// What follows host and port in the url.
    #[must_use]
    pub fn path(&self) -> &str {
        let authority = self.url.split_once("://").map_or("", |(_, rest)| rest);
        authority.find('/').map_or("/", |slash| &authority[slash..])
    }

    #[must_use]
    pub fn is_loopback(&self) -> bool {
        self.address.ip().is_loopback()
    }

    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// How many addresses clients come from.
    #[must_use]
    pub fn sources(&self) -> usize {
        if self.source(0).is_some() { SOURCES } else { 1 }
    }

    /// The addresses that clients come from, where there is a choice.
    pub(crate) fn source_ips(&self) -> impl Iterator<Item = IpAddr> {
        (0..SOURCES).filter_map(|number| self.source(number)).map(|source| source.ip())
    }

    /// The address that the `number`-th client comes from, where there is a choice.
    #[must_use]
    pub fn source(&self, number: usize) -> Option<SocketAddr> {
        let number = number % SOURCES;
        let low = u8::try_from(1 + number % NETWORK).ok()?;
        let high = u8::try_from(1 + number / NETWORK).ok()?;
        let is_v4 = self.address.is_ipv4() && self.is_loopback();
        (LOOPBACK_IS_WIDE && is_v4).then(|| SocketAddr::from((Ipv4Addr::new(127, 0, high, low), 0)))
    }
}

fn host_and_port(url: &str) -> Result<(String, u16), TargetError> {
    let malformed = || TargetError::NotWebSocket { url: url.to_owned() };
    let uri: Uri = url.parse().map_err(|_| malformed())?;
    match uri.scheme_str() {
        Some("ws") => {}
        Some("wss") => return Err(TargetError::Tls { url: url.to_owned() }),
        Some(_) | None => return Err(malformed()),
    }
    let authority = uri.authority().ok_or_else(malformed)?;
    if authority.as_str().contains('@') || authority.host().is_empty() {
        return Err(malformed());
    }
    let has_port = authority.as_str().len() > authority.host().len();
    let port = match authority.port_u16() {
        Some(port) => port,
        None if has_port => return Err(malformed()),
        None => 80,
    };
    let host = authority.host().trim_start_matches('[').trim_end_matches(']');
    Ok((host.to_owned(), port))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_of_ones_own_takes_a_load_also_from_a_single_address() {
        assert!(room_for_a_load_from(true).is_empty(), "because each address stays under the cap");
        let expected = ["--connections-per-address".to_owned(), CONNECTIONS_MAX.to_string()];
        assert_eq!(room_for_a_load_from(false), expected);
        let target = Target::resolve("ws://127.0.0.1:8080/ws").expect("an address");
        assert_eq!(room_for_a_load().is_empty(), target.sources() > 1);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn the_largest_load_takes_no_more_of_an_address_than_a_server_gives() {
        let target = Target::resolve("ws://127.0.0.1:8080/ws").expect("an address");
        let mut counts = std::collections::BTreeMap::new();
        for number in 0..100_000 {
            *counts.entry(target.source(number).expect("a source")).or_insert(0) += 1;
        }
        assert_eq!(counts.len(), target.sources());
        assert!(counts.values().all(|&count| count <= BOTS_PER_SOURCE));
    }

    #[test]
    fn a_path_is_what_follows_the_port() {
        for (url, path) in [("ws://127.0.0.1:9/ws?a=/b", "/ws?a=/b"), ("ws://127.0.0.1:9", "/")] {
            let target = Target::resolve(url).expect("an address");
            assert_eq!(target.path(), path);
        }
    }

    #[test]
    fn urls_are_read_strictly() {
        let parsed = |url| host_and_port(url).ok();
        assert_eq!(parsed("ws://127.0.0.1:8080/ws"), Some(("127.0.0.1".to_owned(), 8080)));
        assert_eq!(parsed("ws://[::1]:9/ws"), Some(("::1".to_owned(), 9)));
        assert_eq!(parsed("ws://arena/ws"), Some(("arena".to_owned(), 80)));
        for wrong in ["127.0.0.1:80", "http://a/ws", "wss://a/ws", "ws://a:99999/", "ws://u@a/", ""]
        {
            assert_eq!(parsed(wrong), None, "because {wrong:?} is no url of a server");
        }
    }
}
