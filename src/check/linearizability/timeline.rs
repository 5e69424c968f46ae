//! Timelines: operations drawn as bars over time, a row a client.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use super::Operation;
use crate::clock::Moment;

/// Columns that a timeline takes at most.
const WIDTH: usize = 100;
/// Operations that are drawn at most; a violation has three.
const DRAWN: usize = 60;

/// When a bar begins or ends; of equal moments the beginnings come first, since such operations overlap.
type Point = (Moment, Edge);

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Edge {
    Begin,
    End,
}

/// Draws operations on a common scale of milliseconds since the first, at most 100 columns wide; bars keep their order and
/// stand in proportion where there is room. A bar that ends in `?` never returned. What does not fit is counted.
pub fn timeline(history: &[Operation]) -> String {
    let mut order: Vec<&Operation> = history.iter().collect();
    order.sort_by_key(|operation| (operation.invoked, operation.client, end(operation)));
    order.truncate(DRAWN);
    let mut rows = Rows::of(&order);
    while rows.width() > WIDTH && order.len() > 1 {
        order.pop();
        rows = Rows::of(&order);
    }
    rows.stretch();
    let mut text = rows.draw();
    let left = history.len() - order.len();
    if left > 0 {
        let _ = writeln!(text, "and {left} more");
    }
    text
}

/// When an operation's bar ends, if that is known.
fn end(operation: &Operation) -> Option<Point> {
    operation.returned.map(|returned| (returned.max(operation.invoked), Edge::End))
}

fn begin(operation: &Operation) -> Point {
    (operation.invoked, Edge::Begin)
}

/// Columns from the first to the last of the shortest bar of an operation: `|-End ok-|`.
fn shortest(operation: &Operation) -> usize {
    operation.label().len() + 3
}

/// Operations on their rows, and the column of every point in time.
struct Rows<'a> {
    /// By client; a client that does several things at once gets several rows.
    rows: Vec<(usize, Vec<&'a Operation>)>,
    columns: BTreeMap<Point, usize>,
    gutter: usize,
}

