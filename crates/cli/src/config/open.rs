//! What of a configuration needs none of its secrets: which phones are taken, what SMS say, and by which routes they go.
//! Owns which sections those are. Whoever tries a text or a route may have a copy without tokens and keys: neither those nor
//! the files that hold them are read here, and what is wrong elsewhere is for `config check` to tell.

use std::sync::Arc;

use domain::application::{Application, ApplicationId};
use domain::phone::Phone;
use domain::route::Route;

use super::gateways::Known;
use super::reader::Reader;
use super::routes::{Ground, routes};
use super::server::PhoneConfig;
use super::{
    ApplicationUnknown, ConfigFault, ConfigFaults, Sources, applications, gateways, known, raw, server,
    sparrow,
};

/// The part of a configuration that holds no secret, checked.
#[derive(Clone, Debug)]
pub struct OpenConfig {
    /// Which phones are taken.
    pub phone: PhoneConfig,
    /// All applications, `default` first; without their webhooks and test numbers.
    pub applications: Vec<Application>,
    /// Which application a command is about; see [`OpenConfig::administer`].
    pub administered: ApplicationId,
    /// The routes, in the order in which they were written.
    pub routes: Vec<Route>,
    gateways: Vec<OpenGateway>,
}

/// What is known of a gateway without its secrets.
#[derive(Clone, Debug)]
struct OpenGateway {
    name: Arc<str>,
    nepal_only: bool,
}

/// Reads and checks the part of the configuration that holds no secret.
///
/// # Errors
/// [`ConfigFaults`] with everything that is wrong with that part, and with the sources; of the rest nothing is told.
pub fn load_open(sources: &Sources) -> Result<OpenConfig, ConfigFaults> {
    let (leaves, faults) = raw::read(sources);
    let mut reader = Reader::new(leaves, faults);
    let phone = server::phone(&mut reader);
    let places = applications::places(&mut reader);
    let applications = applications::applications(&mut reader, &places);
    let gateways = gateways::outlines(&mut reader);
    let routes = routes(&mut reader, &Ground { gateways: &gateways, places: &places, phone: &phone });
    let faults = reader.faults();
    if !faults.is_empty() {
        return Err(ConfigFaults::new(faults));
    }
    let outline = |known: Known| OpenGateway { name: known.name, nepal_only: known.nepal_only };
    Ok(OpenConfig {
        phone,
        applications,
        administered: ApplicationId::default_application(),
        routes,
        gateways: gateways.into_iter().map(outline).collect(),
    })
}

impl OpenConfig {
    /// Lets a command be about the application with this id, instead of `default`.
    ///
    /// # Errors
    /// [`ApplicationUnknown`] when there is none.
    pub fn administer(&mut self, id: &str) -> Result<(), ApplicationUnknown> {
        self.administered = known(self.applications.iter(), id)?.id.clone();
        Ok(())
    }

    /// That there is a gateway at all.
    ///
    /// # Errors
    /// As [`super::Config::require_gateways`].
    pub fn require_gateways(&self) -> Result<(), ConfigFault> {
        if self.gateways.is_empty() { Err(sparrow::not_configured()) } else { Ok(()) }
    }

    /// Whether the gateway of this name carries to the phone, as it would say itself.
    #[must_use]
    pub fn carries_to(&self, gateway: &str, phone: Phone) -> bool {
        let found = self.gateways.iter().find(|known| *known.name == *gateway);
        found.is_some_and(|known| !known.nepal_only || phone.nepal_subscriber().is_some())
    }
}
