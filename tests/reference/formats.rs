//! Formats of numbers, money and times, as written in some locales.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::javascript::text as js_text;
use super::liquid_value::{number, written};

/// The context of a format: locale and time.
pub struct Formats<'a> {
    pub locale: &'a str,
    /// The currency of the rules.
    pub currency: Option<&'a str>,
    pub zone: TimeZone,
    pub now: i64,
}

/// The conventions of a locale. Names are in one string each, weekdays from Sunday on.
struct Habits {
    point: &'static str,
    /// The group separators of numbers and of amounts.
    group: [&'static str; 2],
    currency: &'static str,
    /// The format of an amount with its sign.
    amount: &'static str,
    date: &'static str,
    time: &'static str,
    months: &'static str,
    short_months: &'static str,
    weekdays: &'static str,
    short_weekdays: &'static str,
}

const ENGLISH: Habits = Habits {
    point: ".",
    group: [",", ","],
    currency: "USD",
    amount: "$1",
    date: "%m/%d/%Y",
    time: "%I:%M:%S %p",
    months: "January February March April May June July August September October November December",
    short_months: "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec",
    weekdays: "Sunday Monday Tuesday Wednesday Thursday Friday Saturday",
    short_weekdays: "Sun Mon Tue Wed Thu Fri Sat",
};
const GERMAN: Habits = Habits {
    point: ",",
    group: [".", "."],
    currency: "EUR",
    amount: "1 $",
    date: "%d.%m.%Y",
    time: "%H:%M:%S",
    months: "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
    short_months: "Jan Feb Mär Apr Mai Jun Jul Aug Sep Okt Nov Dez",
    weekdays: "Sonntag Montag Dienstag Mittwoch Donnerstag Freitag Samstag",
    short_weekdays: "So Mo Di Mi Do Fr Sa",
};
const AUSTRIAN: Habits = Habits {
    group: [".", "\u{202f}"],
    amount: "$ 1",
    date: "%Y-%m-%d",
    months: "Jänner Februar März April Mai Juni Juli August September Oktober November Dezember",
    short_months: "Jän Feb Mär Apr Mai Jun Jul Aug Sep Okt Nov Dez",
    ..GERMAN
};
const FRENCH: Habits = Habits {
    group: ["\u{202f}", "\u{202f}"],
    date: "%d/%m/%Y",
    months: "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    short_months: "janv. févr. mars avril mai juin juil. août sept. oct. nov. déc.",
    weekdays: "dimanche lundi mardi mercredi jeudi vendredi samedi",
    short_weekdays: "dim. lun. mar. mer. jeu. ven. sam.",
    ..GERMAN
};

impl Formats<'_> {
    /// Applies a filter that depends on the locale; `None` for another filter.
    pub fn write(&self, filter: &str, input: &Value, arg: Option<&Value>) -> Option<Value> {
        let is_countable = input.is_number() || input.is_string();
        let text = match filter {
            "number" => {
                let digits = arg.map_or((0, 10), |digits| (number(digits) as usize, number(digits) as usize));
                is_countable.then(|| self.number(number(input), digits, 0, "1"))
            }
            "money" | "currency" => is_countable.then(|| self.money(number(input), arg.map(written))),
            "date" => self.time(input).map(|time| self.date(time, &written(arg.unwrap()))),
            _ => return None,
        };
        Some(json!(text))
    }

