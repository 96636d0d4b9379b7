//! Compiles the patterns to the tables, and tests them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use throughline_compiler::regex;

use super::{END, START, is_bot};

const ISBOT: &str = include_str!("isbot.txt");
const OURS: &str = include_str!("ours.txt");

/// Returns the patterns: those of isbot with our changes, ordered.
fn patterns() -> Vec<String> {
    let is_pattern = |line: &&str| !line.is_empty() && !line.starts_with("# ");
    let mut patterns: Vec<String> = ISBOT.lines().filter(is_pattern).map(str::to_owned).collect();
    for line in OURS.lines().filter(is_pattern) {
        match line.split_at(2) {
            ("- ", gone) => {
                let at = patterns.iter().position(|pattern| pattern == gone);
                patterns.remove(at.unwrap_or_else(|| panic!("ours.txt: isbot has no `{gone}`")));
            }
            ("+ ", new) => patterns.push(new.to_owned()),
            _ => panic!("ours.txt: `{line}`, expected `- `, `+ ` or `# `"),
        }
    }
    patterns.sort();
    patterns
}

/// Returns the word that a pattern consists of, after [`START`] if it matches only at the beginning.
fn word(pattern: &str) -> Option<Vec<u8>> {
    let (mut word, text) = match pattern.strip_prefix('^') {
        Some(text) => (vec![START], text),
        None => (Vec::new(), pattern),
    };
    let text = text.replace("\\.", "\0");
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || " _-/@;\0".contains(c);
    word.extend(text.replace('\0', ".").bytes());
    text.chars().all(is_plain).then_some(word)
}

#[derive(Default)]
struct Trie {
    is_end: bool,
    children: BTreeMap<u8, Trie>,
}

impl Trie {
    fn insert(&mut self, word: &[u8]) {
        match word.split_first() {
            Some((first, rest)) => self.children.entry(*first).or_default().insert(rest),
            None => self.is_end = true,
        }
    }

    /// Returns the nodes below this one. What follows the end of a word decides nothing.
    fn nodes(&self) -> Vec<[u8; 3]> {
        let mut nodes = Vec::new();
        for (index, (byte, child)) in self.children.iter().enumerate() {
            let below = if child.is_end { Vec::new() } else { child.nodes() };
            let is_last = index + 1 == self.children.len();
            let distance = if is_last { 0 } else { u16::try_from(below.len() + 1).unwrap() };
            let [low, high] = distance.to_le_bytes();
            nodes.push([if child.is_end { byte | END } else { *byte }, low, high]);
            nodes.extend(below);
        }
        nodes
    }
}

/// Returns a pattern without look-arounds, which no automaton has: `(?<!cu)x` is `x` at the beginning, after anything but `u`,
/// or after a `u` that is at the beginning or follows anything but `c`.
fn without_look_around(pattern: &str) -> String {
    let mut out = pattern.to_owned();
    for (open, is_behind) in [("(?<!", true), ("(?!", false)] {
        while let Some(start) = out.find(open) {
            let end = start + closing(&out[start..]);
            let inner = &out[start + open.len()..end];
            let inner = inner.strip_prefix("(?:").and_then(|inner| inner.strip_suffix(')')).unwrap_or(inner);
            let words: Vec<Vec<char>> = inner.split('|').map(|word| letters(word, is_behind)).collect();
            out.replace_range(start..=end, &none_of(&words, is_behind));
        }
    }
    out
}

/// Returns the index of the bracket that closes the first one.
fn closing(text: &str) -> usize {
    let mut depth = 0;
    let closes = |c: char| {
        depth += i32::from(c == '(') - i32::from(c == ')');
        depth == 0
    };
    text.find(closes).unwrap()
}

/// Returns the letters of a word in the order in which they are compared, which is backwards for a look-behind.
fn letters(word: &str, is_behind: bool) -> Vec<char> {
    let word = word.replace("\\.", ".");
    assert!(!word.contains(['\\', '[', '(', '*', '+', '?']), "a look-around around more than words: `{word}`");
    if is_behind { word.chars().rev().collect() } else { word.chars().collect() }
}

