use super::*;

#[test]
fn what_is_supported_is_read() {
    let selectors = [
        "a",
        "*",
        "#id",
        ".class",
        "a.b#c[d]",
        "[a=b]",
        "[a = 'b c' i]",
        "[a~=b]",
        "[a|=b]",
        "[a^=b]",
        "[a$=b]",
        "[a*=b s]",
        "a b",
        "a > b",
        "a>b , c",
        ":first-child",
        "a:nth-child(2n+1)",
        ":nth-child( -n + 3 )",
        ":nth-of-type(odd)",
        ":first-of-type",
        ":not(a.b)",
        ":not(a, .b)",
        ":not(:not(a))",
        "#\\31 23",
        ".a\\:b",
        "-x-y",
        "--x",
        "ü",
    ];
    for selector in selectors {
        assert!(Selector::parse(selector).is_ok(), "{selector}: {:?}", Selector::parse(selector));
    }
}

#[test]
fn what_is_not_names_its_place() {
    let cases = [
        ("ul > li:last-child", 7, "`:last-child` is not supported"),
        ("p:unknown(", 1, "`:unknown` is not supported"),
        ("a + b", 2, "`+` is not supported"),
        ("a ~ b", 2, "`~` is not supported"),
        ("a || b", 2, "`|` is not supported"),
        ("svg|a", 3, "a namespace is not supported"),
        ("p::before", 1, "`:` is not supported"),
        (":not(a b)", 7, "a combinator in `:not(…)` is not supported"),
        (":not(a", 6, "expected `)`, found the end"),
        (":nth-child(2 of p)", 11, "`2 of p` is not supported"),
        ("", 0, "a selector is missing"),
        ("a,", 2, "a selector is missing"),
        ("a >", 3, "a selector is missing"),
        ("#1", 1, "expected a name, found `1`"),
        ("[a", 2, "expected an operator or `]`, found the end"),
        ("[a=1]", 3, "expected a name, found `1`"),
        ("[a='b]", 6, "the string lacks its closing `'`"),
        ("a)", 1, "expected a selector, found `)`"),
        ("a{}", 1, "expected a selector, found `{`"),
    ];
    for (selector, at, message) in cases {
        let error = Selector::parse(selector).expect_err(selector);
        assert_eq!((error.at, error.message.as_str()), (at, message), "{selector}");
    }
}
