//! Bodies of answers: JSON and XML read into one shape, with everything that is wrong about them.

use std::fmt;

use super::{Format, json, xml};
use crate::tree::{Node, Tree};

/// A body that could be read.
#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    /// What it is.
    pub format: Format,
    /// The root element's name, for XML.
    pub root: Option<String>,
    /// The document. XML: text-only elements are strings, elements with children are objects, elements that repeat
    /// under one parent are arrays. JSON: as it is, of repeated members the first.
    pub tree: Tree,
    /// Breaches that still let it be read.
    pub faults: Vec<DocumentFault>,
}

/// What can be wrong about a body (clauses `end/error/envelope`, `rpc/format/*`).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum DocumentFault {
    /// A byte order mark before the document.
    Bom,
    /// Something other than white space after the document, at this byte.
    Trailing(usize),
    /// A member that stands twice in one object (JSON pointer).
    Duplicate(String),
    /// Not UTF-8.
    NotUtf8,
    /// Not well-formed; the parser's words.
    Malformed(String),
    /// Nested deeper than `limits::DOCUMENT_DEPTH`.
    TooDeep,
    /// Empty, or white space alone.
    Empty,
}

/// Characters of a parser's words that are kept, since it may quote names from the body.
const WORDS: usize = 200;

impl Document {
    /// Reads a body as `format`.
    ///
    /// Byte offsets count from the beginning of the body, a byte order mark included. XML: names are local names,
    /// attributes, comments and processing instructions are passed over, a DTD is refused. The root is always an object;
    /// text beside child elements stands under `#text`.
    ///
    /// # Errors
    /// The faults that keep it from being read at all, at least one.
    pub fn parse(body: &[u8], format: Format) -> Result<Document, Vec<DocumentFault>> {
        let mut faults = Vec::new();
        let (bytes, start) = match body.strip_prefix(b"\xef\xbb\xbf") {
            Some(rest) => {
                faults.push(DocumentFault::Bom);
                (rest, 3)
            }
            None => (body, 0),
        };
        let read = match std::str::from_utf8(bytes) {
            Err(_) => Err(DocumentFault::NotUtf8),
            Ok(text) if text.bytes().all(is_space) => Err(DocumentFault::Empty),
            Ok(text) => match format {
                Format::Json => json::parse(text, start, &mut faults).map(|tree| (None, tree)),
                Format::Xml => xml::parse(text, start, &mut faults).map(|(root, tree)| (Some(root), tree)),
            },
        };
        match read {
            Ok((root, tree)) => Ok(Document { format, root, tree, faults }),
            Err(fault) => {
                faults.push(fault);
                Err(faults)
            }
        }
    }

    /// What it says.
    pub fn value(&self) -> Node<'_> {
        self.tree.root()
    }

    /// A string member of the top level.
    pub fn text(&self, member: &str) -> Option<&str> {
        self.value().get(member).and_then(Node::as_str)
    }
}

/// Bytes of text that memory is taken for before any was read: most answers have fewer.
pub(super) const TEXT_AT_ONCE: usize = 4 << 10;

/// White space between the tokens of both formats.
pub(super) fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

