//! The elements that HTML's parser treats differently, and how.

/// A set of properties of an element, as bits.
pub(crate) type Traits = u16;

/// Is in HTML's category of special elements.
pub(crate) const SPECIAL: Traits = 1;
/// Its start tag closes an open `p`.
pub(crate) const CLOSES_P: Traits = 1 << 1;
/// Ends the search for an element "in scope".
pub(crate) const BARRIER: Traits = 1 << 2;
/// Is a formatting element, which the parser opens again after mis-nested tags.
pub(crate) const FORMATTING: Traits = 1 << 3;
/// Has no content.
pub(crate) const VOID: Traits = 1 << 4;
/// Is closed where HTML generates implied end tags.
pub(crate) const IMPLIED: Traits = 1 << 5;
/// Its content is text for the tokenizer.
pub(crate) const RAW: Traits = 1 << 6;
/// Its start tag leaves SVG and MathML.
pub(crate) const BREAKOUT: Traits = 1 << 7;
/// Puts a marker on the list of active formatting elements.
pub(crate) const MARKER: Traits = 1 << 8;
/// Belongs into `head`.
pub(crate) const HEAD: Traits = 1 << 9;
/// Is a part of a table.
pub(crate) const PART: Traits = 1 << 10;
/// Its end tag closes the nearest such element in scope, with all that is open in it.
pub(crate) const BLOCK: Traits = 1 << 11;
/// HTML lets an author omit its end tag.
pub(crate) const OPTIONAL_END: Traits = 1 << 12;
/// Cannot hold elements other than its own kinds, except `template`.
pub(crate) const NARROW: Traits = 1 << 13;
/// Is a heading.
pub(crate) const HEADING: Traits = 1 << 14;

macro_rules! elements {
    ($($kind:ident $name:literal $traits:expr;)*) => {
        /// An element of HTML, or any other one.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[allow(missing_docs, reason = "each variant is the element of that name")]
        pub(crate) enum Kind { $($kind,)* Other }

        /// The elements in the order of their names.
        const ELEMENTS: &[(&[u8], Kind, Traits)] = &[$(($name, Kind::$kind, $traits),)*];
    };
}

const BLOCKS: Traits = SPECIAL | CLOSES_P | BLOCK;
const VOIDS: Traits = SPECIAL | VOID;
const HEADINGS: Traits = SPECIAL | CLOSES_P | HEADING | BREAKOUT;
const ROWS: Traits = SPECIAL | PART | OPTIONAL_END;

