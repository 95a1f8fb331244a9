//! The engine of vxinspect: bytes of a capture in, tables out.
//!
//! Data flows one way: bytes -> frames -> packets -> cells -> views -> rows. No step looks back.
//! The modules stand in that order. A run is [`scan::scan`].

pub mod error;

pub mod capture;

pub mod wire;

pub mod decode;
pub mod disposition;
pub mod encapsulation;
pub mod packet;

pub mod cells;
mod memory;
pub mod timespan;

pub mod analysis;
pub mod select;
pub mod sieve;

pub mod value;
pub mod views;

pub mod scan;
pub mod stream;

pub mod packets;

pub mod ageing;

pub mod write;

#[cfg(feature = "python")]
mod python;
