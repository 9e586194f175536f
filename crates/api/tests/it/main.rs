//! The HTTP front end from outside: every promise is tried through the endpoint that is served, over the fakes of the
//! domain. Whatever is asked, the harness holds each answer against the API document and the form of its kind.

#[cfg(test)]
mod accounts;
#[cfg(test)]
mod applications;
#[cfg(test)]
mod blocks;
#[cfg(test)]
mod bodies;
#[cfg(test)]
mod changes;
#[cfg(test)]
mod checking;
#[cfg(test)]
mod classic;
#[cfg(test)]
mod counters;
#[cfg(test)]
mod credentials;
#[cfg(test)]
mod deliverability;
#[cfg(test)]
mod deliveries;
#[cfg(test)]
mod document;
#[cfg(test)]
mod ends;
#[cfg(test)]
mod events;
#[cfg(test)]
mod examples;
#[cfg(test)]
mod failures;
#[cfg(test)]
mod hanging_up;
#[cfg(test)]
mod harness;
#[cfg(test)]
mod health;
#[cfg(test)]
mod idempotency;
#[cfg(test)]
mod invalid_numbers;
#[cfg(test)]
mod junk;
#[cfg(test)]
mod keys;
#[cfg(test)]
mod limits;
#[cfg(test)]
mod methods;
#[cfg(test)]
mod pages;
#[cfg(test)]
mod problem_pages;
#[cfg(test)]
mod proofs;
#[cfg(test)]
mod reading;
#[cfg(test)]
mod sign_in;
#[cfg(test)]
mod starting;
#[cfg(test)]
mod statistics;
#[cfg(test)]
mod taken;
#[cfg(test)]
mod tokens;
#[cfg(test)]
mod traffic;
#[cfg(test)]
mod webhooks;
#[cfg(test)]
mod wire;
