//! What a client says to PostgreSQL (protocol 3.0): statements with their parameters.

use std::collections::HashMap;

use crate::relay::Tongue;

const SSL_REQUEST: u32 = 80_877_103;
const GSS_REQUEST: u32 = 80_877_104;

/// A statement that was executed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Statement {
    /// Its text.
    pub(crate) text: String,
    /// Its parameters, in order.
    pub(crate) parameters: Vec<Parameter>,
}

/// A parameter of a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Parameter {
    /// The OID of its type as the client named it; 0 when it left that to the server.
    pub(crate) type_id: u32,
    /// Whether the value is in the binary form of its type.
    pub(crate) binary: bool,
    /// The value; `None` is NULL.
    pub(crate) value: Option<Vec<u8>>,
}

/// One connection: what it has prepared, and the message that is not complete yet.
#[derive(Default)]
pub(crate) struct PostgresTongue {
    pending: Vec<u8>,
    started: bool,
    prepared: HashMap<Vec<u8>, (String, Vec<u32>)>,
}

impl Tongue for PostgresTongue {
    type Word = Statement;

    fn hear(&mut self, bytes: &[u8], words: &mut Vec<Statement>) {
        self.pending.extend_from_slice(bytes);
        loop {
            // The first messages have no letter.
            let letters = usize::from(self.started);
            let length = self.pending.get(letters..).and_then(|rest| Reader(rest).u32());
            let Some(end) = length.map(|length| letters + length as usize) else { return };
            if self.pending.len() < end {
                return;
            }
            let message: Vec<u8> = self.pending.drain(..end).collect();
            let (head, body) = message.split_at(letters + 4);
            if self.started {
                words.extend(self.message(head.first().copied().unwrap_or_default(), body));
            } else {
                let asked = Reader(body).u32();
                self.started = !matches!(asked, Some(SSL_REQUEST | GSS_REQUEST));
            }
        }
    }
}

impl PostgresTongue {
    /// A message; the statement if it executes one.
    fn message(&mut self, kind: u8, body: &[u8]) -> Option<Statement> {
        let mut body = Reader(body);
        match kind {
            b'Q' => Some(Statement { text: text(body.zero_ended()?), parameters: Vec::new() }),
            b'P' => {
                let (name, statement) = (body.zero_ended()?.to_vec(), text(body.zero_ended()?));
                let types = body.list(Reader::u32)?;
                self.prepared.insert(name, (statement, types));
                None
            }
            b'B' => {
                let _portal = body.zero_ended()?;
                let (text, types) = self.prepared.get(body.zero_ended()?)?.clone();
                let formats = body.list(Reader::u16)?;
                let values = body.list(Reader::value)?;
                // One format is for all of them, none is text.
                let format = |at: usize| formats.get(at).or(formats.first()).copied().unwrap_or_default();
                let parameter = |(at, value): (usize, Option<Vec<u8>>)| Parameter {
                    type_id: types.get(at).copied().unwrap_or_default(),
                    binary: format(at) == 1,
                    value,
                };
                let parameters = values.into_iter().enumerate().map(parameter).collect();
                Some(Statement { text, parameters })
            }
            // Passwords, ends, and what belongs to a statement that is told already.
            _ => None,
        }
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Reads from the front.
pub(crate) struct Reader<'a>(pub(crate) &'a [u8]);

impl<'a> Reader<'a> {
    pub(crate) fn bytes(&mut self, count: usize) -> Option<&'a [u8]> {
        let (bytes, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(bytes)
    }

    pub(crate) fn u32(&mut self) -> Option<u32> {
        Some(u32::from_be_bytes(self.bytes(4)?.try_into().ok()?))
    }

    fn u16(&mut self) -> Option<u16> {
        Some(u16::from_be_bytes(self.bytes(2)?.try_into().ok()?))
    }

    /// A value with its length before it, where -1 is NULL.
    #[expect(clippy::option_option, reason = "a NULL that is there is not the end of the message")]
    pub(crate) fn value(&mut self) -> Option<Option<Vec<u8>>> {
        match self.u32()? {
            u32::MAX => Some(None),
            length => Some(Some(self.bytes(length as usize)?.to_vec())),
        }
    }

    fn zero_ended(&mut self) -> Option<&'a [u8]> {
        let end = self.0.iter().position(|byte| *byte == 0)?;
        let bytes = self.bytes(end)?;
        self.bytes(1)?;
        Some(bytes)
    }

    fn list<T>(&mut self, mut item: impl FnMut(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        let count = self.u16()?;
        (0..count).map(|_| item(self)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(kind: &[u8], body: &[&[u8]]) -> Vec<u8> {
        let body = body.concat();
        let length = u32::try_from(body.len() + 4).unwrap().to_be_bytes();
        [kind, &length, &body].concat()
    }

    #[test]
    fn a_prepared_statement_is_told_with_its_parameters() {
        let said = [
            message(b"", &[&SSL_REQUEST.to_be_bytes()]),
            message(b"", &[&[0, 3, 0, 0], b"user\0ram\0\0"]),
            message(b"p", &[b"password\0"]),
            message(b"P", &[b"s1\0SELECT $1, $2\0", &[0, 2], &20_u32.to_be_bytes(), &25_u32.to_be_bytes()]),
            message(b"S", &[]),
            message(
                b"B",
                &[b"\0s1\0", &[0, 1, 0, 1], &[0, 2], &[0, 0, 0, 8], &7_i64.to_be_bytes(), &[255; 4], &[0, 0]],
            ),
            message(b"Q", &[b"COMMIT\0"]),
        ]
        .concat();
        let mut tongue = PostgresTongue::default();
        let mut words = Vec::new();
        // However it is cut.
        for byte in said {
            tongue.hear(&[byte], &mut words);
        }
        let seven = Parameter { type_id: 20, binary: true, value: Some(7_i64.to_be_bytes().to_vec()) };
        let null = Parameter { type_id: 25, binary: true, value: None };
        assert_eq!(
            words,
            [
                Statement { text: "SELECT $1, $2".into(), parameters: vec![seven, null] },
                Statement { text: "COMMIT".into(), parameters: vec![] },
            ]
        );
    }
}
