//! Pages with slots, and what becomes of them. `tests/worker/edge-markup.test.mjs` compares with a parser of the standard.

use super::*;
use crate::html::held::MAX_HELD;
use crate::html::selector::Selector;

fn marks() -> Marks {
    Marks { decision: "d".to_owned(), at: 7, visitor: "v".to_owned() }
}

fn fill(content: &str) -> Fill {
    Fill { slot: "s".to_owned(), selector: None, is_json: false, content: content.to_owned() }
}

/// Returns a page in chunks of this size, filled.
fn filled_in(page: &[u8], fills: &[Fill], size: usize) -> (Vec<u8>, Filler) {
    filled_by(Filler::new(fills.to_vec(), marks(), Encoding::Labelled), page, size)
}

fn filled_by(mut filler: Filler, page: &[u8], size: usize) -> (Vec<u8>, Filler) {
    let mut out = Vec::new();
    for chunk in page.chunks(size) {
        let before = out.len();
        if filler.push(chunk, &mut out) == Pushed::Unchanged {
            assert_eq!(out.len(), before, "an unchanged chunk is not written");
            out.extend_from_slice(chunk);
        }
    }
    filler.finish(&mut out);
    (out, filler)
}

/// Returns the filled page, which is the same however the page is cut, with short marks.
fn filled(page: &str, fills: &[Fill]) -> (String, Vec<Reason>) {
    filled_as(page, fills, Encoding::Labelled)
}

fn filled_as(page: &str, fills: &[Fill], encoding: Encoding) -> (String, Vec<Reason>) {
    let in_chunks = |size| filled_by(Filler::new(fills.to_vec(), marks(), encoding), page.as_bytes(), size);
    let (whole, mut filler) = in_chunks(usize::MAX);
    for size in [1, 2, 3, 7, 16] {
        assert_eq!(in_chunks(size).0, whole, "in chunks of {size}: {page}");
    }
    (short(&String::from_utf8(whole).expect("the page is UTF-8")), filler.take_unfilled())
}

/// Returns a page with short marks.
fn short(page: &str) -> String {
    page.replace(" data-tl-state=\"applied\" data-tl-decision=\"d\" data-tl-at=\"7\" data-tl-for=\"v\"", " @")
        .replace("<tl-fallback hidden>", "{")
        .replace("</tl-fallback>", "}")
        .replace("<template data-tl-fallback>", "[")
}

