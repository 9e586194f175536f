//! `message preview`: what an SMS says and costs. Needs the configuration only, and no secret of it; makes no code and sends
//! nothing.

use domain::application::Application;
use domain::message::{
    AppHash, BUILT_IN_VERSION, Content, Locale, LongestValues, MessageFormat, Origin, RETRIEVER_BYTES_MAX,
    SmsText, Template, TemplateFault,
};
use serde_json::{Value, json};

use crate::args::{MessageCommand, PreviewArgs};
use crate::config::OpenConfig;
use crate::failure::CommandError;
use crate::output::Output;

/// What stands for the first of the configured values.
const FIRST: &str = "first";

/// `message`.
pub(crate) fn message(
    config: &OpenConfig,
    command: &MessageCommand,
    output: Output,
) -> Result<(), CommandError> {
    let mut all = config.applications.iter();
    let Some(application) = all.find(|application| application.id == config.administered) else {
        return Ok(());
    };
    match command {
        MessageCommand::Preview(arguments) => preview(application, arguments, output),
    }
}

fn preview(application: &Application, arguments: &PreviewArgs, output: Output) -> Result<(), CommandError> {
    let values = Values::read(application, arguments)?;
    let drafts = drafts(application, arguments)?;
    let previews: Vec<Preview> =
        drafts.iter().map(|draft| Preview::of(application, draft, &values)).collect();
    if output.json {
        let items: Vec<_> = previews.iter().map(Preview::json).collect();
        output.print("", &json!({ "application": application.id.as_str(), "items": items }))?;
    } else {
        previews.iter().try_for_each(|preview| preview.print(application, output))?;
    }
    // Of what is configured the start-up has complained, or was told not to.
    let is_a_try = arguments.template.is_some() || arguments.app_hash.is_some() || arguments.origin.is_some();
    let what = if arguments.template.is_some() { "--template: " } else { "" };
    let refused: Vec<_> = previews
        .iter()
        .filter(|_| is_a_try && !application.messages.multiple_segments())
        .flat_map(|preview| &preview.oversized)
        .map(|problem| format!("{what}{problem}, or set `allow_multiple_segments` to true"))
        .collect();
    if refused.is_empty() { Ok(()) } else { Err(CommandError::Argument(refused.join("\n"))) }
}

/// What is filled in.
struct Values {
    code: String,
    minutes: u64,
    app_hash: Option<AppHash>,
    origin: Option<Origin>,
    /// The longest that may be sent, or was asked for.
    longest: Longest,
}

struct Longest {
    code: String,
    app_hash: Option<AppHash>,
    origin: Option<Origin>,
}

impl Values {
    fn read(application: &Application, arguments: &PreviewArgs) -> Result<Self, CommandError> {
        let PreviewArgs { locale: _, version: _, template: _, app_hash, origin, code_length } = arguments;
        let LongestValues { code_digits, minutes, app_hashes, origins } = application.longest_values();
        let app_hash = asked("app-hash", app_hash.as_deref(), app_hashes, |text| {
            AppHash::parse(text).map_err(|fault| fault.to_string())
        })?;
        let origin = asked("origin", origin.as_deref(), origins, |text| {
            Origin::parse(text).map_err(|fault| fault.to_string())
        })?;
        let digits = usize::from(code_length.unwrap_or_else(|| application.policy.code_length.digits()));
        // Zeros, so that nobody takes it for one that was made.
        let code = |digits| "0".repeat(digits);
        let longest = Longest {
            code: code(code_digits.max(digits)),
            app_hash: app_hash.clone().or_else(|| app_hashes.first().cloned()),
            origin: origins.iter().chain(&origin).max_by_key(|origin| origin.host().len()).cloned(),
        };
        Ok(Self { code: code(digits), minutes, app_hash, origin, longest })
    }
}

/// The value that an argument names, or the first that is configured.
fn asked<T: Clone>(
    argument: &str,
    text: Option<&str>,
    configured: &[T],
    parse: impl FnOnce(&str) -> Result<T, String>,
) -> Result<Option<T>, CommandError> {
    match text {
        None => Ok(None),
        Some(FIRST) => configured.first().cloned().map(Some).ok_or_else(|| {
            CommandError::Argument(format!("--{argument}: none is configured for the application; name one."))
        }),
        Some(text) => parse(text)
            .map(Some)
            .map_err(|fault| CommandError::Argument(format!("--{argument}: is refused: {fault}"))),
    }
}

/// A text to be shown: the messages as if it were the one that is sent.
struct Draft {
    locale: Locale,
    /// `None` when it is not configured.
    version: Option<u16>,
    messages: MessageFormat,
}

fn drafts(application: &Application, arguments: &PreviewArgs) -> Result<Vec<Draft>, CommandError> {
    let messages = &application.messages;
    let only = arguments.locale.map(Locale::from);
    if let Some(text) = &arguments.template {
        let locale = only.unwrap_or(messages.default_locale());
        return Ok(vec![Draft { locale, version: None, messages: with_text(messages, locale, text)? }]);
    }
    let locales = || Locale::ALL.into_iter().filter(|locale| only.is_none_or(|only| only == *locale));
    let drafts: Vec<_> = locales()
        .filter_map(|locale| {
            let version = arguments.version.unwrap_or(messages.version(locale));
            let messages = messages.clone().with_active(locale, version)?;
            Some(Draft { locale, version: Some(version), messages })
        })
        .collect();
    if drafts.is_empty() {
        let there_are: Vec<_> = locales().map(|locale| there_are(messages, locale)).collect();
        return Err(CommandError::NotFound(format!("There is no such version; {}.", there_are.join("; "))));
    }
    Ok(drafts)
}

