//! Versions as strings whose order is theirs.

use throughline::internals::condition::is_version;

/// Returns a string that compares with those of other versions as the version does; `None` for what is not a version.
///
/// Each number is preceded by its length. Then comes what sorts in this order: a pre-release, the end, another number.
pub fn version_key(text: &str) -> Option<String> {
    if !is_version(text) {
        return None;
    }
    let text = text.trim().trim_start_matches(['v', 'V']);
    let text = text.split('+').next().unwrap_or_default();
    let (numbers, pre_release) = text.split_once('-').map_or((text, None), |(numbers, rest)| (numbers, Some(rest)));
    let mut numbers: Vec<String> = numbers.split('.').map(number_key).collect();
    while numbers.last().is_some_and(|number| *number == number_key("0")) {
        numbers.pop();
    }
    let identifier = |part: &str| {
        let is_number = part.bytes().all(|byte| byte.is_ascii_digit());
        if is_number { format!("0{}", number_key(part)) } else { format!("1{part}") }
    };
    let end = pre_release.map_or_else(
        || "#".to_owned(),
        |parts| format!("!{}", parts.split('.').map(identifier).collect::<Vec<_>>().join(" ")),
    );
    Some(format!("{}{end}", numbers.join(".")))
}

fn number_key(digits: &str) -> String {
    let digits = digits.trim_start_matches('0');
    format!("{:08}{digits}", digits.len())
}

#[cfg(test)]
mod tests {
    use throughline::internals::condition::compare_versions;

    use super::version_key;

    #[test]
    fn keys_compare_as_the_core_compares_versions() {
        let numbers = ["0", "1", "1.0", "1.0.1", "1.9", "1.10", "2", "v10", "1.0.99999", "1.0.100000", "007"];
        let ends = ["", "-a", "-a.1", "-a.b", "-a-1", "-2", "-11", "-a.2.x", "+b", "-a+b.c"];
        let all: Vec<String> = numbers.iter().flat_map(|a| ends.map(|b| format!("{a}{b}"))).collect();
        for a in &all {
            for b in &all {
                let keys = version_key(a).unwrap().cmp(&version_key(b).unwrap());
                assert_eq!(Some(keys), compare_versions(a, b), "{a} and {b}");
            }
        }
        assert_eq!(version_key("latest"), None);
    }
}
