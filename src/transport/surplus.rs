//! What comes on a connection after the end of an answer: whose it is, and what is wrong with it.

use super::answer::{End, Reader};
use crate::http::{Cause, FramingFault, Response};

/// What bytes after the end of an answer are; `None` for none.
pub fn surplus_fault(bytes: &[u8]) -> Option<FramingFault> {
    match bytes {
        [] => None,
        bytes if bytes.starts_with(b"HTTP/") => Some(FramingFault::SecondAnswer),
        bytes => Some(FramingFault::Trailing(bytes.len())),
    }
}

/// Tells apart what came on a connection after a first answer: faults of the first, and the answer to the second
/// request.
///
/// `before` of the `bytes` came before that second request was sent.
pub fn second_answer(
    bytes: &[u8],
    before: usize,
    method: &str,
    end: End,
) -> (Vec<FramingFault>, Result<Response, Cause>) {
    let mut first = Vec::new();
    let mut trailing = 0;
    let mut rest = bytes;
    loop {
        let early = before.saturating_sub(bytes.len() - rest.len());
        let start = rest.windows(7).position(|seven| seven == b"HTTP/1.");
        // Garbage that came late and is followed by no answer is itself the answer to the second request.
        let garbage = start.unwrap_or(early);
        trailing += garbage;
        rest = &rest[garbage..];
        if early <= garbage {
            break;
        }
        first.push(FramingFault::SecondAnswer);
        let mut reader = Reader::new("GET");
        reader.push(rest);
        let after = reader.surplus().len();
        if after == 0 {
            rest = &[];
            break;
        }
        rest = &rest[rest.len() - after..];
    }
    if trailing > 0 {
        first.push(FramingFault::Trailing(trailing));
    }
    first.dedup();
    let mut reader = Reader::new(method);
    reader.push(rest);
    let (result, surplus) = reader.finish(end);
    let result = result.map(|mut response| {
        response.framing.extend(surplus_fault(&surplus));
        response
    });
    (first, result)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::CauseKind;
    use FramingFault::{SecondAnswer, Trailing};

    #[test]
    fn what_follows_a_first_answer_is_told_apart() {
        const A: &str = "HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\na";
        const B: &str = "HTTP/1.1 201 OK\r\ncontent-length: 1\r\n\r\nb";
        type Second = Result<(u16, Vec<FramingFault>), CauseKind>;
        let rows: Vec<(&str, String, usize, Vec<FramingFault>, Second)> = vec![
            ("the answer alone", B.to_owned(), 0, vec![], Ok((201, vec![]))),
            ("nothing", String::new(), 0, vec![], Err(CauseKind::Closed)),
            ("garbage, late", format!("xx{B}"), 0, vec![Trailing(2)], Ok((201, vec![]))),
            ("garbage, early", format!("xx{B}"), 2, vec![Trailing(2)], Ok((201, vec![]))),
            ("garbage in two parts", format!("xx{B}"), 1, vec![Trailing(2)], Ok((201, vec![]))),
            ("garbage, early, and nothing", "xx".to_owned(), 2, vec![Trailing(2)], Err(CauseKind::Closed)),
            ("garbage, late, and nothing", "xx".to_owned(), 0, vec![], Err(CauseKind::NotHttp)),
            ("an answer too many, early", format!("{A}{B}"), A.len(), vec![SecondAnswer], Ok((201, vec![]))),
            ("an answer too many, half of it early", format!("{A}{B}"), 9, vec![SecondAnswer], Ok((201, vec![]))),
            ("an answer too many, late", format!("{B}{A}"), 0, vec![], Ok((201, vec![SecondAnswer]))),
            ("two too many", format!("{A}{A}{B}"), 2 * A.len(), vec![SecondAnswer], Ok((201, vec![]))),
            ("both doubled", format!("{A}{B}{B}"), A.len(), vec![SecondAnswer], Ok((201, vec![SecondAnswer]))),
            ("garbage at the end", format!("{B}yyy"), 0, vec![], Ok((201, vec![Trailing(3)]))),
            ("only one too many", A.to_owned(), A.len(), vec![SecondAnswer], Err(CauseKind::Closed)),
        ];
        for (name, bytes, before, faults, second) in rows {
            let (first, result) = second_answer(bytes.as_bytes(), before, "GET", End::Closed);
            assert_eq!(first, faults, "{name}");
            assert_eq!(result.map(|r| (r.status, r.framing)).map_err(|cause| cause.kind), second, "{name}");
        }
    }
}
