//! Whose request it is: the peer, or whom a trusted proxy names.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::str::FromStr;

/// The client's address after trusted proxies were looked through; `app` puts it into a request's extensions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientAddress(pub IpAddr);

/// A network such as `10.0.0.0/8`, or a single address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    first: u128,
    prefix: u32,
}

/// A text that names no network.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is no network; write it like 10.0.0.0/8, 2001:db8::/32 or 192.0.2.1")]
pub struct NetworkError(String);

/// Both families in one space: IPv4 as its mapped IPv6 address.
fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(v4) => v4.to_ipv6_mapped().to_bits(),
        IpAddr::V6(v6) => v6.to_bits(),
    }
}

impl Network {
    /// Whether the network has this address.
    pub fn contains(&self, address: IpAddr) -> bool {
        let mask = u128::MAX.checked_shl(128 - self.prefix).unwrap_or(0);
        number(address) & mask == self.first & mask
    }
}

impl FromStr for Network {
    type Err = NetworkError;

    fn from_str(text: &str) -> Result<Self, NetworkError> {
        let wrong = || NetworkError(text.into());
        let (address, prefix) = match text.trim().split_once('/') {
            Some((address, prefix)) => (address, Some(prefix.parse::<u32>().map_err(|_| wrong())?)),
            None => (text.trim(), None),
        };
        let address: IpAddr = address.parse().map_err(|_| wrong())?;
        let (bits, offset) = if address.is_ipv4() { (32, 96) } else { (128, 0) };
        let prefix = prefix.unwrap_or(bits);
        if prefix > bits {
            return Err(wrong());
        }
        Ok(Self { first: number(address), prefix: prefix + offset })
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let v6 = Ipv6Addr::from_bits(self.first);
        match v6.to_ipv4_mapped() {
            Some(v4) => write!(f, "{v4}/{}", self.prefix.saturating_sub(96)),
            None => write!(f, "{v6}/{}", self.prefix),
        }
    }
}

/// The header in which proxies name the client. One of the two is believed, never both: a proxy that writes one lets
/// the other through as the client sent it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ForwardedHeader {
    /// `X-Forwarded-For`, what nginx, Caddy, Traefik and load balancers write.
    #[default]
    XForwardedFor,
    /// `Forwarded`, RFC 7239.
    Forwarded,
}

/// Proxies that are believed.
#[derive(Clone, Debug, Default)]
pub struct TrustedProxies {
    networks: Vec<Network>,
    header: ForwardedHeader,
}

impl TrustedProxies {
    /// Believes `header` when it comes from one of the networks.
    pub fn new(networks: Vec<Network>, header: ForwardedHeader) -> Self {
        Self { networks, header }
    }

    /// Whether this peer is a trusted proxy.
    pub fn trusts(&self, address: IpAddr) -> bool {
        self.networks.iter().any(|network| network.contains(address))
    }

