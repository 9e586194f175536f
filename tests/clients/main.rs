//! Clients of others against the real binary: generated SDKs, the examples, browsers, and a fuzzer that reads the
//! document. Written in their own languages beside this file; here they are started, bounded and listened to.

#[cfg(test)]
mod browsers;
#[cfg(test)]
mod examples;
#[cfg(test)]
mod fuzz;
#[cfg(test)]
mod sdks;
#[cfg(test)]
mod tools;
