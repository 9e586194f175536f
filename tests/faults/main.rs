//! Faults: servers that die, freeze and fail over under a running load of starts and checks. What was answered stays
//! true, what fails says so in time, and service returns by itself.

#[cfg(test)]
mod counters;
#[cfg(test)]
mod database;
