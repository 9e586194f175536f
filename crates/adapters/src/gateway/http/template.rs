//! Templates: texts in which `{to}`, `{text}` and the like stand for something else. Owns how they are read and filled in;
//! what is filled in is encoded by whoever puts it into a form, into JSON or into a header.

use std::collections::BTreeMap;

use domain::ports::Sms;
use zeroize::Zeroizing;

use super::fault::HttpGatewayProblem;
use super::secret::GatewaySecret;

/// What a template may hold, as far as it never changes.
pub(super) struct Words<'a> {
    pub(super) sender: &'a str,
    pub(super) secret: Option<&'a GatewaySecret>,
    pub(super) secrets: &'a BTreeMap<String, GatewaySecret>,
}

/// Where a template stands.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Stands {
    /// In the body of a send.
    InBody,
    /// Anywhere else, where others may log it.
    Beside,
}

/// What is only known when an SMS is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Slot {
    To,
    ToDigits,
    ToNational,
    Text,
    Id,
}

impl Slot {
    const ALL: [Self; 5] = [Self::To, Self::ToDigits, Self::ToNational, Self::Text, Self::Id];

    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::To => "to",
            Self::ToDigits => "to_digits",
            Self::ToNational => "to_national",
            Self::Text => "text",
            Self::Id => "id",
        }
    }

    /// Whether it stands for the phone.
    pub(super) const fn is_phone(self) -> bool {
        match self {
            Self::To | Self::ToDigits | Self::ToNational => true,
            Self::Text | Self::Id => false,
        }
    }
}

/// What the slots of one attempt are filled with.
pub(super) struct Filling<'a> {
    to: Zeroizing<String>,
    national: Zeroizing<String>,
    text: &'a str,
    id: &'a str,
}

impl<'a> Filling<'a> {
    /// For an SMS, and the id of the attempt.
    pub(super) fn of(sms: &'a Sms, id: &'a str) -> Self {
        let national = sms.to.nepal_subscriber().unwrap_or_default();
        Self {
            to: Zeroizing::new(sms.to.e164()),
            national: Zeroizing::new(national),
            text: sms.text.as_str(),
            id,
        }
    }

    /// For what is no send: only the id.
    pub(super) fn beside(id: &'a str) -> Self {
        Self { to: Zeroizing::default(), national: Zeroizing::default(), text: "", id }
    }

    fn get(&self, slot: Slot) -> &str {
        match slot {
            Slot::To => &self.to,
            Slot::ToDigits => self.to.trim_start_matches('+'),
            Slot::ToNational => &self.national,
            Slot::Text => self.text,
            Slot::Id => self.id,
        }
    }
}

/// A template, read. Secrets and sender are in it already, so that it has no `Debug`.
pub(super) struct Template(Vec<Piece>);

enum Piece {
    Fixed(Zeroizing<String>),
    Slot(Slot),
}

impl Template {
    /// Reads a template.
    pub(super) fn parse(text: &str, words: &Words<'_>, stands: Stands) -> Result<Self, HttpGatewayProblem> {
        let mut template = Self(Vec::new());
        let mut rest = text;
        while let Some(at) = rest.find(['{', '}']) {
            let (before, brace) = rest.split_at(at);
            template.push(before);
            let opens = brace.starts_with('{');
            if brace.starts_with("{{") || brace.starts_with("}}") {
                template.push(if opens { "{" } else { "}" });
                rest = brace.get(2..).unwrap_or_default();
                continue;
            }
            let inside = brace.strip_prefix('{').and_then(|inside| inside.split_once('}'));
            let (name, after) = inside.ok_or(HttpGatewayProblem::Brace)?;
            if name.contains('{') {
                return Err(HttpGatewayProblem::Brace);
            }
            template.take(name, words, stands)?;
            rest = after;
        }
        template.push(rest);
        Ok(template)
    }

    fn take(&mut self, name: &str, words: &Words<'_>, stands: Stands) -> Result<(), HttpGatewayProblem> {
        if let Some(slot) = Slot::ALL.into_iter().find(|slot| slot.as_str() == name) {
            if stands == Stands::Beside && slot != Slot::Id {
                return Err(HttpGatewayProblem::PlaceholderHere { name: slot.as_str() });
            }
            self.0.push(Piece::Slot(slot));
            return Ok(());
        }
        let secret = match name {
            "sender" if words.sender.is_empty() => return Err(HttpGatewayProblem::NoSender),
            "sender" => {
                self.push(words.sender);
                return Ok(());
            }
            "secret" => words.secret,
            other => {
                let name = other.strip_prefix("secret.").ok_or(HttpGatewayProblem::Placeholder)?;
                words.secrets.get(name)
            }
        };
        self.push(secret.ok_or(HttpGatewayProblem::NoSecret)?.reveal());
        Ok(())
    }

