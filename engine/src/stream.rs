//! A run that hands over frame by frame: captures in the order of their first packets, each frame with what there is to
//! say of it.

use std::ops::ControlFlow;

use crate::analysis::{Settings, Tally};
use crate::capture::{Facts, Frame};
use crate::decode::Ports;
use crate::encapsulation::Around;
use crate::error::CaptureError;
use crate::packet::{Note, Packet};
use crate::scan::{Ahead, Input, Monitor, Options, Position, Reading, Taken, begin};
use crate::sieve::{Look, Sieve};

/// A frame inside the time window.
#[derive(Debug, Clone, Copy)]
pub struct Seen<'a> {
    /// Which frame.
    pub position: Position,
    /// What the capture holds of it.
    pub frame: &'a Frame<'a>,
    /// What there is to say of it.
    pub look: Look,
    decoded: &'a Packet,
    around: Around<'a>,
    front: &'a [u8],
}

impl<'a> Seen<'a> {
    /// What the capture holds of the inner frame of a VXLAN packet, be it put together from fragments.
    #[must_use]
    pub fn inner(&self) -> &'a [u8] {
        let is_whole = self.decoded.notes.has(Note::Reassembled);
        self.packet().map_or(&[], |packet| packet.inner(if is_whole { self.front } else { self.frame.data }))
    }

    /// What it is, where it is a VXLAN packet.
    #[must_use]
    pub fn packet(&self) -> Option<&'a Packet> {
        (self.look.ending.is_packet()).then_some(self.decoded)
    }

    /// What is around the innermost overlay of that packet.
    #[must_use]
    pub fn around(&self) -> Around<'a> {
        if self.look.ending.is_packet() { self.around } else { Around::default() }
    }
}

/// A run under way.
pub struct Stream {
    reading: Reading,
    sieve: Sieve,
    packet: Packet,
}

impl Stream {
    /// Begins. Where VXLAN's ports are to be found out, all captures are read once for that.
    pub fn begin(
        inputs: Vec<Input>,
        options: &Options,
        monitor: &mut dyn Monitor,
    ) -> Result<Self, CaptureError> {
        let (reading, overlays) = begin(inputs, options, monitor)?;
        let Options { select, checksums, dedup, .. } = options.clone();
        let sieve = Sieve::new(Settings { overlays, select, checksums, dedup, max_flows: None });
        Ok(Self { reading, sieve, packet: Packet::default() })
    }

    /// Reads up to the first frame, and tells what the captures that were opened so far say of themselves.
    pub fn look_ahead(&mut self, monitor: &mut dyn Monitor) -> Result<Ahead, CaptureError> {
        self.reading.look_ahead(monitor)
    }

    /// Reads on by one buffer and hands over its frames; `Break` makes one the last. False at the end.
    #[inline]
    pub fn step<F>(&mut self, monitor: &mut dyn Monitor, each: &mut F) -> Result<bool, CaptureError>
    where
        F: FnMut(&Seen<'_>) -> ControlFlow<()>,
    {
        let Self { reading, sieve, packet } = self;
        reading.step(monitor, &mut |position, frame| {
            let Some(look) = sieve.look(frame, packet) else {
                return Taken::Outside;
            };
            let (around, front) = (sieve.around(packet), sieve.front());
            match each(&Seen { position, frame, look, decoded: packet, around, front }) {
                ControlFlow::Continue(()) => Taken::Inside,
                ControlFlow::Break(()) => Taken::Last,
            }
        })
    }

    /// Whether more may take its time to come.
    #[must_use]
    pub fn is_live(&self) -> bool {
        self.reading.is_live()
    }

    /// The names of the captures, in the order of the run.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.reading.names()
    }

    /// Lets go of what is open and of what was still to come.
    pub fn close(&mut self) {
        self.reading.close();
    }

    /// What is known of the run so far.
    #[must_use]
    pub fn told(&self) -> Told<'_> {
        Told {
            tally: self.sieve.tally(),
            selected: self.sieve.selected(),
            incomplete: self.sieve.incomplete_datagrams(),
            ports: &self.sieve.settings().overlays.ports,
            captures: self.reading.captures(),
            interrupted: self.reading.interrupted(),
        }
    }
}

/// What a run has to say beside what it hands over.
#[derive(Debug, Clone, Copy)]
pub struct Told<'a> {
    /// What was counted of every frame.
    pub tally: &'a Tally,
    /// How many packets were selected.
    pub selected: u64,
    /// How many outer datagrams are not complete, and how many of them were given up for want of memory.
    pub incomplete: (u64, u64),
    /// The ports of VXLAN.
    pub ports: &'a Ports,
    /// What each capture that was read to its end says of itself.
    pub captures: &'a [(String, Facts)],
    /// Whether the monitor stopped the run.
    pub interrupted: bool,
}
