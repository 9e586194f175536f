//! Under construction.

pub mod gateway;
pub mod numbering_plan;
pub mod system;
