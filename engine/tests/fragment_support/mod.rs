//! Outer datagrams cut to pieces, and what an analysis makes of them.

// Each test binary uses a part of it.
#![allow(dead_code, unreachable_pub)]

use vxinspect_engine::analysis::{Analysis, Settings};
use vxinspect_engine::capture::{Frame, LinkType};
use vxinspect_engine::decode::{Overlays, Ports};
use vxinspect_engine::disposition::Ending;
use vxinspect_engine::select::Select;
use vxinspect_engine::value::Value;
use vxinspect_engine::views::View;

use crate::craft::{self, Ipv4, Ipv6, MORE};

pub const SECOND: i64 = 1_000_000_000;

/// A frame, the bytes of it that the capture has, and its time.
#[derive(Debug, Clone)]
pub struct Record {
    pub data: Vec<u8>,
    pub held: usize,
    pub time: i64,
}

impl Record {
    pub fn new(data: Vec<u8>) -> Self {
        Self { held: data.len(), data, time: 5 }
    }

    pub fn at(self, time: i64) -> Self {
        Self { time, ..self }
    }

    pub fn len(&self) -> u64 {
        self.data.len() as u64
    }
}

/// The inner frame of 1,000 bytes more than [`craft::inner`] in VNI `vni`, as a UDP datagram.
pub fn datagram(vni: u32) -> Vec<u8> {
    craft::datagram(vni, &[craft::inner(), vec![0xee; 1000]].concat())
}

/// Bytes `from` up to `to` of `data` as an IPv4 fragment.
pub fn v4(identification: u16, data: &[u8], from: usize, to: usize) -> Record {
    let to = to.min(data.len());
    let flags_and_offset = if to < data.len() { MORE } else { 0 } | (from / 8) as u16;
    let header = Ipv4 { identification, flags_and_offset, ..Ipv4::default() };
    Record::new(craft::outer(craft::IPV4, &header.around(&data[from..to])))
}

/// The same over IPv6, `next_header` being the protocol of `data`.
pub fn v6(identification: u32, next_header: u8, data: &[u8], from: usize, to: usize) -> Record {
    let to = to.min(data.len());
    let piece = craft::fragment(next_header, from as u16, to < data.len(), identification, &data[from..to]);
    let routed = craft::options(44, 1, &piece);
    Record::new(craft::outer(craft::IPV6, &Ipv6 { next_header: 43, ..Ipv6::default() }.around(&routed)))
}

/// All of `data`, cut every `size` bytes.
pub fn pieces(identification: u16, data: &[u8], size: usize) -> Vec<Record> {
    (0..data.len()).step_by(size).map(|from| v4(identification, data, from, from + size)).collect()
}

pub fn selecting(terms: &[(&str, &str)], ports: &[u16]) -> Analysis {
    let select = Select::new(terms.iter().copied()).unwrap();
    Analysis::new(Settings {
        overlays: Overlays { ports: Ports::new(ports), ..Overlays::default() },
        select,
        checksums: false,
        dedup: None,
        max_flows: None,
    })
}

pub fn observe(analysis: &mut Analysis, records: &[Record]) {
    for Record { data, held, time } in records {
        let wire_len = data.len() as u32;
        let link = LinkType::ETHERNET;
        analysis.observe(&Frame { data: &data[..*held], wire_len, time: *time, link });
    }
    analysis.finish();
}

pub fn analyse(records: &[Record]) -> Analysis {
    let mut analysis = selecting(&[], &[]);
    observe(&mut analysis, records);
    analysis
}

pub fn len(records: &[Record]) -> u64 {
    records.iter().map(Record::len).sum()
}

pub fn note(analysis: &Analysis, wanted: &str) -> u64 {
    analysis.notes().find(|(name, _)| *name == wanted).unwrap().1
}

/// Every frame ends as one of these, and in no other way.
pub fn assert_endings(analysis: &Analysis, expected: &[(Ending, u64)]) {
    let all: Vec<_> = Ending::ALL.iter().map(|ending| (*ending, analysis.endings().count(*ending))).collect();
    let found: Vec<_> = all.into_iter().filter(|(_, count)| *count > 0).collect();
    let mut expected = expected.to_vec();
    expected.sort_by_key(|(ending, _)| *ending as usize);
    assert_eq!(found, expected);
}

/// Packets, wire bytes and inner bytes of each VNI, by number.
pub fn vnis(analysis: &Analysis) -> Vec<[u64; 4]> {
    let table = View::Vnis.table(analysis.cells(), &[("vni".to_owned(), false)], None).unwrap();
    let names = ["vni", "packets", "wire_bytes", "inner_bytes"];
    let places = names.map(|name| table.columns().iter().position(|column| *column == name).unwrap());
    let count = |row, at: usize| match table.values(row, analysis.cells()).unwrap()[at] {
        Value::Count(count) => count,
        ref other => panic!("{other:?}"),
    };
    (0..table.len()).map(|row| places.map(|at| count(row, at))).collect()
}

/// The one packet of all `records`, in VNI `vni`, of which one frame is VXLAN and the others are fragments.
pub fn assert_one_packet(analysis: &Analysis, records: &[Record], vni: u64) {
    let inner = craft::inner().len() as u64 + 1000;
    assert_eq!(vnis(analysis), [[vni, 1, len(records), inner]]);
    assert_endings(analysis, &[(Ending::Vxlan, 1), (Ending::Fragment, records.len() as u64 - 1)]);
    assert_eq!((note(analysis, "reassembled"), analysis.incomplete_datagrams()), (1, (0, 0)));
}

/// Every order of `count` things.
pub fn orders(count: usize) -> Vec<Vec<usize>> {
    if count == 0 {
        return vec![vec![]];
    }
    let shorter = orders(count - 1);
    let put = |order: &Vec<usize>, at: usize| {
        let mut longer = order.clone();
        longer.insert(at, count - 1);
        longer
    };
    shorter.iter().flat_map(|order| (0..count).map(move |at| put(order, at))).collect()
}

pub fn in_order(records: &[Record], order: &[usize]) -> Vec<Record> {
    order.iter().zip(0..).map(|(at, time)| records[*at].clone().at(time)).collect()
}
