//! How the targets read frames from bytes.

use std::sync::OnceLock;

use vxinspect_engine::capture::{Frame, LinkType};
use vxinspect_engine::decode::{Aside, Overlays, decode};
use vxinspect_engine::packet::Packet;

use crate::craft;

/// What is said of a frame in front of it.
#[derive(Debug, Clone, Copy)]
pub struct Shape {
    link: LinkType,
    /// So much of it the capture does not hold.
    cut: u32,
    /// What is asked for.
    pub flags: u8,
}

impl Shape {
    /// Three bytes say it. Returns the rest, too.
    pub fn read(bytes: &[u8]) -> Option<(Self, &[u8])> {
        const LINKS: [LinkType; 8] = [
            LinkType::ETHERNET,
            LinkType::NULL,
            LinkType::RAW,
            LinkType::LOOP,
            LinkType::LINUX_SLL,
            LinkType::IPV4,
            LinkType::IPV6,
            LinkType::LINUX_SLL2,
        ];
        let ([link, cut, flags], data) = bytes.split_first_chunk()?;
        let link = LINKS.get(usize::from(*link)).copied().unwrap_or(LinkType::ETHERNET);
        Some((Self { link, cut: u32::from(*cut), flags: *flags }, data))
    }

    /// The frame of this shape.
    pub fn frame(self, data: &[u8]) -> Frame<'_> {
        Frame { data, wire_len: data.len() as u32 + self.cut, time: 5, link: self.link }
    }
}

/// One of several frames: its length in two bytes and in one how many microseconds it comes after the one before, and it.
#[derive(Debug, Clone, Copy)]
pub struct Record<'a> {
    data: &'a [u8],
    time: i64,
}

impl<'a> Record<'a> {
    /// All that there are, the last of them cut short.
    pub fn read_all(mut bytes: &'a [u8]) -> impl Iterator<Item = Self> {
        let mut time = 0;
        std::iter::from_fn(move || {
            let ([high, low, later], rest) = bytes.split_first_chunk()?;
            let len = usize::from(u16::from_be_bytes([*high, *low])).min(rest.len());
            let (data, rest) = rest.split_at(len);
            bytes = rest;
            time += i64::from(*later) * 1000;
            Some(Self { data, time })
        })
    }

    /// The Ethernet frame.
    pub fn frame(&self) -> Frame<'a> {
        let Self { data, time } = *self;
        Frame { data, wire_len: data.len() as u32, time, link: LinkType::ETHERNET }
    }
}

/// Packets for a selection to look at.
pub fn packets() -> &'static [Packet] {
    static PACKETS: OnceLock<Vec<Packet>> = OnceLock::new();
    PACKETS.get_or_init(|| {
        let overlays = Overlays::default();
        let (mut packet, mut aside) = (Packet::default(), Aside::default());
        let frames = [craft::over_ipv4(7, &craft::inner()), craft::over_ipv6(9, &craft::inner()[..20])];
        let walked = frames.iter().map(|data| {
            let frame = Frame { data, wire_len: data.len() as u32, time: 5, link: LinkType::ETHERNET };
            assert!(decode(&frame, &overlays, &mut packet, &mut aside).is_packet());
            packet
        });
        walked.collect()
    })
}
