//! The headers of overlays, read to what all of them tell.

use crate::disposition::Ending;
use crate::encapsulation::Encapsulation;
use crate::packet::{Note, Notes, Packet};
use crate::wire::ethernet::{self, Ethernet, ethertype};
use crate::wire::geneve::{self, Geneve};
use crate::wire::mac::Mac;
use crate::wire::nvgre::{self, Nvgre};
use crate::wire::udp::Udp;
use crate::wire::vxlan::{self, GroupPolicy, Vxlan};
use crate::wire::vxlan_gpe::{self, VxlanGpe, next};
use crate::wire::{Missing, Span};

use super::link;

/// What an overlay carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Payload {
    /// An Ethernet frame.
    Ethernet,
    /// A packet of the network layer, by its `EtherType`; `None` where the header names what has none.
    Network(Option<u16>),
}

impl Payload {
    /// What a protocol type of Geneve or GRE announces.
    fn announced(protocol_type: u16) -> Self {
        match protocol_type {
            ethertype::BRIDGED => Self::Ethernet,
            other => Self::Network(Some(other)),
        }
    }

    fn next(protocol: u8) -> Self {
        match protocol {
            next::ETHERNET => Self::Ethernet,
            next::IPV4 => Self::Network(Some(ethertype::IPV4)),
            next::IPV6 => Self::Network(Some(ethertype::IPV6)),
            next::NSH => Self::Network(Some(ethertype::NSH)),
            next::MPLS => Self::Network(Some(ethertype::MPLS)),
            _ => Self::Network(None),
        }
    }

    /// What the overlay of `packet`, which has been walked, carries.
    pub(super) fn of(packet: &Packet) -> Self {
        if packet.key.is_without_ethernet() { Self::Network(packet.key.ethertype()) } else { Self::Ethernet }
    }

    /// The sender in `inner`, which is such a payload, and what is behind its Ethernet header and tags, with its
    /// `EtherType`.
    pub(super) fn read(self, inner: Span<'_>) -> Option<(Option<Mac>, u16, Span<'_>)> {
        match self {
            Self::Ethernet => {
                let (header, rest) = Ethernet::read(inner).ok()?;
                let (_, ethertype, rest) = link::tags(header.ethertype(), rest).ok()?;
                Some((Some(header.source()), ethertype, rest))
            }
            Self::Network(announced) => {
                let (_, ethertype, rest) = link::tags(announced?, inner).ok()?;
                Some((None, ethertype, rest))
            }
        }
    }

    /// The least that it may be, in bytes.
    pub(super) fn least_len(self) -> usize {
        match self {
            Self::Ethernet => ethernet::HEADER_LEN,
            Self::Network(_) => 0,
        }
    }
}

/// The header of an overlay.
pub(super) struct Header<'a> {
    pub(super) vni: u32,
    /// With options, in bytes.
    pub(super) len: usize,
    pub(super) payload: Payload,
    pub(super) inner: Span<'a>,
    pub(super) notes: Notes,
    pub(super) policy: Option<GroupPolicy>,
    /// Of NVGRE.
    pub(super) flow_id: Option<u8>,
}

impl Header<'_> {
    /// The ports of the UDP header in front, if there is one; else what stands in their place.
    pub(super) fn ports(&self, udp: Option<Udp<'_>>) -> (u16, u16) {
        let without = (self.flow_id.unwrap_or_default().into(), 0);
        udp.map_or(without, |udp| (udp.source_port(), udp.destination_port()))
    }
}

/// The header at the front of `data`, the payload of a UDP datagram to a port of `overlay`; for NVGRE, of an IP packet.
pub(super) fn read(overlay: Encapsulation, data: Span<'_>) -> Result<Header<'_>, Ending> {
    match overlay {
        Encapsulation::Vxlan => vxlan(data),
        Encapsulation::VxlanGpe => vxlan_gpe(data),
        Encapsulation::Geneve => geneve(data),
        Encapsulation::Nvgre => nvgre(data),
    }
}

/// What it is that VXLAN, or its extension, lacks.
pub(super) fn lack(missing: Missing) -> Ending {
    match missing {
        Missing::Cut => Ending::VxlanCut,
        Missing::Short => Ending::VxlanTruncated,
    }
}

fn vxlan(data: Span<'_>) -> Result<Header<'_>, Ending> {
    let (header, inner) = Vxlan::read(data).map_err(lack)?;
    if !header.i_flag() {
        return Err(Ending::IFlagClear);
    }
    let (notes, policy) = extensions(header);
    Ok(Header {
        vni: header.vni(),
        len: vxlan::HEADER_LEN,
        payload: Payload::Ethernet,
        inner,
        notes,
        policy,
        flow_id: None,
    })
}

/// What a VXLAN header says beyond RFC 7348.
#[cold]
pub(super) fn extensions(header: Vxlan<'_>) -> (Notes, Option<GroupPolicy>) {
    let policy = header.group_policy();
    let mut notes = Notes::default();
    notes.set(Note::ReservedBits, header.has_reserved_bits());
    notes.set(Note::PFlag, header.p_flag());
    notes.set(Note::GroupPolicy, policy.is_some());
    notes.set(Note::DontLearn, policy.is_some_and(|policy| policy.dont_learn));
    notes.set(Note::PolicyApplied, policy.is_some_and(|policy| policy.applied));
    (notes, policy)
}

fn vxlan_gpe(data: Span<'_>) -> Result<Header<'_>, Ending> {
    let (header, inner) = VxlanGpe::read(data).map_err(lack)?;
    if header.version() != 0 {
        return Err(Ending::GpeVersion);
    }
    if !header.i_flag() {
        return Err(Ending::IFlagClear);
    }
    let mut notes = Notes::default();
    notes.set(Note::ReservedBits, header.has_reserved_bits());
    let payload = Payload::next(header.next_protocol());
    let len = vxlan_gpe::HEADER_LEN;
    Ok(Header { vni: header.vni(), len, payload, inner, notes, policy: None, flow_id: None })
}

/// Options are skipped, known or not: a receiver that has to know one drops the packet, and a capture shows it.
fn geneve(data: Span<'_>) -> Result<Header<'_>, Ending> {
    let lack = |missing| match missing {
        Missing::Cut => Ending::GeneveCut,
        Missing::Short => Ending::GeneveTruncated,
    };
    let (header, rest) = Geneve::read(data).map_err(lack)?;
    if header.version() != 0 {
        return Err(Ending::GeneveVersion);
    }
    let inner = rest.skip(header.options_len()).map_err(lack)?;
    let mut notes = Notes::default();
    notes.set(Note::ReservedBits, header.has_reserved_bits());
    notes.set(Note::CriticalOptions, header.critical());
    let (len, payload) =
        (geneve::HEADER_LEN + header.options_len(), Payload::announced(header.protocol_type()));
    Ok(Header { vni: header.vni(), len, payload, inner, notes, policy: None, flow_id: None })
}

/// Other GRE is a carrier, or nothing that is looked into.
fn nvgre(data: Span<'_>) -> Result<Header<'_>, Ending> {
    let Ok(Some((header, inner))) = Nvgre::read(data) else {
        return Err(Ending::NonUdp);
    };
    let mut notes = Notes::default();
    notes.set(Note::ReservedBits, header.has_reserved_bits());
    Ok(Header {
        vni: header.vsid(),
        len: nvgre::HEADER_LEN,
        payload: Payload::Ethernet,
        inner,
        notes,
        policy: None,
        flow_id: Some(header.flow_id()),
    })
}
