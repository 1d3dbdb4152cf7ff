//! Which addresses webhooks may go to. A merchant's endpoint must not lead our requests to our own machines (SSRF), so
//! every address outside of the public internet is refused, by IANA's registries of special-purpose addresses.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// IPv4 blocks that are no public unicast addresses, by first address and prefix length. From IANA's registry; those that
/// the registry calls globally reachable are left out, but for multicast and the last.
const FORBIDDEN_IPV4: [(Ipv4Addr, u32); 17] = [
    // "This network".
    (Ipv4Addr::new(0, 0, 0, 0), 8),
    // Private.
    (Ipv4Addr::new(10, 0, 0, 0), 8),
    // Carriers' shared addresses (CGNAT); Alibaba Cloud's metadata at 100.100.100.200.
    (Ipv4Addr::new(100, 64, 0, 0), 10),
    // Loopback.
    (Ipv4Addr::new(127, 0, 0, 0), 8),
    // Link-local; most clouds' metadata at 169.254.169.254.
    (Ipv4Addr::new(169, 254, 0, 0), 16),
    // Private.
    (Ipv4Addr::new(172, 16, 0, 0), 12),
    // Protocol assignments; Oracle Cloud's metadata at 192.0.0.192.
    (Ipv4Addr::new(192, 0, 0, 0), 24),
    // Documentation.
    (Ipv4Addr::new(192, 0, 2, 0), 24),
    // Relays from IPv6, out of use.
    (Ipv4Addr::new(192, 88, 99, 0), 24),
    // Private.
    (Ipv4Addr::new(192, 168, 0, 0), 16),
    // Benchmarks.
    (Ipv4Addr::new(198, 18, 0, 0), 15),
    // Documentation.
    (Ipv4Addr::new(198, 51, 100, 0), 24),
    (Ipv4Addr::new(203, 0, 113, 0), 24),
    // Multicast.
    (Ipv4Addr::new(224, 0, 0, 0), 4),
    // Reserved, broadcast among them.
    (Ipv4Addr::new(240, 0, 0, 0), 4),
    // Azure's metadata and host services: a public address that leads to the inside.
    (Ipv4Addr::new(168, 63, 129, 16), 32),
    // Multicast tunnels' anycast (AMT), which is no endpoint's.
    (Ipv4Addr::new(192, 52, 193, 0), 24),
];

/// The only IPv6 block whose addresses are public unicast: loopback, unique local, link-local, multicast, mapped and
/// translated IPv4 (`::ffff:0:0/96`, `64:ff9b::/96`) lie outside.
const PUBLIC_IPV6: (Ipv6Addr, u32) = (Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3);

/// Blocks in it that are none.
const FORBIDDEN_IPV6: [(Ipv6Addr, u32); 4] = [
    // Protocol assignments; Teredo, which carries an IPv4 address, among them.
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23),
    // Documentation.
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32),
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20),
    // 6to4, which carries an IPv4 address.
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16),
];

/// Where an endpoint may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reach {
    /// On the public internet.
    Public,
    /// Anywhere, said so explicitly: for sandboxes, and for receivers inside one's own network.
    Anywhere,
}

/// An address that webhooks must not go to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0} is not an address of the public internet")]
pub struct ForbiddenAddress(pub IpAddr);

impl Reach {
    /// Checks one address.
    ///
    /// # Errors
    /// [`ForbiddenAddress`] if an endpoint of this reach must not be there.
    pub fn check(self, address: IpAddr) -> Result<IpAddr, ForbiddenAddress> {
        match self {
            Self::Anywhere => Ok(address),
            Self::Public if is_public(address) => Ok(address),
            Self::Public => Err(ForbiddenAddress(address)),
        }
    }
}

fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => {
            !FORBIDDEN_IPV4.iter().any(|(first, length)| in_ipv4_block(address, *first, *length))
        }
        IpAddr::V6(address) => {
            let (first, length) = PUBLIC_IPV6;
            in_ipv6_block(address, first, length)
                && !FORBIDDEN_IPV6.iter().any(|(first, length)| in_ipv6_block(address, *first, *length))
        }
    }
}

fn in_ipv4_block(address: Ipv4Addr, first: Ipv4Addr, length: u32) -> bool {
    (address.to_bits() ^ first.to_bits()).leading_zeros() >= length
}

