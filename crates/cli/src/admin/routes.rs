//! `route`: by which gateways SMS go. Needs no database and no secret, and sends nothing.

use domain::application::ApplicationId;
use domain::block::Prefix;
use domain::phone::{Country, Operator};
use domain::route::Route;
use serde_json::{Value, json};

use crate::args::RouteCommand;
use crate::config::OpenConfig;
use crate::failure::CommandError;
use crate::output::Output;
use crate::wiring;

/// `route`.
pub(crate) fn route(config: &OpenConfig, command: RouteCommand, output: Output) -> Result<(), CommandError> {
    config.require_gateways()?;
    let routes = wiring::routes(&config.routes);
    match command {
        RouteCommand::List => {
            let rows: Vec<_> = routes.all().iter().map(shown).collect();
            let columns = [
                "name",
                "gateway",
                "priority",
                "weight",
                "countries",
                "operators",
                "applications",
                "prefixes",
                "on_unknown",
            ];
            output.rows(&columns, &rows, None)
        }
        RouteCommand::Test { phone } => {
            let phone = config
                .phone
                .parser()
                .parse(&phone)
                .map_err(|fault| CommandError::Argument(format!("{fault}.")))?;
            let application = &config.administered;
            // Which of those that share is drawn does not matter: they are shown together, as they are listed.
            let mut places = routes.plan(application, phone, 0);
            places.retain(|place| {
                routes.all().get(*place).is_some_and(|route| config.carries_to(&route.gateway, phone))
            });
            places.sort_unstable();
            let taking: Vec<&Route> = places.iter().filter_map(|place| routes.all().get(*place)).collect();
            if taking.is_empty() {
                let what =
                    format!("No route takes an SMS of `{application}` to this phone; see `route list`.");
                return Err(CommandError::Refused(what));
            }
            let rows: Vec<_> = tried(&taking);
            output.rows(&["order", "name", "gateway", "share", "on_unknown"], &rows, None)
        }
    }
}

/// The routes of one SMS, with the order in which they are tried.
fn tried(taking: &[&Route]) -> Vec<Value> {
    let mut rows = Vec::new();
    for (order, together) in taking.chunk_by(|left, right| left.priority == right.priority).enumerate() {
        let total: u32 = together.iter().map(|route| u32::from(route.weight)).sum();
        for (place, route) in together.iter().enumerate() {
            let share = match total {
                0 => f64::from(u8::from(place == 0)),
                total => f64::from(route.weight) / f64::from(total),
            };
            let mut row = shown(route);
            row["order"] = json!(order + 1);
            row["share"] = json!((share * 1000.0).round() / 1000.0);
            rows.push(row);
        }
    }
    rows
}

fn shown(route: &Route) -> Value {
    let takes = &route.takes;
    json!({
        "name": route.name.as_str(),
        "gateway": &*route.gateway,
        "countries": takes.countries.iter().map(Country::as_str).collect::<Vec<_>>(),
        "operators": takes.operators.iter().copied().map(Operator::name).collect::<Vec<_>>(),
        "applications": takes.applications.iter().map(ApplicationId::as_str).collect::<Vec<_>>(),
        "prefixes": takes.prefixes.iter().map(Prefix::to_string).collect::<Vec<_>>(),
        "priority": route.priority,
        "weight": route.weight,
        "on_unknown": route.on_unknown.as_str(),
    })
}
