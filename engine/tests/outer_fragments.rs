//! Outer datagrams in pieces, one trap a test: what each frame ends as, and where its bytes go.

mod craft;
mod fragment_support;

use craft::{Ipv4, MORE};
use fragment_support::{
    Record, SECOND, analyse, assert_endings, assert_one_packet, datagram, in_order, len, note, observe,
    orders, pieces, selecting, v4, v6, vnis,
};
use vxinspect_engine::analysis::{Incomplete, Why};
use vxinspect_engine::capture::NO_TIME;
use vxinspect_engine::disposition::Ending;
use vxinspect_engine::value::Value;
use vxinspect_engine::views::{View, summary};

/// Pieces in any order, the last one first as well, are one packet, seen when the last frame of them was.
#[test]
fn any_order() {
    let data = datagram(100);
    let pieces = pieces(7, &data, 304);
    assert_eq!(pieces.len(), 4);
    for order in orders(4) {
        let analysis = analyse(&in_order(&pieces, &order));
        assert_one_packet(&analysis, &pieces, 100);
        let table = View::Flows.table(analysis.cells(), &[], None).unwrap();
        let row = table.values(0, analysis.cells()).unwrap();
        let value = |name: &str| &row[table.columns().iter().position(|column| *column == name).unwrap()];
        assert_eq!((value("first_seen"), value("last_seen")), (&Value::Time(3), &Value::Time(3)));
        assert_eq!((value("src_port"), value("dst_port")), (&Value::Count(40_000), &Value::Count(80)));
        assert_eq!(value("payload_bytes"), &Value::Count(5));
    }
}

/// The same over IPv6, with extension headers before the fragment header.
#[test]
fn any_order_over_ipv6() {
    let data = datagram(100);
    let pieces: Vec<_> = (0..4).map(|n| v6(0xdead_beef, craft::UDP, &data, n * 304, (n + 1) * 304)).collect();
    for order in orders(4) {
        let analysis = analyse(&in_order(&pieces, &order));
        assert_one_packet(&analysis, &pieces, 100);
        let table = View::OverheadTotal.table(analysis.cells(), &[], None).unwrap();
        let row = table.values(0, analysis.cells()).unwrap();
        let value = |name: &str| &row[table.columns().iter().position(|column| *column == name).unwrap()];
        let header = 40 + 16 + 8;
        assert_eq!(value("outer_ip_bytes"), &Value::Count(4 * header));
        assert_eq!(value("outer_ethernet_bytes"), &Value::Signed(4 * 14));
        assert_eq!(value("required_underlay_mtu"), &Value::Count(header - 8 + data.len() as u64));
    }
}

/// Pieces of 8 bytes: the UDP header is in one, the VXLAN header in another, and options of IPv6 that come first may put
/// the UDP header into a later piece.
#[test]
fn tiny_pieces() {
    let data = datagram(100);
    let tiny: Vec<_> = pieces(7, &data, 8);
    assert_one_packet(&analyse(&tiny), &tiny, 100);
    let backward: Vec<_> = tiny.iter().rev().cloned().collect();
    assert_one_packet(&analyse(&backward), &tiny, 100);
    let with_options = craft::options(craft::UDP, 1, &data);
    let tiny: Vec<_> =
        (0..with_options.len()).step_by(8).map(|at| v6(7, 60, &with_options, at, at + 8)).collect();
    assert_one_packet(&analyse(&tiny), &tiny, 100);
}

/// A piece that is seen twice costs twice, before the datagram is whole and after.
#[test]
fn repeated_pieces() {
    let pieces = pieces(7, &datagram(100), 504);
    for order in [[0, 0, 1, 2], [0, 1, 0, 2], [0, 1, 2, 0], [2, 1, 1, 0], [1, 0, 2, 2], [2, 1, 0, 0]] {
        let records = in_order(&pieces, &order);
        assert_one_packet(&analyse(&records), &records, 100);
    }
    let twice = [pieces.clone(), pieces].concat();
    assert_one_packet(&analyse(&twice), &twice, 100);
}