/// Pages whose slot is filled.
#[test]
fn a_slot_is_filled_up_to_its_end() {
    let cases = [
        ("<div data-tl-slot=s>old</div>after", "<div data-tl-slot=s @>NEW{old}</div>after"),
        (
            "<DIV CLASS=x data-tl-slot='s' >a<div>b</div></DIV >",
            "<DIV CLASS=x data-tl-slot='s'  @>NEW{a<div>b</div>}</DIV >",
        ),
        ("<div data-tl-slot=\"s\"/><p>Pay</p>", "<div data-tl-slot=\"s\" @/>NEW<p>Pay</p>"),
        ("<shop-banner data-tl-slot=\"s\" />Pay", "<shop-banner data-tl-slot=\"s\"  @/>NEWPay"),
        ("<p data-tl-slot=s>one<p>two", "<p data-tl-slot=s @>NEW{one}<p>two"),
        ("<p data-tl-slot=s>one<div>two</div>", "<p data-tl-slot=s @>NEW{one}<div>two</div>"),
        ("<ul><li data-tl-slot=s>One<li>Two<li>Three</ul>", "<ul><li data-tl-slot=s @>NEW{One}<li>Two<li>Three</ul>"),
        ("<dl><dt>a<dd data-tl-slot=s>b<dt>c</dl>", "<dl><dt>a<dd data-tl-slot=s @>NEW{b}<dt>c</dl>"),
        ("<table><tr><td data-tl-slot=s>1<td>2</table>x", "<table><tr><td data-tl-slot=s @>NEW{1}<td>2</table>x"),
        (
            "<select><option data-tl-slot=s>1<option>2</select>x",
            "<select><option data-tl-slot=s @>NEW[1</template><option>2</select>x",
        ),
        ("<body><p data-tl-slot=s>end</body></html>\n", "<body><p data-tl-slot=s @>NEW{end}</body></html>\n"),
        ("<b><section data-tl-slot=s>x</section></b>", "<b><section data-tl-slot=s @>NEW{x}</section></b>"),
        (
            "<div data-tl-slot=s><!-- </div> --><a title='</div>'>x</a></div>",
            "<div data-tl-slot=s @>NEW{<!-- </div> --><a title='</div>'>x</a>}</div>",
        ),
        (
            "<div data-tl-slot=s><script>'</div>'</script></div>",
            "<div data-tl-slot=s @>NEW{<script>'</div>'</script>}</div>",
        ),
        ("<div data-tl-slot=s></div>", "<div data-tl-slot=s @>NEW{}</div>"),
        (
            "<div data-tl-slot=s>a<i data-tl-slot=s>b</i></div>",
            "<div data-tl-slot=s @>NEW{a<i data-tl-slot=s>b</i>}</div>",
        ),
        (
            "<div data-tl-slot=other>a<i data-tl-slot=s>b</i></div>",
            "<div data-tl-slot=other>a<i data-tl-slot=s @>NEW{b}</i></div>",
        ),
        (
            "<select><button><svg><title>x</title></svg></button></select><p data-tl-slot=s>y</p>",
            "<select><button><svg><title>x</title></svg></button></select><p data-tl-slot=s @>NEW{y}</p>",
        ),
        (
            "<svg><style><p data-tl-slot=s></style></svg><p data-tl-slot=s>y</p>",
            "<svg><style><p data-tl-slot=s @>NEW{</style></svg>}<p data-tl-slot=s @>NEW{y}</p>",
        ),
    ];
    for (page, expected) in cases {
        let (found, reasons) = filled(page, &[fill("NEW")]);
        assert_eq!(found, expected);
        assert_eq!(reasons, [], "{page}");
    }
}

/// Pages whose slot stays as it came, and why. `None`: nobody expects it to be filled.
#[test]
fn a_slot_in_doubt_stays_as_it_came() {
    use Reason::{Ambiguous, Unclosed};
    let cases = [
        ("<div data-tl-slot=s>old", Some(Unclosed)),
        ("<section><div data-tl-slot=s>old</section>after", Some(Unclosed)),
        ("<div data-tl-slot=s>old</div", Some(Unclosed)),
        ("<p data-tl-slot=s>old<!-- cut", Some(Unclosed)),
        ("<b><div data-tl-slot=s>x</b>y</div>", Some(Ambiguous)),
        ("<table><div data-tl-slot=s>moved</div><tr><td>x</table>", Some(Ambiguous)),
        ("<td data-tl-slot=s>no table</td>", Some(Ambiguous)),
        ("<select><div data-tl-slot=s>x</div></select>", Some(Ambiguous)),
        ("<select><option>a</option><style>b{}</style></select><p data-tl-slot=s>y</p>", Some(Ambiguous)),
        ("<frameset><frame src=a></frameset><title>x</title><p data-tl-slot=s>y</p>", Some(Ambiguous)),
        ("<plaintext><p data-tl-slot=s>y</p>", Some(Ambiguous)),
        ("<p>a<table><tr><td data-tl-slot=s>quirks?</td></table>", Some(Ambiguous)),
        ("<div data-tl-slot=s><tl-fallback hidden>x</tl-fallback></div>", Some(Ambiguous)),
        ("<template><p data-tl-slot=s>y</p></template>", None),
        ("<template><p>x</template-><p data-tl-slot=s>y</p>", None),
        ("<svg><g data-tl-slot=s>y</g></svg>", None),
        ("<svg><foreignObject><p data-tl-slot=s>y</p></foreignObject></svg>", None),
        ("<math><mn></p><p data-tl-slot=s>y</p>", None),
        ("<noscript><p data-tl-slot=s>y</p></noscript>", None),
        ("<textarea data-tl-slot=s>y</textarea><img data-tl-slot=s><script data-tl-slot=s>y</script>", None),
        ("<!-- <p data-tl-slot=s>y</p> --><script>'<p data-tl-slot=s>'</script>", None),
        ("<script><!-- <script> </script> <p data-tl-slot=s>y</p> --></script>", None),
        ("<p data-tl-slot=s data-tl-state=applied>y</p>", None),
        ("<body data-tl-slot=s>y</body>", None),
    ];
    for (page, expected) in cases {
        let (found, reasons) = filled(page, &[fill("NEW")]);
        assert_eq!(found, short(page));
        assert_eq!(reasons.first().copied(), expected, "{page}");
    }
}

