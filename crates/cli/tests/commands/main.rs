//! Commands that need the configuration at most: what they print, and how they end.

#[cfg(test)]
mod app_hash;
#[cfg(test)]
mod open;
#[cfg(test)]
mod preview;
#[cfg(test)]
mod shell;
