//! What is around packets' innermost overlays, each chain of headers with a number that stands for it in the tunnel;
//! and the paths that they come to, each with a number that stands for it in the keys of tables.

use std::borrow::Cow;

use hashbrown::HashMap;

use crate::encapsulation::{Around, Carriers, Encapsulation};
use crate::packet::{Layer, Tunnel};

/// What wraps a packet, down to one of its overlays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path {
    /// The names of the headers from the outermost in: `vxlan`, `vxlan/vxlan`, `erspan/vxlan`.
    pub text: Cow<'static, str>,
    /// Which overlay from outside this is, counted from 1.
    pub depth: u16,
}

/// The number of a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct PathId(pub(crate) u32);

impl PathId {
    /// Of VXLAN with nothing around it, which most packets are.
    pub(super) const PLAIN: Self = Self(0);
}

/// The headers around the innermost overlay of some packets.
#[derive(Debug)]
pub(super) struct Chain {
    /// Overlays from the outermost in, each with its path.
    pub(super) layers: Box<[(Layer, PathId)]>,
    /// Carriers inside of those.
    carriers: Carriers,
    /// UDP headers, in bytes.
    pub(super) udp_bytes: u32,
    /// The overlays' own headers, in bytes.
    pub(super) overlay_bytes: u32,
    /// The carriers' headers, in bytes, without IP's.
    pub(super) carrier_bytes: u32,
}

/// The chains and paths of a run.
#[derive(Debug)]
pub(super) struct Chains {
    /// Number 0, which is not in here, is that of no headers at all.
    all: Vec<Chain>,
    numbers: HashMap<Carriers, HashMap<Box<[Layer]>, u32>>,
    paths: Vec<Path>,
    paths_by_text: HashMap<Cow<'static, str>, PathId>,
}

impl Default for Chains {
    fn default() -> Self {
        let text = Cow::Borrowed(Encapsulation::Vxlan.name());
        let plain = Path { text: text.clone(), depth: 1 };
        Self {
            all: Vec::new(),
            numbers: HashMap::new(),
            paths: vec![plain],
            paths_by_text: HashMap::from_iter([(text, PathId::PLAIN)]),
        }
    }
}

impl Chains {
    /// The number of the chain of what is around some packets, which it gets when it is new.
    pub(super) fn number(&mut self, around: Around<'_>) -> u32 {
        let Around { layers, carriers } = around;
        if around.is_empty() {
            return 0;
        }
        if let Some(number) = self.numbers.get(&carriers).and_then(|alike| alike.get(layers)) {
            return *number;
        }
        let mut path = None;
        let with_paths = layers.iter().map(|layer| {
            let longer = self.path_to(path, layer.carriers, layer.tunnel.encapsulation());
            path = Some(longer);
            (*layer, longer)
        });
        let all_carriers = layers.iter().map(|layer| layer.carriers).chain([carriers]);
        let chain = Chain {
            layers: with_paths.collect(),
            carriers,
            udp_bytes: layers.iter().map(|layer| layer.tunnel.udp_header_len()).sum(),
            overlay_bytes: layers.iter().map(|layer| layer.tunnel.overlay_header_len()).sum(),
            carrier_bytes: all_carriers.map(Carriers::header_len).sum(),
        };
        self.all.push(chain);
        let number = self.all.len() as u32;
        self.numbers.entry(carriers).or_default().insert(layers.into(), number);
        number
    }

    /// The chain of a number, where that stands for one.
    #[inline]
    pub(super) fn get(&self, number: u32) -> Option<&Chain> {
        self.all.get(number.checked_sub(1)? as usize)
    }

    /// The numbers that the chains of `other` have here; its number 0 first.
    pub(super) fn numbers_of(&mut self, other: &Chains) -> Vec<u32> {
        let theirs = other.all.iter().map(|chain| {
            let layers: Vec<Layer> = chain.layers.iter().map(|(layer, _)| *layer).collect();
            self.number(Around { layers: &layers, carriers: chain.carriers })
        });
        std::iter::once(0).chain(theirs).collect()
    }

    /// The tunnel outside of which there is no other, of those of a packet whose innermost is `tunnel`; `None` where
    /// nothing is around that.
    pub(super) fn outermost(&self, tunnel: &Tunnel) -> Option<Tunnel> {
        let chain = self.get(tunnel.chain())?;
        Some(chain.layers.first().map_or_else(|| tunnel.in_chain(0), |(layer, _)| layer.tunnel))
    }

    /// The layers of all chains with their paths; a layer as often as there are chains with it.
    pub(super) fn layers(&self) -> impl Iterator<Item = &(Layer, PathId)> {
        self.all.iter().flat_map(|chain| &chain.layers)
    }

    /// The path down to the overlay of `tunnel`.
    pub(super) fn path_of(&mut self, tunnel: &Tunnel) -> PathId {
        let chain = self.get(tunnel.chain());
        let outside = chain.and_then(|chain| chain.layers.last()).map(|(_, path)| *path);
        let carriers = chain.map_or_else(Carriers::default, |chain| chain.carriers);
        self.path_to(outside, carriers, tunnel.encapsulation())
    }

    fn path_to(
        &mut self,
        outside: Option<PathId>,
        carriers: Carriers,
        encapsulation: Encapsulation,
    ) -> PathId {
        let outside = outside.map(|path| self.path(path));
        let depth = 1 + outside.map_or(0, |path| path.depth);
        let own: Vec<&str> = carriers.names().chain([encapsulation.name()]).collect();
        let own = own.join("/");
        let text = Cow::Owned(outside.map_or_else(|| own.clone(), |path| format!("{}/{own}", path.text)));
        if let Some(known) = self.paths_by_text.get(&text) {
            return *known;
        }
        let number = PathId(self.paths.len() as u32);
        self.paths.push(Path { text: text.clone(), depth });
        self.paths_by_text.insert(text, number);
        number
    }

    /// The path of a number.
    pub(super) fn path(&self, number: PathId) -> &Path {
        &self.paths[number.0 as usize]
    }
}
