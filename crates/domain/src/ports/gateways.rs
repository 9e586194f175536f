//! All that can carry an SMS, and the routes that lead there.

use std::sync::Arc;
use std::time::Duration;

use super::SmsGateway;
use crate::application::ApplicationId;
use crate::phone::Phone;
use crate::route::{OnUnknown, Route, RouteMatch, RouteName, Routes};

/// How long a send may take in all, over all of its routes.
pub const SEND_DEADLINE: Duration = Duration::from_secs(10);

/// The gateways and the routes that lead to them.
#[derive(Clone, Debug)]
pub struct Gateways {
    all: Arc<[Arc<dyn SmsGateway>]>,
    routes: Routes,
    /// For each route, the place of its gateway.
    leads_to: Arc<[usize]>,
    deadline: Duration,
}

/// A route leads nowhere.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the route `{route}` leads to the gateway `{gateway}`, which is not there")]
pub struct RouteLeadsNowhere {
    /// The route.
    pub route: RouteName,
    /// The gateway that it names.
    pub gateway: Arc<str>,
}

impl Gateways {
    /// These gateways, and the routes that lead to them.
    ///
    /// # Errors
    /// [`RouteLeadsNowhere`] when a route names a gateway that is not among them.
    pub fn new(
        gateways: Vec<Arc<dyn SmsGateway>>,
        routes: Routes,
        deadline: Duration,
    ) -> Result<Self, RouteLeadsNowhere> {
        let place_of = |route: &Route| {
            let place = gateways.iter().position(|gateway| gateway.facts().name == route.gateway);
            place.ok_or_else(|| RouteLeadsNowhere {
                route: route.name.clone(),
                gateway: route.gateway.clone(),
            })
        };
        let leads_to = routes.all().iter().map(place_of).collect::<Result<_, _>>()?;
        Ok(Self { all: gateways.into(), routes, leads_to, deadline })
    }

    /// No gateway at all, for those who never send.
    #[must_use]
    pub fn none() -> Self {
        Self { all: Arc::new([]), routes: Routes::default(), leads_to: Arc::new([]), deadline: SEND_DEADLINE }
    }

    /// One gateway, which takes everything, by a route that has its name.
    #[must_use]
    pub fn one(gateway: Arc<dyn SmsGateway>) -> Self {
        let name = gateway.facts().name.clone();
        let Some(route) = RouteName::parse(&name) else { return Self::none() };
        let takes = RouteMatch::default();
        let route =
            Route { name: route, gateway: name, takes, priority: 1, weight: 1, on_unknown: OnUnknown::Stop };
        Self {
            all: Arc::new([gateway]),
            routes: Routes::new(vec![route], None),
            leads_to: Arc::new([0]),
            deadline: SEND_DEADLINE,
        }
    }

    /// The same routes to what `wrap` makes of each gateway; it must keep its name.
    #[must_use]
    pub fn wrapped(self, wrap: impl Fn(Arc<dyn SmsGateway>) -> Arc<dyn SmsGateway>) -> Self {
        let all = self.all.iter().cloned().map(wrap).collect();
        Self { all, ..self }
    }

    /// All of them.
    #[must_use]
    pub fn all(&self) -> &[Arc<dyn SmsGateway>] {
        &self.all
    }

    /// The routes.
    #[must_use]
    pub const fn routes(&self) -> &Routes {
        &self.routes
    }

    /// Whether any route leads an SMS of the application to a gateway that carries to the phone.
    #[must_use]
    pub fn lead(&self, application: &ApplicationId, phone: Phone) -> bool {
        let carries = |place| self.by_route(place).is_some_and(|(_, _, gateway)| gateway.carries_to(phone));
        self.routes.lead(application, phone, carries)
    }

    /// How long a send may take in all.
    #[must_use]
    pub const fn deadline(&self) -> Duration {
        self.deadline
    }

    /// A route by its place, the place of its gateway, and that gateway.
    #[must_use]
    pub fn by_route(&self, place: usize) -> Option<(&Route, usize, &dyn SmsGateway)> {
        let route = self.routes.all().get(place)?;
        let leads_to = *self.leads_to.get(place)?;
        Some((route, leads_to, self.all.get(leads_to)?.as_ref()))
    }
}
