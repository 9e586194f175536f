//! The laws of the domain, in one binary.

#[cfg(test)]
mod codes;
#[cfg(test)]
mod laws;
