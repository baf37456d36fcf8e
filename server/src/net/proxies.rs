//! Proxies that are trusted to say whom they speak for.

use std::net::IpAddr;

use ipnet::IpNet;
use throng_shared::limits::FORWARDED_MAX;

/// Where each proxy adds who spoke to it, the last one at the end.
const FORWARDED: &str = "x-forwarded-for";
/// Header fields of a request.
const FIELDS_MAX: usize = 100;

/// Networks whose word is taken.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Proxies(Vec<IpNet>);

impl Proxies {
    #[must_use]
    pub fn new(networks: Vec<IpNet>) -> Self {
        Self(networks)
    }

    pub(super) fn trusts(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|network| network.contains(&address))
    }

    /// For whom the proxy at `from` speaks: the last address that it and those before it
    /// name which is no proxy itself. A head that cannot be understood is the proxy's own.
    pub(super) fn client(&self, from: IpAddr, head: &[u8]) -> IpAddr {
        let mut fields = [httparse::EMPTY_HEADER; FIELDS_MAX];
        let mut request = httparse::Request::new(&mut fields);
        if request.parse(head).is_err() {
            return from;
        }
        let named = request.headers.iter().filter(|it| it.name.eq_ignore_ascii_case(FORWARDED));
        let mut hops = Vec::new();
        for field in named {
            let Ok(value) = std::str::from_utf8(field.value) else { return from };
            for hop in value.split(',') {
                match hop.trim_matches([' ', '\t']).parse::<IpAddr>() {
                    Ok(hop) if hops.len() < FORWARDED_MAX => hops.push(hop.to_canonical()),
                    Ok(_) | Err(_) => return from,
                }
            }
        }
        // What stands before the first stranger is only what that stranger says.
        hops.into_iter().rev().find(|&hop| !self.trusts(hop)).unwrap_or(from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_client_is_the_last_one_that_is_no_proxy() {
        let networks = ["10.0.0.0/8", "2001:db8:aa::/48"].map(|it| it.parse().expect("a network"));
        let proxies = Proxies::new(networks.to_vec());
        let from: IpAddr = "10.0.0.1".parse().expect("an address");
        for (fields, expected) in [
            ("", "10.0.0.1"),
            ("X-Forwarded-For: 192.0.2.7", "192.0.2.7"),
            ("x-forwarded-for:192.0.2.7", "192.0.2.7"),
            ("X-Forwarded-For: 6.6.6.6, 192.0.2.7", "192.0.2.7"),
            ("X-Forwarded-For: 192.0.2.7, 10.1.1.1, 10.2.2.2", "192.0.2.7"),
            ("X-Forwarded-For: 6.6.6.6\r\nX-Forwarded-For: 192.0.2.7", "192.0.2.7"),
            ("X-Forwarded-For: 10.1.1.1, 10.2.2.2", "10.0.0.1"),
            ("X-Forwarded-For: 2001:db8::9, 2001:db8:aa::1", "2001:db8::9"),
            ("X-Forwarded-For: ::ffff:192.0.2.7", "192.0.2.7"),
            // Nothing of these is believed.
            ("X-Forwarded-For: ", "10.0.0.1"),
            ("X-Forwarded-For: unknown", "10.0.0.1"),
            ("X-Forwarded-For: 192.0.2.7:80", "10.0.0.1"),
            ("X-Forwarded-For: [2001:db8::9]", "10.0.0.1"),
            ("X-Forwarded-For: 192.0.2.7,", "10.0.0.1"),
            ("X-Forwarded-For: 192.0.2.07", "10.0.0.1"),
            ("X-Forwarded-For: evil, 192.0.2.7", "10.0.0.1"),
            ("X-Forwarded-For: 192.0.2.7 6.6.6.6", "10.0.0.1"),
            ("X-Real-IP: 192.0.2.7", "10.0.0.1"),
            ("Forwarded: for=192.0.2.7", "10.0.0.1"),
        ] {
            let head = format!("GET / HTTP/1.1\r\nHost: here\r\n{fields}\r\n\r\n");
            let client = proxies.client(from, head.as_bytes());
            assert_eq!(client.to_string(), expected, "because of {fields:?}");
        }
        let many = vec!["192.0.2.7"; FORWARDED_MAX + 1].join(",");
        let head = format!("GET / HTTP/1.1\r\nX-Forwarded-For: {many}\r\n\r\n");
        assert_eq!(proxies.client(from, head.as_bytes()), from, "because nobody has so many");
        assert!(proxies.trusts("::ffff:10.0.0.1".parse().expect("an address")));
        assert!(!Proxies::default().trusts(from), "because nobody is trusted unasked");
    }
}