    /// Name of the header that is believed.
    pub fn header_name(&self) -> &'static str {
        match self.header {
            ForwardedHeader::XForwardedFor => "x-forwarded-for",
            ForwardedHeader::Forwarded => "forwarded",
        }
    }

    /// The client behind `peer`: from the right, the first hop that is no trusted proxy. What stands left of it, or
    /// left of something unreadable, was written by strangers.
    pub fn client<'h>(&self, peer: IpAddr, header_values: impl IntoIterator<Item = &'h str>) -> IpAddr {
        let mut client = peer.to_canonical();
        if !self.trusts(client) {
            return client;
        }
        let all: Vec<&str> = header_values.into_iter().collect();
        for hop in all.iter().rev().flat_map(|value| value.rsplit(',')) {
            let Some(address) = self.address_of(hop) else { return client };
            client = address.to_canonical();
            if !self.trusts(client) {
                return client;
            }
        }
        client
    }

    fn address_of(&self, hop: &str) -> Option<IpAddr> {
        let text = match self.header {
            ForwardedHeader::XForwardedFor => hop.trim(),
            ForwardedHeader::Forwarded => {
                let pair = hop.split(';').find_map(|pair| {
                    let (name, value) = pair.trim().split_once('=')?;
                    name.trim().eq_ignore_ascii_case("for").then(|| value.trim())
                });
                pair?.trim_matches('"')
            }
        };
        if let Some(rest) = text.strip_prefix('[') {
            return rest.split(']').next()?.parse::<Ipv6Addr>().ok().map(IpAddr::V6);
        }
        text.parse().ok().or_else(|| text.rsplit_once(':')?.0.parse().ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().expect(text)
    }

    fn proxies(header: ForwardedHeader) -> TrustedProxies {
        let networks = ["10.0.0.0/8", "2001:db8::/32", "127.0.0.1"].map(|text| text.parse().expect(text)).to_vec();
        TrustedProxies::new(networks, header)
    }

    #[test]
    fn networks_contain_what_they_say() {
        let contains = |network: &str, address: &str| network.parse::<Network>().expect(network).contains(ip(address));
        assert!(contains("10.0.0.0/8", "10.255.0.1") && !contains("10.0.0.0/8", "11.0.0.1"));
        assert!(contains("192.0.2.1", "192.0.2.1") && !contains("192.0.2.1", "192.0.2.2"));
        assert!(contains("192.0.2.0/24", "::ffff:192.0.2.7"));
        assert!(contains("0.0.0.0/0", "203.0.113.9") && !contains("0.0.0.0/0", "2001:db8::1"));
        assert!(contains("::/0", "2001:db8::1"));
        for wrong in ["", "10.0.0.0/33", "10.0.0/8", "::/129", "town.example", "10.0.0.0/x"] {
            assert!(wrong.parse::<Network>().is_err(), "{wrong}");
        }
        assert_eq!("10.1.0.0/16".parse::<Network>().expect("network").to_string(), "10.1.0.0/16");
    }

    #[test]
    fn strangers_are_not_believed() {
        let trusted = proxies(ForwardedHeader::XForwardedFor);
        assert_eq!(trusted.client(ip("203.0.113.9"), ["198.51.100.1"]), ip("203.0.113.9"));
        assert_eq!(TrustedProxies::default().client(ip("127.0.0.1"), ["198.51.100.1"]), ip("127.0.0.1"));
    }

    #[test]
    fn the_first_stranger_from_the_right_is_the_client() {
        let trusted = proxies(ForwardedHeader::XForwardedFor);
        for (values, client) in [
            (vec!["198.51.100.1"], "198.51.100.1"),
            (vec!["1.2.3.4, 198.51.100.1"], "198.51.100.1"),
            (vec!["1.2.3.4, 198.51.100.1, 10.1.1.1"], "198.51.100.1"),
            (vec!["1.2.3.4", "198.51.100.1"], "198.51.100.1"),
            (vec!["198.51.100.1:4711"], "198.51.100.1"),
            (vec!["[2001:db9::7]:443"], "2001:db9::7"),
            (vec!["2001:db9::7"], "2001:db9::7"),
            (vec![], "127.0.0.1"),
            (vec![""], "127.0.0.1"),
            (vec!["1.2.3.4, unknown"], "127.0.0.1"),
            (vec!["1.2.3.4, <script>, 10.1.1.1"], "10.1.1.1"),
            (vec!["10.2.2.2, 10.1.1.1"], "10.2.2.2"),
        ] {
            assert_eq!(trusted.client(ip("127.0.0.1"), values.clone()), ip(client), "{values:?}");
        }
    }

    #[test]
    fn the_standard_header_is_read_where_it_is_chosen() {
        let trusted = proxies(ForwardedHeader::Forwarded);
        for (value, client) in [
            ("for=198.51.100.1", "198.51.100.1"),
            ("for=1.2.3.4, For=\"[2001:db9::7]:4711\";proto=https;by=10.0.0.1", "2001:db9::7"),
            ("proto=https", "127.0.0.1"),
            ("for=_hidden, for=10.0.0.1", "10.0.0.1"),
        ] {
            assert_eq!(trusted.client(ip("127.0.0.1"), [value]), ip(client), "{value}");
        }
    }
}