/// A piece once more when the time is over is the first of another datagram.
#[test]
fn repeated_too_late() {
    let pieces = pieces(7, &datagram(100), 504);
    let late = |seconds| pieces[0].clone().at(5 + seconds * SECOND);
    let in_time = [pieces.clone(), vec![late(30)]].concat();
    assert_one_packet(&analyse(&in_time), &in_time, 100);
    let analysis = analyse(&[pieces.clone(), vec![late(31)]].concat());
    assert_eq!(vnis(&analysis), [[100, 1, len(&pieces), craft::inner().len() as u64 + 1000]]);
    assert_eq!(analysis.incomplete_datagrams(), (1, 0));
}

/// The same identification for datagram after datagram: each has its own pieces.
#[test]
fn identification_reused() {
    let records: Vec<_> =
        [100, 200, 300, 100].iter().flat_map(|vni| pieces(7, &datagram(*vni), 504)).collect();
    let analysis = analyse(&records);
    let (wire, inner) = (len(&pieces(7, &datagram(100), 504)), craft::inner().len() as u64 + 1000);
    assert_eq!(
        vnis(&analysis),
        [[100, 2, 2 * wire, 2 * inner], [200, 1, wire, inner], [300, 1, wire, inner]]
    );
    assert_endings(&analysis, &[(Ending::Vxlan, 4), (Ending::Fragment, 8)]);
}

/// One that lost a piece is given up when its identification is in use again.
#[test]
fn identification_reused_after_a_loss() {
    let (lost, whole) = (pieces(7, &datagram(100), 504), pieces(7, &datagram(200), 504));
    let analysis = analyse(&[lost[..2].to_vec(), whole.clone()].concat());
    assert_eq!(vnis(&analysis), [[200, 1, len(&whole), craft::inner().len() as u64 + 1000]]);
    let told = analysis.incomplete();
    assert_eq!(told.len(), 1);
    assert_eq!((told[0].vni, told[0].frames, told[0].why), (Some(100), 2, Why::IdentificationReused));
    assert_eq!(told[0].missing, [(1008, None)]);
}

/// Identifications are a pair of addresses' own, and one direction's.
#[test]
fn same_identification_between_others() {
    let data = datagram(100);
    let from = |source, destination, piece: usize| {
        let flags_and_offset = if piece == 0 { MORE } else { 63 };
        let (source, destination) = ([192, 0, 2, source], [192, 0, 2, destination]);
        let bytes = if piece == 0 { &data[..504] } else { &data[504..] };
        let header = Ipv4 { source, destination, identification: 7, flags_and_offset, ..Ipv4::default() };
        Record::new(craft::outer(craft::IPV4, &header.around(bytes)))
    };
    let records: Vec<_> = [0, 1]
        .into_iter()
        .flat_map(|piece| [from(1, 2, piece), from(2, 1, piece), from(1, 3, piece)])
        .collect();
    let analysis = analyse(&records);
    assert_eq!(vnis(&analysis)[0][..3], [100, 3, len(&records)]);
    assert_endings(&analysis, &[(Ending::Vxlan, 3), (Ending::Fragment, 3)]);
}

/// Pieces that overlap without being the same: what came first stays, and it is noted.
#[test]
fn overlaps() {
    let (data, other) = (datagram(100), datagram(200));
    // The second begins inside the first, with another VNI in what both have.
    let records = [v4(7, &data, 0, 504), v4(7, &other, 8, 808), v4(7, &data, 808, 9999)];
    let analysis = analyse(&records);
    assert_one_packet(&analysis, &records, 100);
    assert_eq!(note(&analysis, "overlapping_fragments"), 1);
    let later_first = [records[1].clone(), records[0].clone(), records[2].clone()];
    assert_one_packet(&analyse(&later_first), &records, 200);
    let side_by_side = pieces(7, &data, 504);
    assert_eq!(note(&analyse(&side_by_side), "overlapping_fragments"), 0);
}

/// A router on one of two ways cut a piece again: both are seen, and one datagram is whole.
#[test]
fn pieces_cut_again() {
    let data = datagram(100);
    let records =
        [v4(7, &data, 0, 800), v4(7, &data, 0, 400), v4(7, &data, 400, 800), v4(7, &data, 800, 9999)];
    let analysis = analyse(&records);
    assert_one_packet(&analysis, &records, 100);
    assert_eq!(note(&analysis, "overlapping_fragments"), 1);
}

