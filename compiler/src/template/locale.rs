//! The conventions of locales for numbers, money and dates.
//!
//! The data is that of the GNU C Library, through `pure-rust-locales`. A plan gets only the formats that its
//! templates use.

use pure_rust_locales::{Locale, locale_match};

use crate::template::{DateNames, LocaleFormat, Pattern, Piece};

/// The expected form of a currency.
pub const CURRENCY: &str = "an ISO 4217 code that a supported locale uses, such as `EUR`";

/// The country of a language, if it is not its own code in capitals; from CLDR's likely subtags.
const HOMES: [(&str, &str); 30] = [
    ("ar", "EG"),
    ("be", "BY"),
    ("bn", "BD"),
    ("bs", "BA"),
    ("ca", "ES"),
    ("cs", "CZ"),
    ("cy", "GB"),
    ("da", "DK"),
    ("el", "GR"),
    ("en", "US"),
    ("et", "EE"),
    ("eu", "ES"),
    ("fa", "IR"),
    ("ga", "IE"),
    ("gl", "ES"),
    ("he", "IL"),
    ("hi", "IN"),
    ("ja", "JP"),
    ("ko", "KR"),
    ("ms", "MY"),
    ("nb", "NO"),
    ("pt", "BR"),
    ("sl", "SI"),
    ("sq", "AL"),
    ("sr", "RS"),
    ("sv", "SE"),
    ("uk", "UA"),
    ("ur", "PK"),
    ("vi", "VN"),
    ("zh", "CN"),
];
/// The locales whose currencies are known.
const MARKETS: [Locale; 47] = [
    Locale::ar_AE,
    Locale::ar_EG,
    Locale::ar_SA,
    Locale::bg_BG,
    Locale::cs_CZ,
    Locale::da_DK,
    Locale::de_CH,
    Locale::de_DE,
    Locale::en_AU,
    Locale::en_CA,
    Locale::en_GB,
    Locale::en_HK,
    Locale::en_IN,
    Locale::en_NG,
    Locale::en_NZ,
    Locale::en_SG,
    Locale::en_US,
    Locale::en_ZA,
    Locale::es_AR,
    Locale::es_CL,
    Locale::es_CO,
    Locale::es_MX,
    Locale::es_PE,
    Locale::he_IL,
    Locale::hu_HU,
    Locale::id_ID,
    Locale::is_IS,
    Locale::ja_JP,
    Locale::ko_KR,
    Locale::ms_MY,
    Locale::nb_NO,
    Locale::pl_PL,
    Locale::pt_BR,
    Locale::ro_RO,
    Locale::ru_RU,
    Locale::sr_RS,
    Locale::sv_SE,
    Locale::th_TH,
    Locale::tr_TR,
    Locale::uk_UA,
    Locale::ur_PK,
    Locale::vi_VN,
    Locale::zh_CN,
    Locale::zh_TW,
    Locale::bn_BD,
    Locale::ka_GE,
    Locale::kk_KZ,
];

/// The format of numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Numbers {
    /// The decimal separator.
    pub point: &'static str,
    /// The group separator.
    pub group: &'static str,
    /// The number of digits of the last group, and of the others; zero for no groups.
    pub groups: (u32, u32),
    /// The minimum and maximum number of fraction digits.
    pub digits: (u32, u32),
    /// The string before the number.
    pub before: String,
    /// The string after it.
    pub after: String,
}

/// Returns the locale of a language tag such as `de-AT`: that of language and country, or of the language in
/// its likely country. An unknown language gets that of the United States.
pub fn of(tag: &str) -> Locale {
    let mut parts = tag.split(['-', '_']);
    let language = parts.next().unwrap_or_default().to_ascii_lowercase();
    let country = parts.find(|part| part.len() == 2).map(str::to_ascii_uppercase);
    let home = HOMES
        .iter()
        .find(|(known, _)| *known == language)
        .map_or_else(|| language.to_ascii_uppercase(), |(_, home)| (*home).to_owned());
    let candidates = [country, Some(home)].into_iter().flatten();
    let found = candidates.filter_map(|country| Locale::try_from(format!("{language}_{country}").as_str()).ok());
    found.into_iter().next().unwrap_or(Locale::en_US)
}

/// Returns a locale's format of numbers with a number of fraction digits.
pub fn numbers(locale: Locale, digits: Option<u32>) -> Numbers {
    Numbers {
        point: locale_match!(locale => LC_NUMERIC::DECIMAL_POINT),
        group: locale_match!(locale => LC_NUMERIC::THOUSANDS_SEP),
        groups: groups(locale_match!(locale => LC_NUMERIC::GROUPING)),
        digits: digits.map_or((0, 10), |digits| (digits, digits)),
        before: String::new(),
        after: String::new(),
    }
}