    fn habits(&self) -> &'static Habits {
        match self.locale {
            "de" => &GERMAN,
            "de-AT" => &AUSTRIAN,
            "fr" => &FRENCH,
            "en" => &ENGLISH,
            other => panic!("the model does not know how `{other}` writes"),
        }
    }

    fn money(&self, amount: f64, currency: Option<String>) -> String {
        let own = self.habits().currency;
        let currency = currency.unwrap_or_else(|| self.currency.unwrap_or(own).to_owned());
        // A sign belongs to one currency alone, or to the locale's own.
        let sign = match &currency[..] {
            "EUR" => "€",
            "GBP" => "£",
            "USD" if own == "USD" => "$",
            code => code,
        };
        // Codes are words and separated by a space.
        let like = self.habits().amount.replace("$1", if sign == currency { "$ 1" } else { "$1" });
        let digits = if currency == "JPY" { 0 } else { 2 };
        self.number(amount, (digits, digits), 1, &like.replace(' ', "\u{a0}").replace('$', sign))
    }

    /// Formats a number. `like` is the format of the number one, `group` selects the group separator.
    fn number(&self, number: f64, (least, most): (usize, usize), group: usize, like: &str) -> String {
        let Some((units, digits)) = rounded(number, most) else { return js_text(&json!(number)) };
        let (whole, fraction) = digits.split_at(digits.len() - most);
        let groups: Vec<&str> =
            whole.as_bytes().rchunks(3).rev().map(|group| std::str::from_utf8(group).unwrap()).collect();
        let mut out = groups.join(self.habits().group[group]);
        let mut fraction = fraction.to_owned();
        while fraction.len() > least && fraction.ends_with('0') {
            fraction.pop();
        }
        if !fraction.is_empty() {
            out = out + self.habits().point + &fraction;
        }
        let minus = if number < 0.0 && units > 0 { "-" } else { "" };
        minus.to_owned() + &like.replace('1', &out)
    }

    /// Returns the local time of a value.
    fn time(&self, value: &Value) -> Option<DateTime> {
        let millis = match value {
            Value::Number(number) => match number.as_f64().unwrap() {
                seconds if seconds.abs() < 1e11 => (seconds * 1000.0) as i64,
                millis if millis.abs() <= 8.64e15 => millis as i64,
                _ => return None,
            },
            Value::String(text) if text == "now" || text == "today" => self.now,
            Value::String(text) => match text.parse::<Timestamp>() {
                Ok(time) => time.as_millisecond(),
                // Without an offset it is local already.
                Err(_) => return text.parse::<DateTime>().ok(),
            },
            _ => return None,
        };
        // Plans know the offsets since 2020; earlier times use the first one.
        let known = Timestamp::from_millisecond(millis.max(1_577_836_800_000)).unwrap();
        Some(self.zone.to_offset(known).to_datetime(Timestamp::from_millisecond(millis).unwrap()))
    }

    fn date(&self, time: DateTime, format: &str) -> String {
        let (mut out, mut letters) = (String::new(), format.chars());
        while let Some(letter) = letters.next() {
            if letter != '%' {
                out.push(letter);
                continue;
            }
            let mut directive = letters.next().unwrap();
            let flag = Some(directive).filter(|flag| "-^".contains(*flag));
            if flag.is_some() {
                directive = letters.next().unwrap();
            }
            let text = self.field(time, directive);
            out.push_str(&match flag {
                Some('-') => text.trim_start_matches(['0', ' ']).to_owned(),
                Some('^') => text.to_uppercase(),
                _ => text,
            });
        }
        out
    }

    fn field(&self, time: DateTime, directive: char) -> String {
        let habits = self.habits();
        let word = |words: &str, place: i8| words.split(' ').nth(usize::try_from(place).unwrap()).unwrap().to_owned();
        let weekday = time.weekday().to_sunday_zero_offset();
        let twelve = (time.hour() + 11) % 12 + 1;
        match directive {
            'Y' => format!("{:04}", time.year()),
            'y' => format!("{:02}", time.year() % 100),
            'm' => format!("{:02}", time.month()),
            'd' => format!("{:02}", time.day()),
            'e' => format!("{:2}", time.day()),
            'j' => format!("{:03}", time.date().day_of_year()),
            'u' => time.weekday().to_monday_one_offset().to_string(),
            'w' => weekday.to_string(),
            'H' => format!("{:02}", time.hour()),
            'k' => format!("{:2}", time.hour()),
            'I' => format!("{twelve:02}"),
            'l' => format!("{twelve:2}"),
            'M' => format!("{:02}", time.minute()),
            'S' => format!("{:02}", time.second()),
            'p' => if time.hour() < 12 { "AM" } else { "PM" }.to_owned(),
            'B' => word(habits.months, time.month() - 1),
            'b' => word(habits.short_months, time.month() - 1),
            'A' => word(habits.weekdays, weekday),
            'a' => word(habits.short_weekdays, weekday),
            'x' => self.date(time, habits.date),
            'X' => self.date(time, habits.time),
            'c' => self.date(time, habits.date) + " " + &self.date(time, habits.time),
            other => panic!("the model has no directive `{other}`"),
        }
    }
}

/// Returns a number without its sign in units of its last digit, the number of fraction digits, and those
/// digits.
///
/// It is rounded half up, by the digits that JavaScript prints. `None` if it is large enough for an exponent.
pub fn rounded(number: f64, digits: usize) -> Option<(u128, String)> {
    let mut text = js_text(&json!(number.abs()));
    if let Some((small, zeros)) = text.split_once("e-") {
        text = format!("0.{}{}", "0".repeat(zeros.parse::<usize>().unwrap() - 1), small.replace('.', ""));
    }
    if text.contains('e') {
        return None;
    }
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let padded = format!("{fraction:0<width$}", width = digits + 1);
    let rounds_up = padded.as_bytes()[digits] >= b'5';
    let units = format!("{whole}{}", &padded[..digits]).parse::<u128>().unwrap() + u128::from(rounds_up);
    Some((units, format!("{units:0width$}", width = digits + 1)))
}
