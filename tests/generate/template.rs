//! Templates from a number: every construct of the language, with names that may have values and names that
//! have none.

use super::Dice;

/// Values that a template of the generated rules can read.
const VALUES: [&str; 11] = [
    "tier",
    "score",
    "vip",
    "tags",
    "cart.total",
    "weather",
    "country",
    "tags.first",
    "seen",
    "lists.mine",
    "' é & <b> ell '",
];
/// Numbers that are long, unusual, or at an edge of rounding.
const NUMBERS: [&str; 11] = [
    "score",
    "cart.total",
    "item",
    "1234567.125",
    "-0.005",
    "1000",
    "99.995",
    "2.49999999999",
    "98765.4321",
    "-1234.5",
    "tags.size",
];
/// Times: of the decision, with an offset, in seconds and in milliseconds, on a local clock, and on days on
/// which clocks change.
const TIMES: [&str; 9] = [
    "'now'",
    "'2025-10-09T08:53:20Z'",
    "'2026-01-01T00:30:00.5+01:00'",
    "1760011200",
    "1743296400000",
    "'2024-02-29'",
    "'2025-03-30T02:30'",
    "score",
    "tier",
];
const DATES: [&str; 8] =
    ["%Y-%m-%d", "%-d. %B %Y", "%A, %e %b %y", "%^a %^b %I:%M %p", "%j %u %w", "%x", "%c", "%X %k %l %H:%M:%S"];

/// Filters that format for the locale.
const LOCAL: [&str; 8] =
    ["number", "number: 2", "number: 0", "money", "money: 'EUR'", "money: 'USD'", "money: 'GBP'", "currency: 'JPY'"];

/// Returns text with outputs and tags of limited depth; `item` exists in loops.
pub fn piece(dice: &mut Dice, depth: u64) -> String {
    inner(dice, depth, false)
}

fn inner(dice: &mut Dice, depth: u64, in_loop: bool) -> String {
    let next = |dice: &mut Dice| inner(dice, depth.saturating_sub(1), in_loop);
    match dice.below(if depth == 0 { 6 } else { 16 }) {
        0 => (*dice.pick(&[
            "fixed ",
            " a {% raw %}{{ no }}{% endraw %} ",
            "{% comment %} {{ not }} {% endcomment %}",
            "x {%- comment -%} {% endcomment %} y",
        ]))
        .to_owned(),
        1 => format!("{{{{- {} -}}}} ", filtered(dice, in_loop)),
        2 | 3 => format!("{{{{ {} }}}}", filtered(dice, in_loop)),
        4 => format!("{{{{ {} | {} }}}}", number(dice, in_loop), dice.pick(&LOCAL)),
        5 => format!("{{{{ {} | date: '{}' }}}}", dice.pick(&TIMES), dice.pick(&DATES)),
        6 => format!("{{% if {} %}}{}{{% endif %}}", condition(dice, in_loop), next(dice)),
        7 => format!(
            "{{% if {} %}}{}{{% elsif {} %}}{}{{% else %}}{}{{% endif %}}",
            condition(dice, in_loop),
            next(dice),
            condition(dice, in_loop),
            next(dice),
            next(dice)
        ),
        8 => format!(
            "{{% unless {} %}}{}{{% else %}}{}{{% endunless %}}",
            condition(dice, in_loop),
            next(dice),
            next(dice)
        ),
        9 => format!(
            "{{% case {} %}} {{% when 'gold', 7 %}}{}{{% when score or true %}}{}{{% else %}}{}{{% endcase %}}",
            value(dice, in_loop),
            next(dice),
            next(dice),
            next(dice)
        ),
        10 => format!("{{% assign mine = {} %}}{}{{{{ mine }}}}", filtered(dice, in_loop), next(dice)),
        11 => format!("{{% assign tier = {} %}}{}", filtered(dice, in_loop), next(dice)),
        12 => {
            format!("{{% capture kept %}}[{}]{{% endcapture %}}{{{{ kept | append: '!' }}}}", inner(dice, 0, in_loop))
        }
        _ => for_loop(dice, depth),
    }
}

