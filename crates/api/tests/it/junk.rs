//! junk
