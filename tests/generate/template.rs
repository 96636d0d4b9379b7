//! Templates from a number: every construct of the language, with names that may have values and with ones that have none.

use super::Dice;

/// Values that a template of the generated rules can read.
const VALUES: [&str; 10] =
    ["tier", "score", "vip", "tags", "cart.total", "weather", "country", "tags.first", "seen", "'é & <b>'"];

/// A piece of text with outputs and tags, at most so deep; `item` is there in loops.
pub fn piece(dice: &mut Dice, depth: u64) -> String {
    inner(dice, depth, false)
}

fn inner(dice: &mut Dice, depth: u64, in_loop: bool) -> String {
    let next = |dice: &mut Dice| inner(dice, depth.saturating_sub(1), in_loop);
    match dice.below(if depth == 0 { 4 } else { 14 }) {
        0 => (*dice.pick(&[
            "fixed ",
            " a {% raw %}{{ no }}{% endraw %} ",
            "{% comment %} {{ not }} {% endcomment %}",
            "x {%- comment -%} {% endcomment %} y",
        ]))
        .to_owned(),
        1 => format!("{{{{- {} -}}}} ", filtered(dice, in_loop)),
        2 | 3 => format!("{{{{ {} }}}}", filtered(dice, in_loop)),
        4 => format!("{{% if {} %}}{}{{% endif %}}", condition(dice, in_loop), next(dice)),
        5 => format!(
            "{{% if {} %}}{}{{% elsif {} %}}{}{{% else %}}{}{{% endif %}}",
            condition(dice, in_loop),
            next(dice),
            condition(dice, in_loop),
            next(dice),
            next(dice)
        ),
        6 => format!(
            "{{% unless {} %}}{}{{% else %}}{}{{% endunless %}}",
            condition(dice, in_loop),
            next(dice),
            next(dice)
        ),
        7 => format!(
            "{{% case {} %}} {{% when 'gold', 7 %}}{}{{% when score or true %}}{}{{% else %}}{}{{% endcase %}}",
            value(dice, in_loop),
            next(dice),
            next(dice),
            next(dice)
        ),
        8 => format!("{{% assign mine = {} %}}{}{{{{ mine }}}}", filtered(dice, in_loop), next(dice)),
        9 => format!("{{% assign tier = {} %}}{}", filtered(dice, in_loop), next(dice)),
        10 => {
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
    // Longer loops would be cut off.
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
            "append: '<i>'",
            "prepend: tier",
            "replace: 'o', '0'",
            "remove: 'g'",
            "truncate: 4",
            "truncate: 3, '…'",
            "split: 'l'",
            "join: ', '",
            "first",
            "last",
            "size",
            "reverse",
            "uniq",
            "sort",
            "plus: 3",
            "minus: 2.5",
            "times: 2",
            "divided_by: 2",
            "modulo: 3",
            "round",
            "floor",
            "ceil",
            "abs",
            "at_least: 5",
            "at_most: 8",
            "json",
            "map: 'x'",
            "where: 'x'",
        ];
        let filter: &&str = dice.pick(&filters);
        out.push_str(filter);
    }
    out
}