fn for_loop(dice: &mut Dice, depth: u64) -> String {
    let list = dice.pick(&["tags", "seen", "(1..4)", "(2..score)", "(0..cart.total)", "tier", "mine", "lists.mine"]);
    let options = dice.pick(&["", "", " limit:2", " offset:1 limit:3", " reversed", " limit:3 reversed"]);
    let leave = match dice.below(4) {
        0 => format!("{{% if {} %}}{{% break %}}{{% endif %}}", condition(dice, true)),
        1 => format!("{{% if {} %}}{{% continue %}}{{% endif %}}", condition(dice, true)),
        _ => String::new(),
    };
    // Longer loops would exceed the limit.
    let guard = "{% if forloop.index > 9 %}{% break %}{% endif %}";
    let body = inner(dice, depth.saturating_sub(1), true);
    let assign = if *list == "mine" { "{% assign mine = tags | reverse %}" } else { "" };
    format!(
        "{assign}{{% for item in {list}{options} %}}{guard}{leave}{{{{ forloop.index }}}}{body}{{% else %}}none{{% endfor %}}"
    )
}

fn value(dice: &mut Dice, in_loop: bool) -> String {
    if in_loop && dice.percent(40) {
        let loop_values = [
            "item",
            "item",
            "item.title.size",
            "item.title",
            "item.id",
            "forloop.index0",
            "forloop.rindex",
            "forloop.last",
            "forloop.length",
        ];
        return (*dice.pick(&loop_values)).to_owned();
    }
    (*dice.pick(&VALUES)).to_owned()
}

fn condition(dice: &mut Dice, in_loop: bool) -> String {
    let test = |dice: &mut Dice| {
        let value = value(dice, in_loop);
        match dice.below(4) {
            0 => value,
            1 => format!(
                "{value} {} {}",
                dice.pick(&["==", "!="]),
                dice.pick(&["blank", "empty", "'gold'", "nil", "7", "true", "tier"])
            ),
            2 => format!("{value} contains {}", dice.pick(&["'a'", "'o'", "7", "weather"])),
            _ => format!(
                "{value} {} {}",
                dice.pick(&["<", "<=", ">", ">=", "<>"]),
                dice.pick(&["7", "2.5", "'gold'", "score", "nil"])
            ),
        }
    };
    let mut out = test(dice);
    for _ in 0..dice.below(3) {
        out = format!("{out} {} {}", dice.pick(&["and", "or"]), test(dice));
    }
    out
}

fn number(dice: &mut Dice, in_loop: bool) -> &'static str {
    let number = *dice.pick(&NUMBERS);
    if number == "item" && !in_loop { "score" } else { number }
}

fn filtered(dice: &mut Dice, in_loop: bool) -> String {
    let mut out = value(dice, in_loop);
    for _ in 0..dice.below(3) {
        out.push_str(" | ");
        let filters = [
            "default: 'there'",
            "default: 0",
            "upcase",
            "downcase",
            "capitalize",
            "strip",
            "append: ' ' | lstrip | append: '.'",
            "prepend: ' ' | rstrip",
            "append: '<i>'",
            "prepend: tier",
            "replace: 'o', '0'",
            "remove: 'g'",
            "append: 'ell' | replace_first: 'l', 'LL'",
            "append: 'ee' | remove_first: 'e'",
            "truncate: 4",
            "truncate: 3, '…'",
            "truncatewords: 1",
            "prepend: ' ' | truncatewords: 9",
            "slice: 1, 2",
            "slice: -2, 2",
            "slice: 0",
            "url_encode",
            "escape",
            "split: 'l'",
            "append: '  b' | split: ' ' | json",
            "split: ''",
            "join: ', '",
            "join",
            "first",
            "last",
            "size",
            "reverse",
            "uniq",
            "sort",
            "sort: 'title'",
            "sort_natural",
            "sort_natural: 'title'",
            "append: 'B' | split: '' | sort_natural | join",
            // Items without a title come last.
            "concat: lists.mine | sort: 'title' | json",
            "uniq: 'stock'",
            "compact",
            "compact: 'stock'",
            "concat: tags",
            "concat: seen",
            "sum",
            "sum: 'stock'",
            // Strings that are numbers, whose sum is no longer exact.
            "append: ',0.1,0.2' | split: ',' | sum",
            "slice: 1, 2 | json",
            "plus: 3",
            "minus: 2.5",
            "times: 2",
            "divided_by: 2",
            "divided_by: 2.0",
            "modulo: 3",
            "round",
            "times: 1.37 | round: 1",
            "floor",
            "ceil",
            "abs",
            "at_least: 5",
            "at_most: 8",
            "json",
            "map: 'title'",
            "where: 'stock'",
            "concat: lists.mine | where: 'title', 'B' | size",
            "default: 'no', allow_false: true",
        ];
        let filter = *if dice.percent(8) { dice.pick(&LOCAL) } else { dice.pick(&filters) };
        out.push_str(filter);
    }
    out
}
