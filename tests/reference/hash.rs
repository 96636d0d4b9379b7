//! FNV-1a as its authors describe it, over the bytes that each user hashes.

/// Returns the 32-bit hash over UTF-16 code units, as GrowthBook computes it.
pub fn fnv32(text: &str) -> u32 {
    text.encode_utf16().fold(0x811c_9dc5, |hash, unit| (hash ^ u32::from(unit)).wrapping_mul(0x0100_0193))
}

/// Returns the 64-bit hash over UTF-8, each string followed by the byte 255.
pub fn fnv64(texts: &[&str]) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for text in texts {
        for byte in text.bytes().chain([255]) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
    hash
}

/// Returns GrowthBook's bucket, version 2.
pub fn bucket(seed: &str, unit: &str) -> f64 {
    f64::from(fnv32(&fnv32(&format!("{seed}{unit}")).to_string()) % 10_000) / 10_000.0
}

/// Returns GrowthBook's bucket, version 1, which its namespaces use.
pub fn bucket_v1(seed: &str, unit: &str) -> f64 {
    f64::from(fnv32(&format!("{unit}{seed}")) % 1000) / 1000.0
}
