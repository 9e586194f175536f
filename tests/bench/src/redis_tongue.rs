//! What a client says to Redis (RESP): commands.

use crate::relay::Tongue;

/// A command with its arguments.
pub(crate) type Command = Vec<Vec<u8>>;

/// One connection: the command that is not complete yet.
#[derive(Default)]
pub(crate) struct RedisTongue {
    pending: Vec<u8>,
}

impl Tongue for RedisTongue {
    type Word = Command;

    fn hear(&mut self, bytes: &[u8], words: &mut Vec<Command>) {
        self.pending.extend_from_slice(bytes);
        while let Some((command, used)) = command(&self.pending) {
            self.pending.drain(..used);
            words.push(command);
        }
    }
}

/// The command at the front, if it is whole, and how long it is.
fn command(bytes: &[u8]) -> Option<(Command, usize)> {
    let mut rest = bytes;
    let count = number(&mut rest, b'*')?;
    let mut arguments = Vec::new();
    for _ in 0..count {
        let length = number(&mut rest, b'$')?;
        let (argument, behind) = rest.split_at_checked(length)?;
        arguments.push(argument.to_vec());
        rest = behind.get(2..)?;
    }
    Some((arguments, bytes.len() - rest.len()))
}

/// A line of a mark and a number.
fn number(rest: &mut &[u8], mark: u8) -> Option<usize> {
    let end = rest.iter().position(|byte| *byte == b'\n')?;
    let (line, behind) = rest.split_at_checked(end + 1)?;
    let digits = line.strip_prefix(&[mark])?.strip_suffix(b"\r\n")?;
    *rest = behind;
    std::str::from_utf8(digits).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_told_however_they_are_cut() {
        let said = b"*2\r\n$3\r\nGET\r\n$4\r\n\r\n\0a\r\n*1\r\n$4\r\nPING\r\n";
        let mut tongue = RedisTongue::default();
        let mut words = Vec::new();
        for byte in said {
            tongue.hear(&[*byte], &mut words);
        }
        assert_eq!(words, [vec![b"GET".to_vec(), b"\r\n\0a".to_vec()], vec![b"PING".to_vec()]]);
    }
}