/// Returns a locale's format of money. Its own currency has the local sign, others have a sign that is theirs
/// alone, or their code.
pub fn money(locale: Locale, currency: Option<&str>) -> Numbers {
    let code = currency.unwrap_or_else(|| code(locale));
    let digits = MARKETS.iter().find(|market| self::code(**market) == code).map_or(2, |market| digits(*market));
    let sign = sign(locale, code);
    let is_before = locale_match!(locale => LC_MONETARY::P_CS_PRECEDES) == 1;
    // A code is a word, so a space separates it from the number.
    let is_apart = locale_match!(locale => LC_MONETARY::P_SEP_BY_SPACE) > 0 || sign == code;
    let space = if is_apart { "\u{a0}" } else { "" };
    let (before, after) =
        if is_before { (format!("{sign}{space}"), String::new()) } else { (String::new(), format!("{space}{sign}")) };
    Numbers {
        point: locale_match!(locale => LC_MONETARY::MON_DECIMAL_POINT),
        group: locale_match!(locale => LC_MONETARY::MON_THOUSANDS_SEP),
        groups: groups(locale_match!(locale => LC_MONETARY::MON_GROUPING)),
        digits: (digits, digits),
        before,
        after,
    }
}

/// Returns whether a string is the code of a known currency.
pub fn is_currency(text: &str) -> bool {
    MARKETS.iter().any(|market| code(*market) == text)
}

/// Returns the names of a locale.
pub fn names(locale: Locale, names: DateNames) -> &'static [&'static str] {
    match names {
        DateNames::Months => locale_match!(locale => LC_TIME::MON),
        DateNames::ShortMonths => locale_match!(locale => LC_TIME::ABMON),
        DateNames::Weekdays => locale_match!(locale => LC_TIME::DAY),
        DateNames::ShortWeekdays => locale_match!(locale => LC_TIME::ABDAY),
        DateNames::Halves => match locale_match!(locale => LC_TIME::AM_PM) {
            words if words.iter().any(|word| !word.is_empty()) => words,
            _ => &["AM", "PM"],
        },
    }
}

/// Returns a locale's own format, with nested formats resolved.
pub fn own(locale: Locale, own: LocaleFormat) -> Vec<Piece> {
    let (format, plain) = match own {
        LocaleFormat::Date => (locale_match!(locale => LC_TIME::D_FMT), "%Y-%m-%d"),
        LocaleFormat::Time => (locale_match!(locale => LC_TIME::T_FMT), "%H:%M:%S"),
        LocaleFormat::Both => {
            return [
                self::own(locale, LocaleFormat::Date),
                vec![Piece::Text(" ".to_owned())],
                self::own(locale, LocaleFormat::Time),
            ]
            .concat();
        }
    };
    let read = |format: &str| {
        let pieces = Pattern::read(format).map(|pattern| pattern.0).unwrap_or_default();
        Some(pieces).filter(|pieces| !pieces.is_empty() && !pieces.iter().any(|piece| matches!(piece, Piece::Own(_))))
    };
    read(format).or_else(|| read(plain)).unwrap_or_default()
}

fn code(locale: Locale) -> &'static str {
    locale_match!(locale => LC_MONETARY::INT_CURR_SYMBOL).trim()
}

fn digits(locale: Locale) -> u32 {
    u32::try_from(locale_match!(locale => LC_MONETARY::FRAC_DIGITS)).unwrap_or(2)
}

fn sign(locale: Locale, code: &str) -> String {
    let of = |locale: Locale| locale_match!(locale => LC_MONETARY::CURRENCY_SYMBOL);
    if self::code(locale) == code {
        return of(locale).to_owned();
    }
    let Some(home) = MARKETS.into_iter().find(|market| self::code(*market) == code) else { return code.to_owned() };
    let is_shared = MARKETS.into_iter().any(|market| of(market) == of(home) && self::code(market) != code);
    if is_shared { code.to_owned() } else { of(home).to_owned() }
}

/// Returns the sizes of the last group of digits and of the others.
fn groups(grouping: &[i64]) -> (u32, u32) {
    let size =
        |cursor: usize| grouping.get(cursor).and_then(|size| u32::try_from(*size).ok()).filter(|size| *size < 10);
    let last = size(0).unwrap_or(0);
    (last, size(1).filter(|size| *size > 0).unwrap_or(last))
}