fn in_ipv6_block(address: Ipv6Addr, first: Ipv6Addr, length: u32) -> bool {
    (address.to_bits() ^ first.to_bits()).leading_zeros() >= length
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The blocks' first and last addresses, and addresses that attackers use.
    const REFUSED: [&str; 62] = [
        "0.0.0.0",
        "0.255.255.255",
        "10.0.0.0",
        "10.255.255.255",
        "100.64.0.0",
        "100.100.100.200",
        "100.127.255.255",
        "127.0.0.1",
        "127.255.255.255",
        "168.63.129.16",
        "169.254.0.0",
        "169.254.169.254",
        "169.254.170.2",
        "169.254.255.255",
        "172.16.0.0",
        "172.31.255.255",
        "192.0.0.0",
        "192.0.0.192",
        "192.0.0.255",
        "192.0.2.1",
        "192.52.193.1",
        "192.88.99.1",
        "192.168.0.0",
        "192.168.255.255",
        "198.18.0.0",
        "198.19.255.255",
        "198.51.100.1",
        "203.0.113.1",
        "224.0.0.0",
        "239.255.255.255",
        "240.0.0.0",
        "255.255.255.255",
        "::",
        "::1",
        "::7f00:1",
        "::ffff:0:0",
        "::ffff:127.0.0.1",
        "::ffff:8.8.8.8",
        "::ffff:169.254.169.254",
        "64:ff9b::7f00:1",
        "64:ff9b::a9fe:a9fe",
        "64:ff9b:1::1",
        "100::1",
        "1fff::1",
        "2001::1",
        "2001:0:7f00:1::",
        "2001:1ff:ffff::1",
        "2001:db8::1",
        "2001:db8:ffff::1",
        "2002:7f00:1::1",
        "2002:ffff::1",
        "3fff::1",
        "3fff:fff:ffff::1",
        "4000::1",
        "5f00::1",
        "fc00::1",
        "fd00:ec2::254",
        "fdff:ffff::1",
        "fe80::1",
        "fe80::a9fe:a9fe",
        "fec0::1",
        "ff02::1",
    ];

    /// The neighbours of the blocks, and addresses in use.
    const ADMITTED: [&str; 31] = [
        "1.0.0.0",
        "1.1.1.1",
        "8.8.8.8",
        "9.255.255.255",
        "11.0.0.0",
        "100.63.255.255",
        "100.128.0.0",
        "126.255.255.255",
        "128.0.0.0",
        "168.63.129.15",
        "168.63.129.17",
        "169.253.255.255",
        "169.255.0.0",
        "172.15.255.255",
        "172.32.0.0",
        "191.255.255.255",
        "192.0.1.0",
        "192.0.3.0",
        "192.167.255.255",
        "192.169.0.0",
        "198.17.255.255",
        "198.20.0.0",
        "203.0.112.255",
        "203.0.114.0",
        "223.255.255.255",
        "2000::1",
        "2001:200::1",
        "2001:4860:4860::8888",
        "2003::1",
        "2606:4700:4700::1111",
        "3fff:1000::1",
    ];

    #[test]
    fn every_special_address_is_refused_and_its_neighbours_are_not() {
        for text in REFUSED {
            let address: IpAddr = text.parse().unwrap();
            assert_eq!(Reach::Public.check(address), Err(ForbiddenAddress(address)));
            assert_eq!(Reach::Anywhere.check(address), Ok(address));
        }
        for text in ADMITTED {
            let address: IpAddr = text.parse().unwrap();
            assert_eq!(Reach::Public.check(address), Ok(address));
        }
    }

    #[test]
    fn no_address_that_the_standard_library_calls_special_is_admitted() {
        // Every /16 of IPv4, by its first, a middle and its last address.
        for high in 0..=u16::MAX {
            for low in [0, 0x8000, u16::MAX] {
                let address = Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low));
                let special = address.is_private()
                    || address.is_loopback()
                    || address.is_link_local()
                    || address.is_multicast()
                    || address.is_broadcast()
                    || address.is_documentation()
                    || address.is_unspecified();
                assert!(!(special && is_public(address.into())), "{address}");
            }
        }
    }
}
