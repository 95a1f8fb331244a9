//! `Mass`.

use std::net::IpAddr;

use pyo3::prelude::*;
use pyo3::types::{PyTuple, PyTupleMethods};

use super::convert::option_error;
use crate::wire::mac::Mac as MacAddress;
use crate::write::mass::{self, Offsets, Template};

type Layers = (usize, usize, usize, usize, usize, usize);

/// Mass traffic: flows stamped from templates.
#[pyclass(frozen, module = "vxinspect._engine")]
pub(super) struct Mass {
    pub(super) plan: mass::Mass,
}

#[pymethods]
impl Mass {
    #[new]
    #[pyo3(signature = (*, seed, vnis, vteps, flows, packets, start, rate, sizes, source_port, templates))]
    // Python names each argument.
    #[allow(clippy::too_many_arguments)]
    fn new(
        py: Python<'_>,
        seed: u64,
        vnis: Vec<u32>,
        vteps: Vec<(String, String)>,
        flows: u32,
        packets: u64,
        start: i64,
        rate: u64,
        sizes: Vec<u32>,
        source_port: Option<u16>,
        templates: Vec<(u8, bool, u32, Vec<u8>, Layers)>,
    ) -> PyResult<Self> {
        let refuse = |option: &str, expected: &str| option_error(py, option, "something else", expected);
        let end = |(mac, ip): (String, String)| {
            let mac = MacAddress::parse(&mac).ok_or_else(|| refuse("vteps", "MAC addresses"))?;
            let ip: IpAddr = ip.parse().map_err(|_| refuse("vteps", "IP addresses"))?;
            Ok((mac, ip))
        };
        let vteps = vteps.into_iter().map(end).collect::<PyResult<Vec<_>>>()?;
        if vnis.is_empty() || vteps.len() < 2 || sizes.is_empty() || rate == 0 {
            return Err(refuse("mass", "a VNI, two VTEPs, a size and a rate"));
        }
        let fits = packets >= u64::from(flows) && packets - u64::from(flows) < u64::from(u32::MAX);
        if flows == 0 || !fits || u128::from(packets) * 1_000_000_000 / u128::from(rate) > (1 << 62) {
            return Err(refuse("packets", "at least one for each flow, and less than 2^32"));
        }
        let template =
            |(protocol, is_control, inner_len, bytes, layers): (u8, bool, u32, Vec<u8>, Layers)| {
                let (outer_ip, udp, vxlan, ethernet, inner_ip, transport) = layers;
                let at = Offsets { outer_ip, udp, vxlan, ethernet, inner_ip, transport };
                let made = Template::new(protocol, is_control, inner_len, bytes, at);
                made.map_err(|error| refuse("templates", &error.to_string()))
            };
        let templates = templates.into_iter().map(template).collect::<PyResult<Vec<_>>>()?;
        if templates.is_empty() {
            return Err(refuse("templates", "at least one"));
        }
        let counts = py.detach(|| mass::Mass::shares(seed, flows, packets));
        let plan = mass::Mass {
            seed,
            vnis,
            vteps,
            start,
            rate,
            sizes,
            source_port,
            templates,
            total: packets,
            counts,
        };
        Ok(Self { plan })
    }

    fn flows<'py>(&self, py: Python<'py>, start: u32, stop: u32) -> PyResult<Vec<Bound<'py, PyTuple>>> {
        (start..stop.min(self.plan.flows())).map(|number| row(py, &self.plan.flow(number))).collect()
    }
}

fn row<'py>(py: Python<'py>, flow: &mass::Flow) -> PyResult<Bound<'py, PyTuple>> {
    let names = flow.hosts.map(|host| {
        let [a, b, c, d] = host.octets();
        (format!("02:42:{a:02x}:{b:02x}:{c:02x}:{d:02x}"), host.to_string())
    });
    let [(source_mac, source_ip), (destination_mac, destination_ip)] = names;
    let who = (flow.vni, flow.protocol, flow.vteps[0], flow.vteps[1], source_mac, destination_mac);
    let ends = (source_ip, destination_ip, flow.ports[0], flow.ports[1]);
    let rest =
        (flow.source_ports[0], flow.source_ports[1], flow.offset, flow.packets, flow.first, flow.interval);
    let parts = [who.into_pyobject(py)?, ends.into_pyobject(py)?, rest.into_pyobject(py)?];
    let values: Vec<Bound<'py, PyAny>> = parts.iter().flat_map(PyTupleMethods::iter).collect();
    PyTuple::new(py, values)
}
