//! Lists of networks, and of confidential values.

use throughline::internals::condition::address_words;

use super::Reader;
use crate::condition::tree::{Network, Operator};
use crate::source::cursor::Cursor;
use crate::source::tree::Kind;

/// The number of bits of an address as IPv6 maps it, and of those before an IPv4 address.
const BITS: u32 = 128;
const BEFORE_V4: u32 = 96;

impl<'a> Reader<'_, 'a> {
    /// `$inCidr` and `$ninCidr`: IP addresses, and networks as RFC 4632 writes them.
    pub(super) fn networks(&mut self, cursor: &Cursor<'a>, negated: bool) -> Option<Operator<'a>> {
        let Some(items) = cursor.items() else {
            self.wrong_type(cursor, "a list of IP addresses and networks, such as 203.0.113.0/24");
            return None;
        };
        let networks: Vec<_> = items.iter().map(|item| self.network(item)).collect();
        Some(Operator::InCidr { networks: networks.into_iter().collect::<Option<_>>()?, negated })
    }

    fn network(&mut self, cursor: &Cursor<'a>) -> Option<Network> {
        let written = cursor.node.as_str().unwrap_or_default();
        let Some((address, bits)) = parts(written) else {
            let message = match cursor.node.as_str() {
                Some(text) => {
                    format!("`{}` is not an IP address or a network", text.chars().take(60).collect::<String>())
                }
                None => format!("found {}", cursor.node.kind_name()),
            };
            let expected = "an address such as 203.0.113.7 or 2001:db8::1, perhaps with a prefix length such as /24";
            self.error(cursor, "network", message).expected(expected);
            return None;
        };
        let hosts = u128::MAX.checked_shr(bits).unwrap_or(0);
        if address & hosts != 0 {
            let (_, length) = written.split_once('/').unwrap_or_default();
            let message = format!("`{written}` has bits after its prefix of {length}");
            let network = core::net::Ipv6Addr::from(address & !hosts);
            let network = network.to_ipv4_mapped().map_or_else(|| network.to_string(), |network| network.to_string());
            self.error(cursor, "network", message)
                .expected(format!("the address alone, or the network `{network}/{length}`"));
            return None;
        }
        Some(Network { range: (address, address | hosts), written: written.to_owned() })
    }

    /// `$inHashed` and `$ninHashed`: the plan has hashes in place of the values.
    pub(super) fn confidential(&mut self, cursor: &Cursor<'a>, negated: bool) -> Option<Operator<'a>> {
        let expected = "a list of strings";
        let Some(items) = cursor.items() else {
            self.wrong_type(cursor, expected);
            return None;
        };
        let text = |item: &Cursor<'a>| match &item.node.kind {
            Kind::String(text) => Some(text.clone()),
            _ => {
                self.wrong_type(item, "a string");
                None
            }
        };
        let values: Vec<Option<String>> = items.iter().map(text).collect();
        Some(Operator::InHashed { values: values.into_iter().collect::<Option<_>>()?, negated })
    }
}

/// Returns an address as IPv6 maps it, and the number of its bits that are the network.
fn parts(written: &str) -> Option<(u128, u32)> {
    let (address, length) = match written.split_once('/') {
        Some((address, length)) => (address, Some(length)),
        None => (written, None),
    };
    let words = address_words(address).filter(|_| address.trim() == address)?;
    let mapped = words.into_iter().fold(0_u128, |bits, word| bits << 32 | u128::from(word));
    let before = if address.contains(':') { 0 } else { BEFORE_V4 };
    let bits = match length {
        Some(length) if length.len() <= 3 && length.bytes().all(|digit| digit.is_ascii_digit()) => {
            length.parse::<u32>().ok()?.checked_add(before)?
        }
        Some(_) => return None,
        None => BITS,
    };
    (bits <= BITS).then_some((mapped, bits))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_are_addresses_with_a_number_of_bits() {
        let v4 = |a: u32| 0xffff_0000_0000_u128 | u128::from(a);
        assert_eq!(parts("203.0.113.0/24"), Some((v4(0xcb00_7100), 120)));
        assert_eq!(parts("::ffff:203.0.113.0/120"), Some((v4(0xcb00_7100), 120)));
        assert_eq!(parts("203.0.113.7"), Some((v4(0xcb00_7107), 128)));
        assert_eq!(parts("2001:db8::/32"), Some((0x2001_0db8 << 96, 32)));
        assert_eq!(parts("::/0"), Some((0, 0)));
        for wrong in [
            "",
            "1.2.3",
            "1.2.3.4/33",
            "::/129",
            "1.2.3.4/",
            "1.2.3.4/+8",
            "1.2.3.4/8/8",
            " 1.2.3.4",
            "01.2.3.4",
            "fe80::1%eth0",
        ] {
            assert_eq!(parts(wrong), None, "{wrong}");
        }
    }
}