elements! {
    A b"a" FORMATTING;
    Address b"address" BLOCKS;
    Applet b"applet" SPECIAL | BARRIER | MARKER | BLOCK;
    Area b"area" VOIDS;
    Article b"article" BLOCKS;
    Aside b"aside" BLOCKS;
    B b"b" FORMATTING | BREAKOUT;
    Base b"base" VOIDS | HEAD;
    Basefont b"basefont" VOIDS | HEAD;
    Bgsound b"bgsound" VOIDS | HEAD;
    Big b"big" FORMATTING | BREAKOUT;
    Blockquote b"blockquote" BLOCKS | BREAKOUT;
    Body b"body" SPECIAL | BREAKOUT;
    Br b"br" VOIDS | BREAKOUT;
    Button b"button" SPECIAL | BLOCK;
    Caption b"caption" SPECIAL | PART | BARRIER | MARKER | OPTIONAL_END;
    Center b"center" BLOCKS | BREAKOUT;
    Code b"code" FORMATTING | BREAKOUT;
    Col b"col" VOIDS | PART;
    Colgroup b"colgroup" ROWS | NARROW;
    Datalist b"datalist" NARROW;
    Dd b"dd" SPECIAL | IMPLIED | BREAKOUT | OPTIONAL_END;
    Details b"details" BLOCKS;
    Dialog b"dialog" CLOSES_P | BLOCK;
    Dir b"dir" BLOCKS;
    Div b"div" BLOCKS | BREAKOUT;
    Dl b"dl" BLOCKS | BREAKOUT;
    Dt b"dt" SPECIAL | IMPLIED | BREAKOUT | OPTIONAL_END;
    Em b"em" FORMATTING | BREAKOUT;
    Embed b"embed" VOIDS | BREAKOUT;
    Fieldset b"fieldset" BLOCKS;
    Figcaption b"figcaption" BLOCKS;
    Figure b"figure" BLOCKS;
    Font b"font" FORMATTING;
    Footer b"footer" BLOCKS;
    Form b"form" SPECIAL | CLOSES_P;
    Frame b"frame" SPECIAL | VOID;
    Frameset b"frameset" SPECIAL;
    H1 b"h1" HEADINGS;
    H2 b"h2" HEADINGS;
    H3 b"h3" HEADINGS;
    H4 b"h4" HEADINGS;
    H5 b"h5" HEADINGS;
    H6 b"h6" HEADINGS;
    Head b"head" SPECIAL | BREAKOUT;
    Header b"header" BLOCKS;
    Hgroup b"hgroup" BLOCKS;
    Hr b"hr" VOIDS | CLOSES_P | BREAKOUT;
    Html b"html" SPECIAL | BARRIER;
    I b"i" FORMATTING | BREAKOUT;
    Iframe b"iframe" SPECIAL | RAW;
    Image b"image" VOID;
    Img b"img" VOIDS | BREAKOUT;
    Input b"input" VOIDS;
    Keygen b"keygen" VOIDS;
    Li b"li" SPECIAL | IMPLIED | BREAKOUT | OPTIONAL_END;
    Link b"link" VOIDS | HEAD;
    Listing b"listing" BLOCKS | BREAKOUT;
    Main b"main" BLOCKS;
    Marquee b"marquee" SPECIAL | BARRIER | MARKER | BLOCK;
    Math b"math" 0;
    Menu b"menu" BLOCKS | BREAKOUT;
    Meta b"meta" VOIDS | HEAD | BREAKOUT;
    Nav b"nav" BLOCKS;
    Nobr b"nobr" FORMATTING | BREAKOUT;
    Noembed b"noembed" SPECIAL | RAW;
    Noframes b"noframes" SPECIAL | RAW | HEAD;
    Noscript b"noscript" SPECIAL | RAW | HEAD;
    Object b"object" SPECIAL | BARRIER | MARKER | BLOCK;
    Ol b"ol" BLOCKS | BREAKOUT;
    Optgroup b"optgroup" IMPLIED | OPTIONAL_END | NARROW;
    Option b"option" IMPLIED | OPTIONAL_END | NARROW;
    P b"p" SPECIAL | CLOSES_P | IMPLIED | BREAKOUT | OPTIONAL_END;
    Param b"param" VOIDS;
    Plaintext b"plaintext" SPECIAL | RAW;
    Pre b"pre" BLOCKS | BREAKOUT;
    Rb b"rb" IMPLIED | OPTIONAL_END;
    Rp b"rp" IMPLIED | OPTIONAL_END;
    Rt b"rt" IMPLIED | OPTIONAL_END;
    Rtc b"rtc" IMPLIED | OPTIONAL_END;
    Ruby b"ruby" BREAKOUT;
    S b"s" FORMATTING | BREAKOUT;
    Script b"script" SPECIAL | RAW | HEAD;
    Search b"search" BLOCKS;
    Section b"section" BLOCKS;
    Select b"select" SPECIAL | BARRIER | BLOCK | NARROW;
    Small b"small" FORMATTING | BREAKOUT;
    Source b"source" VOIDS;
    Span b"span" BREAKOUT;
    Strike b"strike" FORMATTING | BREAKOUT;
    Strong b"strong" FORMATTING | BREAKOUT;
    Style b"style" SPECIAL | RAW | HEAD;
    Sub b"sub" BREAKOUT;
    Summary b"summary" BLOCKS;
    Sup b"sup" BREAKOUT;
    Svg b"svg" 0;
    Table b"table" SPECIAL | BARRIER | BREAKOUT | NARROW;
    Tbody b"tbody" ROWS | NARROW;
    Td b"td" ROWS | BARRIER | MARKER;
    Template b"template" SPECIAL | BARRIER | MARKER | HEAD;
    Textarea b"textarea" SPECIAL | RAW;
    Tfoot b"tfoot" ROWS | NARROW;
    Th b"th" ROWS | BARRIER | MARKER;
    Thead b"thead" ROWS | NARROW;
    Title b"title" SPECIAL | RAW | HEAD;
    Tr b"tr" ROWS | NARROW;
    Track b"track" VOIDS;
    Tt b"tt" FORMATTING | BREAKOUT;
    U b"u" FORMATTING | BREAKOUT;
    Ul b"ul" BLOCKS | BREAKOUT;
    Var b"var" BREAKOUT;
    Wbr b"wbr" VOIDS;
    Xmp b"xmp" SPECIAL | CLOSES_P | RAW;
}

impl Kind {
    /// Returns the kind of a lower-case name.
    pub(crate) fn of(name: &[u8]) -> Self {
        let found = ELEMENTS.binary_search_by(|(known, ..)| (*known).cmp(name));
        found.ok().and_then(|at| ELEMENTS.get(at)).map_or(Self::Other, |(_, kind, _)| *kind)
    }

    /// Whether the element has one of these traits.
    pub(crate) fn is(self, traits: Traits) -> bool {
        ELEMENTS.get(self as usize).is_some_and(|(.., own)| own & traits != 0)
    }

    /// Returns the element's name; nothing for other elements.
    pub(crate) fn name(self) -> &'static [u8] {
        ELEMENTS.get(self as usize).map_or(b"", |(name, ..)| name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_name_has_its_kind() {
        assert!(ELEMENTS.is_sorted_by_key(|(name, ..)| *name), "a binary search finds them");
        for (at, (name, kind, _)) in ELEMENTS.iter().enumerate() {
            assert_eq!((Kind::of(name), *kind as usize), (*kind, at));
        }
        assert_eq!(Kind::of(b"shop-banner"), Kind::Other);
        assert!(!Kind::Other.is(Traits::MAX));
    }
}