impl<'a> Rows<'a> {
    fn of(order: &[&'a Operation]) -> Rows<'a> {
        let mut rows: Vec<(usize, Vec<&Operation>)> = Vec::new();
        for operation in order {
            let free = |row: &&mut (usize, Vec<&Operation>)| {
                let before = row.1.last().and_then(|last| end(last));
                row.0 == operation.client && before.is_none_or(|before| before < begin(operation))
            };
            match rows.iter_mut().find(free) {
                Some((_, row)) => row.push(operation),
                None => rows.push((operation.client, vec![operation])),
            }
        }
        rows.sort_by_key(|(client, _)| *client);
        let gutter = rows.iter().map(|(client, _)| name(*client).len() + 2).max().unwrap_or(0);
        let columns = narrowest(&rows);
        Rows { rows, columns, gutter }
    }

    /// First and last column of a bar, counted from the gutter.
    fn bar(&self, operation: &Operation) -> (usize, usize) {
        let from = self.columns[&begin(operation)];
        (from, end(operation).map_or(from + shortest(operation), |end| self.columns[&end]))
    }

    fn width(&self) -> usize {
        let bars = self.rows.iter().flat_map(|(_, row)| row);
        self.gutter + bars.map(|operation| self.bar(operation).1 + 1).max().unwrap_or(0)
    }

    /// Hands out the columns that are left in proportion to time.
    fn stretch(&mut self) {
        let spare = WIDTH.saturating_sub(self.width());
        let (Some((first, _)), Some((last, _))) = (self.columns.first_key_value(), self.columns.last_key_value())
        else {
            return;
        };
        let (first, length) = (first.0, u128::from(last.0.0 - first.0.0).max(1));
        for ((moment, _), column) in &mut self.columns {
            let share = spare as u128 * u128::from(moment.0 - first.0) / length;
            *column += usize::try_from(share).unwrap_or(0);
        }
    }

    fn draw(&self) -> String {
        let mut text = String::new();
        let mut before = None;
        for (client, row) in &self.rows {
            let mut line = if before == Some(client) { String::new() } else { name(*client) };
            before = Some(client);
            for operation in row {
                let (from, to) = self.bar(operation);
                pad(&mut line, self.gutter + from);
                let dashes = to - from - 1 - operation.label().len();
                let (left, right) = ("-".repeat(dashes / 2), "-".repeat(dashes.div_ceil(2)));
                let edge = if operation.is_lost() { '?' } else { '|' };
                let _ = write!(line, "|{left}{}{right}{edge}", operation.label());
            }
            let _ = writeln!(text, "{line}");
        }
        if !self.rows.is_empty() {
            let _ = writeln!(text, "{}", self.scale());
        }
        text
    }

    /// Milliseconds since the first beginning, under as many of the points as have room.
    fn scale(&self) -> String {
        let mut line = "ms".to_owned();
        let zero = self.columns.first_key_value().map_or(0, |((first, _), _)| first.0);
        for ((moment, _), column) in &self.columns {
            let mark = milliseconds(moment.0 - zero);
            let at = (self.gutter + column).min(WIDTH.saturating_sub(mark.len()));
            if at >= self.gutter && (line.len() < at || line == "ms") {
                pad(&mut line, at);
                line.push_str(&mark);
            }
        }
        line
    }
}

/// The narrowest columns that keep points in order and give every bar room for its label.
fn narrowest(rows: &[(usize, Vec<&Operation>)]) -> BTreeMap<Point, usize> {
    let operations = || rows.iter().flat_map(|(_, row)| row);
    let points: BTreeSet<Point> = operations().flat_map(|o| end(o).into_iter().chain([begin(o)])).collect();
    let mut columns: BTreeMap<Point, usize> = BTreeMap::new();
    for point in points {
        let mut column = columns.last_key_value().map_or(0, |(_, column)| column + 1);
        for operation in operations().filter(|operation| end(operation) == Some(point)) {
            column = column.max(columns[&begin(operation)] + shortest(operation));
        }
        for pair in rows.iter().flat_map(|(_, row)| row.windows(2)).filter(|pair| begin(pair[1]) == point) {
            let from = columns[&begin(pair[0])] + shortest(pair[0]);
            let to = end(pair[0]).map_or(from, |end| columns[&end]);
            column = column.max(to + 2);
        }
        columns.insert(point, column);
    }
    columns
}

fn name(client: usize) -> String {
    format!("client {client}")
}

fn pad(line: &mut String, width: usize) {
    while line.len() < width {
        line.push(' ');
    }
}

fn milliseconds(micros: u64) -> String {
    let text = format!("{}.{:03}", micros / 1_000, micros % 1_000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::linearizability::{Answer, Kind};
    use crate::check::{Observer, Sight};

    fn operation(client: usize, from: u64, to: Option<u64>, kind: Kind) -> Operation {
        Operation { client, kind, invoked: Moment(from), returned: to.map(Moment) }
    }

    #[test]
    fn bars_stand_on_a_common_scale_and_say_what_each_client_saw() {
        let history = [
            operation(0, 1_000_000, Some(1_012_500), Kind::Start),
            operation(0, 1_020_000, Some(1_050_000), Kind::End(Answer::Ok)),
            operation(1, 1_030_000, None, Kind::End(Answer::Unknown)),
            operation(1, 1_090_000, Some(1_101_250), Kind::Look(Observer::WebSocket, Sight::Open)),
            operation(2, 1_070_000, Some(1_070_000), Kind::Look(Observer::Describe, Sight::Closed)),
        ];
        assert_eq!(
            timeline(&history),
            "client 0  |--Start ok---|   |-----End ok------|\n\
             client 1                        |-End lost-?                                  |---WebSocket open---|\n\
             client 2                                             |-Describe closed-|\n\
             ms        0             12.5    30            50     70                70     90              101.25\n"
        );
    }

    #[test]
    fn what_does_not_fit_is_counted_and_no_line_is_too_long() {
        let history: Vec<Operation> = (0..500u64)
            .map(|n| operation(0, n * 7, Some(n * 7 + 3), Kind::End(Answer::NotFound)))
            .chain((0..500).map(|n| operation(n, 1, Some(4_000_000_000_000), Kind::Start)))
            .collect();
        let text = timeline(&history);
        assert!(text.lines().all(|line| line.len() <= WIDTH), "{text}");
        assert!(text.ends_with(" more\n"), "{text}");
        assert_eq!(timeline(&[]), "");
    }

    #[test]
    fn a_client_that_does_two_things_at_once_has_two_rows() {
        let ok = Kind::End(Answer::Ok);
        let text = timeline(&[operation(7, 0, Some(9), ok), operation(7, 3, Some(12), ok)]);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 3, "{text}");
        assert!(lines[0].starts_with("client 7  |-"), "{text}");
        assert!(
            lines[1].starts_with("           ") && lines[1].ends_with("End ok-------------------------------|"),
            "{text}"
        );
    }
}
