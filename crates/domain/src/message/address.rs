//! Web addresses in the words of a template. Owns which may stand there; never whether any may.

use super::characters;
use super::origin::Origin;

const SCHEME: &str = "https://";
/// What may open a word before an address, and what may end it behind one: no phone takes these for a part of it.
const OPENING: [char; 6] = ['(', '[', '<', '"', '\'', '“'];
const CLOSING: [char; 13] = ['.', ',', ';', ':', '!', '?', ')', ']', '>', '"', '\'', '”', '।'];

/// Whether every web address in the text is `https://`, the host of one of these origins, and perhaps a path.
///
/// Only the application's own hosts, because whoever writes a template is not always whom the phone's owner trusts. No
/// port and no user name, which make a link look like another; no placeholder, because a code in an address is told to
/// every proxy and log on its way; no `#`, so that the line for `WebOTP` is never looked for in it.
pub(super) fn all_within(text: &str, origins: &[Origin]) -> bool {
    text.split(char::is_whitespace)
        .filter(|word| characters::has_address(word))
        .all(|word| is_within(word, origins))
}

fn is_within(word: &str, origins: &[Origin]) -> bool {
    let word = word.trim_start_matches(OPENING).trim_end_matches(CLOSING);
    let Some(rest) = word.strip_prefix(SCHEME) else { return false };
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let in_path = |byte: u8| byte.is_ascii_alphanumeric() || b"/-._~%?&=+".contains(&byte);
    origins.iter().any(|origin| origin.host() == host) && path.bytes().all(in_path)
}
