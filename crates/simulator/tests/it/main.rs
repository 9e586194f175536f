//! The simulator from outside: every promise is tried over a real connection to a real port.

#[cfg(test)]
mod answers;
#[cfg(test)]
mod behaviours;
#[cfg(test)]
mod control;
#[cfg(test)]
mod documented;
#[cfg(test)]
mod harness;
