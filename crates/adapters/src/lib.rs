//! Under construction.

pub mod gateway;
pub mod numbering_plan;
pub mod phone_vault;
pub mod sql;
pub mod system;
