//! Reflection: input that comes back in a header, or unescaped in XML.

use serde_json::Value;

use super::seen::printable;
use super::{Context, Finding, Judgement, Place, Seen};
use crate::wire::Format;

/// Input in a header, or unescaped in XML (clause `rpc/robust/no-reflection`). Only generated values are looked for: a
/// region or an id may rightly come back.
pub(super) fn judge(context: Context<'_>, place: Place<'_>, seen: &Seen<'_>, judgement: &mut Judgement) {
    let clause = "rpc/robust/no-reflection";
    let Some(mutation) = &place.record.mutation else { return };
    for value in mutation.values.iter().filter(|value| is_telling(value)) {
        let injected = |name: &str| name.eq_ignore_ascii_case("x-endspec-injected");
        let mut fields = seen.response.headers.iter();
        let in_header = fields.find(|(name, field)| injected(name) || find(field, value.as_bytes()));
        let finding = in_header.map(|(name, _)| {
            let actual = format!("the value in header `{}`", printable(name, 60));
            Finding::new(context, clause, place, "no input in a header", actual)
        });
        judgement.test(clause, finding);
        if seen.format == Format::Xml && value.contains('<') {
            let raw = find(&seen.response.body, value.as_bytes());
            let inside =
                seen.document().as_ref().is_ok_and(|document| document.value().to_string().contains(&json_text(value)));
            let finding = (raw && !inside)
                .then(|| Finding::new(context, clause, place, "input escaped in XML", "the value unescaped in XML"));
            judgement.test(clause, finding);
        }
    }
}

/// Whether a text that comes back can only have come from the input: not one that a server has words like.
fn is_telling(value: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric();
    value.len() >= 8 && value.contains(plain) && value.contains(|c: char| !plain(c) && c != '-')
}

/// The value as it stands inside JSON text: a value that came back as data, and not as markup, is found so.
fn json_text(value: &str) -> String {
    let quoted = Value::String(value.to_owned()).to_string();
    quoted[1..quoted.len() - 1].to_owned()
}

fn find(haystack: &[u8], needle: &[u8]) -> bool {
    !needle.is_empty() && memchr::memmem::find(haystack, needle).is_some()
}

#[cfg(test)]
mod tests {
    use super::super::sample::{self, ID, answer, broken};
    use super::*;
    use crate::http::Response;

    #[test]
    fn only_what_can_have_come_from_the_input_is_reflection() {
        let reflected = "rpc/robust/no-reflection";
        let header = |value: &str| {
            let mut response = sample::not_found();
            response.headers.push("x-debug", value);
            response
        };
        let xml = |message: &str| {
            answer(
                404,
                format!(
                    "<Error><RequestId>{ID}</RequestId><HostId>h</HostId><Code>InvalidSessionId.NotFound</Code>\
                     <Message>{message}</Message></Error>"
                ),
            )
        };
        let injected = {
            let mut response = sample::not_found();
            response.headers.push("X-Endspec-Injected", "1");
            response
        };
        let markup = "s-1</Message><endspec>&amp;</endspec>";
        let rows: [(&str, &str, Response, &[&str]); 12] = [
            ("not at all", "../../../../etc/passwd", sample::not_found(), &[]),
            ("in a header", "../../../../etc/passwd", header("is ../../../../etc/passwd"), &[reflected]),
            ("as a header", "s-1\r\nX-Endspec-Injected: 1", injected, &[reflected]),
            ("a short value", "-1", header("max-age=-1"), &[]),
            ("a plain region", "cn-hangzhou", header("cn-hangzhou"), &[]),
            ("a plain id", "s-hz023od0x9abcd", header("s-hz023od0x9abcd"), &[]),
            ("a line of marks", "___________", header("____________________"), &[]),
            ("its first line alone", "s-hz023od0\r\nx: 1", header("s-hz023od0"), &[]),
            ("raw in XML", "a<b>c</b>", xml("no a<b>c</b>"), &[reflected]),
            ("escaped in XML", markup, xml("no s-1&lt;/Message&gt;&lt;endspec&gt;&amp;amp;&lt;/endspec&gt;"), &[]),
            ("as data in XML", "s-1<script>x</script>", xml("<![CDATA[no s-1<script>x</script>]]>"), &[]),
            ("breaking the XML", "s-1<b \"']]>", xml("no s-1<b \"']]>"), &[reflected]),
        ];
        for (name, value, response, expected) in rows {
            let judgement = sample::judged("EndTerminalSession", &response, |place, seen, judgement| {
                let mutation = sample::mutation("x", "end/session/malformed", value, &[]);
                let record =
                    super::super::Record { mutation: mutation.map(std::sync::Arc::new), ..place.record.clone() };
                judge(sample::context(), Place { record: &record, ..place }, seen, judgement);
            });
            assert_eq!(broken(&judgement), expected, "{name}");
        }
    }
}
