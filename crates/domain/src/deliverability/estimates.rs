//! The estimates of all routes, and which of them are measurably lossy. Owns the comparison; never what is done about it.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{Cohort, CohortSums, Estimate, Pace, Share, Window};
use crate::phone::Operator;
use crate::route::RouteName;

/// A route is lossy when its share is measurably below this, whatever the others do: the conversion below which numbers are
/// believed to be pumped, or an operator to be out of order.
pub const LOSSY_BELOW: f64 = 0.35;
/// A route is lossy when its share is measurably below this part of that of the others.
pub const LOSSY_PART: f64 = 0.8;

/// What is known of the SMS that went by a route to the phones of an operator.
#[derive(Clone, Debug, PartialEq)]
pub struct RouteEstimate {
    /// The operator; none for other countries.
    pub operator: Option<Operator>,
    /// The route.
    pub route: RouteName,
    /// What is known.
    pub estimate: Estimate,
    /// Whether the share is measurably low: the upper end of its interval is below [`LOSSY_BELOW`], or below
    /// [`LOSSY_PART`] of the lower end of that of all others. Never with too few sends.
    pub lossy: bool,
}

/// What is known of every operator and route of a window.
#[derive(Clone, Debug, PartialEq)]
pub struct Estimates {
    window: Window,
    /// In the order of operators and routes.
    rows: Vec<RouteEstimate>,
    /// The same over all operators, for phones of those of which too little is known.
    routes: Vec<RouteEstimate>,
}

impl Estimates {
    /// Nothing is known.
    #[must_use]
    pub const fn none(window: Window) -> Self {
        Self { window, rows: Vec::new(), routes: Vec::new() }
    }

    /// What these sums tell, of whichever applications they are.
    #[must_use]
    pub fn new(window: Window, sums: &[CohortSums]) -> Self {
        let mut pairs = Grouped::new();
        let mut routes = Grouped::new();
        for sum in sums {
            for (group, operator) in [(&mut pairs, Some(sum.operator)), (&mut routes, None)] {
                let (settled, recent) = group.entry((operator, sum.route.clone())).or_default();
                settled.add_all(&sum.settled);
                recent.add_all(&sum.recent);
            }
        }
        Self { window, rows: compared(pairs), routes: compared(routes) }
    }

    /// Which SMS they are about.
    #[must_use]
    pub const fn window(&self) -> Window {
        self.window
    }

    /// All of them, in the order of operators and routes.
    #[must_use]
    pub fn rows(&self) -> &[RouteEstimate] {
        &self.rows
    }

    /// The same over all operators, in the order of routes; the operator of each is none.
    #[must_use]
    pub fn routes(&self) -> &[RouteEstimate] {
        &self.routes
    }

    /// What is known of a route to the phones of an operator; where too few went there, of the route to all phones.
    #[must_use]
    pub fn of(&self, operator: Option<Operator>, route: &RouteName) -> Option<&RouteEstimate> {
        let told = |row: &&RouteEstimate| row.route == *route && row.estimate.share.is_some();
        let pair = self.rows.iter().filter(|row| row.operator == operator).find(told);
        pair.or_else(|| self.routes.iter().find(told))
    }

    /// How soon an SMS that went by the route may be sent again, where the first wait is `first_wait`: early when the route is
    /// lossy, or half of those who verify wait for longer than that.
    #[must_use]
    pub fn pace(&self, operator: Option<Operator>, route: &RouteName, first_wait: Duration) -> Pace {
        let early = |row: &RouteEstimate| row.lossy || row.estimate.is_slower_than(first_wait);
        if self.of(operator, route).is_some_and(early) { Pace::Early } else { Pace::Usual }
    }
}

/// By operator (of one, or of all) and route.
type Grouped = BTreeMap<(Option<Option<Operator>>, RouteName), (Cohort, Cohort)>;

fn compared(grouped: Grouped) -> Vec<RouteEstimate> {
    let mut all = Cohort::default();
    for (settled, _) in grouped.values() {
        all.add_all(settled);
    }
    let row = |((operator, route), (settled, recent)): (_, (Cohort, Cohort))| {
        let estimate = Estimate::of(&settled, &recent);
        let others = Estimate::of(&all.without(&settled), &Cohort::default()).share;
        let lossy = estimate.share.is_some_and(|share| is_lossy(share, others));
        RouteEstimate { operator: Option::flatten(operator), route, estimate, lossy }
    };
    grouped.into_iter().map(row).collect()
}

fn is_lossy(share: Share, others: Option<Share>) -> bool {
    share.high < LOSSY_BELOW || others.is_some_and(|others| share.high < LOSSY_PART * others.low)
}
