//! Inner ICMP errors, tied to the flows that they quote.

use super::{Cells, Plan, craft};
use crate::capture::{Frame, LinkType};
use crate::decode::{Aside, Overlays, decode, message};
use crate::packet::{FlowKey, Packet};
use craft::Ipv4;

/// An ICMP error from 10.0.0.2 about the packet of a plan, in a VNI.
fn error(about: &Plan, vni: u32) -> Vec<u8> {
    let quoted = &about.frame()[50 + 14..];
    let text = [&[3, 3, 0, 0, 0, 0, 0, 0], &quoted[..28]].concat();
    let inside = Ipv4 { source: [10, 0, 0, 2], destination: [10, 0, 0, 1], protocol: 1, ..Ipv4::default() };
    let frame = craft::ethernet(craft::mac(2), craft::mac(1), craft::IPV4, &inside.around(&text));
    let outside = Ipv4 { source: [192, 0, 2, 200], destination: [192, 0, 2, 1], ..Ipv4::default() };
    let datagram = craft::udp(50_000, craft::VXLAN, &craft::vxlan(vni, &frame));
    craft::ethernet(craft::mac(1), craft::mac(0xff), craft::IPV4, &outside.around(&datagram))
}

fn hear(cells: &mut Cells, data: &[u8]) {
    let (mut packet, mut aside) = (Packet::default(), Aside::default());
    let frame = Frame { data, wire_len: data.len() as u32, time: 1, link: LinkType::ETHERNET };
    decode(&frame, &Overlays::default(), &mut packet, &mut aside);
    let id = cells.add_alone(&packet);
    cells.hear(id, message(&packet, data).unwrap(), packet.time);
}

fn flow(plan: &Plan) -> FlowKey {
    plan.packet().key.flow(0).unwrap().0
}

fn errors(cells: &Cells) -> u64 {
    cells.numbered().map(|(id, _)| cells.rare(id).icmp_errors).sum()
}

/// Before the flow's packets, after them, or without any; never in another VNI.
#[test]
fn errors_are_tied_to_their_flow_whenever_they_come() {
    let (early, late, never) =
        (Plan::default(), Plan { port: 1001, ..Plan::default() }, Plan { port: 1002, ..Plan::default() });
    let mut cells = Cells::default();
    hear(&mut cells, &error(&early, 100));
    cells.add(&mut [early.packet(), late.packet()]);
    hear(&mut cells, &error(&late, 100));
    hear(&mut cells, &error(&late, 100));
    hear(&mut cells, &error(&never, 100));
    hear(&mut cells, &error(&early, 200));
    let about = |plan: &Plan| cells.errors_about(&flow(plan));
    assert_eq!((about(&early), about(&late), about(&never)), (1, 2, 1));
    assert_eq!(about(&Plan { vni: 200, ..early }), 1);
    assert_eq!(errors(&cells), 5);
}

/// Errors may quote anything: beyond 65,536 flows they count in their VNI alone, and those that are kept go on counting.
#[test]
fn errors_about_too_many_flows_are_counted_only() {
    let mut cells = Cells::default();
    let plan =
        |number: u32| Plan { port: number as u16, data: 1, vni: 100 + (number >> 16), ..Plan::default() };
    for number in 0..(1 << 16) + 10 {
        hear(&mut cells, &error(&plan(number), 100 + (number >> 16)));
    }
    hear(&mut cells, &error(&plan(3), 100));
    assert_eq!(errors(&cells), (1 << 16) + 11);
    assert_eq!(cells.errors_about(&flow(&plan(3))), 2);
    assert_eq!(cells.errors_about(&flow(&plan(1 << 16))), 0);
}