/// A datagram to another port: all its pieces are that, those too that came before the port was known.
#[test]
fn another_port() {
    let data = craft::udp(1, 53, &[0; 1200]);
    let pieces = pieces(7, &data, 408);
    for order in orders(3) {
        let analysis = analyse(&in_order(&pieces, &order));
        assert_endings(&analysis, &[(Ending::OtherPort, 3)]);
        assert_eq!((analysis.cells().len(), analysis.incomplete_datagrams()), (0, (0, 0)));
        let twice = analyse(&[in_order(&pieces, &order), in_order(&pieces, &order)].concat());
        assert_endings(&twice, &[(Ending::OtherPort, 6)]);
    }
    // Incomplete, and none of ours.
    let analysis = analyse(&[pieces[2].clone(), pieces[0].clone(), pieces[0].clone()]);
    assert_endings(&analysis, &[(Ending::OtherPort, 3)]);
    assert_eq!(analysis.incomplete_datagrams(), (0, 0));
    assert_endings(&analyse(&pieces[1..]), &[(Ending::Fragment, 2)]);
}

/// Behind options of IPv6 that the datagram begins with there is no UDP: all pieces are that.
#[test]
fn not_udp_after_all() {
    let data = craft::options(craft::TCP, 0, &[0; 100]);
    let records: Vec<_> = (0..data.len()).step_by(40).map(|at| v6(7, 60, &data, at, at + 40)).collect();
    let backward: Vec<_> = records.iter().rev().cloned().collect();
    for records in [records, backward] {
        assert_endings(&analyse(&records), &[(Ending::NonUdp, 3)]);
    }
}

/// A whole that is no valid packet gives its last frame the reason; its others were pieces of something.
#[test]
fn invalid_on_completion() {
    let data = craft::patched(datagram(100), 8, &[0]);
    let analysis = analyse(&pieces(7, &data, 504));
    assert_endings(&analysis, &[(Ending::IFlagClear, 1), (Ending::Fragment, 2)]);
    assert_eq!((analysis.cells().len(), analysis.incomplete_datagrams()), (0, (0, 0)));
    let long = craft::patched(datagram(100), 4, &[0xff, 0xff]);
    assert_endings(&analyse(&pieces(7, &long, 504)), &[(Ending::UdpLength, 1), (Ending::Fragment, 2)]);
}

/// Two ends of one datagram, or a piece beyond its end: the datagram goes on without it.
#[test]
fn contradicting_lengths() {
    let data = datagram(100);
    let longer = [data.clone(), vec![0; 800]].concat();
    let pieces = pieces(7, &data, 504);
    let beyond = v4(7, &longer, 1200, 1304);
    let another_end = v4(7, &longer, 1600, 9999);
    let too_early = v4(7, &data[..800], 504, 800);
    for (before, wrong) in [(3, &beyond), (3, &another_end), (2, &too_early)] {
        // The last piece first, so that the end is known.
        let backward: Vec<_> = pieces.iter().rev().cloned().collect();
        let mut records = backward[..before.min(2)].to_vec();
        records.push(wrong.clone());
        records.extend(backward[before.min(2)..].to_vec());
        let analysis = analyse(&records);
        assert_endings(&analysis, &[(Ending::Vxlan, 1), (Ending::Fragment, 2), (Ending::FragmentLength, 1)]);
        assert_eq!(vnis(&analysis)[0][2], len(&pieces));
    }
}

/// A snap length cuts bytes and no lengths: the datagram is whole, and its packet as good as its first bytes.
#[test]
fn snap_length() {
    let pieces = pieces(7, &datagram(100), 504);
    let cut = |held: usize| -> Vec<Record> {
        pieces.iter().map(|it| Record { held: held.min(it.data.len()), ..it.clone() }).collect()
    };
    let headers = cut(14 + 20 + 8 + 8 + 14 + 40);
    assert_one_packet(&analyse(&headers), &headers, 100);
    assert_eq!(note(&analyse(&headers), "inner_cut"), 1);
    assert_eq!(note(&analyse(&headers), "inner_header_cut"), 0);
    let vni_alone = cut(14 + 20 + 8 + 8);
    assert_one_packet(&analyse(&vni_alone), &vni_alone, 100);
    assert_eq!(note(&analyse(&vni_alone), "inner_header_cut"), 1);
    let port_alone = analyse(&cut(14 + 20 + 8));
    assert_endings(&port_alone, &[(Ending::VxlanCut, 1), (Ending::Fragment, 2)]);
    let nothing = analyse(&cut(14 + 20));
    assert_endings(&nothing, &[(Ending::OuterCut, 1), (Ending::Fragment, 2)]);
}

