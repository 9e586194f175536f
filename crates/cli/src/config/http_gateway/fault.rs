//! From what a described gateway says is wrong with its settings to the keys by which it is mended. Owns that every key that
//! is named exists: the gateway knows the fields of its settings only.

use adapters::gateway::http::HttpGatewayProblem;

use super::super::section::Section;

/// Notes what is wrong with the setting of this name, and where in it.
pub(super) fn note(section: &mut Section<'_>, setting: &str, at: &str, problem: &HttpGatewayProblem) {
    let (key, at) = place(section, setting, at, problem);
    let at = if at.is_empty() { String::new() } else { format!("{at} ") };
    let words = problem.to_string().replace("`basic_auth_", &format!("`{}.basic_auth_", section.prefix()));
    let hint = hint(section, problem);
    section.fault(&key, format!("{at}{words}{hint}"));
}

/// The key, and where in its value.
fn place<'a>(
    section: &Section<'_>,
    setting: &str,
    at: &'a str,
    problem: &HttpGatewayProblem,
) -> (String, &'a str) {
    let user = matches!(problem, HttpGatewayProblem::User { .. });
    let key = match setting {
        "basic_auth" if user => return ("basic_auth_user".to_owned(), at),
        "basic_auth" => "basic_auth_password",
        // The gateway counts from 1, and keys do from 0.
        "refusals" => match at.parse::<usize>() {
            Ok(number) => return (format!("refusals.{}", number.saturating_sub(1)), ""),
            Err(_) => setting,
        },
        other => other,
    };
    let file = format!("{key}_file");
    let at = if key == setting { at } else { "" };
    if !section.is_set(key) && section.is_set(&file) { (file, at) } else { (key.to_owned(), at) }
}

/// Which other keys mend it, where others do.
fn hint(section: &Section<'_>, problem: &HttpGatewayProblem) -> String {
    let key = |name: &str| section.key(name);
    if *problem == HttpGatewayProblem::NoSecret {
        format!("; set `{}`, or the one of that name in `[{}]`", key("secret"), key("secrets"))
    } else if *problem == HttpGatewayProblem::NoSender {
        format!("; set `{}`", key("sender"))
    } else {
        String::new()
    }
}
