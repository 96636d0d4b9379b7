//! Canonical JSON against the vectors of RFC 8785's author, and the values on which JSON libraries differ.

use std::fs;

use throughline::Value;
use throughline::canonical;

use crate::conformance;

#[test]
fn published_vectors_of_rfc_8785() {
    let Some(vectors) = conformance::path("jcs/testdata") else { return };
    let mut inputs: Vec<_> = fs::read_dir(vectors.join("input")).unwrap().map(|entry| entry.unwrap().path()).collect();
    inputs.sort();
    assert!(!inputs.is_empty(), "there are no vectors in {}", vectors.display());
    for input in inputs {
        let name = input.file_name().unwrap();
        let value: Value = serde_json::from_str(&fs::read_to_string(&input).unwrap()).unwrap();
        let expected = fs::read_to_string(vectors.join("output").join(name)).unwrap();
        assert_eq!(canonical::to_string(&value), expected, "{}", input.display());
    }
}

/// Checks the table of RFC 8785, appendix B: the bits of a double, and how JavaScript prints it.
#[test]
fn numbers_of_rfc_8785_appendix_b() {
    let table = [
        (0x0000_0000_0000_0000, "0"),
        (0x8000_0000_0000_0000, "0"),
        (0x0000_0000_0000_0001, "5e-324"),
        (0x8000_0000_0000_0001, "-5e-324"),
        (0x7fef_ffff_ffff_ffff, "1.7976931348623157e+308"),
        (0xffef_ffff_ffff_ffff, "-1.7976931348623157e+308"),
        (0x4340_0000_0000_0000, "9007199254740992"),
        (0xc340_0000_0000_0000, "-9007199254740992"),
        (0x4430_0000_0000_0000, "295147905179352830000"),
        (0x44b5_2d02_c7e1_4af5, "9.999999999999997e+22"),
        (0x44b5_2d02_c7e1_4af6, "1e+23"),
        (0x44b5_2d02_c7e1_4af7, "1.0000000000000001e+23"),
        (0x444b_1ae4_d6e2_ef4e, "999999999999999700000"),
        (0x444b_1ae4_d6e2_ef4f, "999999999999999900000"),
        (0x444b_1ae4_d6e2_ef50, "1e+21"),
        (0x3eb0_c6f7_a0b5_ed8c, "9.999999999999997e-7"),
        (0x3eb0_c6f7_a0b5_ed8d, "0.000001"),
        (0x41b3_de43_5555_5553, "333333333.3333332"),
        (0x41b3_de43_5555_5554, "333333333.33333325"),
        (0x41b3_de43_5555_5555, "333333333.3333333"),
        (0x41b3_de43_5555_5556, "333333333.3333334"),
        (0x41b3_de43_5555_5557, "333333333.33333343"),
        (0xbecb_f647_612f_3696, "-0.0000033333333333333333"),
        (0x4314_3ff3_c1cb_0959, "1424953923781206.2"),
    ];
    for (bits, text) in table {
        assert_eq!(canonical::to_string(&Value::Number(f64::from_bits(bits))), text);
    }
}

/// Checks that reading gives the nearest double, as in JavaScript. Hosts that pass numbers on would otherwise
/// differ by a bit.
#[test]
fn numbers_survive_reading_and_writing() {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    for _ in 0..200_000 {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        let number = f64::from_bits(state);
        if number.is_finite() {
            let text = canonical::to_string(&Value::Number(number));
            let again: Value = serde_json::from_str(&text).unwrap();
            assert_eq!(again.as_f64(), Some(number), "{text}");
        }
    }
}

#[test]
fn members_are_sorted_by_utf_16_code_units() {
    let value: Value = serde_json::from_str(r#"{"\ufb33":1,"\ud83d\ude00":2,"\u00f6":3,"1":4,"\r":5,"":6}"#).unwrap();
    assert_eq!(canonical::to_string(&value), "{\"\":6,\"\\r\":5,\"1\":4,\"ö\":3,\"😀\":2,\"\u{fb33}\":1}");
}

#[test]
fn canonical_text_is_a_fixed_point() {
    for text in [r#"{"b":[1.50,-0,1e2],"a":{"z":"\u000f\u007f\u2028","y":null}}"#, "[]", r#""\/""#] {
        let once = canonical::to_string(&serde_json::from_str(text).unwrap());
        let again: Value = serde_json::from_str(&once).unwrap();
        assert_eq!(canonical::to_string(&again), once);
    }
}