/// What one packet is charged with has a bound in no piece: repeats without end.
#[test]
fn repeats_without_end() {
    let pieces = pieces(7, &datagram(100), 504);
    let records =
        [vec![pieces[0].clone(); 20_000], pieces[1..].to_vec(), vec![pieces[1].clone(); 5]].concat();
    assert_one_packet(&analyse(&records), &records, 100);
}

/// More pieces of one datagram than are told from each other: overlaps are without number.
#[test]
fn overlaps_without_end() {
    let data = [craft::datagram(100, &craft::inner()), vec![0; 60_000]].concat();
    let lengths = [1000_usize, 1008, 1016];
    let overlapping = lengths.iter().flat_map(|len| (0..7000).map(move |n| (n * 8, n * 8 + len)));
    let records: Vec<_> = overlapping.map(|(from, to)| v4(7, &data, from, to)).collect();
    assert!(records.len() > 20_000);
    let last = v4(7, &data, 56_992, 99_999);
    let analysis = analyse(&[records.clone(), vec![last.clone()]].concat());
    assert_endings(&analysis, &[(Ending::Vxlan, 1), (Ending::Fragment, 21_000)]);
    assert_eq!(vnis(&analysis)[0][..3], [100, 1, len(&records) + last.len()]);
}

/// What lacks a piece is in no table, and told: which bytes, whose, since when.
#[test]
fn incomplete() {
    let data = datagram(100);
    let all = pieces(7, &data, 304);
    let told = |records: &[Record]| -> Incomplete {
        let analysis = analyse(records);
        assert_endings(&analysis, &[(Ending::Fragment, records.len() as u64)]);
        assert_eq!((analysis.cells().len(), analysis.incomplete_datagrams()), (0, (1, 0)));
        assert_eq!(analysis.incomplete().len(), 1);
        analysis.incomplete().remove(0)
    };
    let missing = told(&[all[0].clone(), all[2].clone(), all[2].clone()]);
    assert_eq!(missing.datagram.source().to_string(), "192.0.2.1");
    assert_eq!(missing.datagram.destination().to_string(), "192.0.2.2");
    assert_eq!((missing.datagram.identification(), missing.vni, missing.frames), (7, Some(100), 3));
    assert_eq!((missing.wire_bytes, missing.first_seen), (all[0].len() + 2 * all[2].len(), 5));
    assert_eq!((missing.missing, missing.why), (vec![(304, Some(608)), (912, None)], Why::CaptureEnd));
    let front = told(&[all[3].clone(), all[1].clone()]);
    assert_eq!((front.vni, front.missing), (None, vec![(0, Some(304)), (608, Some(912))]));
    // Its VXLAN header is in a piece that was not seen.
    assert_eq!(told(&[v4(7, &data, 0, 8), all[3].clone()]).vni, None);
}

/// The first twenty of them, in the order of their first pieces, are listed; all are counted.
#[test]
fn many_incomplete() {
    let data = datagram(100);
    let records: Vec<_> =
        (0..50_u16).map(|n| v4(n, &data, 0, 304).at(i64::from(100 - n % 10) * SECOND)).collect();
    let analysis = analyse(&records);
    assert_eq!((analysis.incomplete_datagrams(), analysis.incomplete().len()), ((50, 0), 20));
    let told: Vec<_> = analysis
        .incomplete()
        .iter()
        .map(|it| (it.first_seen / SECOND, it.datagram.identification()))
        .collect();
    let expected: Vec<(i64, u32)> = [(91, 9), (92, 8), (93, 7), (94, 6)]
        .into_iter()
        .flat_map(|(time, first)| (0..5).map(move |n| (time, first + 10 * n)))
        .collect();
    assert_eq!(told, expected);
}

