//! The laws of the domain, in one binary.

#[cfg(test)]
mod blocks;
#[cfg(test)]
mod breaker;
#[cfg(test)]
mod codes;
#[cfg(test)]
mod deliverability;
#[cfg(test)]
mod deliverability_simulated;
#[cfg(test)]
mod guess_budget;
#[cfg(test)]
mod laws;
#[cfg(test)]
mod statistics;
