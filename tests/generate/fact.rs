//! Values of attributes, some of which have the wrong type or are unusual.

use serde_json::{Value, json};

use super::{Dice, HOUR, NOON, SUBJECTS, account};

pub const POSITIONS: [[f64; 2]; 4] = [[48.2, 16.37], [-33.87, 151.2], [0.0, 179.9], [64.15, -21.9]];
pub const ZONES: [&str; 6] =
    ["Europe/Vienna", "America/New_York", "Asia/Kolkata", "Pacific/Kiritimati", "Mars/Olympus", "UTC"];
const TEXTS: [&str; 11] = ["gold", "silver", "", "7", "é", "<b>&\"'", "a b/ü?", "😀", "{{ x }}", "Gold", "ﬁ"];
pub const VERSIONS: [&str; 12] = [
    "1.9.0",
    "1.10",
    "1.10.0",
    "1.10.0-rc.1",
    "1.10.0-rc.10",
    "1.10.0-rc.b",
    "v1.10.0+b-7",
    "1.10.0.1",
    "1.0.100000",
    "1.0.99999",
    "V2",
    "1.10.0-rc.é",
];
/// The values of `level`, as rules name them.
pub const LEVELS: [&str; 3] = ["gold", "Silver", "3"];
/// Moments near noon on 9 October 2025.
pub const DATES: [&str; 7] = [
    "2025-10-09",
    "2025-10-09T12:00:00Z",
    "2025-10-09T14:00:00.000+02:00",
    "2025-10-09T12:00:00.001Z",
    "2025-10-10T12:00:00Z",
    "2025-10-08T10:30:00",
    "2025-03-30T02:30",
];

/// Returns the strings that an attribute often has, and that conditions test for.
pub const fn words(name: &str) -> &'static [&'static str] {
    match name.as_bytes() {
        b"id" => &SUBJECTS,
        b"account.id" => &account::IDS,
        b"ip" => {
            &["203.0.113.7", "::ffff:203.0.113.9", "203.0.120.1", "10.0.0.1", "2001:db8:1::5", "2001:db9::", "none"]
        }
        b"country" => &["AT", "DE", "US"],
        b"locale" => &["de-AT", "en", "de"],
        b"utmSource" | b"utmMedium" | b"gclid" | b"liFatId" | b"scCid" | b"partner" => &["a", "gold", "é & b"],
        b"timezone" => &ZONES,
        b"deviceType" => &["mobile", "desktop", "tablet"],
        b"browser" => &["chrome", "edge", "firefox", "safari", "unknown"],
        b"nearestPlace" => &["north", "south"],
        b"app" => &VERSIONS,
        b"level" => &LEVELS,
        b"cart.items.0.sku" => &["a", "b", "É"],
        _ => &TEXTS,
    }
}

/// Returns a value of the attribute, or of the object that its name begins with.
pub fn fact(dice: &mut Dice, name: &str) -> Value {
    if dice.percent(12) {
        return strange(dice);
    }
    match name {
        "score" if dice.percent(15) => json!(dice.pick(&["7", " 2.5 ", "100.0", "1e2", "+7", "7,5", ""])),
        "score" => json!(dice.pick(&[0.0, 2.5, 7.0, 99.5, 100.0])),
        "vip" | "wa_ok" if dice.percent(30) => json!(dice.pick(&["true", "Yes", "1", "false", "no", "0", "", "maybe"])),
        "vip" | "wa_ok" => json!(dice.percent(60)),
        "tags" if dice.percent(8) => json!(dice.pick(&["a", "a, b", "A,,é", ""])),
        "ends" => date(dice),
        "level" => {
            dice.pick(&[json!("gold"), json!("GOLD"), json!("silver"), json!(3), json!("3"), json!("iron")]).clone()
        }
        "app" if dice.percent(10) => dice.pick(&[json!("latest"), json!(1.1), json!("1.10.0,"), json!("")]).clone(),
        "tags" if dice.percent(8) => tag(dice),
        "tags" => (0..dice.below(5)).map(|_| tag(dice)).collect(),
        "home" => home(*dice.pick(&POSITIONS)),
        "cart" => {
            let item = |dice: &mut Dice| if dice.percent(15) { Value::Null } else { thing(dice) };
            let items: Value = (0..dice.below(3)).map(|_| item(dice)).collect();
            json!({ "total": dice.pick(&[0, 7, 100]), "items": items })
        }
        "account" => json!({ "id": dice.pick(&account::IDS), "plan": dice.pick(&TEXTS) }),
        name => json!(dice.pick(words(name))),
    }
}

/// Returns a date in one of the forms that it can have, or something else.
fn date(dice: &mut Dice) -> Value {
    let millis = NOON + *dice.pick(&[-24 * HOUR, -1, 0, 1, 24 * HOUR, 90 * HOUR]);
    match dice.below(5) {
        0 => json!(millis),
        1 => json!(millis / 1000),
        2 => json!((millis / 1000).to_string()),
        3 => json!(dice.pick(&["soon", "", "2025-13-01", "20251009", " 2025-10-09 ", "2025"])),
        _ => json!(dice.pick(&DATES)),
    }
}

pub fn home([latitude, longitude]: [f64; 2]) -> Value {
    json!({ "latitude": latitude, "longitude": longitude })
}

/// Returns an item of a list of strings and numbers.
pub fn tag(dice: &mut Dice) -> Value {
    dice.pick(&[json!("a"), json!("b"), json!("A"), json!("é"), json!(7), json!("7")]).clone()
}

/// Returns an item of a cart, sometimes without a size.
pub fn thing(dice: &mut Dice) -> Value {
    let sku = dice.pick(&["a", "b", "É"]);
    dice.pick(&[json!({ "sku": sku, "size": 7 }), json!({ "sku": sku, "size": 40 }), json!({ "sku": sku })]).clone()
}

fn strange(dice: &mut Dice) -> Value {
    let strange = [
        json!(null),
        json!(true),
        json!("7"),
        json!("a"),
        json!(" 0x7\n"),
        json!("1e2"),
        json!(-0.0),
        json!(1e21),
        json!(5e-324),
        json!(9_007_199_254_740_993_i64),
        json!(["gold", "é"]),
        json!([null, ["a"], { "sku": "a" }, true]),
        json!({ "total": "12", "deep": { "er": [[[1]]] } }),
        json!(0.1 + 0.2),
        json!(-1.5e300),
        json!([]),
    ];
    dice.pick(&strange).clone()
}
