//! The Python module `vxinspect._engine`; its manual is `vxinspect/_engine.pyi`. The only place with `PyO3`.

mod ageing;
mod arrow;
mod asked;
mod convert;
mod live;
mod mass;
mod monitor;
mod packets;
mod reader;
mod rewrite;
mod run;
mod target;
mod told;
mod write;

use pyo3::prelude::*;

/// The engine: captures in, tables out.
#[pymodule]
mod _engine {
    use pyo3::prelude::*;

    #[pymodule_export]
    use super::ageing::write_flows;
    #[pymodule_export]
    use super::live::Live;
    #[pymodule_export]
    use super::mass::Mass;
    #[pymodule_export]
    use super::packets::{Packet, PacketReader, write_packets};
    #[pymodule_export]
    use super::rewrite::{decap, encap, extract};
    #[pymodule_export]
    use super::run::{Analysis, Rows, fields, scan};
    #[pymodule_export]
    use super::told::{Outcome, reasons};
    #[pymodule_export]
    use super::write::write_capture;

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        module.add("__version__", env!("CARGO_PKG_VERSION"))?;
        module.add("debug_build", cfg!(debug_assertions))
    }
}
