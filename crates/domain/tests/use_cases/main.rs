//! The use cases over a world of fakes: what they decide, in which order they act, and what they leave behind.

#[cfg(test)]
mod answers;
#[cfg(test)]
mod blocking;
#[cfg(test)]
mod canceling;
#[cfg(test)]
mod checking;
#[cfg(test)]
mod crashes;
#[cfg(test)]
mod credentials;
#[cfg(test)]
mod credits;
#[cfg(test)]
mod deliverability;
#[cfg(test)]
mod failover;
#[cfg(test)]
mod failover_law;
#[cfg(test)]
mod failures;
#[cfg(test)]
mod guessing;
#[cfg(test)]
mod invalid_numbers;
#[cfg(test)]
mod limits;
#[cfg(test)]
mod observing;
#[cfg(test)]
mod ownership;
#[cfg(test)]
mod peppers;
#[cfg(test)]
mod phones_taken;
#[cfg(test)]
mod proofs;
#[cfg(test)]
mod races;
#[cfg(test)]
mod resending;
#[cfg(test)]
mod starting;
#[cfg(test)]
mod test_numbers;
#[cfg(test)]
mod webhooks;
