//! Values as they were given, by flag, environment or profile, and the mistakes in them.

use std::str::FromStr;
use std::time::Duration;

use super::args::NetworkArgs;
use crate::diagnostic::Diagnostic;
use crate::load::profile::Values;
use crate::source::Place;

/// One value, and where it came from.
#[derive(Debug, Clone)]
pub(super) struct Given {
    /// The value.
    pub text: String,
    key: &'static str,
    place: Option<Place>,
}

/// Where values are given, the nearest first: it goes before the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Layer {
    Flag,
    Environment,
    Profile,
}

impl Given {
    /// A mistake in it, at its place in the profile or by the name of its flag or variable.
    pub(super) fn wrong(&self, words: impl std::fmt::Display) -> Diagnostic {
        let key = self.key;
        match &self.place {
            Some(place) => Diagnostic::at("flag", format!("{key}: {words}"), place.clone()),
            None if is_in_environment(key, &self.text) => {
                Diagnostic::new("flag", format!("--{key} ({}): {words}", variable(key)))
            }
            None => Diagnostic::new("flag", format!("--{key}: {words}")),
        }
    }

    /// How near to the user it was given.
    pub(super) fn layer(&self, args: &NetworkArgs) -> Layer {
        match &self.place {
            Some(_) => Layer::Profile,
            None if args.written.contains(self.key) => Layer::Flag,
            None => Layer::Environment,
        }
    }

    /// Where it was given: `--auth v3`, `ENDSPEC_AUTH=v3`, `auth: v3` of a profile.
    pub(super) fn origin(&self) -> String {
        let (key, text) = (self.key, self.text.as_str());
        match &self.place {
            Some(place) => {
                let (line, _) = place.source.line_column(place.span.start);
                format!("`{key}: {text}` of {}:{line}", place.source.name)
            }
            None if is_in_environment(key, text) => format!("`{}={text}` of the environment", variable(key)),
            None => format!("`--{key} {text}`"),
        }
    }
}

/// The environment variable of a key.
fn variable(key: &str) -> String {
    format!("ENDSPEC_{}", key.to_ascii_uppercase().replace('-', "_"))
}

fn is_in_environment(key: &str, text: &str) -> bool {
    // Of a list each value is by itself.
    std::env::var(variable(key)).is_ok_and(|value| value == text || value.split(',').any(|one| one == text))
}

/// Takes one setting after the other, flag or environment before profile, noting mistakes.
pub(super) struct Taker<'a> {
    /// Values of the profile.
    pub values: &'a Values,
    /// What was wrong so far.
    pub mistakes: Vec<Diagnostic>,
}

impl<'a> Taker<'a> {
    /// Nothing taken yet.
    pub(super) fn new(values: &'a Values) -> Taker<'a> {
        Taker { values, mistakes: Vec::new() }
    }

    /// The value, empty or not.
    pub(super) fn raw(&self, flag: Option<&String>, key: &'static str) -> Option<Given> {
        let given = flag.map(|text| Given { text: text.clone(), key, place: None });
        given.or_else(|| {
            let text = self.values.text(key)?.to_owned();
            Some(Given { text, key, place: self.values.place(key) })
        })
    }

    /// The value; an empty one is none, as of a variable that is not set.
    pub(super) fn given(&self, flag: Option<&String>, key: &'static str) -> Option<Given> {
        self.raw(flag, key).filter(|given| !given.text.trim().is_empty())
    }

    /// The value's text.
    pub(super) fn text(&self, flag: Option<&String>, key: &'static str) -> Option<String> {
        self.given(flag, key).map(|given| given.text)
    }

    /// The values of a list, without empty ones.
    pub(super) fn list(&self, flag: &[String], key: &'static str) -> Vec<Given> {
        let (texts, place) = if flag.iter().any(|text| !text.is_empty()) {
            (flag.to_vec(), None)
        } else {
            (self.values.list(key), self.values.place(key))
        };
        let texts = texts.into_iter().filter(|text| !text.is_empty());
        texts.map(|text| Given { text, key, place: place.clone() }).collect()
    }

    /// A member of a mapping of the profile.
    pub(super) fn pair(&self, key: &'static str, name: &str) -> Given {
        Given { text: name.to_owned(), key, place: self.values.place_of(key, name) }
    }

    /// Notes a mistake.
    pub(super) fn mistake(&mut self, mistake: Diagnostic) {
        self.mistakes.push(mistake);
    }

    /// A value of a type that says itself what is wrong with a text.
    pub(super) fn parsed<T: FromStr<Err = String>>(&mut self, flag: Option<&String>, key: &'static str) -> Option<T> {
        let given = self.given(flag, key)?;
        given.text.parse().map_err(|error: String| self.mistakes.push(given.wrong(error))).ok()
    }

    /// A time.
    pub(super) fn duration(&mut self, flag: Option<&String>, key: &'static str) -> Option<Duration> {
        let given = self.given(flag, key)?;
        let seconds = format!("{}s", given.text.trim());
        if given.text.trim().parse::<f64>().is_ok() && duration(&seconds).is_ok() {
            let mistake = given.wrong(format!("the unit of `{}` is missing", given.text));
            self.mistakes.push(mistake.help(format!("write `{seconds}` for seconds; `ms` and `m` are units too")));
            return None;
        }
        duration(&given.text).map_err(|error| self.mistakes.push(given.wrong(error))).ok()
    }

    /// A whole number from 1 to `most`.
    pub(super) fn number(&mut self, flag: Option<&String>, key: &'static str, most: u64) -> Option<u64> {
        let given = self.given(flag, key)?;
        let number = given.text.trim().parse().ok().filter(|number| (1..=most).contains(number));
        if number.is_none() {
            let mistake = given.wrong(format!("`{}` is no number from 1 to {most}", given.text));
            self.mistake(mistake.help("write a whole number, such as 4"));
        }
        number
    }

    /// `true` or `false`.
    pub(super) fn switch(&mut self, flag: Option<&String>, key: &'static str) -> bool {
        match self.given(flag, key) {
            None => false,
            Some(given) => given.text.parse().unwrap_or_else(|_| {
                self.mistakes.push(given.wrong(format!("`{}` is neither true nor false", given.text)));
                false
            }),
        }
    }
}

/// Reads `500ms`, `5s`, `10m`.
fn duration(text: &str) -> Result<Duration, String> {
    let error = || format!("`{text}` is no time: write a number and ms, s or m, such as 500ms, up to 24 hours");
    let unit_at = text.find(|c: char| c.is_ascii_alphabetic()).ok_or_else(error)?;
    let (number, unit) = text.split_at(unit_at);
    let number: f64 = number.trim().parse().map_err(|_| error())?;
    let factor = match unit {
        "ms" => 0.001,
        "s" => 1.0,
        "m" => 60.0,
        _ => return Err(error()),
    };
    let seconds = number * factor;
    if (0.0..=86_400.0).contains(&seconds) { Ok(Duration::from_secs_f64(seconds)) } else { Err(error()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_with_their_unit() {
        for (text, millis) in [("500ms", 500), ("5s", 5_000), ("0s", 0), ("1.5s", 1_500), ("10m", 600_000)] {
            assert_eq!(duration(text), Ok(Duration::from_millis(millis)), "{text}");
        }
        for text in ["", "5", "s", "-1s", "5h", "1e9s", "nan s"] {
            assert!(duration(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_key_has_one_variable() {
        assert_eq!(variable("requests-per-second"), "ENDSPEC_REQUESTS_PER_SECOND");
    }
}