#[test]
fn content_that_would_close_the_slot_stays_out() {
    let cases = [
        ("<p data-tl-slot=s>x</p>", "<h1>N</h1>"),
        ("<h1 data-tl-slot=s>x</h1>", "<h2>N</h2>"),
        ("<a><span data-tl-slot=s>x</span></a>", "<a>N</a>"),
        ("<form><div data-tl-slot=s>x</div></form>", "<form>N</form>"),
        ("<button><b data-tl-slot=s>x</b></button>", "<button>N</button>"),
        ("<table><tbody data-tl-slot=s></tbody></table>", "N"),
        ("<div data-tl-slot=s>x</div>", "<p>N"),
        ("<div data-tl-slot=s>x</div>", "N</div>"),
        ("<div data-tl-slot=s>x</div>", "<!-- N"),
        ("<div data-tl-slot=s>x</div>", "<b"),
        ("<div data-tl-slot=s>x</div>", "<textarea>N"),
    ];
    for (page, content) in cases {
        assert_eq!(filled(page, &[fill(content)]), (page.to_owned(), vec![Reason::Content]), "{content}");
    }
    let (found, _) = filled("<table><tbody data-tl-slot=s><tr><td>x</tbody></table>", &[fill("<tr><td>N</td></tr>")]);
    assert_eq!(found, "<table><tbody data-tl-slot=s @><tr><td>N</td></tr>[<tr><td>x</template></tbody></table>");
    let page = "<table><tbody data-tl-slot=s>moved<tr><td>x</tbody></table>";
    assert_eq!(filled(page, &[fill("<tr><td>N</td></tr>")]), (page.to_owned(), vec![Reason::Ambiguous]));
}

#[test]
fn json_gets_a_script_of_its_own_for_the_fallback() {
    let json = Fill { is_json: true, ..fill("{\"n\":1}") };
    let page = "<script type=Application/JSON data-tl-slot=s>{}</script><script data-tl-slot=s>1</script><i data-tl-slot=s></i>";
    let (found, reasons) = filled(page, &[json]);
    let fallback = "</script><script type=\"application/json\" data-tl-fallback=\"s\">{}</script>";
    let filled = format!("<script type=Application/JSON data-tl-slot=s @>{{\"n\":1}}{fallback}");
    assert_eq!(found, page.replacen("<script type=Application/JSON data-tl-slot=s>{}</script>", &filled, 1));
    assert_eq!(reasons, []);
}

#[test]
fn a_slot_inside_one_that_is_not_filled_is() {
    let (found, reasons) = filled("<div data-tl-slot=s><i data-tl-slot=s>a</i><p>b", &[fill("N")]);
    assert_eq!(found, "<div data-tl-slot=s><i data-tl-slot=s @>N{a}</i><p>b");
    assert_eq!(reasons, [Reason::Unclosed]);
}

#[test]
fn no_more_than_a_bound_is_held() {
    let mut page = b"<div data-tl-slot=s>".to_vec();
    page.resize(4 * MAX_HELD, b'x');
    page.extend_from_slice(b"</div><p data-tl-slot=s>y</p>");
    let mut filler = Filler::new(vec![fill("N")], marks(), Encoding::Labelled);
    let mut out = Vec::new();
    for chunk in page.chunks(4096) {
        if filler.push(chunk, &mut out) == Pushed::Unchanged {
            out.extend_from_slice(chunk);
        }
        assert!(filler.waiting() <= MAX_HELD as u64, "{} bytes wait", filler.waiting());
    }
    filler.finish(&mut out);
    assert_eq!(filler.take_unfilled(), [Reason::Long]);
    assert_eq!(filler.take_filled(), ["s"]);
    assert!(out.starts_with(&page[..4 * MAX_HELD]) && out.ends_with(b"N<tl-fallback hidden>y</tl-fallback></p>"));
}

