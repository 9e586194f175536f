//! Journeys: what people do with the real binary, from start to end.

#[cfg(test)]
mod administration;
#[cfg(test)]
mod applications;
#[cfg(test)]
mod clocks;
#[cfg(test)]
mod crashes;
#[cfg(test)]
mod deliverability;
#[cfg(test)]
mod demo;
#[cfg(test)]
mod events;
#[cfg(test)]
mod gateway_answers;
#[cfg(test)]
mod idempotency;
#[cfg(test)]
mod metrics;
#[cfg(test)]
mod proofs;
#[cfg(test)]
mod replicas;
#[cfg(test)]
mod routes;
#[cfg(test)]
mod serving;
#[cfg(test)]
mod settings;
#[cfg(test)]
mod sign_in;
#[cfg(test)]
mod statistics;
#[cfg(test)]
mod table;
#[cfg(test)]
mod transfer;
#[cfg(test)]
mod trips;
#[cfg(test)]
mod webhooks;
