//! The configuration from outside: what users write in files and variables, and what they are told about it.

#[cfg(test)]
mod applications;
#[cfg(test)]
mod auth;
#[cfg(test)]
mod example;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod gateways;
#[cfg(test)]
mod metrics;
#[cfg(test)]
mod open;
#[cfg(test)]
mod proofs;
#[cfg(test)]
mod routes;
#[cfg(test)]
mod sandbox;
#[cfg(test)]
mod secrets;
#[cfg(test)]
mod shown;
#[cfg(test)]
mod sources;
#[cfg(test)]
mod sparrow;
#[cfg(test)]
mod storage;
#[cfg(test)]
mod templates;
#[cfg(test)]
mod test_numbers;
#[cfg(test)]
mod webhooks;
