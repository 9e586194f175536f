//! The move from one database to another: everything comes over, or nothing does.

#[cfg(test)]
#[path = "transfer/damage.rs"]
mod damage;
#[cfg(test)]
#[path = "transfer/furniture.rs"]
mod furniture;
#[cfg(test)]
#[path = "transfer/harness.rs"]
mod harness;
#[cfg(test)]
#[path = "transfer/meanwhile.rs"]
mod meanwhile;
#[cfg(test)]
#[path = "transfer/moves.rs"]
mod moves;
#[cfg(test)]
#[path = "transfer/refusals.rs"]
mod refusals;
#[cfg(test)]
#[path = "transfer/schema.rs"]
mod schema;
