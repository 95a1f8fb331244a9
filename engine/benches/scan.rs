//! The whole run over a capture in memory: reading, walking, counting. Single-threaded.

#[path = "../tests/craft/mod.rs"]
mod craft;

use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

use craft::Ipv4;
use vxinspect_engine::decode::{Overlays, VXLAN_PORT};
use vxinspect_engine::scan::{Input, Options, Origin, Split, Unwatched, scan};
use vxinspect_engine::select::Select;

/// A frame of `flow` between one of 64 pairs of VTEPs, in one of 16 VNIs, with an empty TCP acknowledgment inside.
fn frame(flow: u32) -> Vec<u8> {
    let [_, high, middle, low] = flow.to_be_bytes();
    let (source, destination) = ([10, high, middle, low], [10, 255, 0, 1]);
    let inside = Ipv4 { source, destination, protocol: craft::TCP, ..Ipv4::default() };
    let segment = craft::tcp(32_768 + (flow % 28_000) as u16, 443, 0x10, &[], &[]);
    let inner = craft::ethernet(craft::mac(low), craft::mac(0xfe), craft::IPV4, &inside.around(&segment));
    let datagram = craft::udp(49_152 + (flow % 16_384) as u16, VXLAN_PORT, &craft::vxlan(flow % 16, &inner));
    let (source, destination) = ([192, 0, 2, low % 8], [192, 0, 2, 100 + middle % 8]);
    craft::outer(craft::IPV4, &Ipv4 { source, destination, ..Ipv4::default() }.around(&datagram))
}

/// A pcap of `frames` frames, in which `flows` flows take turns without an order that a cache could learn.
fn capture(frames: u32, flows: u32) -> Arc<[u8]> {
    // Coprime to every number of flows in use.
    const STRIDE: u64 = 48_271;
    let mut pcap = Vec::new();
    for field in [0xa1b2_c3d4_u32, 0x0004_0002, 0, 0, 65_535, 1] {
        pcap.extend(field.to_le_bytes());
    }
    for number in 0..frames {
        let data = frame((u64::from(number) * STRIDE % u64::from(flows)) as u32);
        let length = data.len() as u32;
        for field in [1_700_000_000 + number / 1_000_000, number % 1_000_000, length, length] {
            pcap.extend(field.to_le_bytes());
        }
        pcap.extend(data);
    }
    pcap.into()
}

fn scan_memory(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("scan");
    group.sample_size(20).measurement_time(Duration::from_secs(10));
    let options = Options {
        overlays: Overlays::default(),
        auto_ports: false,
        select: Select::default(),
        checksums: false,
        dedup: None,
        max_flows: None,
        count: None,
    };
    for (frames, flows) in [(100_000, 1_000), (400_000, 100_000)] {
        let bytes = capture(frames, flows);
        group.throughput(Throughput::ElementsAndBytes { elements: frames.into(), bytes: bytes.len() as u64 });
        group.bench_function(BenchmarkId::from_parameter(format!("{flows} flows")), |bencher| {
            bencher.iter(|| {
                let input = Input::new("bench", Origin::Bytes(Arc::clone(&bytes)));
                let run = scan(vec![input], &options, Split::NONE, &mut Unwatched).expect("a sound capture");
                assert_eq!(run.analysis.cells().len(), flows as usize);
                black_box(run)
            });
        });
    }
    group.finish();
}

criterion_group!(benches, scan_memory);
criterion_main!(benches);