/// Returns an expression for text that begins (or ends) with none of the words.
fn none_of(words: &[Vec<char>], is_behind: bool) -> String {
    let mut tails: BTreeMap<char, Vec<Vec<char>>> = BTreeMap::new();
    for word in words {
        tails.entry(word[0]).or_default().push(word[1..].to_vec());
    }
    let escaped = |c: &char| if c.is_ascii_alphanumeric() || *c == ' ' { c.to_string() } else { format!("\\{c}") };
    let firsts: String = tails.keys().map(escaped).collect();
    let mut alternatives = vec![if is_behind { "^" } else { "$" }.to_owned(), format!("[^{firsts}]")];
    for (first, tails) in tails.iter().filter(|(_, tails)| !tails.iter().any(Vec::is_empty)) {
        let (first, rest) = (escaped(first), none_of(tails, is_behind));
        alternatives.push(if is_behind { rest + &first } else { first + &rest });
    }
    format!("(?:{})", alternatives.join("|"))
}

/// Returns automata of the patterns, one for each shape: patterns of different shapes in one automaton would need a state for
/// each combination of positions.
fn automata(patterns: &[String]) -> Vec<Vec<u8>> {
    let mut shapes: BTreeMap<[bool; 4], Vec<String>> = BTreeMap::new();
    for pattern in patterns {
        let has_look_around = pattern.contains("(?<!") || pattern.contains("(?!");
        let shape = [has_look_around, pattern.contains(",}"), pattern.starts_with('^'), pattern.ends_with("\\b")];
        shapes.entry(shape).or_default().push(without_look_around(pattern));
    }
    shapes.values().map(|patterns| regex::compile(&patterns.join("|"), true).unwrap()).collect()
}

/// Returns the files of the tables.
fn tables() -> [(&'static str, Vec<u8>); 2] {
    let patterns = patterns();
    let mut trie = Trie::default();
    patterns.iter().filter_map(|pattern| word(pattern)).for_each(|word| trie.insert(&word));
    let others: Vec<String> = patterns.iter().filter(|p| word(p).is_none()).cloned().collect();
    let length = |bytes: &Vec<u8>| u16::try_from(bytes.len()).unwrap().to_le_bytes();
    let automata = automata(&others).iter().flat_map(|bytes| [&length(bytes)[..], bytes].concat()).collect();
    [("words.bin", trie.nodes().concat()), ("automata.bin", automata)]
}

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/request/bot").join(name)
}

/// Compares the tables with the lists, or writes them if `WRITE_BOTS` is set, as `tools/bots.mjs` does.
#[test]
fn tables_are_those_of_the_lists() {
    for (name, bytes) in tables() {
        if std::env::var_os("WRITE_BOTS").is_some() {
            std::fs::write(path(name), &bytes).unwrap();
        }
        assert!(std::fs::read(path(name)).unwrap() == bytes, "{name} is stale: run `node tools/bots.mjs`");
    }
}

#[test]
fn look_arounds_are_written_without_them() {
    let cases = [
        ("a(?!b)", r"a(?:$|[^b])"),
        ("a(?!(?:bc|bd))", r"a(?:$|[^b]|b(?:$|[^cd]))"),
        ("a(?!b|bc)", r"a(?:$|[^b])"),
        ("(?<!cu)a", r"(?:^|[^u]|(?:^|[^c])u)a"),
        (r"(?<!x\.)a", r"(?:^|[^\.]|(?:^|[^x])\.)a"),
    ];
    for (pattern, expected) in cases {
        assert_eq!(without_look_around(pattern), expected);
    }
}

#[test]
fn bots_are_recognised() {
    let bots = [
        "",
        "curl/8.14.1",
        "okhttp/5.1.0",
        "Python-urllib/3.13",
        "python-httpx/0.28.1",
        "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/142.0.0.0 Safari/537.36",
        "Mozilla/5.0 (compatible; GoogleOther)",
        "Sogou web spider/4.0(+http://www.sogou.com/docs/help/webmasters.htm#07)",
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/117.0.0.0 Safari/537.36 GTmetrix",
        "meta-externalfetcher/1.1",
    ];
    for agent in bots {
        assert!(is_bot(agent), "{agent}");
    }
}

#[test]
fn the_middle_of_a_word_is_not_its_beginning() {
    let android = |app: &str| format!("Mozilla/5.0 (Linux; Android 14; {app}) AppleWebKit/537.36 (KHTML, like Gecko)");
    for app in ["a wget", "CUBOT ONE", "cubots", "libHTTP", "Google Pixel 9", "Google TV Streamer", "scam"] {
        assert!(!is_bot(&android(app)), "{app}");
    }
    assert!(is_bot(&android("robots")) && is_bot(&android("Google Favicon")) && is_bot("wget"));
}

#[test]
fn only_the_beginning_of_an_agent_is_read() {
    let long = |end: &str| format!("Mozilla/5.0 ({} {end}", "x; ".repeat(400));
    assert!(!is_bot(&long("Googlebot")));
    assert!(!is_bot(&long(&"é".repeat(5000))));
}
