//! The parameters of a call, read as the settings read repeated and empty ones.

use std::collections::BTreeMap;

use super::answer::Problem;
use super::problem;
use super::settings::{EmptyParameter, Readings, RepeatedParameter};
use crate::wire::Incoming;

/// The parameters of one call.
#[derive(Debug, Clone, Copy)]
pub struct Given<'a> {
    incoming: &'a Incoming<'a>,
    readings: Readings,
}

impl<'a> Given<'a> {
    /// The parameters of `incoming`.
    pub fn new(incoming: &'a Incoming<'a>, readings: Readings) -> Given<'a> {
        Given { incoming, readings }
    }

    /// The value, as it was sent.
    ///
    /// # Errors
    /// A [`Problem`] for a parameter that stands twice, where that is refused.
    pub fn value(&self, name: &'static str) -> Result<Option<&'a str>, Problem> {
        pick(self.incoming.parameters().filter(|(n, _)| *n == name).map(|(_, value)| value), self.readings)
            .ok_or_else(|| problem::not_valid(name))
    }

    /// The value of a parameter that may be left out or empty; clients send what their users left unset as empty.
    ///
    /// # Errors
    /// As [`Given::value`].
    pub fn optional(&self, name: &'static str) -> Result<Option<&'a str>, Problem> {
        Ok(self.value(name)?.filter(|value| !value.is_empty()))
    }

    /// The value of a parameter that must be there; empty where the reading takes that for an unknown value.
    ///
    /// # Errors
    /// As [`Given::value`], and where it is missing.
    pub fn required(&self, name: &'static str) -> Result<&'a str, Problem> {
        let missing = || problem::missing(name, self.readings.missing_code);
        let value = self.value(name)?.ok_or_else(missing)?;
        match self.readings.empty_parameter {
            EmptyParameter::Missing if value.is_empty() => Err(missing()),
            EmptyParameter::Missing | EmptyParameter::NotFound => Ok(value),
        }
    }

    /// The values of `name.1`, `name.2`, ... by number, gaps closed, empty ones left out.
    ///
    /// # Errors
    /// As [`Given::value`].
    pub fn numbered(&self, name: &'static str) -> Result<Vec<&'a str>, Problem> {
        let mut values: BTreeMap<u32, Vec<&str>> = BTreeMap::new();
        for (written, value) in self.incoming.parameters() {
            let number = written.strip_prefix(name).and_then(|rest| rest.strip_prefix('.'));
            if let Some(number) = number.and_then(number_of) {
                values.entry(number).or_default().push(value);
            }
        }
        let mut picked = Vec::with_capacity(values.len());
        for same in values.into_values() {
            picked.extend(pick(same.into_iter(), self.readings).ok_or_else(|| problem::not_valid(name))?);
        }
        picked.retain(|value| !value.is_empty());
        Ok(picked)
    }
}

/// `None` when there are several and that is refused.
fn pick<'a>(mut values: impl Iterator<Item = &'a str>, readings: Readings) -> Option<Option<&'a str>> {
    let Some(first) = values.next() else { return Some(None) };
    match (readings.repeated_parameter, values.last()) {
        (RepeatedParameter::First, _) | (_, None) => Some(Some(first)),
        (RepeatedParameter::Last, Some(last)) => Some(Some(last)),
        (RepeatedParameter::Refused, Some(_)) => None,
    }
}

fn number_of(text: &str) -> Option<u32> {
    text.parse().ok().filter(|number: &u32| *number > 0 && number.to_string() == text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::{Headers, Request};

    fn given<T>(query: &str, readings: Readings, look: impl FnOnce(Given<'_>) -> T) -> T {
        let target = format!("/?{query}");
        let request = Request { method: "GET".to_owned(), target, headers: Headers::new(), body: Vec::new() };
        let incoming = Incoming::parse(&request).unwrap();
        look(Given::new(&incoming, readings))
    }

    #[test]
    fn a_repeated_parameter_is_read_as_set() {
        let default = Readings::default();
        let rows = [
            ("first", RepeatedParameter::First, Ok(Some("a"))),
            ("last", RepeatedParameter::Last, Ok(Some("c"))),
            ("refused", RepeatedParameter::Refused, Err(problem::not_valid("X"))),
        ];
        for (name, repeated_parameter, expected) in rows {
            let readings = Readings { repeated_parameter, ..default };
            let value = |given: Given<'_>| given.value("X").map(|value| value.map(str::to_owned));
            let expected = expected.map(|value: Option<&str>| value.map(str::to_owned));
            assert_eq!(given("X=a&X=b&Y=1&X=c", readings, value), expected, "{name}");
            assert_eq!(given("X=a", readings, value), Ok(Some("a".to_owned())), "{name}, once");
        }
    }

    #[test]
    fn an_empty_required_parameter_is_read_as_set() {
        let missing = Readings::default();
        assert_eq!(given("X=", missing, |g| g.required("X").unwrap_err().code), "MissingParameter");
        let unknown = Readings { empty_parameter: EmptyParameter::NotFound, ..missing };
        assert_eq!(given("X=", unknown, |g| g.required("X").map(str::to_owned)), Ok(String::new()));
        assert_eq!(given("", unknown, |g| g.required("X").unwrap_err().code), "MissingParameter");
    }

    #[test]
    fn numbered_parameters_are_taken_by_number() {
        let query = "I.10=c&I.2=b&I.1=a&I.3=&I.0=x&I.01=x&I.x=x&I=x&I.1.2=x&J.1=x";
        let values = |g: Given<'_>| g.numbered("I").unwrap().join(",");
        assert_eq!(given(query, Readings::default(), values), "a,b,c");
    }
}