    fn push(&mut self, text: &str) {
        if !text.is_empty() {
            self.0.push(Piece::Fixed(Zeroizing::new(text.to_owned())));
        }
    }

    /// What has to be filled in.
    pub(super) fn slots(&self) -> impl Iterator<Item = Slot> {
        self.0.iter().filter_map(|piece| match piece {
            Piece::Fixed(_) => None,
            Piece::Slot(slot) => Some(*slot),
        })
    }

    /// Fills the slots in.
    pub(super) fn fill(&self, filling: &Filling<'_>) -> Zeroizing<String> {
        // Measured first: a buffer that grew would leave copies of the code behind in freed memory.
        let mut text = Zeroizing::new(String::with_capacity(self.bytes(filling)));
        for part in self.parts(filling) {
            text.push_str(part);
        }
        text
    }

    /// How long it is, filled in.
    pub(super) fn bytes(&self, filling: &Filling<'_>) -> usize {
        self.parts(filling).map(str::len).sum()
    }

    fn parts<'a>(&'a self, filling: &'a Filling<'_>) -> impl Iterator<Item = &'a str> {
        self.0.iter().map(|piece| match piece {
            Piece::Fixed(text) => text.as_str(),
            Piece::Slot(slot) => filling.get(*slot),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str, stands: Stands) -> Result<String, HttpGatewayProblem> {
        let secret: GatewaySecret = "s3".into();
        let secrets = BTreeMap::from([("key_1".to_owned(), GatewaySecret::from("k1"))]);
        let words = Words { sender: "Example", secret: Some(&secret), secrets: &secrets };
        let filling = Filling {
            to: Zeroizing::new("+9779841234567".to_owned()),
            national: Zeroizing::new("9841234567".to_owned()),
            text: "042137 {to} is your code",
            id: "0-1",
        };
        Ok(Template::parse(text, &words, stands)?.fill(&filling).to_string())
    }

    #[test]
    fn placeholders_stand_for_what_is_sent() {
        for (template, text) in [
            ("", ""),
            ("plain", "plain"),
            ("{to}", "+9779841234567"),
            ("{to_digits},{to_national}", "9779841234567,9841234567"),
            ("<{text}>", "<042137 {to} is your code>"),
            ("{sender} {secret} {secret.key_1} {id}", "Example s3 k1 0-1"),
            ("{{to}} }}{{ {{{to}}}", "{to} }{ {+9779841234567}"),
        ] {
            assert_eq!(parse(template, Stands::InBody).as_deref(), Ok(text), "{template}");
        }
    }

    #[test]
    fn what_is_filled_in_is_no_template() {
        assert_eq!(parse("{text}", Stands::InBody).unwrap(), "042137 {to} is your code");
    }

    #[test]
    fn what_is_no_template_is_told_apart() {
        for (template, problem) in [
            ("{", HttpGatewayProblem::Brace),
            ("}", HttpGatewayProblem::Brace),
            ("{to", HttpGatewayProblem::Brace),
            ("to}", HttpGatewayProblem::Brace),
            ("{to{text}}", HttpGatewayProblem::Brace),
            ("{to}}", HttpGatewayProblem::Brace),
            ("{}", HttpGatewayProblem::Placeholder),
            ("{ to }", HttpGatewayProblem::Placeholder),
            ("{TO}", HttpGatewayProblem::Placeholder),
            ("{code}", HttpGatewayProblem::Placeholder),
            ("{secrets.key_1}", HttpGatewayProblem::Placeholder),
            ("{secret.}", HttpGatewayProblem::NoSecret),
            ("{secret.other}", HttpGatewayProblem::NoSecret),
        ] {
            assert_eq!(parse(template, Stands::InBody), Err(problem), "{template}");
        }
    }

    #[test]
    fn phone_and_text_stand_in_the_body_only() {
        for name in ["to", "to_digits", "to_national", "text"] {
            let problem = parse(&format!("{{{name}}}"), Stands::Beside).unwrap_err();
            assert!(problem.to_string().contains(name), "{problem}");
        }
        assert_eq!(parse("{secret} {id} {sender}", Stands::Beside).as_deref(), Ok("s3 0-1 Example"));
    }
}