pub(super) fn malformed(error: &dyn fmt::Display) -> DocumentFault {
    DocumentFault::Malformed(error.to_string().chars().take(WORDS).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits;
    use crate::wire::json::DUPLICATES_LISTED;

    use serde_json::{Value, json};

    use super::DocumentFault::{Bom, Duplicate, Empty, Malformed, NotUtf8, TooDeep, Trailing};

    fn json_of(body: &[u8]) -> Result<(Value, Vec<DocumentFault>), Vec<DocumentFault>> {
        Document::parse(body, Format::Json).map(|document| (document.value().to_value(), document.faults))
    }

    fn xml_of(body: &[u8]) -> Result<(Value, Vec<DocumentFault>), Vec<DocumentFault>> {
        Document::parse(body, Format::Xml).map(|document| (document.value().to_value(), document.faults))
    }

    type Faults = Vec<DocumentFault>;

    /// The same faults, whatever words a parser has for them.
    fn wordless(faults: Vec<DocumentFault>) -> Vec<DocumentFault> {
        let wordless = |fault| if let Malformed(_) = fault { Malformed(String::new()) } else { fault };
        faults.into_iter().map(wordless).collect()
    }

    #[test]
    fn a_json_error_answer_is_read_in_its_order() {
        let body =
            br#"{"RequestId":"R","HostId":"h","Code":"C","Message":"M","Recommend":"r","n":[1,-2,0.5,true,null,{}]}"#;
        let document = Document::parse(body, Format::Json).expect("reads");
        assert_eq!((document.format, &document.root, document.faults.len()), (Format::Json, &None, 0));
        assert_eq!((document.text("Code"), document.text("n"), document.text("x")), (Some("C"), None, None));
        assert_eq!(document.value().to_string().as_bytes(), body);
    }

    #[test]
    fn breaches_that_let_json_be_read_are_told() {
        let rows: [(&str, &[u8], Value, Vec<DocumentFault>); 11] = [
            ("white space around", b" \r\n{}\t\n", json!({}), vec![]),
            ("byte order mark", b"\xef\xbb\xbf{}", json!({}), vec![Bom]),
            ("second document", b"{} {}", json!({}), vec![Trailing(3)]),
            ("trailing text over lines", b"{\n}\n\n  x\n", json!({}), vec![Trailing(7)]),
            ("trailing after a mark", b"\xef\xbb\xbf{}x", json!({}), vec![Bom, Trailing(5)]),
            ("trailing after text", "\"é\"é".as_bytes(), json!("é"), vec![Trailing(4)]),
            ("trailing after a number", b"12 3", json!(12), vec![Trailing(3)]),
            ("trailing NUL", b"{}\0", json!({}), vec![Trailing(2)]),
            ("twice", br#"{"a":1,"b":2,"a":3,"a":4}"#, json!({"a":1,"b":2}), vec![Duplicate("/a".to_owned())]),
            (
                "twice, below",
                br#"{"x":[0,{"a/b":{"c~":1,"c~":2}}]}"#,
                json!({"x":[0,{"a/b":{"c~":1}}]}),
                vec![Duplicate("/x/1/a~1b/c~0".to_owned())],
            ),
            (
                "twice, once escaped",
                br#"{"a":{"d":1,"d":1},"\u0061":{"e":1,"e":1}}"#,
                json!({"a":{"d":1}}),
                vec![Duplicate("/a/d".to_owned()), Duplicate("/a/e".to_owned()), Duplicate("/a".to_owned())],
            ),
        ];
        for (name, body, value, faults) in rows {
            assert_eq!(json_of(body), Ok((value, faults)), "{name}");
        }
    }

    #[test]
    fn repeated_members_are_told_among_few_and_among_many() {
        for count in [1, 14, 15, 16, 17, 18, 40] {
            let members: Vec<String> = (0..count).map(|n| format!("\"m{n}\":{n}")).collect();
            let last = count - 1;
            let again = format!("\"m0\":{{\"x\":1,\"x\":[2]}},\"m{last}\":\"again\",\"z\":true,\"m0\":null");
            let body = format!("{{{},{again}}}", members.join(","));
            let (value, faults) = json_of(body.as_bytes()).expect("reads");
            let mut expected: serde_json::Map<String, Value> =
                (0..count).map(|n| (format!("m{n}"), json!(n))).collect();
            expected.insert("z".to_owned(), json!(true));
            let mut told = vec!["/m0/x".to_owned(), "/m0".to_owned()];
            told.extend((last > 0).then(|| format!("/m{last}")));
            assert_eq!(value, Value::Object(expected), "{body}");
            assert_eq!(faults, told.into_iter().map(Duplicate).collect::<Vec<_>>(), "{body}");
            assert!(value.as_object().is_some_and(|members| members.keys().next_back() == Some(&"z".to_owned())));
        }
    }

    #[test]
    fn what_keeps_a_body_from_being_read_is_told() {
        let malformed = || Malformed(String::new());
        let rows: [(&str, &[u8], Faults, Faults); 9] = [
            ("empty", b"", vec![Empty], vec![Empty]),
            ("white space", b" \t\r\n ", vec![Empty], vec![Empty]),
            ("mark alone", b"\xef\xbb\xbf ", vec![Bom, Empty], vec![Bom, Empty]),
            ("Latin-1", b"\"\xe9\"", vec![NotUtf8], vec![NotUtf8]),
            ("UTF-16", b"\xff\xfe{\0}\0", vec![NotUtf8], vec![NotUtf8]),
            ("words", b"Not Found", vec![malformed()], vec![malformed()]),
            ("cut JSON", br#"{"a":"#, vec![malformed()], vec![malformed()]),
            ("cut XML", b"<a><b></b>", vec![malformed()], vec![malformed()]),
            ("markup", b"<html><br></html>", vec![malformed()], vec![malformed()]),
        ];
        for (name, body, json, xml) in rows {
            assert_eq!(json_of(body).map_err(wordless), Err(json), "{name}");
            assert_eq!(xml_of(body).map_err(wordless), Err(xml), "{name}");
        }
    }

    #[test]
    fn nesting_is_read_to_its_bound_and_no_deeper() {
        let arrays = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth)).into_bytes();
        let objects = |depth: usize| format!("{}1{}", "{\"a\":".repeat(depth), "}".repeat(depth)).into_bytes();
        let elements = |depth: usize| format!("{}{}", "<a>".repeat(depth), "</a>".repeat(depth)).into_bytes();
        for (name, make) in [("arrays", &arrays as &dyn Fn(usize) -> Vec<u8>), ("objects", &objects)] {
            assert!(json_of(&make(limits::DOCUMENT_DEPTH)).is_ok(), "{name}");
            assert_eq!(json_of(&make(limits::DOCUMENT_DEPTH + 1)), Err(vec![TooDeep]), "{name}");
            assert_eq!(json_of(&make(200_000)), Err(vec![TooDeep]), "{name}");
        }
        assert!(xml_of(&elements(limits::DOCUMENT_DEPTH)).is_ok());
        assert_eq!(xml_of(&elements(limits::DOCUMENT_DEPTH + 1)), Err(vec![TooDeep]));
        assert_eq!(xml_of(&elements(100_000)), Err(vec![TooDeep]));
        assert_eq!(xml_of("<a>".repeat(300_000).as_bytes()), Err(vec![TooDeep]));
    }

    #[test]
    fn hostile_bodies_cost_no_more_than_their_length() {
        let long = "k".repeat(100_000);
        let duplicates: String = (0..50_000).map(|n| format!(",\"{n}\":1,\"{n}\":1")).collect();
        let (_, faults) = json_of(format!("{{\"{long}\":{{{}}}}}", &duplicates[1..]).as_bytes()).expect("reads");
        assert_eq!(faults.len(), DUPLICATES_LISTED);

        let spaces: String = (0..60_000).map(|n| format!(" xmlns:n{n}='u{n}'")).collect();
        let spaces = xml_of(format!("<a{spaces}>{}</a>", "<b xmlns:x='y'/>".repeat(10_000)).as_bytes());
        assert_eq!(spaces, Err(vec![Malformed("more than 512 attributes".to_owned())]));

        let Err(faults) = xml_of(format!("<{long}></{long}x>").as_bytes()) else { panic!("not well-formed") };
        assert!(matches!(&faults[..], [Malformed(words)] if words.chars().count() == WORDS), "{faults:?}");

        let wide = format!("<a>{}</a>", "<b/>".repeat(200_000));
        let (value, _) = xml_of(wide.as_bytes()).expect("reads");
        assert_eq!(value["b"].as_array().map(Vec::len), Some(200_000));
    }

    #[test]
    fn xml_answers_are_read_into_the_shape_of_json() {
        let text = "<?xml version='1.0' encoding='UTF-8'?>\n<Error>\n <RequestId>R</RequestId><Code>C</Code>\
            <Message>a &lt;b&gt; &amp; <![CDATA[<c>]]> &#x41;</Message><Recommend><![CDATA[https://x?a=1&b=2]]></Recommend>\
            <Empty/><Blank> </Blank></Error>\n<!-- end --><?pi?>\n";
        let document = Document::parse(text.as_bytes(), Format::Xml).expect("reads");
        assert_eq!((document.root.as_deref(), &document.faults[..]), (Some("Error"), &[][..]));
        assert_eq!(document.text("Code"), Some("C"));
        let expected = json!({
            "RequestId": "R", "Code": "C", "Message": "a <b> & <c> A", "Recommend": "https://x?a=1&b=2",
            "Empty": "", "Blank": " ",
        });
        assert_eq!(document.value().to_value(), expected);
    }

    #[test]
    fn the_structure_of_xml_becomes_objects_and_arrays() {
        let rows = [
            ("empty root", "<R/>", json!({})),
            ("blank root", "<R> \n</R>", json!({})),
            ("text in the root", "<R>words</R>", json!({"#text": "words"})),
            ("attributes passed over", "<R a='1'><b c=\"/>\">1</b></R>", json!({"b": "1"})),
            ("local names", "<x:R xmlns:x='u' xmlns='v'><x:a>1</x:a><b/></x:R>", json!({"a": "1", "b": ""})),
            ("repeated, in disorder", "<R><z>1</z><y/><a>2</a><z/></R>", json!({"z": ["1", ""], "y": "", "a": "2"})),
            ("repeated", "<R><a>1</a><b/><a>2</a><a><c/></a></R>", json!({"a": ["1", "2", {"c": ""}], "b": ""})),
            ("wrapped", "<R><S><T><i>1</i></T><T/></S></R>", json!({"S": {"T": [{"i": "1"}, ""]}})),
            ("one alone is no array", "<R><S><T><i>1</i></T></S></R>", json!({"S": {"T": {"i": "1"}}})),
            ("mixed", "<R>a<b/>c\n</R>", json!({"b": "", "#text": "ac\n"})),
            ("comment within text", "<R><a>1<!-- <x> -->2<?y >?></a></R>", json!({"a": "12"})),
            ("tags within CDATA", "<R><a><![CDATA[<a></R>]]></a></R>", json!({"a": "<a></R>"})),
        ];
        for (name, text, expected) in rows {
            // The order of members as well.
            let read = xml_of(text.as_bytes()).map(|(value, faults)| (value.to_string(), faults));
            assert_eq!(read, Ok((expected.to_string(), vec![])), "{name}");
        }
    }

    #[test]
    fn what_follows_the_root_element_is_told_with_its_byte() {
        let rows = [
            ("text", "<R/> x", vec![Trailing(5)]),
            ("second document", "<R></R><R/>", vec![Trailing(7)]),
            ("second declaration", "<R/>\n<?xml version='1.0'?><R/>", vec![Trailing(5)]),
            ("after a comment", "<R/><!-- > --><x", vec![Trailing(14)]),
            ("after a mark", "\u{feff}<R/>{}", vec![Bom, Trailing(7)]),
            ("mark alone", "\u{feff}<R/>", vec![Bom]),
            ("nothing", "<R/>\r\n\t ", vec![]),
        ];
        for (name, text, faults) in rows {
            assert_eq!(xml_of(text.as_bytes()), Ok((json!({}), faults)), "{name}");
        }
    }

    #[test]
    fn xml_beyond_the_service_is_refused() {
        let rows = [
            ("DTD", "<!DOCTYPE a><a/>"),
            ("entities", "<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>"),
            ("unknown entity", "<a>&nbsp;</a>"),
            ("unescaped ampersand", "<a>b & c</a>"),
            ("unescaped tag in a value", "<a b='<'/>"),
            ("two declarations", "<?xml version='1.0'?><?xml version='1.0'?><a/>"),
            ("space before the declaration", " <?xml version='1.0'?><a/>"),
            ("stray end", "</a><a/>"),
            ("text before", "x<a/>"),
            ("control character", "<a>\u{1}</a>"),
            ("open comment after", "<a/><!-- "),
            ("unknown prefix", "<x:a/>"),
        ];
        for (name, text) in rows {
            assert_eq!(xml_of(text.as_bytes()).map_err(wordless), Err(vec![Malformed(String::new())]), "{name}");
        }
    }
}