/// The messages with a text that is not configured.
fn with_text(messages: &MessageFormat, locale: Locale, text: &str) -> Result<MessageFormat, CommandError> {
    let refused = |fault: String| CommandError::Argument(format!("--template: is refused: {fault}"));
    let template: Template = messages.read_template(text).map_err(|fault| {
        let hint = if fault == TemplateFault::Address {
            "; with `allow_urls` it may have addresses within `origins`"
        } else {
            ""
        };
        refused(format!("{fault}{hint}"))
    })?;
    // In the place of one that is there, because there may be no room for another.
    let place = messages.versions(locale).map(|(version, _)| version).find(|it| *it != BUILT_IN_VERSION);
    messages
        .clone()
        .with_version(locale, place.unwrap_or(1), template)
        .map_err(|fault| refused(fault.to_string()))
}

fn there_are(messages: &MessageFormat, locale: Locale) -> String {
    let numbers: Vec<_> = messages.versions(locale).map(|(version, _)| version.to_string()).collect();
    format!("{} has {}", locale.name(), numbers.join(", "))
}

/// A text as it would be sent.
struct Preview {
    locale: Locale,
    version: Option<u16>,
    /// Whether it is the version that is sent.
    sent: bool,
    template: String,
    code: String,
    text: SmsText,
    longest: SmsText,
    /// Whether the longest carries a hash, for which it must not be too long.
    longest_has_hash: bool,
    /// What of it does not fit.
    oversized: Vec<String>,
}

impl Preview {
    fn of(application: &Application, draft: &Draft, values: &Values) -> Self {
        let Draft { locale, version, messages } = draft;
        let Values { code, minutes, app_hash, origin, longest } = values;
        let content =
            |code, app_hash, origin| Content { locale: *locale, code, minutes: *minutes, app_hash, origin };
        let text = messages.render(&content(code, app_hash.as_ref(), origin.as_ref()));
        let longest_text =
            messages.render(&content(&longest.code, longest.app_hash.as_ref(), longest.origin.as_ref()));
        let active = messages.version(*locale);
        let oversized = messages
            .oversized(&application.longest_values())
            .iter()
            .filter(|oversized| oversized.locale == *locale && oversized.version == active)
            .map(ToString::to_string)
            .collect();
        Self {
            locale: *locale,
            version: *version,
            sent: *version == Some(application.messages.version(*locale)),
            template: messages.template(*locale).to_string(),
            code: code.clone(),
            text,
            longest: longest_text,
            longest_has_hash: longest.app_hash.is_some(),
            oversized,
        }
    }

    fn json(&self) -> Value {
        let mut preview = json!({
            "locale": self.locale.as_str(),
            "version": self.version,
            "sent": self.sent,
            "template": self.template,
            "sample_code": self.code,
            "text": self.text.as_str(),
        });
        preview["size"] = size(&self.text);
        preview["longest"] = size(&self.longest);
        preview["longest"]["retriever_reads_it"] =
            json!(self.longest_has_hash.then_some(self.longest.as_str().len() <= RETRIEVER_BYTES_MAX));
        preview["oversized"] = json!(self.oversized);
        preview
    }

    fn print(&self, application: &Application, output: Output) -> Result<(), CommandError> {
        let version = match self.version {
            Some(BUILT_IN_VERSION) => "the built-in text (version 0)".to_owned(),
            Some(version) => format!("version {version}"),
            None => "a text that is not configured".to_owned(),
        };
        let sent = match (self.version, self.sent) {
            (Some(_), true) => ", which is sent",
            (Some(_), false) => ", which is not the one that is sent",
            (None, _) => "",
        };
        let (locale, code) = (self.locale.name(), &self.code);
        output.aside(&format!(
            "{locale} SMS of `{}`: {version}{sent}. {code} is a sample, not a code.\n",
            application.id
        ))?;
        let mut lines = self.text.as_str().lines();
        lines.try_for_each(|line| output.aside(format!("    {line}").trim_end()))?;
        output.aside("")?;
        let row = |values: &str, text| {
            let mut row = size(text);
            row["values"] = json!(values);
            row
        };
        let rows = [row("as shown", &self.text), row("longest", &self.longest)];
        let columns = ["values", "encoding", "units", "units_left", "bytes", "segments", "credits"];
        output.rows(&columns, &rows, None)?;
        self.oversized.iter().try_for_each(|problem| output.aside(&format!("Note: {problem}.")))?;
        output.aside("")
    }
}

/// What a text takes. Sparrow takes a credit for each segment.
fn size(text: &SmsText) -> Value {
    let size = text.size();
    json!({
        "encoding": size.encoding.to_string(),
        "units": size.units,
        "units_left": text.units_left(),
        "bytes": text.as_str().len(),
        "segments": size.segments,
        "credits": size.segments,
    })
}