/// The last piece is too late: both parts are incomplete, and the first was given up for that.
#[test]
fn timeout() {
    let pieces = pieces(7, &datagram(100), 808);
    let late = |time| [pieces[0].clone().at(SECOND), pieces[1].clone().at(time)];
    assert_one_packet(&analyse(&late(31 * SECOND)), &pieces, 100);
    let analysis = analyse(&late(31 * SECOND + 1));
    let why: Vec<_> = analysis.incomplete().iter().map(|it| (it.vni, it.why)).collect();
    assert_eq!(why, [(Some(100), Why::Timeout), (None, Why::CaptureEnd)]);
    assert_endings(&analysis, &[(Ending::Fragment, 2)]);
    // Files may be read one after the other though they were captured at the same time.
    assert_one_packet(
        &analyse(&[pieces[0].clone().at(31 * SECOND), pieces[1].clone().at(SECOND)]),
        &pieces,
        100,
    );
    assert_one_packet(&analyse(&[pieces[0].clone().at(NO_TIME), pieces[1].clone().at(SECOND)]), &pieces, 100);
}

/// A selection chooses packets: what is not chosen costs nothing, and frames end as ever.
#[test]
fn not_selected() {
    let records = [pieces(7, &datagram(200), 504), pieces(7, &datagram(100), 504)].concat();
    let mut analysis = selecting(&[("vni", "100")], &[]);
    observe(&mut analysis, &records);
    assert_eq!(vnis(&analysis)[0][..3], [100, 1, len(&records[3..])]);
    assert_endings(&analysis, &[(Ending::Vxlan, 2), (Ending::Fragment, 4)]);
    let again = [records.clone(), vec![records[4].clone()]].concat();
    let mut analysis = selecting(&[("vni", "200")], &[]);
    observe(&mut analysis, &again);
    assert_eq!(vnis(&analysis)[0][..3], [200, 1, len(&records[..3])]);
}

/// Incomplete datagrams are listed where they are what was asked for, or may be.
#[test]
fn incomplete_under_a_selection() {
    let data = |vni| datagram(vni);
    let records = [v4(1, &data(100), 0, 504), v4(2, &data(200), 0, 504), v4(3, &data(300), 504, 1008)];
    for (terms, listed) in [
        (&[("vni", "100")][..], &[1, 3][..]),
        (&[("vtep", "192.0.2.2")], &[1, 2, 3]),
        (&[("vtep", "192.0.2.9")], &[]),
        (&[("host", "10.0.0.1")], &[1, 2, 3]),
        (&[("host", "10.0.0.9")], &[3]),
    ] {
        let mut analysis = selecting(terms, &[]);
        observe(&mut analysis, &records);
        let told: Vec<_> = analysis.incomplete().iter().map(|it| it.datagram.identification()).collect();
        assert_eq!(told, listed, "{terms:?}");
        assert_eq!(analysis.incomplete_datagrams(), (3, 0));
    }
}

/// Whole datagrams to a port that is not named look like VXLAN as a frame does.
#[test]
fn candidates() {
    let data = craft::udp(49_152, 8472, &craft::vxlan(4, &[craft::inner(), vec![0; 1000]].concat()));
    let analysis = analyse(&[pieces(7, &data, 504), pieces(8, &data, 8)].concat());
    let found: Vec<_> = analysis.candidates().map(|it| (it.port, it.frames)).collect();
    assert_eq!(found, [(8472, 2)]);
    let mut named = selecting(&[], &[8472]);
    observe(&mut named, &pieces(7, &data, 504));
    assert_eq!(vnis(&named)[0][..2], [4, 1]);
}

/// Datagrams that a link's two ends send, as many as there are identifications and more: each piece once.
#[test]
fn identifications_come_round() {
    let data = datagram(100);
    let mut analysis = selecting(&[], &[]);
    let mut wire = 0;
    for n in 0..150_000_u32 {
        let records = pieces(n as u16, &craft::patched(data.clone(), 600, &n.to_be_bytes()), 808);
        wire += len(&records);
        observe(&mut analysis, &records);
    }
    assert_eq!(vnis(&analysis)[0][..3], [100, 150_000, wire]);
    assert_eq!(summary::bytes(analysis.cells()).wire, wire);
    assert_endings(&analysis, &[(Ending::Vxlan, 150_000), (Ending::Fragment, 150_000)]);
}