#[test]
fn at_most_so_many_elements_are_filled() {
    let page = "<i data-tl-slot=s></i>".repeat(MAX_FILLS + 3);
    let (out, mut filler) = filled_in(page.as_bytes(), &[fill("N")], 4096);
    assert_eq!(filler.take_filled().len(), MAX_FILLS);
    assert_eq!(filler.take_unfilled(), [Reason::Many; 3]);
    assert!(out.ends_with(b"<i data-tl-slot=s></i>"));
}

#[test]
fn other_encodings_pass() {
    let slot = "<p data-tl-slot=s>x</p>";
    let utf16: Vec<u8> = "\u{feff}".encode_utf16().chain(slot.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    for size in [1, 8] {
        let (out, mut filler) = filled_in(&utf16, &[fill("N")], size);
        assert_eq!((out, filler.take_unfilled()), (utf16.clone(), vec![Reason::Encoding]));
    }
    let japanese = format!("{slot}<title>\u{1b}$B<p\u{1b}(B</title>{slot}");
    let expected = japanese.replacen("s>x", "s @>N{x}", 1);
    assert_eq!(filled_as(&japanese, &[fill("N")], Encoding::Unlabelled), (expected, vec![Reason::Encoding]));
}

/// Hostile pages cost a number of steps that grows with their length alone.
#[test]
fn the_cost_is_linear() {
    let deep = "<x>".repeat(480);
    let pages = [
        format!("{deep}{}", "</b>".repeat(20_000)),
        format!("<b><object>{deep}{}", "</b>".repeat(50_000)),
        format!("<span><div>{deep}{}", "</span>".repeat(50_000)),
        format!("{deep}{}", "<p>".repeat(50_000)),
        format!("<dd>{deep}{}", "<table></table>".repeat(20_000)),
        "<div>".repeat(50_000),
        "<b>".repeat(50_000),
        "<b><p>".repeat(50_000),
        format!("<a {}>", "x=y ".repeat(100_000)),
        "<i data-tl-slot=s>".repeat(50_000),
        "<!-- ".repeat(100_000),
        "<script><!--".repeat(50_000),
    ];
    for page in pages {
        let (out, filler) = filled_in(page.as_bytes(), &[fill("N")], 4096);
        let bound = 20 * page.len() as u64 + (1 << 21);
        assert!(filler.steps() <= bound, "{} steps for {} bytes: {:.40}", filler.steps(), page.len(), page);
        assert_eq!(out, page.as_bytes());
    }
}

#[test]
fn selectors_find_slots() {
    let by = |selector: &str| Fill { selector: Selector::parse(selector).ok(), ..fill("N") };
    let page = "<div id=promo class='a b'><p>1</p><p lang=EN-us>2</p><i>3</i><p>4</p></div><p title=x>5</p>";
    let cases = [
        ("#promo > p:first-child", "1"),
        ("p:nth-of-type(2)", "2"),
        ("div p:nth-child(odd)", "1"),
        ("div.a.b > :nth-child(3)", "3"),
        ("[lang|=en]", "2"),
        ("[lang^=\"en\" s]", ""),
        ("p[title], i", "35"),
        (".c *, body > p", "5"),
        ("p:not([lang], :first-child)", "45"),
        ("div > p:nth-of-type(2n + 1)", "14"),
        ("html > body > div > i", "3"),
        ("p > p, div div", ""),
    ];
    for (selector, expected) in cases {
        let (found, _) = filled(page, &[by(selector)]);
        let texts: String = found.split('{').skip(1).filter_map(|rest| rest.split('}').next()).collect();
        assert_eq!(texts, expected, "{selector}: {found}");
    }
}
