//! Hashes that are not for secrets: ids, tie-breaks, buckets.

/// Returns the 64-bit FNV-1a hash of strings, each followed by a byte that UTF-8 never contains.
///
/// Source: <http://www.isthe.com/chongo/tech/comp/fnv/>.
#[must_use]
pub fn fnv64a<'a>(texts: impl IntoIterator<Item = &'a str>) -> u64 {
    let add = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    texts.into_iter().fold(0xcbf2_9ce4_8422_2325, |hash, text| add(text.bytes().fold(hash, add), 0xff))
}

/// Returns the 32-bit FNV-1a hash of the UTF-16 code units of a string.
///
/// This is the hash of GrowthBook's SDKs, <https://docs.growthbook.io/lib/build-your-own>. It equals
/// <http://www.isthe.com/chongo/tech/comp/fnv/> if every code unit is an octet.
#[must_use]
pub fn fnv32a(text: &str) -> u32 {
    text.encode_utf16().fold(0x811c_9dc5, |hash, unit| (hash ^ u32::from(unit)).wrapping_mul(0x0100_0193))
}
