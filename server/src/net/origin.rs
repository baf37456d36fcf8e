//! Which pages may open a connection: the server's own and listed ones, exactly. No
//! origin at all is allowed, because bots and scripts have none, and `null` is not.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::str::FromStr;

/// A scheme, a host and a port, as browsers write them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    scheme: String,
    host: String,
    /// None: the scheme's own.
    port: Option<u16>,
}

/// Why a text is no origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoOrigin;

impl fmt::Display for NoOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an origin is SCHEME://HOST or SCHEME://HOST:PORT, and nothing behind it")
    }
}

impl FromStr for Origin {
    type Err = NoOrigin;

    fn from_str(text: &str) -> Result<Self, NoOrigin> {
        let (scheme, rest) = text.split_once("://").ok_or(NoOrigin)?;
        let is_scheme = scheme.starts_with(|it: char| it.is_ascii_alphabetic())
            && scheme.chars().all(|it| it.is_ascii_alphanumeric() || "+-.".contains(it));
        if is_scheme { Self::of(scheme, rest).ok_or(NoOrigin) } else { Err(NoOrigin) }
    }
}

impl Origin {
    /// The origin of pages of a scheme that are asked for at `authority`: a host, and a
    /// port if there is one.
    fn of(scheme: &str, authority: &str) -> Option<Self> {
        let scheme = scheme.to_ascii_lowercase();
        let (host, port) = match authority.strip_prefix('[') {
            Some(rest) => {
                let (host, rest) = rest.split_once(']')?;
                let host: Ipv6Addr = host.parse().ok()?;
                let port = if rest.is_empty() { None } else { Some(rest.strip_prefix(':')?) };
                (format!("[{host}]"), port)
            }
            None => {
                let (host, port) = match authority.split_once(':') {
                    Some((host, port)) => (host, Some(port)),
                    None => (authority, None),
                };
                let is_host = !host.is_empty()
                    && host.chars().all(|it| it.is_ascii_alphanumeric() || "-._".contains(it));
                (is_host.then(|| host.to_ascii_lowercase())?, port)
            }
        };
        let port = match port {
            None => None,
            Some(port) => {
                let is_number =
                    port.bytes().all(|it| it.is_ascii_digit()) && !port.starts_with('0');
                Some(port.parse::<u16>().ok().filter(|_| is_number)?)
            }
        };
        let usual = match scheme.as_str() {
            "http" => Some(80),
            "https" => Some(443),
            _ => None,
        };
        Some(Self { scheme, host, port: port.filter(|&port| Some(port) != usual) })
    }

    /// Whether it is of this machine, whoever answers for names elsewhere.
    fn is_local(&self) -> bool {
        let host = self.host.trim_start_matches('[').trim_end_matches(']');
        host == "localhost"
            || host.ends_with(".localhost")
            || host.parse::<IpAddr>().is_ok_and(|ip| ip.to_canonical().is_loopback())
    }
}

/// How a request came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Via {
    /// From this machine. Any page can give its own name our address and have a browser
    /// ask us by that name, so only names of this machine are ours.
    Loopback,
    /// Through a proxy that is trusted, and that may speak TLS where we do not.
    Proxy,
    Network,
}

/// The origins that may connect.
#[derive(Clone, Debug)]
pub(super) struct Origins {
    pub(super) listed: Vec<Origin>,
    pub(super) is_tls: bool,
}

impl Origins {
    /// Whether a page may that was asked for at `host`.
    pub(super) fn allows(&self, via: Via, host: &str, origin: &str) -> bool {
        let Ok(origin) = origin.parse::<Origin>() else { return false };
        let own = |scheme| Origin::of(scheme, host).is_some_and(|own| own == origin);
        let is_own = match (self.is_tls, via) {
            (true, Via::Proxy | Via::Network) => own("https"),
            (true, Via::Loopback) => own("https") && origin.is_local(),
            (false, Via::Proxy) => own("http") || own("https"),
            (false, Via::Network) => own("http"),
            (false, Via::Loopback) => own("http") && origin.is_local(),
        };
        is_own || self.listed.contains(&origin)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn behind_tls_only_https_is_own_and_a_proxy_may_speak_it_for_us() {
        let plain = Origins { listed: Vec::new(), is_tls: false };
        let tls = Origins { listed: Vec::new(), is_tls: true };
        for (origins, via, origin, expected) in [
            (&plain, Via::Network, "http://play.example", true),
            (&plain, Via::Network, "https://play.example", false),
            (&plain, Via::Proxy, "https://play.example", true),
            (&plain, Via::Proxy, "ftp://play.example", false),
            (&plain, Via::Loopback, "http://play.example", false),
            (&tls, Via::Network, "https://play.example", true),
            (&tls, Via::Network, "https://play.example:443", true),
            (&tls, Via::Network, "http://play.example", false),
            (&tls, Via::Network, "http://play.example:443", false),
            (&tls, Via::Loopback, "https://play.example", false),
        ] {
            let allowed = origins.allows(via, "play.example", origin);
            assert_eq!(allowed, expected, "because of {origin} via {via:?}");
        }
    }

    #[test]
    fn a_name_that_was_given_our_address_is_not_ours() {
        let origins = Origins { listed: Vec::new(), is_tls: false };
        for (host, expected) in [
            ("localhost:8080", true),
            ("LOCALHOST:8080", true),
            ("game.localhost:8080", true),
            ("127.0.0.1:8080", true),
            ("127.9.9.9:8080", true),
            ("[::1]:8080", true),
            ("[::ffff:127.0.0.1]:8080", true),
            ("evil.example:8080", false),
            ("localhost.evil.example:8080", false),
            ("evillocalhost:8080", false),
            ("127.0.0.1.nip.io:8080", false),
        ] {
            let allowed = origins.allows(Via::Loopback, host, &format!("http://{host}"));
            assert_eq!(allowed, expected, "because {host} names us, or does not");
        }
    }

    #[test]
    fn what_is_listed_is_read_strictly() {
        for right in ["https://play.example", "http://[2001:db8::1]:8080", "app://game"] {
            assert!(right.parse::<Origin>().is_ok(), "because {right} is an origin");
        }
        for wrong in ["play.example", "https://", "https://a/", "*", "null", "https://*.example"] {
            assert_eq!(wrong.parse::<Origin>(), Err(NoOrigin), "because {wrong} is none");
        }
    }
}
